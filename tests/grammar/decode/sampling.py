"""What every decode format is tested with: random programs, valid programs in the one form, and mistakes."""

import random
from collections.abc import Callable

from rlmlite_grammar import parse
from rlmlite_grammar.decode import Vocabulary
from rlmlite_kernel import ACTIONS, Parsed, Scope, all_problems, check
from rlmlite_kernel.program.ast import Lit, Program, Var, walk
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.program.schemas import BASICS
from rlmlite_kernel.program.templates import holes
from rlmlite_kernel.records.settings import Policy
from tests.grammar.decode.decoding import INPUTS, MADE, Form
from tests.grammar.programs import corpus, parse_program

LONG = 20  # temporaries, for the longest program of the corpus

BEYOND = {
    "x = 1.foo": "a number's part reads as a decimal's point",
    "x = -1[0]": "as above",
    "turns = range(a.first, a.last + 1)\npreview(turns)\nfinal(turns, evidence=part)": "no sums in place of numbers",
}
"""Valid programs that no decode grammar writes, and why."""

MISTAKES = [
    "x = count(logs)",
    "logs = 1",
    "t1 = nosuch",
    "t2 = 1",
    "show(t1)\nt1 = 1",
    "final(1)\nt1 = 2",
    "t1 = final(1)",
    "show(count(note))",
    "t1 = .line",
    "t1 = /a/",
    "preview(logs, head=-1)",
    "chunk(logs, size=0)",
    'chunk(logs, by="words")',
    'search(logs, "")',
    "search(logs)",
    'search(logs, "a", template="b")',
    "search(logs, /a**/)",
    "search(logs, /(?=a)/)",
    "search(logs, /a{1000}{1000}/)",
    'sub_lm("{nosuch}")',
    'extract_over_chunks(rows, "no placeholder")',
    'sub_lm("a", role="nobody")',
    'reduce(rows, "{items}", fan_in=1)',
    'classify(rows, "spam?")',
    "forget(logs)",
    "show(1 == 2 == 3)",
    "for x in rows",
    "show(logs)  # a comment",
    "",
]
"""What no decoder writes, in a run with the variables of `vocabulary`."""


def draw(sample: Callable[[random.Random], str | None], count: int, seed: int) -> list[str]:
    """Random programs, of which those that did not come to an end are left out."""
    drawn = random.Random(seed)
    found = (sample(drawn) for _ in range(count))
    return [text for text in found if text is not None]


def refused(programs: list[str]) -> list[tuple[str, list[Problem]]]:
    """The programs that do not parse or check, each with why; a name that is given twice does not count."""
    found = ((text, problems(text)) for text in programs)
    return [(text, why) for text, why in found if not all(map(twice, why))]


def problems(text: str, names: tuple[str, ...] = (*INPUTS, *MADE)) -> list[Problem]:
    """The problems that the parser or the checker finds in a program."""
    said = parse(text)
    if not isinstance(said, Parsed):
        return list(said.problems)
    return all_problems(check(said, Scope(frozenset(names), frozenset(INPUTS), ACTIONS, Policy())))


def twice(problem: Problem) -> bool:
    """A name that is given twice, which no context-free grammar can refuse."""
    return problem.code == "duplicate" or "two groups have the name" in problem.message


def in_one_form(text: str) -> tuple[Program, int, Vocabulary]:
    """A valid program as a decoder may write it, the number of variables that it makes, and the words of its turn."""
    program = parse_program(text).program
    names = free(program) or ("context",)
    form = Form(names)
    return form.program(program), form.made, Vocabulary(table=ACTIONS, variables=names, tools=("http_get",))


def free(program: Program) -> tuple[str, ...]:
    """The names that a program reads or writes, which may all be variables."""
    found: set[str] = set()
    for node in walk(program):
        if isinstance(node, Var):
            found.add(node.name)
        elif isinstance(node, Lit) and isinstance(node.v, str):
            found |= {hole.name for hole in holes(node.v)}
    return tuple(sorted(found - set(BASICS) - {f"t{n}" for n in range(LONG)}))


def known(text: str) -> bool:
    """Whether a program of the corpus checks when its variables exist: whether it calls existing actions only."""
    parsed = parse_program(text)
    scope = Scope(frozenset(free(parsed.program)), frozenset(), ACTIONS, Policy())
    return not check(parsed, scope)


KNOWN = [text for text in corpus("valid") if known(text)]
