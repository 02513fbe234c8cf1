"""Errors as one message and an exit code. The only place where the command catches errors broadly.

    InputError("app.log does not exist")   ->   error: app.log does not exist   on standard error, and exit code 5

What is not in the table is a bug of ours, and keeps its traceback.
"""

import gc
import os
import sys
from collections.abc import Callable

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_json
from rlmlite.errors import MORE_MEMORY, InputError, ModelError, OutOfMemoryError, RlmliteError, SettingError
from rlmlite_kernel import BlobMissingError, InputChangedError, SettingsError
from rlmlite_traces import (
    KeyExistsError,
    KeyFileError,
    LevelError,
    MissingExtraError,
    NotUpgradedError,
    PackEncryptedError,
    RecipientError,
    RootsFileError,
    SignatureError,
    StoreCorruptError,
    StoreError,
    StoreMissingError,
    TraceError,
    TraceExistsError,
    TraceLockedError,
    TraceMissingError,
    TraceOpenError,
    TraceSealedError,
    TraceWriteError,
)
from rlmlite_traces.errors import words_of

_EXITS: tuple[tuple[type[BaseException], Exit, str], ...] = (
    (InputError, Exit.INPUT, "input"),
    (ModelError, Exit.USAGE, "model"),
    (SettingError, Exit.USAGE, "setting"),
    (SettingsError, Exit.USAGE, "setting"),
    (OutOfMemoryError, Exit.FAILED, "out_of_memory"),
    (MemoryError, Exit.FAILED, "out_of_memory"),
    (RlmliteError, Exit.FAILED, "failed"),
    (TraceMissingError, Exit.INPUT, "trace_missing"),
    (KeyFileError, Exit.INPUT, "key"),
    (RootsFileError, Exit.INPUT, "roots"),
    (RecipientError, Exit.USAGE, "recipient"),
    (NotUpgradedError, Exit.UNVERIFIABLE, "not_upgraded"),
    (KeyExistsError, Exit.USAGE, "key_exists"),
    (MissingExtraError, Exit.USAGE, "not_installed"),
    (SignatureError, Exit.BROKEN, "signature"),
    (PackEncryptedError, Exit.INPUT, "trace_encrypted"),
    (TraceExistsError, Exit.USAGE, "trace_exists"),
    (TraceLockedError, Exit.USAGE, "trace_locked"),
    (TraceOpenError, Exit.USAGE, "trace_open"),
    (TraceSealedError, Exit.USAGE, "trace_sealed"),
    (TraceWriteError, Exit.FAILED, "machine"),
    (LevelError, Exit.BROKEN, "level"),
    (TraceError, Exit.BROKEN, "trace_broken"),
    (StoreMissingError, Exit.INPUT, "store_missing"),
    (StoreCorruptError, Exit.BROKEN, "store_damaged"),
    (StoreError, Exit.FAILED, "store"),
    (InputChangedError, Exit.INPUT, "input_changed"),
    (BlobMissingError, Exit.FAILED, "blob_missing"),
    (OSError, Exit.FAILED, "machine"),
    (KeyboardInterrupt, Exit.INTERRUPTED, "interrupted"),
)
"""Each error with its exit code and its word in the JSON object. The first that fits counts: subclasses come first."""


_EXPECTED = tuple(kind for kind, _, _ in _EXITS)


def exit_code_of(command: Callable[[], Exit], *, as_json: bool) -> Exit:
    """Run a command. What its user or machine got wrong becomes a message and an exit code."""
    if not gc.isenabled():  # see `rlmlite.cli`
        gc.freeze()
        gc.enable()
    try:
        return command()
    except BrokenPipeError:
        # The reader of our output has seen enough: `rlmlite ... | head`. Python flushes standard output once more when
        # it exits, and would complain again; so what is left goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        return Exit.COMPLETED
    except _EXPECTED as error:
        code, word = next((code, word) for kind, code, word in _EXITS if isinstance(error, kind))
        message = _message_of(error) or word  # `KeyboardInterrupt` has no message
        log.error(message)
        if as_json:
            print_json(status="failed", reason=word, error=message)
        return code


def _message_of(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return f"memory ran out; {MORE_MEMORY}"
    return words_of(error)
