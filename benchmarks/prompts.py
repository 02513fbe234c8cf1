"""How long prompts are: the same scripted programs over the shared task set, `--data DIR` if it is not beside this.

    first prompt    characters of the longest first prompt of all tasks
    all prompts     bytes of every prompt that a controller was sent
    uncached        characters after the longest common beginning with the prompt before, which a provider's cache
                    cannot have, over thirteen looks at each long text

Three shapes of program, none of which looks at the answers: `programs` are those of `score_tasks`, one turn each;
`questions` search for the words of a question, count, look around and answer; `looks` read on, turn after turn.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import rlmlite
from benchmarks import score_tasks
from benchmarks.measure import Figure, Row, Scale, Target, chosen_scale, print_table, scale_parser
from rlmlite import Scripted
from rlmlite_kernel import Request
from rlmlite_kernel.records.settings import Limits

LOOKS = 13
_READ = 4_000  # bytes that one look reads

# Per shape: bytes of all prompts before observations became plain text, to which the targets refer.
BEFORE = {"programs": 2_052_457, "questions": 24_078_812, "looks": 11_273_104}
FIRST_PROMPT = 7_000
SHARE_OF_BEFORE = 0.7
UNCACHED = 0.4

_TEXTS = ("memory", "memory_niah", "multihop", "meeting_evidence", "log_qa")


class Case(NamedTuple):
    """A question over files, the controller's replies, and the sub model."""

    question: str
    files: dict[str, Path]
    replies: Sequence[str]
    sub: Callable[[str], str]


class Prompts(NamedTuple):
    """The prompts of one run, in order."""

    texts: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Of all of them."""
        return sum(len(text.encode()) for text in self.texts)

    @property
    def characters(self) -> int:
        """Of all of them."""
        return sum(map(len, self.texts))

    @property
    def uncached(self) -> int:
        """Characters that no cache of the prompt before can hold."""
        pairs = zip(("", *self.texts), self.texts, strict=False)
        return sum(len(text) - _common(before, text) for before, text in pairs)


def _common(one: str, other: str) -> int:
    """Characters of the longest common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def prompts_of(case: Case) -> Prompts:
    """What a controller is sent that answers with these replies."""
    texts: list[str] = []
    replies = iter(case.replies)

    def controller(prompt: str, request: Request) -> str:
        texts.append(prompt)
        return next(replies, "final(null)")

    def sub(prompt: str, request: Request) -> str:
        return case.sub(prompt)

    models: dict[str, Any] = {"controller": Scripted(controller), "sub": Scripted(sub)}
    rlmlite.run(case.question, dict(case.files), trace=False, limits=Limits(turns=20), **models)
    return Prompts(tuple(texts))


def programs(data: Path) -> Iterator[Case]:
    """Every program of `score_tasks`, its parameters in it."""
    for use_case in score_tasks.USE_CASES:
        for task in score_tasks.tasks(data, use_case):
            yield Case(task.question, task.files, [score_tasks.program(task)], score_tasks.oracle_of(task))


def questions(data: Path) -> Iterator[Case]:
    """Every question over a text, explored by its words."""
    for use_case in _TEXTS:
        for line in (data / "dev" / "tasks" / f"{use_case}.jsonl").read_text("utf-8").splitlines():
            task = json.loads(line)
            files = {name: data / "dev" / value["file"] for name, value in task["inputs"].items() if "file" in value}
            name = next(iter(files))
            yield Case(task["question"], files, list(_exploring(name, task["question"])), lambda prompt: "")


def _exploring(name: str, question: str) -> Iterator[str]:
    """Four turns of a controller that knows nothing but the words of the question."""
    words = sorted(set(re.findall(r"[A-Za-z]{4,}", question)), key=len, reverse=True)[:4] or ["error"]
    yield f"hits = search({name}, {json.dumps(words)})\nby = count_by(hits, match)\nshow(hits[0:5])"
    yield f"best = rank({name}, {json.dumps(' '.join(words))}, limit=10)\nshow(best)"
    yield "near = around(best[0:4], lines=2)\nshow(near)\nkinds = top(by, 3)"
    yield f"kinds = patterns({name})\nfirst = {name}.lines[1:10]\nshow(first)\nshow(best[0])"
    yield "final(best[0].text, evidence=best[0:1])"


def looks(data: Path) -> Iterator[Case]:
    """Thirteen looks at each text that is long enough, one after the other."""
    for path in sorted((data / "dev" / "contexts").glob("*/*")):
        if path.suffix in {".txt", ".log"} and path.stat().st_size >= LOOKS * _READ:
            replies = [f"load(context[{at * _READ}:{(at + 1) * _READ}])" for at in range(LOOKS - 1)]
            yield Case("What is this text about?", {"context": path}, [*replies, "final(null)"], lambda prompt: "")


SHAPES: dict[str, Callable[[Path], Iterator[Case]]] = {"programs": programs, "questions": questions, "looks": looks}


def main() -> None:
    """Prints one table."""
    parser = scale_parser(__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    options = parser.parse_args()
    if not (options.data / "score.py").is_file():
        note = f"skipped: no task set in {options.data}; name its folder: --data DIR"
        print_table("Prompts", [], [note])
        return
    print_table("Prompts", list(_rows(options.data, _step(chosen_scale(options), options))))


def _step(scale: Scale, options: argparse.Namespace) -> int:
    return scale.pick(1, 10, 50)


def _rows(data: Path, step: int) -> Iterator[Row]:
    for shape, cases in SHAPES.items():
        every = list(cases(data))
        sent = [prompts_of(case) for case in every[::step]]
        size = f"{len(sent)} tasks"
        first = max(len(each.texts[0]) for each in sent)
        yield _row(f"first prompt, {shape}", size, None, first, _at_most(FIRST_PROMPT, "chars"))
        # Before there was this benchmark, only the whole was measured.
        before = BEFORE[shape] if step == 1 else None
        total = sum(each.bytes for each in sent)
        yield _row(f"all prompts, {shape}", size, before, total, _share_of_before() if before else None)
        uncached = sum(each.uncached for each in sent) / sum(each.characters for each in sent)
        target = Target(f"≤ {UNCACHED:.0%}", lambda row: row.ours.median <= UNCACHED) if shape == "looks" else None
        yield Row(f"uncached, {shape}", size, "", None, Figure([uncached], lambda share: f"{share:.0%}"), target)


def _row(question: str, size: str, before: int | None, ours: int, target: Target | None) -> Row:
    base = None if before is None else Figure([before], _count)
    return Row(question, size, "" if before is None else "rendering 2", base, Figure([ours], _count), target)


def _count(amount: float) -> str:
    return f"{amount:,.0f}"


def _at_most(limit: int, unit: str) -> Target:
    return Target(f"≤ {limit:,} {unit}", lambda row: row.ours.median <= limit)


def _share_of_before() -> Target:
    return Target(f"≤ {SHARE_OF_BEFORE:.0%}", lambda row: row.ratio is not None and row.ratio <= SHARE_OF_BEFORE)


if __name__ == "__main__":
    main()
