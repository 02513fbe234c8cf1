"""Content judged by its destination: it goes only where every input of it may."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import (
    Role,
    render,
)
from rlmlite_kernel.effects.policy import Egress
from rlmlite_kernel.evaluation.taint import INPUT, input_bit
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.settings import Policy
from tests.guard.bench import YES, Bench
from tests.sizes import scale

NAMES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)
PATTERNS = st.lists(st.sampled_from(["*", "m:*", "m:1", "m:2", "tool:look", "tool:*"]), max_size=3).map(tuple)


@settings(max_examples=scale(100))
@given(
    names=NAMES,
    egress=st.dictionaries(st.sampled_from(["a", "b", "*"]), PATTERNS),
    under=st.dictionaries(st.sampled_from("cd"), st.lists(st.sampled_from("ab")).map(tuple)),
    destination=st.sampled_from(["m:1", "m:2", "tool:look", "other"]),
    bits=st.integers(0, 15),
)
def test_content_goes_only_where_every_input_of_it_may(
    names: list[str], egress: dict[str, tuple[str, ...]], under: dict[str, tuple[str, ...]], destination: str, bits: int
) -> None:
    """`check` refuses exactly when an input of the content has a rule that does not match."""
    policy = Policy(egress=egress, under=under)
    found = Egress(policy, names)
    held = [name for number, name in enumerate(names) if bits >> number & 1]
    origins = INPUT | sum(input_bit(number) for number in range(len(names)) if bits >> number & 1)

    def may(name: str) -> bool:
        rules = [egress.get(each, egress.get("*")) for each in under.get(name, (name,))]
        return all(rule is None or any(_fits(each, destination) for each in rule) for rule in rules)

    if all(may(name) for name in held):
        found.check(origins, destination)
    else:
        with pytest.raises(Fault) as caught:
            found.check(origins, destination)
        assert caught.value.code == "egress"


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == name


LEAKS = [
    "show(vault)",
    "look(key=vault)",
    'look(key=pick(count(vault) > 0, "a", "b"))',
    "tool_call(str(vault), {key: 1})",
    'tool_call(pick(count(vault) > 0, "look", "send"), {key: "a"})',
    'tool_call("look", to_object(vault.lines, text, line))',
    'sub_lm("{vault}")',
    'sub_lm("{it}", it=count(vault))',
    "sub_lm(str(vault))",
    'sub_lm("Say {n}", n=where([{a: 1}], count(vault) > 0))',
    'extract_over_chunks(chunk(vault, size=3), "{chunk}")',
    'extract_over_chunks([{text: "a"}], "{text} {vault}")',
    'sub_rlm("{vault}", context="a")',
    'final("x", evidence="hunter")',
    'final("x", evidence="hunted")',
    "final(vault)",
    "x = vault[0:3]\nshow(x)",
    "x = vault.nope",
    "x = int(str(vault)) + [1]",
    "note(str(vault))",
    "describe(vault)",
]


@pytest.mark.parametrize("program", LEAKS)
def test_content_that_may_go_nowhere_goes_nowhere(program: str) -> None:
    """No request or observation has a part of it, and two vaults of one form give equal observations."""
    role = Role(model="m:1", input_price=0, output_price=0)
    seen = []
    for secret in ("hunter2\nx", "gather9\ny"):
        bench = Bench(
            {"vault": secret},
            policy=Policy(egress={"vault": ()}),
            roles={"sub": role, "controller": role},
            approve=YES,
        )
        bench.turn(program)
        sent = [render(request.prompt, bench.blobs) for request in bench.asked]
        assert not [text for text in [*sent, bench.done.observation] if secret[:6] in text]
        seen.append((sent, bench.done.observation))

    assert seen[0] == seen[1]
