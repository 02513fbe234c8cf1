"""The action table is the only place that knows what an action is; what a table means is its digest."""

import ast
import inspect
from collections.abc import Collection
from pathlib import Path

from rlmlite_grammar import parse
from rlmlite_kernel import ACTIONS, MemoryBlobs, RunKey, Settings, advance, begin
from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.records.evolution import FLAGS, MEDIAN_OF_ONE
from rlmlite_kernel.records.records import Step

TYPES = frozenset(("int", "float", "str", "date"))
FOLDS = frozenset(("first", "last", "min", "max", "count", "sum", "avg", "median", "percentile", "collect", "concat"))
AMBIGUOUS = TYPES | FOLDS | {"render"}
"""Names of actions that are words of schemas, aggregates of `group`, or a function of the kernel as well."""

NAMED = {("ast.py", "write_var"), ("arguments.py", "tool_call")}
"""Where an action is named all the same: what `name = value` is short for, and the action whose first argument is the
name of a tool, which a decode grammar lists."""

CODES = {("status.py", "join"), ("status.py", "patterns")}
"""Codes of losses that are spelled as the actions are which can meet them: old traces have them so."""


def test_no_other_code_knows_actions_by_name() -> None:
    """Checks, prices, turns and decode grammars read rows, so a host's action is treated as the kernel's own are."""
    root = Path(__file__).parents[3]
    folders = [root / "kernel/rlmlite_kernel" / room for room in ("program", "effects", "run")]
    folders.append(root / "grammar/rlmlite_grammar/decode")
    names = ACTIONS.keys() - AMBIGUOUS
    named = set()
    for path in (path for folder in folders for path in folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
                named.add((path.name, node.value))

    assert named == NAMED | CODES


def test_the_kernels_own_table_means_what_it_did() -> None:
    """Golden traces hold this digest. Whoever changes it changes what programs mean, and says so in the changelog."""
    assert ACTIONS.digest == "8870fb2fc92ef08a0272c866416fc6a873b64d8b94666123b8da4f1dbfe1bf57"


def test_an_action_that_came_with_a_flag_is_in_runs_with_this_flag_only() -> None:
    """An older run is replayed with the actions that it had, and the digest of its table stays the same."""
    new = Action(
        name="fresh",
        family="text",
        params=(),
        run=lambda context: 1,
        result="a number",
        help="one",
        since=MEDIAN_OF_ONE,
    )
    table = ACTIONS.extended([new])

    assert (table.digest, "fresh" in table.of(FLAGS), "fresh" in table.of([])) == (ACTIONS.digest, True, False)
    assert _status(table, {MEDIAN_OF_ONE}) == ("ok", "")
    assert _status(table, frozenset()) == ("failed", "unknown_action")


def _status(table: Table, flags: Collection[int]) -> tuple[str, str]:
    state = begin({}, Settings(), RunKey(b"k" * 32), table=table, flags=flags).state
    turn = advance(state, parse("x = fresh()"), MemoryBlobs())
    step = turn.entries[-1].record
    assert isinstance(step, Step)
    return step.status, step.code


def test_a_run_of_before_knows_the_actions_of_its_time() -> None:
    """What came with a flag is not there without it, and the digest is that of the first version either way."""
    first = ACTIONS.of(())

    assert [name for name, action in ACTIONS.items() if action.since is not None and name in first] == []
    assert [name for name, action in first.items() if action.in_rows and action.in_rows_since] == []
    assert first.digest == ACTIONS.digest
    assert ACTIONS.of(FLAGS).keys() == ACTIONS.keys()


def test_a_parameter_that_came_later_can_be_left_out_by_whoever_does_not_know_it() -> None:
    """The function has a default for it: an older run calls it without."""
    for action in ACTIONS.values():
        later = [param.name for param in action.params if param.since is not None]
        signature = inspect.signature(action.run or action.ask or print)

        assert [name for name in later if signature.parameters[name].default is inspect.Parameter.empty] == []
