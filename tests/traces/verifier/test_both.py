"""The two verifiers say the same of one trace: of every kept one, and of every kind of broken one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite_traces import TraceBrokenError
from rlmlite_traces.format import lines
from tests.traces.format.old_traces import OLD_BROKEN
from tests.traces.format.sealed_trace import Files
from tests.traces.format.test_checks import BROKEN
from tests.traces.verifier.both import disagreements, files_of, folder_in_python, in_javascript

GOLDEN = Path(__file__).parents[3] / "traces" / "golden"


def test_kept_traces_are_sound_to_both() -> None:
    """Every kept trace of every format has the same level, root and nested runs in both."""
    paths = sorted(GOLDEN.glob("*/*.rlm"))

    found = in_javascript((files_of(path), None) for path in paths)

    assert found == [folder_in_python(path) for path in paths]
    assert all(verdict.is_sound for verdict in found)
    assert any(standing == "same" for verdict in found for _, standing in verdict.nested)


def test_both_name_the_same_rule() -> None:
    """Of a trace that breaks one rule both name that rule, its file and its line."""
    builders: dict[str, Callable[[], Files]] = BROKEN | {f"{name}, format 1": make for name, make in OLD_BROKEN.items()}

    assert disagreements([(name, make(), None) for name, make in builders.items()]) == []


SECOND_SPELLINGS = {
    "step": b'{"ast":"a","kind":"step","op":"let","state":"b","status":"ok","step":1,"turn":1}',
    "step, shown nothing": b'{"ast":"a","kind":"step","observation":{},"op":"let","state":"b","step":1,"turn":1}',
    "first": b'{"kind":"checkpoint","prev":"' + b"0" * 64 + b'","state":"a","variables":"b"}',
    "head": b'{"effect":"lm","id":"a","kind":"calls","n":1,"role":"r","step":1}',
    "call": b'[0,1,"",[],null,[1,2,3],{}]',
}


@pytest.mark.parametrize("name", SECOND_SPELLINGS)
def test_a_default_that_is_spelled_out_is_refused(name: str) -> None:
    """A default has one spelling, its absence, whatever its type."""
    decode = lines.decode_call_line if name in ("head", "call") else lines.decode_record

    with pytest.raises(TraceBrokenError, match="canonical"):
        decode(SECOND_SPELLINGS[name], 0)
