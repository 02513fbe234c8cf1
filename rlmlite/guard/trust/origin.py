"""Begun here: the tag by which the folder of a trace shows that this user began its run in this place.

A trace names things outside itself: files that it read, a store, models. For the user who began the run they are the
user's own, and are used again without a word. In a folder that somebody sent, or that was moved, the same names are a
stranger's, and nothing is opened by them. The tag tells the two apart:

    ~/.local/state/rlmlite/origin.key     32 random bytes, which nobody else knows
    runs/s.rlm/origin                     HMAC(key, the folder's real path, the genesis line): begun here
                                          HMAC(key, the same and the store's path): and with this store
                                          HMAC(key, the same and the working folder): and from this folder
    copied to /tmp/s.rlm                  the path is another one, so the tag says nothing

The genesis line commits to all inputs and models of the run. The store's path is in no record, so it has a tag of its
own; so has the working folder, without which a relative path of a model would lead into whatever folder one is in now.
A missing key or a folder that cannot be written means no tag, and never an error: the user then names things again.
The tag is no part of what is verified. It does not say who wrote the rest of the trace.
"""

import hashlib
import hmac
import logging
import os
import secrets
from pathlib import Path
from typing import Final

from rlmlite.guard.places import is_mine, make_private_folder, state_folder
from rlmlite_kernel.records.merkle import leaf
from rlmlite_traces import CheckedTrace
from rlmlite_traces.blobs.stores import store_path
from rlmlite_traces.errors import StoreMissingError, words_of
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import ORIGIN

log = logging.getLogger("rlmlite")

_KEY: Final = "origin.key"
_KEY_BYTES: Final = 32
_TAG_BYTES: Final = 400
"""The longest tag that is read: three lines of 64 digits, and room."""
_OTHERS: Final = 0o077


def mark_begun(path: Path, genesis_leaf: str) -> bool:
    """Write the tag of a run that begins. `genesis_leaf` is the leaf hash of its genesis line, in hex.

    Returns whether there is a tag now.
    """
    try:
        return _write_tag(path, genesis_leaf, store_path(path))
    except (OSError, StoreMissingError) as error:
        log.info("%s has no tag of its origin, so its inputs will have to be named again: %s", path, words_of(error))
        return False


def is_begun_here(path: Path, trace: CheckedTrace) -> bool:
    """Whether this user began the run of a trace in this folder."""
    return _holds(path, trace)


def is_begun_from_here(path: Path, trace: CheckedTrace) -> bool:
    """Whether this user began the run in this folder, and in the working folder of now: relative paths are the same."""
    return _holds(path, trace, _working_folder())


def store_begun_with(path: Path, trace: CheckedTrace) -> Path | None:
    """The store of an open run, if this user began it here with that store; else `None`."""
    try:
        store = store_path(path)
    except StoreMissingError:
        return None
    return store if store is not None and _holds(path, trace, _note(store)) else None


def adopt(path: Path, trace: CheckedTrace, store: Path | None = None) -> bool:
    """Take a trace for the user's own, where it is, with this store. Returns whether there is a tag now."""
    try:
        return _write_tag(path, leaf(trace.line(0)).hex(), store)
    except OSError as error:
        log.info("%s has no tag of its origin: %s", path, words_of(error))
        return False


def forget(path: Path) -> bool:
    """Remove the tag of a folder. Returns whether there was one. Raises `OSError`."""
    with Folder.open(path) as folder:
        had_tag = folder.exists(ORIGIN)
        folder.remove(ORIGIN)
    return had_tag


def vouch_for(path: Path, content: bytes) -> bytes | None:
    """A tag by which this user knows again what was written for a folder, as long as it is there; `None` without a key.

    Nobody else can make it, so what has it is believed: see `rlmlite.runs.past.checkpoints`.
    """
    try:
        key = _read_key()
    except OSError:
        return None
    if key is None:
        return None
    parts = [b"rlmlite checkpoint 1", os.fsencode(os.path.realpath(path)), content]
    return hmac.digest(key, b"".join(hashlib.sha256(part).digest() for part in parts), "sha256")


def _write_tag(path: Path, genesis_leaf: str, store: Path | None) -> bool:
    key = _read_key() or _make_key()
    notes = [b"", _working_folder(), *([] if store is None else [_note(store)])]
    lines = [_tag(key, path, genesis_leaf, note) for note in notes]
    with Folder.open(path) as folder:
        folder.write_new(ORIGIN, "".join(f"{line}\n" for line in lines).encode())
    return True


def _note(store: Path) -> bytes:
    return b"store " + os.fsencode(store)


def _working_folder() -> bytes:
    return b"from " + os.fsencode(os.path.realpath(os.curdir))


def _holds(path: Path, trace: CheckedTrace, note: bytes = b"") -> bool:
    try:
        with Folder.open(path) as folder:
            written = folder.read(ORIGIN, _TAG_BYTES).split(b"\n")
        key = _read_key()
    except OSError:
        return False  # no tag, or something else in its place
    if key is None:
        return False
    expected = _tag(key, path, leaf(trace.line(0)).hex(), note).encode()
    return any(hmac.compare_digest(line, expected) for line in written)


def _tag(key: bytes, path: Path, genesis_leaf: str, note: bytes) -> str:
    """The tag of a folder, or with a note, that of a folder with a store or from a working folder."""
    parts = [b"rlmlite origin 1", os.fsencode(os.path.realpath(path)), genesis_leaf.encode(), note]
    # Each by its digest, so that no two lists of parts are the same message.
    message = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hmac.digest(key, message, "sha256").hex()


def _read_key() -> bytes | None:
    """The key of this user; `None` if there is none. Raises `OSError` for one that others can read or write."""
    try:
        folder = Folder.open(state_folder())
    except FileNotFoundError:
        return None
    with folder:
        if not folder.exists(_KEY):
            return None
        status = folder.status(_KEY)
        if not is_mine(status) or (os.name == "posix" and status.st_mode & _OTHERS):
            raise PermissionError(f"{folder.path / _KEY} is open to others; remove it")
        key = folder.read(_KEY, _KEY_BYTES)
    if len(key) != _KEY_BYTES:
        raise OSError(f"{folder.path / _KEY} is damaged; remove it")
    return key


def _make_key() -> bytes:
    """A new key, or that of a process that was faster. Raises `OSError`."""
    place = make_private_folder(state_folder()) / _KEY
    with Folder.open(place.parent) as folder:
        unfinished = f"{_KEY}.{secrets.token_hex(8)}"
        folder.write_new(unfinished, secrets.token_bytes(_KEY_BYTES))
        try:
            # A link and not a rename: it fails if there is a key by now, and never leaves half of one.
            os.link(place.with_name(unfinished), place)
        except FileExistsError:
            pass
        finally:
            folder.remove(unfinished)
        folder.sync()
    key = _read_key()
    if key is None:
        raise OSError(f"{place} cannot be made")
    return key
