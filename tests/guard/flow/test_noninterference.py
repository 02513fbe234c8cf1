"""Noninterference, by random programs: what is withheld changes nothing that a controller is told, but one bit a turn.

Programs are made of statements over a vault, an open input, and each other's variables; each runs over two vaults.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.records.settings import Policy
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
        "final({y})",
        'final("x", evidence={y})',
        '{x} = reduce([str({y}), "b", str({z})], "{{items}}", fan_in=2, role="local")',
        '{x} = extract_over_rows([{y}, {z}], "?", schema={{k: int}}, role="local", batch=1)',
        "{x} = to_object(str({y}).lines, text, line)",
        '{x} = map([1, 2], pick(str({y}) == "1", .value, str({z})))',
        "{x} = extend([{{k: 1}}], {{l: str({y})}})",
        '{x} = render([{y}], "{{value}} {{c}}")',
        "{x} = str({y}) + str({z})",
        "{x} = count({y}) + count({z})",
        "{x} = first({y}.lines)",
        "{x} = {y}.lines[count({z})]",
        "{x} = chunk(str({y}), size=count({z}))",
        "{x} = top([3, 1], count({y}))",
        "{x} = lower({y}) in [str({z})]",
        '{x} = case({y} == {z}, 1, "t")',
        "{x} = not {y}",
        "send(to={y})",
        '{x} = tool_call("look", {{key: {y}}})',
        "{x} = {y} matches /1/",
        "{x} = count_matches({y}, str({z}))",
        "{x} = median([count({y}), 1, 2])",
        "{x} = div(1, count({y}) - count({z}))",
        "{x} = sub_lm(str({y}), role=str({z}))",
        '{x} = sub_lm("{{q}}", q={y}, role="local", schema={{k: int}})',
        '{x} = extract_over_chunks([{y}, {z}], "{{value}}", role="local", schema={{k: int}}, on_error="fail")',
        '{x} = sub_rlm("{{q}}", q={y}, context="t", share=0.1)',
        "{x} = {y}.failed",
        "{x} = distinct([{y}, {z}, 1])",
        "{x} = sort([{y}, {z}])",
        "{x} = load({y})",
        "{x} = join([{{k: str({y})}}], [{{k: str({z})}}], .k)",
    )
)
STATEMENTS = st.builds(lambda form, x, y, z: form.format(x=x, y=y, z=z), FORMS, st.sampled_from(NAMES), READ, READ)
BEGIN = 'a = "1"\nb = [1, "a"]\nc = {k: 1}\n'
PROGRAMS = st.lists(st.lists(STATEMENTS, min_size=1, max_size=6).map("\n".join), min_size=1, max_size=3)
VAULTS = st.sampled_from(("1", "12", "a", "", "[1]", '{"k": 1}', "1\n1\n", "weather", "look", "sunny"))


def plain(text: str) -> str:
    """What is told, without the one bit of each turn, and without the levels of budgets: see `channels`."""
    levels = text[text.index("# Budgets left") : text.index("# Question")]
    return text.replace(levels, "").replace(f"\n{UNSEEN_FAILURE}", "").replace(UNSEEN_FAILURE, "")


@settings(max_examples=scale(60), deadline=None)
@given(programs=PROGRAMS, one=VAULTS, other=VAULTS)
def test_two_vaults_look_alike(programs: list[str], one: str, other: str) -> None:
    """The whole of the next prompt, after one to three turns."""
    first, second = told([BEGIN, *programs], one), told([BEGIN, *programs], other)

    assert plain(first.text) == plain(second.text)
    # What leaves the run goes to those who may have it, so it may differ; whether anybody is asked may not.
    assert first.asked.count("approve") == second.asked.count("approve")


@settings(max_examples=scale(40), deadline=None)
@given(programs=PROGRAMS, vault=VAULTS)
def test_whoever_has_read_it_is_asked(programs: list[str], vault: str) -> None:
    """After any program of which a statement has read the vault, a tool with side effects is not called unasked."""
    before, after = told(programs, vault), told([*programs, 'send(to="x")'], vault)
    has_read = any(re.match(r"\w+ = str\(vault\)$", line) for program in programs for line in program.splitlines())

    assert before.state.exposed or not has_read
    assert ("approve" in after.asked) == before.state.exposed


@pytest.mark.parametrize("strict", [False, True])
@settings(max_examples=scale(40), deadline=None)
@given(programs=PROGRAMS, one=VAULTS, other=VAULTS)
def test_whoever_may_not_have_it_sees_no_difference(strict: bool, programs: list[str], one: str, other: str) -> None:
    """The controller may see the vault; the model `m:local`, the tools and nested runs may not.

    They get the same calls with the same words, whatever the vault says.
    """
    policy = Policy(egress={"vault": ("m:1",)}, strict=strict)
    first, second = (
        [call for call in told([BEGIN, *programs], vault, policy=policy).sent if call[0] in ("local", "look", "send")]
        for vault in (one, other)
    )

    assert first == second
