"""Unpack: the folder of a packed trace that somebody sent, made again from what was verified of it.

Nothing is extracted by what an archive says. The trace in it is read and verified where it is, and then the files that
a trace has are written under the names that a trace gives them; an archive that holds anything else is refused. So no
name leads out of the new folder, nothing is a link, and nothing unpacked is larger than the archive.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlmlite_traces.errors import PackBrokenError, TraceExistsError, TraceMissingError
from rlmlite_traces.files.guarded import Folder, folder_of, write_all
from rlmlite_traces.format.lines import INPUTS_FOLDER
from rlmlite_traces.format.reader import CheckedTrace, Level
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.sharing.input_files import content_along, named_files
from rlmlite_traces.sharing.parts import FileContent, WholeTrace, read_whole


class Unpacked(msgspec.Struct, frozen=True):
    """An unpacked trace: its folder, its root and level, and how many nested runs and files of inputs came along."""

    folder: Path
    root: str
    level: Level
    nested: int
    inputs: int


def unpack(file: Path, folder: Path, limits: ReaderLimits = READER_LIMITS) -> Unpacked:
    """Write a packed trace to a new folder. On any error there is none.

    Raises:
        TraceExistsError: there is something at `folder`.
        PackBrokenError: it is not what `pack` writes, or holds what no trace has.
        TraceError: as `verify`; `NestedDiffersError` for a nested run that is not the recorded one.
        OSError: the folder cannot be written.
    """
    with Folder.open(file) as packed:
        if not packed.is_packed:
            raise TraceMissingError(file, "it is a folder, so there is nothing to unpack")
        whole = read_whole(file, limits=limits, timing=True)
        files = whole.files | dict(inputs_along(whole.checked))
        _require_all_known(packed, whole, files, file)
        _write(folder, files)
    return Unpacked(folder, whole.checked.root, whole.checked.level, len(whole.nested), len(whole.checked.inputs))


def inputs_along(trace: CheckedTrace) -> Iterator[tuple[str, FileContent]]:
    """The files of inputs in a trace, by their names in it. Raises `PackBrokenError` for one that no input names."""
    named = {digest for _, _, _, digest in named_files(trace)}
    for digest, place in trace.inputs.items():
        if digest not in named:
            raise PackBrokenError(str(place.parent.parent), f"{INPUTS_FOLDER}/{digest}", "a file that an input names")
        yield f"{INPUTS_FOLDER}/{digest}", content_along(place)


def _require_all_known(packed: Folder, whole: WholeTrace, files: dict[str, FileContent], file: Path) -> None:
    for name in _all_names(packed):
        if name not in files:
            raise PackBrokenError(str(file), name, "only what belongs to the trace")


def _all_names(folder: Folder, prefix: str = "") -> Iterator[str]:
    """The files in a folder and below, by their paths in it."""
    for name in folder.names():
        if folder.is_plain(name):
            yield prefix + name
        else:
            with folder.below(name) as below:
                yield from _all_names(below, f"{prefix}{name}/")


def _write(place: Path, files: dict[str, FileContent]) -> None:
    """Write a new folder under another name, and give it its own when it is whole."""
    with folder_of(place) as above:
        if above.exists(place.name):
            raise TraceExistsError(place)
        unfinished = f".{place.name}.{secrets.token_hex(4)}"
        with above.make_below(unfinished, exist_ok=False) as folder:
            try:
                for name, content in files.items():
                    _write_below(folder, name.split("/"), content)
                folder.sync()
                if above.exists(place.name):
                    raise TraceExistsError(place)
                above.move(unfinished, above, place.name)
            except BaseException:
                _remove_all(above, unfinished)
                raise
        above.sync()


def _write_below(folder: Folder, names: list[str], content: FileContent) -> None:
    if len(names) > 1:
        with folder.make_below(names[0]) as below:
            return _write_below(below, names[1:], content)
    descriptor = folder.create(names[0])
    try:
        for block in content.read():
            write_all(descriptor, block)
    finally:
        os.close(descriptor)
    return None


def _remove_all(above: Folder, name: str) -> None:
    """Remove a folder that we have just made, with what is in it."""
    with above.below(name) as folder:
        for each in folder.names():
            if folder.is_plain(each):
                folder.remove(each)
            else:
                _remove_all(folder, each)
    above.remove_folder(name)
