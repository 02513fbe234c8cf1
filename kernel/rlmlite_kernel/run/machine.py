"""The kernel: begin a run, advance it by programs, resume it with the results of calls, seal it. All goes through here.

    begin(inputs, settings, salts)          -> Done
    ask(state, question)                    -> Done
    advance(state, parsed, blobs)           -> Done | Suspended
    resume(suspended, results, blobs)       -> Done | Suspended
    seal(state)                             -> Entry

Pure: no clock, chance, files, network or log. What is needed from outside is asked for (`Suspended.requests`) or read
by its digest (`blobs`). The same state, program and results give the same bytes everywhere.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from rlmlite_kernel.actions.calls.tools import add_tools
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.policy import Egress, barred_from_controllers, permits_model
from rlmlite_kernel.effects.requests import Answered, Requests, Result
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.evaluation.context import INPUT, TaintedValue, input_bit
from rlmlite_kernel.observation.coverage import Coverage, InputLayout
from rlmlite_kernel.observation.evidence import DocumentNames
from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.checker import Scope, check
from rlmlite_kernel.program.lowering import lower
from rlmlite_kernel.program.problems import Unparsed, explain
from rlmlite_kernel.program.recorded import recorded_bytes
from rlmlite_kernel.records.evolution import FLAGS, FORMAT, KERNEL
from rlmlite_kernel.records.records import Blob, Entry, Genesis, InputEntry, Question, Seal, Spoken, Turn, Written
from rlmlite_kernel.records.refs import Salts, blob, keyed, keyed_digest
from rlmlite_kernel.records.settings import Role, Settings
from rlmlite_kernel.run.recorder import Recorder
from rlmlite_kernel.run.state import Run, State, state_digest
from rlmlite_kernel.run.turn import RunningTurn
from rlmlite_kernel.run.variables import Variable
from rlmlite_kernel.run.waves import Wave, WaveRequests
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.values import Rows, Text, Value, descriptor, descriptor_digest, kind_of, sheet_of, size_of

_JSON = msgspec.json.Encoder(order="sorted")
_SETTINGS = msgspec.json.Decoder(Settings)

INPUT_CHANGED = "input_changed"
"""Why a turn halts, as a code: the only reason that there is."""


class TurnsSpentError(RuntimeError):
    """`advance` was called with no turn left. Nothing changed; seal the run."""


class RoomSpentError(RuntimeError):
    """`ask` was called with no room left for the question. Nothing changed; seal the run."""


class SettingsError(ValueError):
    """Settings that cannot be kept, such as a cost limit with a model of unknown price."""


class Done(msgspec.Struct, frozen=True, eq=False):
    """A turn is over (or the run has begun): the new state, the records since last time, the observation.

    `halted` is `input_changed` when a file changed under a step: that step was discarded, and the run is to be sealed.
    """

    state: State
    entries: tuple[Entry, ...]
    observation: str
    halted: str = ""


class Suspended(msgspec.Struct, frozen=True, eq=False):
    """Calls are needed: one result for each request, in order, and `resume` goes on.

    `entries` are the records of what is finished so far; they are final. To go on in another process, `advance` the
    same state by the same program: the requests are the same.
    """

    requests: Requests
    entries: tuple[Entry, ...]
    turn: RunningTurn
    recorder: Recorder
    waves: tuple[Wave, ...]


def begin(
    inputs: Mapping[str, Input],
    settings: Settings,
    salts: Salts,
    *,
    grammar: str = "",
    table: Table = ACTIONS,
    engines: Mapping[str, str] | None = None,
    flags: Collection[int] = tuple(FLAGS),
    recorded: bytes | None = None,
) -> Done:
    """A run before its first turn. `grammar` is the digest of the grammar that will read programs, if one will.

    `engines` are the versions of `engine_versions`, for a host that has looked them up already.

    A nested run begins exposed: who began it may have been, and speaks through its question.
    A replay gives what the trace holds: its `flags`, and its settings as they were `recorded`, since another version
    may spell the same settings otherwise.

    Raises `SettingsError`.
    """
    _check_settings(settings, table)
    kept = blob(salts, _JSON.encode(settings) if recorded is None else recorded)
    settings = _SETTINGS.decode(kept.content)  # in the order in which a replay will find everything
    state = _first_state(inputs, settings, salts, kept.salt, table, frozenset(flags))
    sources = {name: _source(given, salts) for name, given in inputs.items()}
    record = Genesis(
        v=FORMAT,
        run=state.run.id,
        flags=tuple(sorted(flags)),
        kernel=KERNEL,
        engines=dict(engine_versions() if engines is None else engines),
        grammar=grammar,
        actions=table.digest,
        settings=kept.ref,
        inputs=tuple(
            _input_entry(name, given, state.variables[name], sources[name][0].ref, state.coverage.layout.sizes[name])
            for name, given in inputs.items()
        ),
        scope=dict(settings.scope),
        state=state.digest,
        parent=settings.parent,
    )
    blobs = (kept, *(item for each in sources.values() for item in each))
    return Done(state, (Entry(record, blobs),), "")


def _first_state(
    inputs: Mapping[str, Input],
    settings: Settings,
    salts: Salts,
    key: bytes,
    table: Table,
    flags: frozenset[int],
) -> State:
    """The state that holds the inputs. Raises `SettingsError` if there is no room for them."""
    variables = {name: _input_variable(given.value, key, number) for number, (name, given) in enumerate(inputs.items())}
    used = {"value_bytes": sum(variable.size for variable in variables.values())}
    for name, needed in (*used.items(), ("variables", len(variables))):
        limit: int = getattr(settings.limits, name)
        if needed > limit:
            raise SettingsError(f"the inputs need {needed:,} {name} before anything runs, the limit is {limit:,}")
    egress = Egress(settings.policy, inputs)
    run = Run(
        id=salts.run_id,
        key=key,
        settings=settings,
        salts=salts,
        table=add_tools(table, settings.tools),
        inputs=frozenset(inputs),
        places=_places(inputs),
        egress=egress,
        barred=barred_from_controllers(settings, egress),
        flags=flags,
    )
    exposed = settings.parent is not None
    coverage = Coverage(InputLayout({name: given.value for name, given in inputs.items()}))
    return State(run, variables, used, coverage, 0, 0, state_digest(variables, used, exposed), exposed=exposed)


def ask(state: State, question: str, name: str = "question") -> Done:
    """Put a question on the record, and into the variable `name`, where programs find it. It takes no turn.

    Raises `RoomSpentError` if there is no room for it; then nothing has changed.
    """
    text = blob(state.run.salts, _unicode(question))
    value = text.content.decode()
    ref = keyed_digest(text.salt, descriptor_digest(value))
    variable = Variable(TaintedValue(value), kind_of(value), ref, size_of(value), state.turn)
    variables = {**state.variables, name: variable}
    used = {**state.used, "value_bytes": sum(each.size for each in variables.values())}
    for resource, needed in (("value_bytes", used["value_bytes"]), ("variables", len(variables))):
        limit: int = getattr(state.settings.limits, resource)
        if needed > limit:
            raise RoomSpentError(f"the question needs {needed:,} {resource} in all, the limit is {limit:,}")
    asked = msgspec.structs.replace(
        state, variables=variables, used=used, digest=state_digest(variables, used, state.exposed), answer=None
    )
    written = Written(name, variable.kind, variable.size, ref)
    return Done(asked, (Entry(Question(text=text.ref, writes=written, state=asked.digest), (text,)),), "")


def advance(
    state: State,
    said: Parsed | Unparsed,
    blobs: Blobs,
    *,
    reply: str | None = None,
    origin: str = "host",
    call: Spoken | None = None,
) -> Done | Suspended:
    """One turn. `reply` is the controller's whole reply, `origin` who spoke, `call` its call, if a model was asked.

    The call is charged here: the host sees to it beforehand that it fits (`State.left`, `Role.reserved_tokens`).

    Raises `TurnsSpentError`, and host faults such as `BlobMissingError`; then nothing has changed.
    """
    if state.left("turns") < 1:
        raise TurnsSpentError(f"all {state.settings.limits.turns} turns of this run are used")
    charged = {"turns": 1, **({} if call is None else _charge_of(call, state.settings))}
    used = {**state.used, **{name: state.used.get(name, 0) + amount for name, amount in charged.items()}}
    opened = msgspec.structs.replace(
        state,
        turn=state.turn + 1,
        used=used,
        digest=state_digest(state.variables, used, state.exposed),
        answer=None,
        failures=(),
    )
    entry = _turn_entry(state, opened, said, reply, origin, call, charged)
    if isinstance(said, Unparsed):
        text, _ = fit_text(explain(said.problems, said.text), state.settings.limits.observation_bytes)
        return Done(msgspec.structs.replace(opened, failures=("syntax",)), (entry,), text)
    run = state.run
    scope = Scope(frozenset(state.variables), run.inputs, run.table, state.settings.policy)
    steps = lower(said.program, run.table, check(said, scope))
    recorder = Recorder(opened, said.text, state.settings.limits.observation_bytes, entry)
    return _go_on(RunningTurn(opened, steps), recorder, blobs)


def resume(suspended: Suspended, results: Sequence[Result], blobs: Blobs) -> Done | Suspended:
    """Go on with the result of every request, in their order. The suspended turn itself is not changed."""
    if len(results) != len(suspended.requests):
        raise RuntimeError(f"{len(suspended.requests)} requests need as many results, not {len(results)}")
    turn = suspended.turn.copy()
    turn.receive(suspended.waves, [_sound(result) for result in results])
    return _go_on(turn, suspended.recorder.copy(), blobs)


def seal(state: State, outcome: str | None = None, reason: str = "") -> Entry:
    """The record that ends a run. Without `outcome` it is what `conclusion` says."""
    result = None if state.answer is None else blob(state.run.salts, state.answer.recorded())
    if outcome is None:
        outcome, reason = conclusion(state)
    record = Seal(
        steps=state.step,
        outcome=outcome,
        reason=reason,
        result=None if result is None else result.ref,
        state=state.digest,
    )
    return Entry(record, () if result is None else (result,))


def conclusion(state: State) -> tuple[str, str]:
    """How a run stands: `completed`, `partial` or `failed`, and the code of the reason."""
    if state.answer is None:
        return "failed", state.failures[0] if state.failures else "no_answer"
    return ("partial", state.partial[0]) if state.partial else ("completed", "")


def _go_on(turn: RunningTurn, recorder: Recorder, blobs: Blobs) -> Done | Suspended:
    """Run what can run, commit what has finished, and say how the turn stands: suspended, done or halted."""
    waves = () if turn.is_halted else turn.run_ready(blobs)
    _commit_finished(turn, recorder, blobs)
    entries = recorder.take_entries()
    if turn.is_halted:
        turn.discard_rest()
        state = msgspec.structs.replace(recorder.state, partial=(*recorder.state.partial, INPUT_CHANGED))
        observation = "\n".join([*recorder.shown, f"! the run ends here: {turn.halt_reason}"])
        return Done(state, entries, observation, INPUT_CHANGED)
    if waves:
        turn.suspend()
        return Suspended(WaveRequests(waves), entries, turn, recorder, waves)
    turn.complete()
    return Done(recorder.state, entries, "\n".join(recorder.shown))


def _commit_finished(turn: RunningTurn, recorder: Recorder, blobs: Blobs) -> None:
    """Commit steps in the order of the program, up to the first that has not finished.

    What a step shows is read only now. If a file has changed by then, what would be shown is not what was worked on:
    the step is not committed, and the turn halts.
    """
    try:
        while (step := turn.next_to_commit()) is not None:
            recorder.commit(step, turn.statements_after(step), blobs)
            turn.mark_committed()
    except InputChangedError as error:
        turn.halt(error)


def _turn_entry(
    before: State,
    after: State,
    said: Parsed | Unparsed,
    reply: str | None,
    origin: str,
    call: Spoken | None,
    used: dict[str, int],
) -> Entry:
    salts = before.run.salts
    whole = None if reply is None else blob(salts, _unicode(reply))
    read = blob(salts, recorded_bytes(said, reply))
    parsed = isinstance(said, Parsed)
    record = Turn(
        turn=after.turn,
        origin=origin,
        reply=None if whole is None else whole.ref,
        ast=read.ref if parsed else None,
        diagnostics=None if parsed else read.ref,
        call=call,
        used=used,
        state=after.digest,
    )
    return Entry(record, tuple(item for item in (read, whole) if item is not None))


def _charge_of(call: Spoken, settings: Settings) -> dict[str, int]:
    """What a controller's call costs: as reported, or as its role reserves where that is unknown."""
    role = settings.roles.get(call.role, Role(model=call.model, max_output_tokens=call.max_output_tokens))
    came, went, cost = call.usage
    if call.cached:
        tokens = 0
    elif came is None or went is None:
        tokens = role.reserved_tokens(call.prompt_bytes)
    else:
        tokens = came + went
    price = cost if cost is not None else 0 if call.cached else role.reserved_cost(call.prompt_bytes)
    return {"tokens": tokens, **({} if price is None else {"cost_nano": price})}


