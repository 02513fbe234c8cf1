"""Pack: one file, `NAME.rlmz`, that holds a whole trace, and with `inputs` the files that its run read.

The same trace gives the same bytes on every machine (`files.archive` says how), so two people who pack one trace can
compare a digest of the file. What is packed was verified first, and is a function of it and of what was asked for:

    trace.jsonl, blobs.jsonl, effects.jsonl, blobs/HEX     of the trace, and of each nested run that is here
    trace.dsse.json                                        signatures, if there are any
    inputs/HEX                                             with `inputs`, named by their SHA-256
    timing.jsonl                                           with `timing`: how long calls took, which nothing vouches for

`run.key`, `lock`, `journal.jsonl`, `store` and `origin` stay behind: they are of the machine where the run was made.
"""

import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rlmlite_traces.errors import TraceExistsError
from rlmlite_traces.files.guarded import Folder, folder_of
from rlmlite_traces.format.lines import INPUTS_FOLDER
from rlmlite_traces.format.reader import Level
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.sharing.packing.archive_writer import ArchiveWriter
from rlmlite_traces.sharing.packing.encryption import encrypt, read_recipients
from rlmlite_traces.sharing.packing.input_files import InputSearch, find_inputs
from rlmlite_traces.sharing.packing.parts import FileContent, read_whole

if TYPE_CHECKING:
    from rlmlite_traces.sharing.packing.encryption import Recipient


class Packed(msgspec.Struct, frozen=True):
    """A packed trace: its file, of `size` bytes, and the root and level of what is in it.

    `nested` counts the nested runs that came along, `absent` those that are not here. `inputs` counts files of inputs;
    `missing` are those that could not be found, by name, with the reason.
    """

    file: Path
    size: int
    root: str
    level: Level
    nested: int
    absent: int
    inputs: int
    missing: Mapping[str, str]


def pack(
    trace: Path,
    file: Path,
    *,
    inputs: InputSearch | None = None,
    timing: bool = False,
    at_least: Level = Level.SEALED,
    recipients: Sequence[str] = (),
    limits: ReaderLimits = READER_LIMITS,
) -> Packed:
    """Write a trace, with its nested runs, to a new file. On any error there is none.

    Args:
        trace: its folder, or a packed one.
        inputs: where to look for the files that the run read, to pack them too. Those in memory are in the trace.
        timing: whether `timing.jsonl` comes along.
        recipients: for whom the file is encrypted, if it is: see `encryption`.
        at_least: an open trace is refused unless this is `OPEN`: its run may go on, and what was packed is then old.

    Raises:
        TraceExistsError: there is something at `file`.
        LevelError: the trace is open.
        NestedDiffersError: a nested run is not the recorded one.
        PackChangedError: a file changed meanwhile.
        RecipientError, MissingExtraError: it cannot be encrypted for them, or not here.
        OSError: `file` cannot be written.
        TraceError: as `verify`.
    """
    for_whom = read_recipients(recipients) if recipients else []
    whole = read_whole(trace, at_least, limits, timing)
    files, found = dict(whole.files), find_inputs(whole.checked, inputs, limits) if inputs else None
    if found is not None:
        files.update({f"{INPUTS_FOLDER}/{digest}": content for digest, content in found.files.items()})
    size = _write(file, files, for_whom)
    return Packed(
        file,
        size,
        whole.checked.root,
        whole.checked.level,
        len(whole.nested),
        len(whole.absent),
        0 if found is None else len(found.files),
        {} if found is None else found.missing,
    )


def _write(file: Path, files: Mapping[str, FileContent], recipients: "Sequence[Recipient]") -> int:
    """Write a new archive under another name, and give it its own when it is whole. Returns its size in bytes."""
    with folder_of(file) as folder:
        unfinished = f".{file.name}.{secrets.token_hex(4)}"
        _require_new(folder, file)
        descriptor = folder.create(unfinished, flags=os.O_RDWR)
        try:
            if recipients:
                _write_encrypted(descriptor, files, recipients)
            else:
                _write_archive(descriptor, files)
            size = os.fstat(descriptor).st_size
            _require_new(folder, file)
            folder.move(unfinished, folder, file.name)
            folder.sync()
        except BaseException:
            folder.remove(unfinished)
            raise
        finally:
            os.close(descriptor)
    return size


def _write_archive(descriptor: int, files: Mapping[str, FileContent]) -> None:
    writer = ArchiveWriter(descriptor)
    for name in sorted(files):
        writer.add(name, files[name].size, files[name].read())
    writer.finish()


def _write_encrypted(descriptor: int, files: Mapping[str, FileContent], recipients: "Sequence[Recipient]") -> None:
    """The archive lies meanwhile in a temporary file without a name."""
    with tempfile.TemporaryFile() as plain, os.fdopen(os.dup(descriptor), "wb") as encrypted:
        _write_archive(plain.fileno(), files)
        plain.seek(0)
        encrypt(plain, encrypted, recipients)
        encrypted.flush()
        os.fsync(descriptor)


def _require_new(folder: Folder, file: Path) -> None:
    if folder.exists(file.name):
        raise TraceExistsError(file)
