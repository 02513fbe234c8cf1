"""Noninterference, by random programs: what is withheld changes nothing that a controller is told, but one bit a turn.

Programs are made of statements over a vault, an open input, and each other's variables; each runs over two vaults.
"""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.run.show import UNSEEN_FAILURE
from tests.guard.flow.bench import told
from tests.sizes import scale

NAMES = ("a", "b", "c")
READ = st.sampled_from(("vault", "vault", "weather", *NAMES))
FORMS = st.sampled_from(
    (
        "{x} = str({y})",
        "{x} = json_parse(str({y}))",
        "{x} = int(str({y}))",
        "{x} = count({y})",
        "{x} = [{y}, {z}]",
        "{x} = {{k: {y}, l: {z}}}",
        "{x} = str({y}) == str({z})",
        '{x} = pick(str({y}) == "1", {z}, "n")',
        "{x} = {y}[0]",
        "{x} = {y}.k",
        "{x} = {y}[0:2]",
        "{x} = search(str({y}), str({z}))",
        "{x} = where([1, 2, 3], .value == count({y}))",
        "{x} = range(count(str({y})))",
        "{x} = sort([3, 1, 2], pick(str({y}) == str({z}), .value, 1))",
        "{x} = count_by(str({y}).lines, .text)",
        '{x} = replace(str({y}), "1", str({z}))',
        '{x} = sub_lm("{{q}}", q={y}, role="local")',
        '{x} = sub_lm("{{q}}", q={y})',
        '{x} = extract_over_chunks(chunk(str({y}), size=2), "{{chunk}}", role="local")',
        '{x} = classify(["p", "q"], "?", labels=[str({y}), str({z})], role="local")',
        "{x} = look(key={y})",
        '{x} = tool_call(str({y}), {{key: "k"}})',
        '{x} = tool_call("look", {y})',
        '{x} = sub_rlm("What?", context={y})',
        "{x} = now()",
        "forget({x})",
        "note({y})",
        "show({y}, {z})",
        "preview({y})",
        "describe({y})",
        "{x} = {y}",
        '{x} = "w"',
    )
)
STATEMENTS = st.builds(lambda form, x, y, z: form.format(x=x, y=y, z=z), FORMS, st.sampled_from(NAMES), READ, READ)
PROGRAMS = st.lists(st.lists(STATEMENTS, min_size=1, max_size=6).map("\n".join), min_size=1, max_size=3)
VAULTS = st.sampled_from(("1", "12", "a", "", "[1]", '{"k": 1}', "1\n1\n", "weather", "look", "sunny"))


def plain(text: str) -> str:
    """What is told, without the one bit of each turn, and without the levels of budgets: see `channels`."""
    levels = text[text.index("# Budgets left") : text.index("# Question")]
    return text.replace(levels, "").replace(f"\n{UNSEEN_FAILURE}", "").replace(UNSEEN_FAILURE, "")


@settings(max_examples=scale(150), deadline=None)
@given(programs=PROGRAMS, one=VAULTS, other=VAULTS)
def test_two_vaults_look_alike(programs: list[str], one: str, other: str) -> None:
    """The whole of the next prompt, after one to three turns."""
    first, second = told(programs, one), told(programs, other)

    assert plain(first.text) == plain(second.text)
    # What leaves the run goes to those who may have it, so it may differ; whether anybody is asked may not.
    assert first.asked.count("approve") == second.asked.count("approve")


@settings(max_examples=scale(100), deadline=None)
@given(programs=PROGRAMS, vault=VAULTS)
def test_whoever_has_read_it_is_asked(programs: list[str], vault: str) -> None:
    """After any program of which a statement has read the vault, a tool with side effects is not called unasked."""
    before, after = told(programs, vault), told([*programs, 'send(to="x")'], vault)
    has_read = any(re.match(r"\w+ = str\(vault\)$", line) for program in programs for line in program.splitlines())

    assert before.state.exposed or not has_read
    assert ("approve" in after.asked) == before.state.exposed
