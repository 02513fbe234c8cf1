"""One turn under way: which steps may run, which wait for calls, and which is committed next.

Two steps are independent if neither reads or writes what the other writes; a barrier depends on everything before it.
Steps run in the order of the program, but past a step that waits for calls, so that the calls of independent steps go
out together. When no step can go on, the turn is suspended with all calls that are out, one *wave* for each step.

    a = extract_over_chunks(parts, "{chunk}?")      wave 1: 12 calls      both go out at once
    b = sub_lm("{log}?")                            wave 2: 1 call
    c = [a, b]                                      depends on both: runs after `resume`

**Why the order of completion cannot show.** Results come back by index, all of a suspension together. First every wave
is settled (what its calls really used takes the place of what was reserved), and only then do steps that still have
calls to make reserve again, in the order of the program. So what fits a budget depends on the program and the results,
never on which call came back first.

Every step and the turn itself move through the tables of `run.turns.transitions`. Not here: how a single step comes to
its outcome (`run.turns.progress`), and what is recorded of it (`run.recorder`); the turn only says which finished step
is to be committed next.
"""

import copy
from collections.abc import Callable, Mapping, Sequence

from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinishedStep
from rlmlite_kernel.run.turns.aftermath import Surroundings
from rlmlite_kernel.run.turns.outages import Outage
from rlmlite_kernel.run.turns.progress import Progress
from rlmlite_kernel.run.turns.room import Looks, Outlook, is_look
from rlmlite_kernel.run.turns.taken import NOTHING_TAKEN, Taking
from rlmlite_kernel.run.turns.transitions import StepEvent, StepState, TurnEvent, TurnState, TurnStates
from rlmlite_kernel.run.turns.waves import Wave
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_kernel.values.parsers import Parser


