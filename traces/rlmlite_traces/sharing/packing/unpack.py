"""Unpack: the folder of a packed trace that somebody sent, made again from what was verified of it.

Nothing is extracted by what an archive says. The trace in it is read and verified where it is, and then the files that
a trace has are written under the names that a trace gives them; an archive that holds anything else is refused. So no
name leads out of the new folder, nothing is a link, and nothing unpacked is larger than the archive.
"""

import os
import secrets
import tempfile
from pathlib import Path

import msgspec

from rlmlite_traces.errors import PackEncryptedError, TraceExistsError, TraceMissingError
from rlmlite_traces.files.guarded import Folder, folder_of, write_all
from rlmlite_traces.format.reader import Level, open_trace
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.sharing.packing.along import require_known
from rlmlite_traces.sharing.packing.encryption import decrypt, read_identities
from rlmlite_traces.sharing.packing.input_files import inputs_along
from rlmlite_traces.sharing.packing.parts import FileContent, read_whole


class Unpacked(msgspec.Struct, frozen=True):
    """An unpacked trace: its folder, its root and level, and how many nested runs and files of inputs came along."""

    folder: Path
    root: str
    level: Level
    nested: int
    inputs: int


def unpack(file: Path, folder: Path, *, identity: Path | None = None, limits: ReaderLimits = READER_LIMITS) -> Unpacked:
    """Write a packed trace to a new folder. On any error there is none.

    Args:
        file: the packed trace.
        folder: where it goes.
        identity: a file of age, with which an encrypted one is decrypted; other files it leaves alone.
        limits: what this reader allows a trace to cost.

    Raises:
        TraceExistsError: there is something at `folder`.
        PackBrokenError: it is not what `pack` writes, or holds what no trace has.
        PackEncryptedError: it is encrypted, and `identity` does not open it.
        TraceError: as `verify`; `NestedDiffersError` for a nested run that is not the recorded one.
        OSError: the folder cannot be written.
    """
    identities = None if identity is None else read_identities(identity)
    try:
        return _unpack(file, folder, limits)
    except PackEncryptedError:
        if identities is None:
            raise
    with tempfile.TemporaryDirectory(prefix="rlmlite-") as private:  # it is for this user alone
        plain = Path(private, file.name)
        with Folder.open(plain.parent) as above, os.fdopen(above.create(plain.name), "wb") as decrypted:
            decrypt(file, decrypted, identities)
        return _unpack(plain, folder, limits)


def _unpack(file: Path, folder: Path, limits: ReaderLimits) -> Unpacked:
    with open_trace(file) as packed:
        if not packed.is_packed:
            raise TraceMissingError(file, "it is a folder, so there is nothing to unpack")
        whole = read_whole(file, limits=limits, timing=True)
        inputs = dict(inputs_along(whole.checked))
        files = whole.files | inputs
        require_known(packed, files)
        _write(folder, files)
    return Unpacked(folder, whole.checked.root, whole.checked.level, len(whole.nested), len(inputs))


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
