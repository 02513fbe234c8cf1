"""The kept traces, and traces that were changed by somebody who knows the format."""

from collections.abc import Callable, Iterator
from pathlib import Path

from rlmlite_kernel.records.records import AnyRecord, Entry, Redact, Seal
from rlmlite_traces import CheckedTrace, TraceError, verify
from tests.traces.forge.contents import content_edits
from tests.traces.forge.edits import edits
from tests.traces.replays.forging import entries_of, forge

GOLDEN = Path(__file__).parents[3] / "traces" / "golden"
KEPT = sorted(GOLDEN.glob("*/*.rlm"))


def kept(name: str) -> CheckedTrace:
    """A kept trace, such as `2.3/agent`."""
    return verify(GOLDEN / f"{name}.rlm")


def changed(trace: CheckedTrace, every: int = 1) -> Iterator[tuple[str, CheckedTrace]]:
    """The trace with one field or content changed and all hashes made anew, as far as it still verifies."""
    entries = entries_of(trace)
    for number, edit in enumerate([*edits(trace, entries), *content_edits(trace, entries)]):
        if number % every == 0:
            try:
                made = forge(trace, lambda _, new=edit.entries: new)  # type: ignore[misc]  # bound now
            except TraceError:
                continue  # `verify` finds it, so nobody reads it
            yield f"{edit.field}={edit.value}", made


def redacted(trace: CheckedTrace, choose: Callable[[AnyRecord], list[str]]) -> CheckedTrace:
    """The trace, open, without the contents that `choose` gives of each record, and with the record that says so."""
    entries = [entry for entry in entries_of(trace) if not isinstance(entry.record, Seal)]
    refs = tuple(dict.fromkeys(ref for entry in entries for ref in choose(entry.record)))
    blobs = tuple(each for each in entries[0].blobs if each.ref not in refs)
    entries[0] = Entry(entries[0].record, blobs)
    entries.append(Entry(Redact(refs=refs, reason="names", who="auditor")))
    return forge(trace, lambda _: entries)
