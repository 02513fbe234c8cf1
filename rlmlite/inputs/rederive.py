"""Texts derived again for a replay, by the steps that the trace recorded. See `rlmlite_traces.rebuild.Derive`.

Here too `Reading` bounds what is unpacked: a trace may come from a stranger, and lie beside a bomb.
"""

from collections.abc import Sequence

from rlmlite.errors import InputError
from rlmlite.inputs.formats.archives import BrokenError
from rlmlite.inputs.formats.members import members_of
from rlmlite.inputs.formats.reading import READING, Allowance, Meter, Reading
from rlmlite.inputs.formats.remote import name_of
from rlmlite.inputs.formats.streams import of_content
from rlmlite.inputs.formats.texts import Opened, Texts
from rlmlite.inputs.formats.unfit import UnfitError
from rlmlite.inputs.tables import derive_table
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import Derive, FileBlobs, HashedFile
from rlmlite_traces.files.mapped import opened as content_of


def deriving(reading: Reading = READING) -> Derive:
    """What `replay` asks for texts that were derived from files."""

    def derive(file: HashedFile, source: Source, files: Sequence[SourceFile], store: FileBlobs) -> str:
        if source.kind == "table":
            return derive_table(file, source, files, store)
        allowance = Allowance(str(file.path), reading)
        texts = Texts(store, reading, allowance, ())
        try:
            if source.archive is None:
                for each in files:
                    _text(file, each, source.recipe(each), texts, store)
            else:
                _members(file, source, files, texts, allowance, store)
        except (UnfitError, BrokenError, InputError, OSError, IndexError) as error:
            return f"{file.path} {error}"
        return ""

    return derive


def _text(file: HashedFile, each: SourceFile, steps: Sequence[Derivation], texts: Texts, store: FileBlobs) -> None:
    if all(step.by == "fetch" for step in steps) and each.digest == file.digest:  # it was only brought here
        store.derive(of_content(content_of(file)))
        return
    texts.again(steps).of_file(file, name_of(each.path))


def _members(
    file: HashedFile, source: Source, files: Sequence[SourceFile], texts: Texts, allowance: Allowance, store: FileBlobs
) -> None:
    found = texts.of_file(file, file.path.name if source.path is None else name_of(source.path))
    if not isinstance(found, Opened):
        raise UnfitError("no archive")
    steps = {each.path: source.recipe(each) for each in files}
    meter = Meter(allowance, "members", lambda: file.mark.size)
    for member in members_of(found, store):
        allowance.member()
        if not member.reason and member.path in steps:
            name = member.path.rpartition("/")[2]
            again = texts.again(steps[member.path])
            opened = again.opened(meter.blocks(member.blocks()), name, lambda: file.mark.size)
            again.text(opened)
