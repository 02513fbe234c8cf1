"""The account of a replay: what it has found so far, record by record, and what it concludes from that.

    step 1   computed as recorded                       executed: 1
    step 2   taken, as its file is not here             unavailable: step 2
    step 3   differs in its state alone                 unchecked: it may follow from step 2
    step 4   differs in its statement                   difference, and `Stop`: nothing after it is looked at

Not here: executing (`replay`), and how two lines are compared (`comparison`).
"""

from collections import Counter
from typing import Never

from rlmlite_kernel import Answer, Entry, State
from rlmlite_kernel.effects.requests import Request
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.run.turns.outages import Outage, recorded_outage
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.replays.beginning import Versions
from rlmlite_traces.replays.comparison import Comparison, unchecked_texts
from rlmlite_traces.replays.incomplete import adopt_consequences, is_of_values
from rlmlite_traces.replays.rebuild import Rebuilder
from rlmlite_traces.replays.rules.engines import may_explain
from rlmlite_traces.replays.verdicts import Difference, Replayed, Unfinished, Verdict


class Stop(Exception):
    """Ends the replay from any depth. Why it ended is in the account."""


class Account:
    """What one replay has found so far. Its fields are those of `Replayed`."""

    def __init__(self, trace: CheckedTrace, comparison: Comparison, inputs: Rebuilder) -> None:
        self._trace, self._comparison, self._inputs = trace, comparison, inputs
        self.executed = 0
        self.not_executed: Counter[str] = Counter()
        self.unavailable: dict[int, str] = {}
        """The steps that were taken from the record, each with the digest that it needs, or nothing."""
        self.difference: Difference | None = None
        self.missing: dict[str, str] = {}
        self.engines: Versions = {}
        self.unchecked = unchecked_texts(trace.genesis)
        self.stopped = ""
        self.is_complete = False
        """The replay came to the end of the trace."""
        self.nested: dict[str, Request] = {}

    @property
    def is_incomplete(self) -> bool:
        """Whether something up to here could not be executed, so that what follows from it cannot be compared."""
        return bool(self.unavailable or self._inputs.valueless)

    def enter(self, seq: int, entry: Entry, answer: Answer | None) -> None:
        """Compare a computed entry with the record `seq`, and stop at a difference. `answer` is the run's so far."""
        recorded = self._trace.records[seq]
        if isinstance(recorded, Step) and entry.record is recorded:
            self.unavailable.setdefault(recorded.step, "")
            return
        if self.is_incomplete:
            entry = adopt_consequences(entry, recorded)
        outage = None
        if isinstance(entry.record, Step):
            outage = recorded_outage(entry.record)
            self._stop_at_outage_of_our_own(seq, outage)
        difference = self._comparison.find_difference(seq, entry, answer)
        if difference is not None and self.is_incomplete and not is_of_values(difference, recorded):
            why = f"record {seq} ({difference.field}) may follow from steps that were not executed"
            self.unchecked.setdefault("records", why)
            return
        if seq in self._comparison.gaps.seqs:
            # What differs may follow from what is gone, and so may all that comes after it.
            self.unchecked["contents"] = self._comparison.gaps.sentence()
            if difference is not None:
                raise Stop
            return
        if difference is not None:
            self.difference = difference
            raise Stop
        if outage is not None and not outage.is_unshown:
            self.not_executed[outage.code] += 1
        elif isinstance(entry.record, Step):
            self.executed += 1

    def stop_with(self, seq: int, field: str, recorded: str, computed: str) -> Never:
        """Stop at a difference that shows before the record `seq` can be computed."""
        self.difference = Difference(seq, field, recorded, computed)
        raise Stop

    def report(self, state: State | None, unfinished: Unfinished | None, *, controller_checked: bool) -> Replayed:
        """The account as it is handed out, with the verdict. `state` is the one after the last whole turn."""
        return Replayed(
            self._judge(),
            self.executed,
            sum(isinstance(record, Step) for record in self._trace.records),
            self.difference,
            self.missing,
            self.engines,
            state,
            unfinished,
            texts_compared=self._comparison.texts_compared,
            unchecked=self.unchecked,
            controller_checked=controller_checked,
            not_executed=dict(sorted(self.not_executed.items())),
            stopped=self.stopped,
            nested=self.nested,
            missing_files=tuple(self._inputs.missing_files),
            unavailable=self._paths_of_unavailable(),
        )

    def _stop_at_outage_of_our_own(self, seq: int, outage: Outage | None) -> None:
        """Stop where memory ran out, or a parser crashed, in this replay: that is no difference of the trace."""
        recorded = self._trace.records[seq]
        is_recorded = isinstance(recorded, Step) and recorded_outage(recorded) is not None
        if outage is not None and not is_recorded:
            self.stopped = f"record {seq} cannot be executed here ({outage.code})"
            raise Stop

    def _paths_of_unavailable(self) -> dict[int, str]:
        """The steps that were not executed, in their order, with the path of the file that each needs itself."""
        paths = {file.digest: file.path for file in self._inputs.missing_files}
        return {step: paths.get(digest, "") for step, digest in sorted(self.unavailable.items())}

    def _judge(self) -> Verdict:
        if self.difference is not None:
            seq, fields = self.difference.seq, self.difference.fields
            # Another action table may be a host's own, which this replay was not given.
            other_table = (seq, self.difference.field) == (0, "actions")
            is_explained = other_table or may_explain(self._trace, seq, fields, self.engines)
            return Verdict.ENGINES if is_explained else Verdict.FORGED
        # A run whose inputs are all missing and of which no step could be executed differs nowhere, and shows nothing.
        has_shown_something = self.executed > 0 or not self.missing
        is_whole = self.is_complete and not self.unchecked and not self.is_incomplete
        return Verdict.REPRODUCED if is_whole and has_shown_something else Verdict.UNVERIFIABLE
