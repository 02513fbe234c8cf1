"""What sloppy replies cost: python benchmarks/sloppy.py [--data DIR] [--each N] [-v]

A scripted controller answers real tasks (those of `score_tasks`) with the program that is right, written with one habit
of another language. If that gives no answer it writes the right program in its next turn, as one that has understood
the message would. Counted are the turns more than the right program needs, and answers that are worth less than the
right program's and end `completed` all the same.

Most habits are put in as a `probe` on which the answer is made to rest, `final(pick(count(probe) >= 0, …))`: so a probe
that fails costs the turn. The others rewrite the program's text.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import rlmlite
from benchmarks.score_tasks import USE_CASES, ProgramError, Score, Task, oracle_of, program, scorer, tasks
from rlmlite import Scripted
from rlmlite_grammar import parse, show
from rlmlite_kernel.program.ast import Binary, Call, Lit, Parsed, Program, Statement, Var

MOST_TURNS: Final = 6
"""Replies after the first, each the right program."""

PROBES: Final = {
    "print": "probe = search(X, 'e', limit=3)\nprint(probe)",
    "display": "probe = search(X, 'e', limit=3)\ndisplay(probe)",
    "sorted": "probe = sorted(search(X, 'e', limit=3), by=line)",
    "filter": "probe = filter(X.lines[1:9], .line > 1)",
    "unique": "probe = unique(X.lines[1:9].text)",
    "mean": "m = mean(X.lines[1:9].line)\nprobe = [m]",
    "list()": "probe = list(range(3))",
    "k=": "probe = search(X, 'e', k=5)",
    "top_k=": "probe = search(X, 'e', top_k=5)",
    "n= of search": "probe = search(X, 'e', n=5)",
    "context=": "probe = around(search(X, 'e', limit=2), context=1)",
    "around by position": "probe = around(search(X, 'e', limit=2), 1)",
    "limit by position": "probe = search(X, 'e', 3)",
    "schema by position": "probe = parse_lines(X.lines[1:9], form='{all}')",
    "reverse=": "probe = sort(search(X, 'e', limit=3), by=line, reverse=True)",
    "singular word": "probe = around(search(X, 'e', limit=2), by='paragraph')",
    "capital word": "probe = around(search(X, 'e', limit=2), by='Paragraphs')",
    "bare field": "probe = where(X.lines[1:9], line > 1)",
    "bare field in map": "probe = map(X.lines[1:9], line)",
    "named folds": "probe = group(search(X, 'e', limit=9), match, n=count())",
    "count(*)": "probe = group(search(X, 'e', limit=9), match, {n: count(*)})",
    "or of texts": "probe = search(X, 'e' or 'a', limit=3)",
    "raw regex": "probe = search(X, r'\\d+', limit=3)",
    "template": "probe = search(X, 'e <*> a', limit=3)",
    "named group": "probe = parse_lines(X.lines[1:9], r'^(?P<word>\\S+)')",
    "text in a form": "probe = parse_lines(X.lines[1:9], '{word} {text}')",
    "pandas mask": "rows = X.lines[1:9]\nprobe = rows[rows.line > 1]",
    "pandas mask, key": 'rows = X.lines[1:9]\nprobe = rows[rows["line"] > 1]',
    "column by key": 'rows = X.lines[1:9]\nprobe = rows["line"]',
    "method": "probe = X.lines[1:9].where(.line > 1)",
    "method chain": "probe = X.lines[1:9].where(.line > 1).sort(by=-.line)",
    "value_counts": "probe = X.lines[1:9].text.value_counts()",
    "head": "probe = X.lines[1:99].head(5)",
    "splitlines": "probe = X[0:500].splitlines()",
    "split": "probe = X[0:500].split('\\n')",
    "isin": "probe = where(X.lines[1:9], .line.isin([2, 3]))",
    "contains()": "probe = where(X.lines[1:9], .text.contains('e'))",
    "get": "probe = [X.lines[1:9][0].get('line')]",
    "lambda": "probe = map(X.lines[1:9], lambda r: r.line)",
    "lambda first": "probe = filter(lambda r: r.line > 1, X.lines[1:9])",
    "arrow": "probe = map(X.lines[1:9], r => r.text)",
    "arrow in brackets": "probe = X.lines[1:9].map((r) => r['text'])",
    "sort key": "probe = sorted(X.lines[1:9], key=lambda r: r.line)",
    "comprehension": "probe = [r.line for r in X.lines[1:9]]",
    "comprehension with if": "probe = [r.line for r in X.lines[1:9] if r.line > 1]",
    "dict comprehension": "d = {r.text: r.line for r in X.lines[1:9]}\nprobe = [d]",
    "generator": "s = sum(r.line for r in X.lines[1:9])\nprobe = [s]",
    "f-string": 'n = count(X.lines)\nprobe = [f"{n} lines of {count(X)} bytes"]',
    "f-string, plain": 'probe = search(X, f"e", limit=3)',
    "json.loads": "probe = [json.loads('[1]')]",
    "matches": "matches = search(X, 'e', limit=3)\nprobe = matches",
    "import": "import re\nimport json, os\nprobe = [1]",
    "from import": "from collections import Counter\nprobe = [1]",
    "let": "let probe = [1]",
    "annotation": "probe: list[int] = [1]",
    ":=": "probe := [1]",
    "// comment": "// a look at the lines\nprobe = [1]",
    "-- comment": "-- a look at the lines\nprobe = [1]",
    ">>>": ">>> probe = [1]",
    "bullet": "1. probe = [1]",
    "&&": "probe = where(X.lines[1:9], .line > 1 && .line < 5)",
    "||": "probe = where(X.lines[1:9], .line > 1 || .line < 5)",
    "& of pandas": "probe = where(X.lines[1:9], (.line > 1) & (.line < 5))",
    "!": "probe = where(X.lines[1:9], !(.line > 1))",
    "===": "probe = where(X.lines[1:9], .line === 1)",
    "<>": "probe = where(X.lines[1:9], .line <> 1)",
    "is not None": "probe = where(X.lines[1:9], .line is not None)",
    "AND": "probe = where(X.lines[1:9], .line > 1 AND .line < 5)",
    "NOT IN": "probe = where(X.lines[1:9], .line NOT IN [1, 2])",
    "?.": "probe = [X.lines[1:9]?.line]",
    "8_000": "probe = chunk(X[0:500], 8_000)",
    "'''": "probe = search(X, '''e''', limit=3)",
    "curly quotes": "probe = search(X, \u201ce\u201d, limit=3)",
    'b""': 'probe = search(X, b"e", limit=3)',
    "backslash": "probe = [1] + \\\n    [2]",
    "bare value": "probe = search(X, 'e', limit=3)\nprobe[0].text",
    "prose": "probe = [1]\nNow I look at what there is, and then I answer.",
    "re.findall": "probe = re.findall(r'\\d+', X)",
    "two queries": "probe = search(X, 'e', 'a')",
    "flags=": "probe = search(X, 'e', flags='i')",
    "for": "for line in X.lines:\n    probe = line",
    "open": "probe = open('app.log').read()",
    ".apply": "probe = X.lines[1:9].apply(str)",
    ".groupby": "probe = X.lines[1:9].groupby('text').size()",
    "ternary": "probe = [1] if true else [2]",
    "SQL": "SELECT count(*) FROM X\nprobe = [1]",
}
"""Statements by their habit; `X` stands for the input. The last ones mean nothing certain, so they cost a turn."""


class Reply(NamedTuple):
    """One sloppy reply to a task, by its habit."""

    habit: str
    task: Task
    right: str
    sloppy: str


class Run(NamedTuple):
    """How a scripted run ended: turns of the controller, score, status."""

    turns: int
    score: float
    status: str


def replies(every: list[Task], each: int) -> Iterator[Reply]:
    """`each` tasks for every habit, in turn."""
    place = 0
    for habit in (*PROBES, *REWRITES):
        written = 0
        for _ in range(len(every)):
            task = every[place % len(every)]
            place += 1
            right = program(task)
            sloppy = _with_probe(right, PROBES[habit], task) if habit in PROBES else REWRITES[habit](right)
            if sloppy != right:
                yield Reply(habit, task, right, sloppy)
                written += 1
            if written == each:
                break


def _with_probe(right: str, probe: str, task: Task) -> str:
    """The right program after the probe, its answer resting on it."""
    parsed = parse(right)
    assert isinstance(parsed, Parsed)
    *before, last = parsed.program.body
    final = last.value
    assert isinstance(final, Call)
    holds = Binary(">=", Call("count", (Var("probe"),)), Lit(0))
    answer = Call("pick", (holds, final.args[0], final.args[0]))
    body = (*before, Statement(Call("final", (answer,), final.named)))
    statements = re.sub(r"\bX\b", next(iter(task.files)), probe)
    return f"{statements}\n{show(Program(body))}"


def _final(name: str) -> "re.Pattern[str]":
    return re.compile(rf"^{name}\(", re.MULTILINE)


_WHERE: Final = r"where\((\w+), \.(\w+) == (\w+)\)"

REWRITES: Final[Mapping[str, Callable[[str], str]]] = {
    "FINAL": lambda text: _final("final").sub("FINAL(", text),
    "return final": lambda text: _final("final").sub("return final(", text),
    "FINAL_VAR": lambda text: re.sub(r"^final\(([^,\n]*)\)\s*$", r"x = \1\nFINAL_VAR(x)", text, flags=re.MULTILINE),
    "len": lambda text: text.replace("count(", "len("),
    "fence and prose": lambda text: f"Let me work this out.\n\n```python\n{text}\n```\nThis should answer it.",
    "types of schemas": lambda text: text.replace("id: str", "id: string"),
    "lambda in where": lambda text: re.sub(_WHERE, r"where(\1, lambda r: r.\2 == \3)", text),
    "mask": lambda text: re.sub(_WHERE, r'\1[\1["\2"] == \3]', text),
    "comprehension of rows": lambda text: re.sub(_WHERE, r"[r for r in \1 if r.\2 == \3]", text),
    "raw form": lambda text: re.sub(r"parse_lines\(logs, /(.*)/\)", r'parse_lines(logs, r"\1")', text),
    "count as method": lambda text: re.sub(r"final\(count\((\w+)\)", r"final(\1.count()", text),
}
"""Rewritings of a right program, by their habit; one that has nothing to rewrite gives the same text."""


def play(task: Task, script: list[str], score: Score) -> Run:
    """Run a task with these replies of the controller."""
    oracle = oracle_of(task)
    inputs = {name: path for name, path in task.files.items()}
    said = iter(script)
    turns = 0

    def controller(prompt: str, _: object) -> str:
        nonlocal turns
        turns += 1
        return next(said)

    outcome = rlmlite.run(
        task.question,
        inputs,
        controller=Scripted(controller),
        sub=Scripted(lambda prompt, _: oracle(prompt)),
        limits=rlmlite.Limits(turns=MOST_TURNS + 2),
        trace=False,
    )
    return Run(turns, score(task.given, outcome.value), outcome.status)


def main(arguments: list[str]) -> int:
    """Prints one table."""
    parser = argparse.ArgumentParser(description="Turns that habits of other languages cost.")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--each", type=int, default=3, help="replies for each habit")
    parser.add_argument("-v", action="store_true", dest="verbose", help="a line for each habit that lost a turn")
    given = parser.parse_args(arguments)
    if not (given.data / "score.py").is_file():
        print(f"skipped: no task set in {given.data}; name its folder: --data DIR")
        return 0
    score = scorer(given.data)
    every = [task for use_case in USE_CASES for task in tasks(given.data, use_case) if _is_quick(task)]
    lost: Counter[str] = Counter()
    wrong: list[str] = []
    known: dict[str, Run] = {}
    number = 0
    for reply in replies(every, given.each):
        number += 1
        task = reply.task
        if task.id not in known:
            known[task.id] = play(task, [reply.right] * MOST_TURNS, score)
        right = known[task.id]
        run = play(task, [reply.sloppy, *[reply.right] * MOST_TURNS], score)
        lost[reply.habit] += max(0, run.turns - right.turns)
        if run.score < right.score and run.status == "completed":
            wrong.append(f"{reply.habit}: {task.id}")
    if given.verbose:
        for habit, turns in lost.items():
            if turns:
                print(f"{habit:<24}{turns:>4}")
    habits = len(lost)
    print(f"{'replies':>8}{'habits':>8}{'turns lost':>12}{'habits that lost':>18}{'wrong, completed':>18}")
    print(f"{number:>8}{habits:>8}{lost.total():>12}{sum(1 for n in lost.values() if n):>18}{len(wrong):>18}")
    print("\n".join(wrong))
    return 0


def _is_quick(task: Task) -> bool:
    try:
        program(task)
    except (ProgramError, OSError):
        return False
    return all(path.stat().st_size < 1_000_000 for path in task.files.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
