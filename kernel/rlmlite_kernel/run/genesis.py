"""How a run begins: the state that holds its inputs, and the genesis record that all later ones build on.

The genesis commits to everything that the run depends on: settings, actions, versions, inputs. An input is named by the
salted digest of its *descriptor* (which contents, which ranges), never by its content; a blob beside the record says
where the content came from.

Not here: turns (`run.machine`).
"""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from rlmlite_kernel.actions.calls.tools import add_tools
from rlmlite_kernel.effects.policy import Egress, barred_from_controllers, permits_model
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.evaluation.taint import INPUT, LM, TaintedValue, input_bit, origins_of_words
from rlmlite_kernel.evaluation.work import Meter
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.observation.coverage import Coverage, InputLayout
from rlmlite_kernel.observation.evidence import DocumentNames
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.records.canonical import encode_safely
from rlmlite_kernel.records.evolution import (
    EVIDENCE_BY_PLACE,
    EVIDENCE_OF_NESTED_RUNS,
    FORMAT,
    KERNEL,
    LABELS_OF_QUESTIONS,
    LOSSES_ARE_PARTIAL,
    RENDERING,
)
from rlmlite_kernel.records.records import Blob, Entry, Genesis, InputEntry
from rlmlite_kernel.records.refs import Salts, blob, commit_value
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.hosts.guard import guard_host_actions
from rlmlite_kernel.run.status import losses_of_inputs
from rlmlite_kernel.run.steps.state import RunConstants, State, state_digest
from rlmlite_kernel.run.steps.variables import Variable, Variables
from rlmlite_kernel.run.turns.changes import change_settings
from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.inputs import Input, Source
from rlmlite_kernel.values.tables.places import forget_places, place_inputs
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import Rows, Text, Value, descriptor, kind_of, sheet_of, size_of

_JSON = msgspec.json.Encoder(order="sorted")
_SETTINGS = msgspec.json.Decoder(Settings)


def first_state(
    inputs: Mapping[str, Input],
    settings: Settings,
    salts: Salts,
    *,
    grammar: str,
    table: Table,
    engines: Mapping[str, str] | None,
    flags: Collection[int],
    recorded: bytes | None,
    meter: Meter | None,
) -> tuple[State, Entry]:
    """The state before the first turn, with its record. See `machine.begin`. Raises `SettingsError`."""
    # An older run had fewer actions; a name that it did not know may be a tool's there.
    _check_settings(settings, table.of(flags))
    if recorded is None:
        # Not in a replay: a trace may be older than the check.
        check_names(inputs)
    settings_blob = blob(salts, encode_safely(_JSON, settings) if recorded is None else recorded)
    # Decoded again, so that roles, tools and rules are in the order in which a replay will find them.
    settings = _SETTINGS.decode(settings_blob.content)
    state = _state_of(inputs, settings, salts, settings_blob.salt, table, frozenset(flags), meter)
    sources = {name: source_blobs(each, salts) for name, each in inputs.items()}
    entries: list[InputEntry] = []
    for name, each in inputs.items():
        size = state.coverage.layout.sizes[name]
        entries.append(input_entry(name, each, state.variables[name], sources[name][0].ref, size))
    record = Genesis(
        rendering=RENDERING,
        v=FORMAT,
        run=state.run.id,
        flags=tuple(sorted(flags)),
        kernel=KERNEL,
        engines=dict(engine_versions() if engines is None else engines),
        grammar=grammar,
        actions=table.digest,
        settings=settings_blob.ref,
        inputs=tuple(entries),
        scope=dict(settings.scope),
        state=state.digest,
        parent=settings.parent,
    )
    blobs = (settings_blob, *(item for each in sources.values() for item in each))
    return state, Entry(record, blobs)


def _check_settings(settings: Settings, table: Table) -> None:
    """Refuse settings that cannot be kept. Raises `SettingsError`."""
    for change in settings.changes:
        if change.turn < 1 or settings.parent is not None:
            raise SettingsError("settings change from turn 1 on, or from a later one, and in no nested run")
        _check_settings(change_settings(msgspec.structs.replace(settings, changes=()), change), table)
    for name, role in settings.roles.items():
        if not permits_model(settings.policy, role.model):
            raise SettingsError(f"the policy does not permit the model {role.model} (role {name})")
        has_no_price = role.input_price is None or role.output_price is None
        if settings.limits.cost_nano is not None and has_no_price:
            raise SettingsError(
                f"the price of {role.model} (role {name}) is unknown, so a cost limit cannot be kept; "
                "give its prices or drop the limit"
            )
    # `name(...)` calls a tool as it calls an action, so one name cannot stand for both.
    clashes = sorted(settings.tools.keys() & table.keys())
    if clashes:
        raise SettingsError(f"a tool may not be called `{clashes[0]}`: that is an action")


def check_names(inputs: Collection[str]) -> None:
    """Refuse inputs under names that the kernel writes itself, and drops at the end of a statement."""
    for name in filter(is_temporary, inputs):
        raise SettingsError(f"an input may not be called `{name}`: the kernel uses such names itself")