class RunningTurn:
    """The turn so far. `resume` works on a copy, so that a suspended turn can be resumed again.

    Steps are known by their number in the lowered program, from 0; `outages` are by the numbers that they have in the
    record. `surroundings` are of a step that is executed without the others of its turn.
    """

    def __init__(
        self,
        before: State,
        steps: Sequence[PlannedStep],
        outages: Mapping[int, Outage] | None = None,
        stepwise: bool = False,
        surroundings: Surroundings | None = None,
        taking: Taking = NOTHING_TAKEN,
    ) -> None:
        self._before, self._steps, self._stepwise = before, list(steps), stepwise
        self._looks = Looks(self._steps, before.run.table)
        self.states = TurnStates(len(self._steps))
        told = {} if outages is None else outages
        self._progress = Progress(before, self._steps, told, self.states, surroundings, taking)
        # How many steps are committed, which is also the number of the next one to commit.
        self._committed = 0
        # How many of these the host has been told of; before the first step, not even that the turn has begun.
        self._told = -1
        self.halt_reason = ""

    def copy(self, outages: Mapping[int, Outage] | None = None) -> "RunningTurn":
        """The same turn, to go on from without touching this one. `outages`, if given, take the place of its own."""
        other = copy.copy(self)
        other.states = self.states.copy()
        other._progress = self._progress.copy(other.states, outages)
        return other

    @property
    def has_news(self) -> bool:
        """Whether the host wants to write down what is committed before the next step runs."""
        return self._stepwise and self._told < self._committed < len(self._steps)

    def mark_told(self) -> None:
        """The host has the records of all that is committed."""
        self._told = self._committed

    @property
    def is_halted(self) -> bool:
        """Whether the turn ended because a file has changed."""
        return self.states.turn is TurnState.HALTED

    def run_ready(self, blobs: Blobs, parser: Parser, commit: Callable[[], None]) -> tuple[Wave, ...]:
        """Run every step that can run. Gives the calls to suspend for, none if the turn is over or halted.

        `commit` commits what has finished. It is called after each step, before the next one sees what it made.
        """
        # What has not finished, from the top: steps that depend on any of it have to wait.
        blocked: list[PlannedStep] = []
        try:
            for number, planned in enumerate(self._steps):
                is_planned = self.states.steps[number] is StepState.PLANNED
                if is_planned and not any(planned.depends_on(earlier) for earlier in blocked):
                    self._progress.start(number, blobs, parser)
                    if self._goes_on_looking(number, blocked):
                        continue
                    commit()
                    if self.is_halted or self.has_news:
                        return ()
                # A step that has just finished blocks nothing: later ones of this same pass may run.
                if self._progress.finished_step(number) is None:
                    blocked.append(planned)
        except InputChangedError as error:
            self.halt(error)
            return ()
        return self._progress.waves()

    def _goes_on_looking(self, number: int, blocked: Sequence[PlannedStep]) -> bool:
        """Whether a look is followed by another one that can run at once: they are committed together.

        Only so are the needs of both known when their room is shared. Looks are quick, and no work is lost with them.
        """
        if number + 1 >= len(self._steps):
            return False
        table = self._before.run.table
        here, following = self._steps[number], self._steps[number + 1]
        are_looks = is_look(here, table) and is_look(following, table)
        return are_looks and not any(following.depends_on(earlier) for earlier in blocked)

    def receive(self, waves: Sequence[Wave], results: Sequence[Result], commit: Callable[[], None]) -> None:
        """Take the results of all waves, in their order, and go on with the steps that waited for them.

        `commit` as for `run_ready`.
        """
        self.states.move_turn(TurnEvent.RESULTS)
        # Every wave is settled before any step reserves again. Otherwise what is left for a step would depend on how
        # many of the others had been settled by then.
        start = 0
        self._progress.expect_results()
        for wave in waves:
            stop = start + len(wave.indexes)
            self._progress.settle(wave, results[start:stop])
            start = stop
        # In the order of the program, so that an earlier step has the first claim on what is left.
        try:
            for number in self._progress.open_numbers():
                self._progress.go_on(number)
                commit()
                if self.is_halted:
                    return
        except InputChangedError as error:
            self.halt(error)

    def suspend(self) -> None:
        """Calls are out."""
        self.states.move_turn(TurnEvent.CALLS_OUT)

    def complete(self) -> None:
        """Every step is committed."""
        self.states.move_turn(TurnEvent.ALL_COMMITTED)

    def halt(self, error: InputChangedError) -> None:
        """End the turn, because a file has changed since earlier steps read it."""
        self.states.move_turn(TurnEvent.INPUT_CHANGED)
        self.halt_reason = str(error)

    def discard_rest(self) -> None:
        """Drop what a halted turn did not commit."""
        for number in range(self._committed, len(self._steps)):
            self.states.move_step(number, StepEvent.DISCARD)

    def next_to_commit(self) -> FinishedStep | None:
        """The first step that is not committed, if it has finished."""
        return self._progress.finished_step(self._committed)

    def surroundings(self) -> Surroundings:
        """What the next step to commit found of this turn when it was started."""
        return self._progress.surroundings(self._committed)

    def outlook(self, step: FinishedStep) -> Outlook:
        """What comes after the next step to commit, by which its room is decided."""
        table = self._before.run.table
        neighbours: list[FinishedStep] = []
        if is_look(step.planned, table):
            for number in range(self._committed + 1, len(self._steps)):
                finished = self._progress.finished_step(number)
                if finished is None or not is_look(self._steps[number], table):
                    break
                neighbours.append(finished)
        name, statement = step.planned.target, step.planned.statement
        return Outlook(
            statements=self._steps[-1].statement - statement,
            looks=self._looks.after(statement),
            neighbours=tuple(neighbours),
            is_looked_at=name is not None and self._looks.is_looked_at(name, self._committed),
        )

    def mark_committed(self) -> None:
        """The step that `next_to_commit` gave is in the record."""
        self.states.move_step(self._committed, StepEvent.COMMIT)
        self._committed += 1

    def can_fail_next(self) -> bool:
        """Whether the next step to commit can still fail: nobody has seen its value, or what it was charged."""
        return self._progress.can_fail(self._committed)

    def fail_next(self, code: str) -> None:
        """The next step to commit ends in an outage after all."""
        self._progress.fail(self._committed, code)

    def is_unshown(self) -> bool:
        """Whether the next step to commit is known to have had no memory to be shown in."""
        return self._progress.is_unshown(self._committed)
