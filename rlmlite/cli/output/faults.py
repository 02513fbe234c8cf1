"""What went wrong, as one message and an exit code. The only place where the command catches errors broadly."""

import gc
import os
import sys
from collections.abc import Callable

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_json
from rlmlite.errors import InputError, ModelError, RlmliteError, SettingError
from rlmlite_kernel import BlobMissingError, InputChangedError, SettingsError
from rlmlite_traces import (
    LevelError,
    StoreCorruptError,
    StoreError,
    StoreMissingError,
    TraceError,
    TraceExistsError,
    TraceLockedError,
    TraceMissingError,
    TraceSealedError,
)

_FOUND: tuple[tuple[type[BaseException], Exit, str], ...] = (
    (InputError, Exit.INPUT, "input"),
    (ModelError, Exit.USAGE, "model"),
    (SettingError, Exit.USAGE, "setting"),
    (SettingsError, Exit.USAGE, "setting"),
    (RlmliteError, Exit.FAILED, "failed"),
    (TraceMissingError, Exit.INPUT, "trace_missing"),
    (TraceExistsError, Exit.USAGE, "trace_exists"),
    (TraceLockedError, Exit.USAGE, "trace_locked"),
    (TraceSealedError, Exit.USAGE, "trace_sealed"),
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
"""The first that fits names the code. What is not here is a bug, and keeps its traceback."""


def exit_code_of(command: Callable[[], Exit], *, as_json: bool) -> Exit:
    """Run a command; turn what its user or machine got wrong into a message and a code."""
    if not gc.isenabled():  # see `rlmlite.cli`
        gc.freeze()
        gc.enable()
    try:
        return command()
    except BrokenPipeError:  # who reads our output has seen enough: `rlmlite … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.COMPLETED
    except tuple(kind for kind, _, _ in _FOUND) as error:
        code, word = next((code, word) for kind, code, word in _FOUND if isinstance(error, kind))
        message = str(error) or word
        log.error(message)
        if as_json:
            print_json(status="failed", reason=word, error=message)
        return code
