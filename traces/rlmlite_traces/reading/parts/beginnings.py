"""The beginning of a story: what the genesis says, with its settings and the sources of its inputs."""

import msgspec

from rlmlite_kernel.records.records import InputEntry
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.reading.parts.chapters import Beginning, InputStory
from rlmlite_traces.reading.parts.passages import Passages

_settings = msgspec.json.Decoder(Settings)
_sources = msgspec.json.Decoder(Source)


def tell_beginning(trace: CheckedTrace, passages: Passages) -> Beginning:
    """The genesis. Raises `OverLimitError`."""
    genesis = trace.genesis
    settings, absence = passages.decode(genesis.settings, _settings.decode)
    return Beginning(
        run=genesis.run,
        format=genesis.v,
        kernel=genesis.kernel,
        rendering=genesis.rendering,
        flags=genesis.flags,
        engines=genesis.engines,
        grammar=genesis.grammar,
        actions=genesis.actions,
        scope=genesis.scope,
        parent=genesis.parent,
        strategy=genesis.strategy,
        inputs=tuple(tell_input(entry, passages) for entry in genesis.inputs),
        settings=settings,
        absence=absence,
    )


def tell_input(entry: InputEntry, passages: Passages) -> InputStory:
    """One input. Raises `OverLimitError`."""
    source, absence = (None, "absent") if entry.source is None else passages.decode(entry.source, _sources.decode)
    story = InputStory(
        name=entry.name, kind=entry.kind, size=entry.size, ref=entry.ref, sha256=entry.sha256 or "", absence=absence
    )
    if source is None:
        return story
    return msgspec.structs.replace(
        story,
        path=source.path or "",
        files=source.files,
        part=source.part,
        skipped=source.skipped,
        notes=source.notes,
        is_incomplete=source.incomplete,
        content=source.content or "",
    )