def _sound(result: Result) -> Result:
    """A result whose text is valid Unicode: half a surrogate pair is spelled out."""
    field = "text" if isinstance(result, Answered) else "detail"
    given: str = getattr(result, field)
    if given.isascii():
        return result
    text = _unicode(given).decode()
    return result if text == given else msgspec.structs.replace(result, **{field: text})


def _unicode(text: str) -> bytes:
    """What a model said, as UTF-8; half a surrogate pair, which no UTF-8 has, is spelled out."""
    return text.encode("utf-8", "backslashreplace")


def _check_settings(settings: Settings, table: Table) -> None:
    for name, role in settings.roles.items():
        if not permits_model(settings.policy, role.model):
            raise SettingsError(f"the policy does not permit the model {role.model} (role {name})")
        if settings.limits.cost_nano is not None and (role.input_price is None or role.output_price is None):
            raise SettingsError(
                f"the price of {role.model} (role {name}) is unknown, so a cost limit cannot be kept; "
                "give its prices or drop the limit"
            )
    taken = sorted(settings.tools.keys() & table.keys())
    if taken:
        raise SettingsError(f"a tool may not be called `{taken[0]}`: that is an action")


def _input_variable(value: Value, key: bytes, number: int) -> Variable:
    held = TaintedValue(value, INPUT | input_bit(number))
    return Variable(held, kind_of(value), keyed(key, descriptor(value)), size_of(value), 0)


