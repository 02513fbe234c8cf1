"""Comparison: is a recorded record, with its calls, what was computed again?

Lines are compared, not fields: the computed record is encoded as the writer would have encoded it, and must be the
recorded line byte for byte. Only if it is not are both decoded, to name the first field that differs.

    recorded  {"kind":"step",…,"used":{"sub_calls":3},…}
    computed  {"kind":"step",…,"used":{"sub_calls":4},…}
    found     record 12, field used.sub_calls: recorded 3, computed 4

Blobs need no comparison of their own. `verify` has proved that every ref of the trace commits to the content that is
kept, so equal refs are equal content. Two kinds of trace take a step in between: one of format 1 is compared in that
format's spelling (`as_format_one`), one that another version worded is compared without its texts (`other_wording`).
"""

from typing import TYPE_CHECKING

import msgspec

from rlmlite_kernel import Answer, Entry
from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.evolution import FORMAT, RENDERING
from rlmlite_kernel.records.records import Genesis
from rlmlite_kernel.records.refs import Salts
from rlmlite_traces.format.lines import encode
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.replays.other_wording import UncomparedTexts
from rlmlite_traces.replays.rules.gaps import Gaps
from rlmlite_traces.replays.verdicts import CALL_FIELDS, Difference, first_difference

if TYPE_CHECKING:
    from rlmlite_traces.replays.as_format_one import Spelling


def unchecked_texts(genesis: Genesis) -> dict[str, str]:
    """Why the texts of a trace are not compared, where that is to be said.

    Format 1 had a wording of its own. In today's format another one is that of a version to come, or a lie.
    """
    if genesis.v != FORMAT or genesis.rendering == RENDERING:
        return {}
    return {"observations": f"another version worded them ({genesis.rendering})"}


def _spelling(salts: Salts) -> "Spelling":
    from rlmlite_traces.replays.as_format_one import Spelling  # few traces are of that format

    return Spelling(salts)


class Comparison:
    """Compares the entries of a replay with a trace, each once and in order: it follows what earlier ones changed."""

    def __init__(self, trace: CheckedTrace, salts: Salts) -> None:
        self._trace = trace
        self._texts = UncomparedTexts() if trace.genesis.rendering != RENDERING else None
        self._spelling = _spelling(salts) if trace.genesis.v == 1 else None
        self.computed: list[Entry] | None = None
        """If anybody wants them: the entries that were found to be the recorded ones, as they were computed."""
        self.gaps = Gaps(trace)

    @property
    def texts_compared(self) -> bool:
        """Whether the trace is worded as today, so that its texts are compared too."""
        return self._texts is None

    def find_difference(self, seq: int, entry: Entry, answer: Answer | None) -> Difference | None:
        """The first difference between a computed entry and the record `seq`. `answer` is the run's, if it has one."""
        worded = entry
        if self._texts is not None:
            worded = self._texts.adopt_wording(entry, self._trace.records[seq])
        # Calls come first. A changed result changes the record too, and the call is the better place to point at.
        difference = self._find_in_calls(seq, worded) or self._find_in_record(seq, worded, answer)
        if difference is None and self.computed is not None:
            self.computed.append(entry)
        return difference

    def _find_in_calls(self, seq: int, entry: Entry) -> Difference | None:
        spelling = self._spelling
        computed_lines = lines_of(entry.effects) if spelling is None else spelling.spell_calls(entry)
        recorded_lines = self._trace.effect_lines(seq)
        # One list may be longer. Then the counts in the record differ, and the record is compared next.
        for index, (recorded, line) in enumerate(zip(recorded_lines, computed_lines, strict=False)):
            computed = self.gaps.fill(seq, recorded, line)
            if recorded != computed:
                return first_difference(seq, recorded, computed, f"effects.jsonl[{index}]", CALL_FIELDS)
        return None

    def _find_in_record(self, seq: int, entry: Entry, answer: Answer | None) -> Difference | None:
        spelling = self._spelling
        record = entry.record if spelling is None else spelling.spell(entry, answer)
        # The place is the log's, not the kernel's, and `verify` has checked it.
        in_place = msgspec.structs.replace(record, seq=seq, prev=self._trace.records[seq].prev)
        recorded = self._trace.line(seq)
        return first_difference(seq, recorded, self.gaps.fill(seq, recorded, encode(in_place)))
