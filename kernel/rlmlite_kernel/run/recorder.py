"""Receipts: finished steps, in statement order, become records and the next state."""

from collections.abc import Mapping

import msgspec

from rlmlite_kernel.actions.end import Forgotten, Noted
from rlmlite_kernel.effects.prompts import Lines
from rlmlite_kernel.effects.requests import Answered
from rlmlite_kernel.evaluation.context import DERIVED, FOREIGN, TaintedValue, origin_words
from rlmlite_kernel.observation.observations import Seen, Show, fit
from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.program.lowering import Planned
from rlmlite_kernel.program.problems import explain
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import Blob, EffectRecord, Effects, Entry, Observed, Step, Written
from rlmlite_kernel.records.refs import blob, keyed_digest
from rlmlite_kernel.run.state import Answer, State, Variable, state_digest
from rlmlite_kernel.run.step import Called, Concluded, Outcome
from rlmlite_kernel.run.turn import Progress
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import fenced
from rlmlite_kernel.values.values import kind_of, size_of

_JSON = msgspec.json.Encoder()


_LINE = 120
"""Bytes of the turn's observation that are kept free for each statement that is still to be shown."""


class Receipts:
    """Commits the steps of one turn, one after another."""

    def __init__(self, state: State, text: str, room: int) -> None:
        self.state, self._text, self._room = state, text, room
        self._temporaries: list[str] = []
        self._next = self._later = 0
        self.entries: list[Entry] = []
        self.said: list[str] = []

    def commit_ready(self, progress: Progress, blobs: Blobs) -> None:
        """Every step that is finished, up to the first that is not."""
        while self._next in progress.outcomes:
            planned = progress.steps[self._next]
            self._later = progress.statements - planned.statement - 1
            try:
                self._commit(planned, progress.outcomes[self._next], blobs)
            except InputChangedError as error:  # what was to be shown is not what was worked on
                progress.halt(error)
                return
            self._next += 1

    def taken(self) -> tuple[Entry, ...]:
        """The records made since the last time."""
        entries, self.entries = tuple(self.entries), []
        return entries

    def going_on(self) -> "Receipts":
        """The same receipts, to go on from without touching these."""
        other = Receipts(self.state, self._text, self._room)
        other._next, other._temporaries, other.said = self._next, list(self._temporaries), list(self.said)
        return other

    def _commit(self, planned: Planned, outcome: Outcome, blobs: Blobs) -> None:
        """One step: its record, and the state after it."""
        before = self.state
        ast = blob(before.run.salts, _JSON.encode(planned.as_statement()))
        number = before.step + 1
        seen = self._observed(planned, outcome, blobs)
        observation = blob(before.run.salts, seen.text.encode())
        lines, kept = _effect_lines(outcome.calls, ast.salt, before, number)
        self.state = self._after(planned, outcome, seen, ast.salt, number)
        record = Step(
            turn=before.turn,
            step=number,
            statement=planned.statement,
            op=planned.op,
            ast=ast.ref,
            reads=_reads(planned, before.variables),
            writes=self._writes(planned, outcome),
            effects=_effects(lines),
            observation=Observed(
                ref=observation.ref,
                size=len(observation.content),
                origins=origin_words(_origins(outcome)),
                cut=seen.cut,
            ),
            coverage=dict(self.state.coverage.totals),
            priced=_priced(outcome),
            used=dict(sorted(outcome.context.used.items())),
            status=outcome.status,
            code=outcome.code,
            state=(before.digest, self.state.digest),
        )
        self.entries.append(Entry(record, (ast, observation, *kept), lines))

    def _observed(self, planned: Planned, outcome: Outcome, blobs: Blobs) -> Seen:
        """What the step shows, within what is left of the turn; a line is kept free for each later statement."""
        room = max(0, self._room - 1)
        room = max(room - _LINE * self._later, room // (self._later + 1))
        seen = _shown(planned, outcome, blobs, self._text, room, self.state)
        text, cut = fit(seen.text, room)
        self._room -= len(text.encode()) + 1
        if text:
            self.said.append(text)
        return Seen(text, seen.spans, seen.cut + cut)

    def _after(self, planned: Planned, outcome: Outcome, seen: Seen, key: bytes, number: int) -> State:
        state = self.state
        variables = self._variables(planned, outcome, key)
        exposed = state.exposed or (bool(seen.text) and _exposes(planned, outcome, state))
        used = dict(state.used)
        for name, amount in outcome.context.used.items():
            used[name] = used.get(name, 0) + amount
        used["value_bytes"] = sum(variable.size for variable in variables.values())
        marks = {"shown": seen.spans, "scanned": outcome.context.scanned, "read": _read(outcome.calls)}
        failures = state.failures if outcome.status == "ok" else (*state.failures, outcome.code)
        return msgspec.structs.replace(
            state,
            variables=variables,
            used=used,
            coverage=state.coverage.marked(marks) if any(marks.values()) else state.coverage,
            step=number,
            digest=state_digest(variables, used, exposed),
            exposed=exposed,
            notes=(*state.notes, outcome.effect.text) if isinstance(outcome.effect, Noted) else state.notes,
            answer=_answer(planned, outcome, state) or state.answer,
            partial=tuple(dict.fromkeys((*state.partial, *outcome.context.partial))),
            failures=failures,
        )

    def _variables(self, planned: Planned, outcome: Outcome, key: bytes) -> Mapping[str, Variable]:
        variables = dict(self.state.variables)
        if planned.target is not None and outcome.data is not None and outcome.status == "ok":
            value = outcome.data.value
            ref = keyed_digest(key, outcome.digest)
            variables[planned.target] = Variable(outcome.data, kind_of(value), ref, size_of(value), self.state.turn)
            if not planned.last:
                self._temporaries.append(planned.target)
        if isinstance(outcome.effect, Forgotten):
            variables.pop(outcome.effect.name, None)
        if planned.last:
            for name in self._temporaries:
                variables.pop(name, None)
            self._temporaries.clear()
        return variables

    def _writes(self, planned: Planned, outcome: Outcome) -> tuple[Written, ...]:
        name = planned.target
        variable = self.state.variables.get(name) if name is not None and outcome.status == "ok" else None
        if name is None or variable is None:
            return ()
        return (Written(name=name, kind=variable.kind, ref=variable.ref, size=variable.size),)


def _reads(planned: Planned, variables: Mapping[str, Variable]) -> tuple[tuple[str, str], ...]:
    return tuple((name, variables[name].ref) for name in sorted(planned.reads) if name in variables)


def _answer(planned: Planned, outcome: Outcome, state: State) -> Answer | None:
    ended = outcome.effect
    if not isinstance(ended, Concluded):
        return None
    named = (name for name in sorted(planned.reads) if name in state.variables and not is_temporary(name))
    fresh = [name for name in named if state.variables[name].turn == state.turn]
    found = ended.evidence
    return Answer(ended.value, found.items, found.total, found.basis, tuple(fresh))


def _origins(outcome: Outcome) -> int:
    return DERIVED if outcome.data is None else outcome.data.origins


def _exposes(planned: Planned, outcome: Outcome, state: State) -> bool:
    """Whether what a step shows has content of inputs, tools or models in it; why it failed may quote them."""
    if _barred(planned, outcome, state):
        return False
    if outcome.status == "ok" or any(warning.quoted for warning in outcome.context.warnings):
        return bool(_origins(outcome) & FOREIGN) or any(warning.quoted for warning in outcome.context.warnings)
    return any(state.variables[name].data.origins & FOREIGN for name in planned.reads if name in state.variables)


def _priced(outcome: Outcome) -> dict[str, int]:
    """What the calls of a step were known to need before any went out."""
    names = ("sub_calls", "prompt_bytes", "output_tokens", "tool_calls")
    priced = {name: outcome.context.used[name] for name in names if name in outcome.context.used}
    for called in outcome.calls:
        priced.update(called.ask.holds)
    return priced


def _read(rounds: tuple[Called, ...]) -> list[Text]:
    return [
        span
        for called in rounds
        for span in called.ask.calls.read_spans(
            [index for index, result in enumerate(called.results) if isinstance(result, Answered)]
        )
    ]


def _effect_lines(
    rounds: tuple[Called, ...], key: bytes, state: State, step: int
) -> tuple[tuple[EffectRecord, ...], tuple[Blob, ...]]:
    records: list[EffectRecord] = []
    blobs: list[Blob] = []
    first = 0
    for called in rounds:
        lines = Lines(called.ask.calls, key, state.run.salts, step, first)
        records += [lines.line(index, result) for index, result in enumerate(called.results) if result is not None]
        blobs += lines.blobs.values()
        first += len(called.results)
    return tuple(records), tuple(blobs)


def _effects(lines: tuple[EffectRecord, ...]) -> Effects | None:
    if not lines:
        return None
    ok = sum(line.result is not None for line in lines)
    return Effects(n=len(lines), root=root_of(map(record_bytes, lines)), ok=ok, failed=len(lines) - ok)


def _shown(planned: Planned, outcome: Outcome, blobs: Blobs, text: str, room: int, state: State) -> Seen:
    if planned.problems:
        return Seen(explain(planned.problems, text))
    label = planned.target or planned.op
    barred = _barred(planned, outcome, state)
    if barred:
        return Seen(f"{label}: {outcome.status}{barred}")
    if outcome.status != "ok":
        seen = Seen(f"{label}: {outcome.status} ({outcome.code}): {outcome.message}")
    else:
        seen = _said(planned, outcome, blobs, room, state) if planned.last else Seen("")
    text, cut = fit(seen.text, room)
    for warning in outcome.context.warnings:
        left = room - len(text.encode()) - bool(text)
        note, lost = _note(warning.message, warning.quoted, left)
        text, cut = text + ("\n" if text and note else "") + note, cut + lost
    return Seen(text, seen.spans, seen.cut + cut)


def _barred(planned: Planned, outcome: Outcome, state: State) -> str:
    """What stands in place of what a step would show, if the policy keeps an input from a controller.

    Nothing of it is told then, not how many rows there are nor why it failed: all of that comes from the content.
    """
    if not state.run.barred or isinstance(outcome.effect, Noted | Forgotten):
        return ""
    origins = 0 if outcome.data is None else outcome.data.origins
    if isinstance(outcome.effect, Concluded):
        origins |= state.run.barred  # its quotes were looked up in every input
    for name in planned.reads:
        if name in state.variables:
            origins |= state.variables[name].data.origins
    names = state.run.egress.input_names(origins & state.run.barred)
    if not names:
        return ""
    code = f" ({outcome.code})" if outcome.code else ""
    words = ", ".join(f"`{name}`" for name in names)
    return f"{code}; not shown: the policy keeps {words} from the controller"


def _said(planned: Planned, outcome: Outcome, blobs: Blobs, room: int, state: State) -> Seen:
    effect = outcome.effect
    if isinstance(effect, Concluded):
        return Seen(f"final: answered, {effect.evidence.total:,} pieces of evidence ({effect.evidence.basis})")
    if isinstance(effect, Noted):
        return Seen("noted")
    if isinstance(effect, Forgotten):
        return Seen(f"{effect.name}: forgotten")
    held = outcome.data or TaintedValue(None)
    show = Show(blobs, room, _source(planned, held), bool(held.origins & FOREIGN))
    if state.run.table[planned.op].shows:
        return show.whole(planned.target or planned.op, held.value)
    return show.summary(planned.target or planned.op, held.value)


def _note(message: str, quoted: str, room: int) -> tuple[str, int]:
    """A warning within some room, and the bytes that had to go; what it quotes of data is fenced, or left out."""
    whole = f"! {message}" + (f"\n{fenced(quoted.encode(), 'quoted').decode()}" if quoted else "")
    if len(whole.encode()) <= room:
        return whole, 0
    note, cut = fit(f"! {message}", max(0, room))
    return note, cut + len(quoted.encode())


def _source(planned: Planned, held: TaintedValue) -> str:
    """What a fence names as the source of its content: the variable, or the variables that were read."""
    return planned.target or ",".join(sorted(planned.reads)) or planned.op