def _state_of(
    inputs: Mapping[str, Input],
    settings: Settings,
    salts: Salts,
    key: bytes,
    table: Table,
    flags: frozenset[int],
    meter: Meter | None,
) -> State:
    """The state that holds the inputs. Raises `SettingsError` if there is no room for them."""
    values = {name: each.value for name, each in inputs.items()}
    places: dict[str, int] = {}
    if EVIDENCE_BY_PLACE in flags:
        values, places = place_inputs(values)
    variables = Variables(input_variables(inputs, values, key))
    used = {"value_bytes": variables.size_bytes}
    # The number of variables is bounded as well, but it is not among `used`: it can be counted at any time.
    for name, needed in (*used.items(), ("variables", len(variables))):
        limit: int = getattr(settings.limits, name)
        if needed > limit:
            raise SettingsError(f"the inputs need {needed:,} {name} before anything runs, the limit is {limit:,}")
    question = settings.question if settings.parent is not None and LABELS_OF_QUESTIONS in flags else None
    egress = Egress(settings.policy, inputs, None if question is None else question.inputs)
    run = RunConstants(
        id=salts.run_id,
        key=key,
        settings=settings,
        salts=salts,
        table=add_tools(guard_host_actions(table).of(flags), settings.tools),
        inputs=frozenset(inputs),
        document_names=document_names(
            inputs, values, is_nested=settings.parent is not None and EVIDENCE_BY_PLACE in flags
        ),
        places=places,
        egress=egress,
        barred=barred_from_controllers(settings, egress),
        question=0 if question is None else origins_of_words(question.origins) | egress.question_bit,
        flags=flags,
        meter=meter,
        is_incomplete=LOSSES_ARE_PARTIAL in flags and any(each.source.incomplete for each in inputs.values()),
        sources={name: each.source for name, each in inputs.items()},
    )
    # Whoever began a nested run may have been exposed, and speaks through its question.
    exposure = 0 if settings.parent is None else LM | run.question
    digest = state_digest(variables, used, exposure, flags)
    excerpts = {name: each.texts for name, each in inputs.items() if each.texts is not None}
    coverage = Coverage(InputLayout(values, excerpts, parts_are_wholes=EVIDENCE_OF_NESTED_RUNS not in flags))
    return State(
        run,
        variables,
        used,
        coverage,
        turn=0,
        step=0,
        digest=digest,
        exposure=exposure,
        partial=losses_of_inputs(run.is_incomplete),
    )


def input_variables(
    inputs: Mapping[str, Input], values: Mapping[str, Value], key: bytes, *, first: int = 0, turn: int = 0
) -> dict[str, Variable]:
    """Inputs as variables. `values` are those by the names of their places, `first` is the number of the first."""
    by_name: dict[str, Variable] = {}
    for number, (name, value) in enumerate(values.items(), first):
        # Two bits: `INPUT` for the rules of tools, and its own for egress rules, which name inputs.
        data = TaintedValue(value, INPUT | input_bit(number), inputs[name].sources)
        # By digest: whoever has the input can check it, whatever other inputs the run has.
        ref = commit_value(key, descriptor(forget_places(inputs[name].value)))
        by_name[name] = Variable(data, kind_of(value), ref, size_of(value), turn)
    return by_name


def source_blobs(each: Input, salts: Salts) -> tuple[Blob, ...]:
    """The blob that says where an input came from, then its content if it came from memory."""
    # `recorded` is what a trace holds. A replay uses it as it is: another version may spell the same source otherwise.
    if each.memory is None:
        return (blob(salts, each.recorded or encode_safely(_JSON, each.source)),)
    # Content from memory is in no file that could be read again, so the trace has to hold it.
    content = blob(salts, each.memory)
    source = msgspec.structs.replace(each.source, content=content.ref)
    return blob(salts, each.recorded or encode_safely(_JSON, source)), content


def input_entry(name: str, each: Input, variable: Variable, source: str, size: int) -> InputEntry:
    """What a record says of an input. `source` is the ref of the blob that says where it came from."""
    files = each.source.files
    # One text has a digest without a salt beside the commitment, so that it can be checked with nothing but the text.
    is_one_text = each.source.kind == "text" and len(files) == 1
    sha256 = files[0].digest if is_one_text else None
    return InputEntry(name=name, kind=variable.kind, ref=variable.ref, size=size, source=source, sha256=sha256)


def document_names(inputs: Mapping[str, Input], values: Mapping[str, Value], *, is_nested: bool) -> DocumentNames:
    """Which input and path each content is, for evidence. `values` are the inputs by the names of their places.

    A run without `EVIDENCE_BY_PLACE` has one name for equal contents: it stands for the first of them.
    A nested run may have one document of its parent's folder as a text: it is named by its own path.
    """
    names: dict[str, tuple[str, str, str]] = {}
    tables: dict[str, RowSpans] = {}
    for name, value in values.items():
        texts = inputs[name].texts
        if texts is not None:
            names.setdefault(texts.blob, (name, "", ""))
            continue
        for content, path, original in _contents(value, inputs[name].source):
            if is_nested and isinstance(value, Text):
                path = _path_of_document(inputs[name].source)
            names.setdefault(content, (name, path, original))
        if isinstance(value, Rows) and isinstance(value.spans, RowSpans):
            tables.setdefault(value.spans.store.blob, value.spans)
    return DocumentNames(names, tables)


def _path_of_document(source: Source) -> str:
    """The path of the file that a text is, where the source names a folder or an archive that it lies in."""
    named = source.path or ""
    own = source.files[0].path if source.files else ""
    return named if named.endswith(own) else own


def _contents(value: Value, source: Source) -> Iterator[tuple[str, str, str]]:
    """The contents of an input: the name, the path and the digest of the original of each, as far as known."""
    # A text and a table are one content each, whatever they were read from.
    whole = value.blob if isinstance(value, Text) else sheet_of(value)
    if whole is not None:
        original = source.original(source.files[0]) if source.files else ""
        # Rows of a file that is UTF-8 text are records of that file itself.
        yield whole, source.path or "", "" if original == digest_of_name(whole) else original
    elif isinstance(value, Rows) and value.spans is not None:
        # One row per file, in the order of the source's files; rows from memory have none.
        files = [(file.path, source.original(file)) for file in source.files]
        for row in range(len(value)):
            path, original = files[row] if row < len(files) else ("", "")
            yield value.spans.blob_at(row), path, original
