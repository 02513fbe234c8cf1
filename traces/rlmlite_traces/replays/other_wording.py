"""Replaying a trace whose texts another version worded: everything is compared but what the texts themselves decide.

An observation's ref and size are its wording, so they are taken over from the trace. What it *showed of the inputs* is
not wording, and is compared as long as nothing was cut: once a text did not fit its room, how much data stood in it
depends on how long the words around it were. Then only what was read and scanned is compared.
"""

import msgspec

from rlmlite_kernel.records.records import AnyRecord, Entry, Observed, Step

Totals = tuple[int, int, int]


class UncomparedTexts:
    """Takes over from the recorded steps what depends on their wording."""

    def __init__(self) -> None:
        self._cut = False
        self._recorded: dict[str, Totals] = {}
        self._computed: dict[str, Totals] = {}

    def adopt_wording(self, entry: Entry, recorded: AnyRecord) -> Entry:
        """The computed entry with the recorded wording, ready to be compared."""
        computed = entry.record
        if not isinstance(computed, Step) or not isinstance(recorded, Step):
            return entry
        shown, was_shown = computed.observation, recorded.observation
        self._cut = self._cut or bool(shown.cut or was_shown.cut)
        observation = Observed(ref=was_shown.ref, size=was_shown.size, origins=shown.origins, cut=was_shown.cut)
        coverage = self._adopt_coverage(computed, recorded)
        record = msgspec.structs.replace(computed, observation=observation, coverage=coverage)
        return Entry(record, entry.blobs, entry.effects)

    def _adopt_coverage(self, computed: Step, recorded: Step) -> dict[str, Totals]:
        self._computed |= computed.coverage
        self._recorded |= recorded.coverage
        if not self._cut:
            return computed.coverage
        # A step lists the inputs whose totals changed, and which did may differ once one of the texts was cut. So the
        # totals so far are compared, all but the bytes shown.
        names = {*self._computed, *self._recorded}
        nothing = (0, 0, 0)
        same = all(self._computed.get(n, nothing)[1:] == self._recorded.get(n, nothing)[1:] for n in names)
        return recorded.coverage if same else computed.coverage