def _source(given: Input, salts: Salts) -> tuple[Blob, ...]:
    """The blob that says where an input came from, then its content if it came from memory."""
    if given.memory is None:
        return (blob(salts, given.recorded or _JSON.encode(given.source)),)
    content = blob(salts, given.memory)
    filled = msgspec.structs.replace(given.source, content=content.ref)
    return blob(salts, given.recorded or _JSON.encode(filled)), content


def _input_entry(name: str, given: Input, variable: Variable, source: str, size: int) -> InputEntry:
    files = given.source.files
    single = files[0].digest if given.source.kind == "text" and len(files) == 1 else None
    return InputEntry(name=name, kind=variable.kind, ref=variable.ref, size=size, source=source, sha256=single)


def _places(inputs: Mapping[str, Input]) -> DocumentNames:
    """Which input and path each content is; of equal contents the first."""
    names: dict[str, tuple[str, str, str]] = {}
    for name, given in inputs.items():
        value, source = given.value, given.source
        whole = value.blob if isinstance(value, Text) else sheet_of(value)
        if whole is not None:
            original = source.original(source.files[0]) if source.files else ""
            names.setdefault(whole, (name, source.path or "", original))
        elif isinstance(value, Rows) and value.spans is not None:
            files = [(file.path, source.original(file)) for file in source.files]
            for row in range(len(value)):
                names.setdefault(value.spans.blob_at(row), (name, *(files[row] if row < len(files) else ("", ""))))
    return DocumentNames(names)
