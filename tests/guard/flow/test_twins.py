"""Twins where one is withheld: `free` and `secret` hold the same, and only `free` may go to models and tools.

Rules go by the place that content was taken from. So what was read through `secret` is refused although it is known
from `free`, and what was read through `free` goes out although `secret` holds it too, and only `free` was read then.
"""

import re
from collections.abc import Mapping
from typing import Final

import pytest

from rlmlite_kernel.records.settings import Policy
from tests.guard.flow.stage import OPEN, SECRET, SEEING, Stage

PAGE: Final = f"boot\nERROR disk {SECRET}\nuser ann\n"
TEXTS: Final[Mapping[str, object]] = {"secret": PAGE, "free": PAGE}
FOLDERS: Final[Mapping[str, object]] = {
    name: {"a.txt": PAGE, "b.txt": PAGE, "c.txt": PAGE} for name in ("secret", "free")
}
POLICY: Final = Policy(tools=OPEN, egress={"secret": SEEING})

MADE: Final = {
    "whole": "v = str(IT)",
    "a slice": "v = IT[5:20]",
    "hits": 'v = search(IT, "ERROR")',
    "a match": "v = search(IT, /ERROR.*/)[0].match",
    "lines": "v = IT.lines",
    "a line": "v = IT.lines[2]",
    "a union": 'v = union(IT.lines[2:3], search(IT, "boot"))',
    "distinct": "v = distinct(IT.lines, by=.text)",
    "sorted": "v = sort(IT.lines, by=.text)[0:2]",
    "joined": 'v = join(IT.lines, search(IT, "ERROR"), on=.line)',
    "grouped": "v = count_by(IT.lines, .text)",
    "mapped": 'v = map(IT.lines, "<" + .text + ">")',
    "rendered": 'v = render(IT.lines, "- {text}")',
    "chunks": 'v = chunk(IT, size=1, by="lines")',
    "around": 'v = around(search(IT, "ERROR"), lines=1)',
    "parsed": 'v = parse_lines(IT, "ERROR {what} {who}")',
    "patterns": "v = patterns(IT)",
    "changed": "v = upper(str(IT.lines[2]))",
    "counted": "v = count(IT.lines)",
    "an object": "v = {first: IT.lines[1], rest: [IT.lines[2]]}",
    "read after its twin": 'o = search(OTHER, "ERROR")\np = OTHER.lines\nv = search(IT, "ERROR")',
    "written over its twin": "v = OTHER.lines\nv = IT.lines",
    "equal to its twin": "n = OTHER.lines[2] == IT.lines[2]\nv = IT.lines[2]",
    "a quote": f'v = search(IT, "{SECRET}")[0].text',
    "echoed by a tool": "v = echo(key=str(IT))",
    "answered by a nested run": 'v = sub_rlm("say", context=IT)',
}
"""How a value is made of an input. `OTHER` is the twin of the input."""

OUT: Final = {
    "a placeholder": 'x = sub_lm("Of {v}")',
    "rows": 'x = sub_lm("{rows}", rows=v)',
    "a prompt": "x = sub_lm(str(v))",
    "a fan-out": 'x = extract_over_chunks([v], "{value}")',
    "a tree": 'x = reduce([v, "b"], "{items}", fan_in=2)',
    "an argument": "x = look(key=str(v))",
    "a side effect": "x = send(to=str(v))",
    "a question": 'x = sub_rlm("{v}", context="a", share=0.5)',
    "a context": 'x = sub_rlm("say", context=v, share=0.5)',
}
"""How it goes out: to a model, a tool, or either by way of a nested run."""

BELOW: Final = {"a question": 'look(key=question)\nfinal("end")', "a context": 'look(key=str(context))\nfinal("end")'}
"""What a nested run does with what it got."""

CASES: Final = [
    *((made, out) for made in MADE for out in ("a placeholder", "an argument")),
    *((made, out) for made in ("hits", "a match", "a union", "an object") for out in OUT),
]


def play(made: str, out: str, name: str, inputs: Mapping[str, object]) -> Stage:
    """A program that makes a value of one of the twins and sends it out."""
    program = f"{MADE[made]}\n{OUT[out]}"
    if inputs is FOLDERS:
        # What texts alone have is asked of one of the documents.
        program = re.sub(r"(IT|OTHER)(?=\.lines|\[5)", r'\1["b.txt"]', program)
    names = {"IT": name, "OTHER": "free" if name == "secret" else "secret"}
    program = re.sub("IT|OTHER", lambda match: names[match[0]], program)
    inner = ["final(context)"] if made == "answered by a nested run" else []
    return Stage([program], [*inner, BELOW.get(out, 'final("end")')], inputs=inputs, policy=POLICY)


@pytest.mark.parametrize("inputs", [TEXTS, FOLDERS], ids=["texts", "folders"])
@pytest.mark.parametrize(("made", "out"), dict.fromkeys(CASES))
def test_a_rule_is_for_the_twin_that_was_read(made: str, out: str, inputs: Mapping[str, object]) -> None:
    """What comes from the withheld twin is refused; what comes from the other arrives, and counts for it alone."""
    free, bound = play(made, out, "free", inputs), play(made, out, "secret", inputs)

    assert free.leaked != [], free.shown["outer"][-1]
    assert bound.leaked == []
    assert free.outcome.coverage["secret"]["read"] == 0
    assert bound.outcome.coverage["free"]["read"] == 0


@pytest.mark.parametrize(
    "mixed",
    [
        "union(free.lines, secret.lines)",
        "distinct(union(free.lines, secret.lines), by=.text)",
        "distinct(union(secret.lines, free.lines), by=.text)",
        "join(free.lines, secret.lines, on=.text)",
        "[free, secret]",
        "pick(free == secret, free, free)",
        "where(free.lines, .text in secret.lines)",
        "free.lines[count(search(secret, /ERROR/))]",
    ],
)
def test_what_both_had_a_part_in_is_withheld(mixed: str) -> None:
    """It does not matter that the free twin alone would have given the same."""
    program = f"v = {mixed}\n" + "\n".join(OUT.values())
    stage = Stage([program], [BELOW["a context"]], inputs=TEXTS, policy=POLICY)
    again = stage.shown["outer"][-1]

    assert stage.leaked == []
    assert "the policy keeps `secret`" in again, again


CITED: Final = {
    "IT.lines[2]": ["2"],
    'search(IT, "ERROR")': ["2"],
    "union(IT.lines[3:4], IT.lines[1:2])": ["3", "1"],
}


@pytest.mark.parametrize("name", ["free", "secret"])
@pytest.mark.parametrize(("given", "lines"), CITED.items())
def test_evidence_names_the_twin_that_was_read(name: str, given: str, lines: list[str]) -> None:
    """Also beside a rule: whoever asked learns which of the twins the answer rests on."""
    program = f"final(1, evidence={given.replace('IT', name)})"
    stage = Stage([program] * 2, inputs=TEXTS, policy=POLICY)

    assert [f"{each.input}:{each.line}" for each in stage.outcome.evidence] == [f"{name}:{line}" for line in lines]
