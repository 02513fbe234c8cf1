"""Replaying a trace whose texts another version worded: everything is compared but what the texts themselves decide.

An observation's ref and size are its wording, so the computed record takes them over from the recorded one. What it
showed of the inputs is wording too: how many rows are echoed, and how much of each.

    recorded  "h = 3 hits {...}" and the first of them      coverage log: shown 900, read 0, scanned 5000
    computed  "h = 3 hits {...}" and all three              coverage log: shown 2700, read 0, scanned 5000

So of the coverage the bytes read by models and scanned are compared, as totals of the run so far.
"""

from typing import TypeAlias

import msgspec

from rlmlite_kernel.records.records import AnyRecord, Entry, Observed, Step

Totals: TypeAlias = tuple[int, int, int]
"""Of one input: bytes shown, read by a model and scanned so far."""

_NOTHING: Totals = (0, 0, 0)


class UncomparedTexts:
    """Takes over from recorded steps what depends on their wording. Give it each step once, in order."""

    def __init__(self) -> None:
        self._recorded: dict[str, Totals] = {}
        self._computed: dict[str, Totals] = {}

    def adopt_wording(self, entry: Entry, recorded: AnyRecord) -> Entry:
        """The computed entry with the recorded wording in it, ready to be compared."""
        computed = entry.record
        if not isinstance(computed, Step) or not isinstance(recorded, Step):
            return entry
        shown, was_shown = computed.observation, recorded.observation
        # Where the content came from is the action's doing, not the wording's, so the computed origins stay.
        observation = Observed(ref=was_shown.ref, size=was_shown.size, origins=shown.origins, cut=was_shown.cut)
        coverage = self._adopt_coverage(computed, recorded)
        record = msgspec.structs.replace(computed, observation=observation, coverage=coverage)
        return Entry(record, entry.blobs, entry.effects)

    def _adopt_coverage(self, computed: Step, recorded: Step) -> dict[str, Totals]:
        """The recorded coverage if it differs only in what the wording decides; else the computed one."""
        self._computed |= computed.coverage
        self._recorded |= recorded.coverage
        # A step lists only the inputs whose totals changed, and the two may list different ones. So the lists cannot be
        # compared, but the totals so far can.
        names = {*self._computed, *self._recorded}
        return recorded.coverage if all(map(self._same_but_shown, names)) else computed.coverage

    def _same_but_shown(self, name: str) -> bool:
        _, *computed = self._computed.get(name, _NOTHING)
        _, *recorded = self._recorded.get(name, _NOTHING)
        return computed == recorded
