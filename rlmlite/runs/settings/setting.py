"""What the table of settings is made of: an entry, and the checks of values that have no other place.

Checks of other values are beside their types, and in `rlmlite.errors`.
"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from rlmlite.errors import SettingError, checks
from rlmlite.guard.trust.folder_rules import NEVER, FolderRule
from rlmlite.guard.trust.trusted import PinnedFile
from rlmlite.inputs import Reading
from rlmlite.inputs import reading as reading_of
from rlmlite_kernel.records.settings import Policy

if TYPE_CHECKING:
    from rlmlite.clients.bounds.spending import SpendLimits
    from rlmlite.guard.redaction.redaction import Redaction


DEFAULT_FOLDER = Path(".rlmlite")
"""Where traces go that nobody gave a place."""

DEFAULT_STORE = DEFAULT_FOLDER / "store"
"""The store of copies of inputs."""

KEY_BYTES = 32


class Setting(NamedTuple):
    """What a setting means, which values it accepts, what a folder may do with it, and whether text cannot say it."""

    doc: str
    check: checks.ValueCheck
    folder: FolderRule
    python_only: bool = False


def python_setting(doc: str, check: checks.ValueCheck) -> Setting:
    """A setting that only Python can say."""
    return Setting(doc, check, NEVER, python_only=True)


def trace_of(name: str, value: object) -> Path | bool:
    """A folder, or whether there is a trace at all."""
    return value if isinstance(value, bool) else checks.path(name, value)


def run_key_of(name: str, value: object) -> str:
    """A key of a run as its digits. Raises `SettingError`."""
    key = checks.text(name, value)
    run_key(key)  # raises for anything else
    return key


def policy_of(name: str, value: object) -> Path | Policy | PinnedFile:
    """A policy, or the file of one."""
    return value if isinstance(value, Policy | PinnedFile) else checks.path(name, value)


def approver_of(name: str, value: object) -> object:
    """Who approves calls, by a word or as a function."""
    return value if isinstance(value, str) else checks.function(name, value)


def reading_options(name: str, value: object) -> Reading:
    """How inputs are read, by name. Raises `SettingError`."""
    # A `Reading(...)` is taken apart and made again: its own constructor checks nothing.
    options = msgspec.structs.asdict(value) if isinstance(value, Reading) else checks.table(name, value)
    return reading_of(options)


def spend_of(name: str, value: object) -> "SpendLimits":
    """What all runs of a user may cost. Raises `SettingError`."""
    from rlmlite.clients.bounds.spending import spend_limits  # most users have no such limits

    return spend_limits(name, value)


def redaction_setting(name: str, value: object) -> "Redaction | None":
    """What is redacted, by names and functions. Raises `SettingError`."""
    from rlmlite.guard.redaction.spelling import redaction_of  # most runs redact nothing

    def load(function: Any) -> Any:
        from rlmlite.tools.loading import load_function
        from rlmlite.tools.tool_names import PinnedTool

        if not isinstance(function, str | PinnedTool):
            raise SettingError(f"{name}: a redactor is a name or a function, not a {type(function).__name__}")
        return load_function(function, "redactor")

    return redaction_of(name, value, load)


def run_key(text: str | None) -> bytes:
    """The key of a run from 64 hex digits, or a random one. Raises `SettingError`.

    From the key follow the run's id, the ids of its calls and the salts of its records. So the same key, inputs and
    replies give the same trace, byte for byte; two traces of different keys share nothing that could be compared.
    """
    if text is None:
        return secrets.token_bytes(KEY_BYTES)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingError(f"a run key is {2 * KEY_BYTES} hex digits")
    return key
