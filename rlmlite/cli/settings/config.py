"""Settings of the command line: `rlmlite.toml` in the current folder, then `RLMLITE_*` variables, then flags.

What comes later wins, name by name; of `limits`, `prices` and `reading` entry by entry:

    rlmlite.toml          workers = 4, [limits] turns = 9
    the environment       RLMLITE_LIMITS__STEPS=100
    flags                 --workers 8
    the settings          workers=8, limits=Limits(turns=9, steps=100)

The file is read once for each command. The Python API reads none of these. API keys
are not settings: they stay in the environment (see `clients.openai`).
Not here: which settings there are, and what values they accept (`rlmlite.runs.settings`).
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rlmlite.errors import SettingError
from rlmlite.runs.settings import SETTINGS, RunSettings, hint_for, make_settings
from rlmlite_kernel.engines import MAX_THREADS

FILE = Path("rlmlite.toml")
PREFIX = "RLMLITE_"

_API_KEY = "api_key"  # RLMLITE_API_KEY is a key for servers, not a setting
_ALIASES = {"read": "reading"}  # its name outside Python
_TEXT_SETTINGS = [name for name, setting in SETTINGS.items() if not setting.python_only]


def load(flags: Mapping[str, object], *, flags_only: Iterable[str] = ()) -> RunSettings:
    """The settings of a command; `None` is a flag that was not given.

    `flags_only` are settings that the file and the environment do not set here. Raises `SettingError`.
    """
    explicit = {_ALIASES.get(name, name): value for name, value in flags.items() if value is not None}
    by_file, by_environment = _from_file(), _from_environment()
    for name in flags_only:
        by_file.pop(name, None)
        by_environment.pop(name, None)
    # In this order: what comes later wins.
    values: dict[str, Any] = {}
    for source in (by_file, by_environment, explicit):
        values = _merge(values, source)
    # The command has the machine to itself. In Python the host decides, so there no default is set.
    default_threads = min(MAX_THREADS, _processors())
    values.setdefault("threads", default_threads)
    return make_settings(values, explicit=explicit)


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        # Tables entry by entry, so that a flag for one limit does not undo those of the file.
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = {**below, **value}
        else:
            merged[name] = value
    return merged


def _from_file() -> dict[str, Any]:
    try:
        content = FILE.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingError(f"{FILE} cannot be read: {error.strerror}") from None
    import tomllib  # only where there is a file

    try:
        values = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingError(f"{FILE} cannot be read, because it is not valid TOML: {error}") from None
    return {_setting_name(name, f"in {FILE}"): value for name, value in values.items()}


def _from_environment() -> dict[str, Any]:
    """The settings of variables. `RLMLITE_LIMITS__TURNS` is an entry of `limits`; lists and tables may be JSON."""
    values: dict[str, Any] = {}
    for variable, content in os.environ.items():
        if not variable.upper().startswith(PREFIX):
            continue
        # Windows has upper-case names only, so case cannot tell anything.
        key, _, entry = variable[len(PREFIX) :].lower().partition("__")
        if key == _API_KEY:
            continue
        name = _setting_name(key, f"for the variable {variable}")
        value = {entry: content} if entry else _decoded(variable, content)
        values = _merge(values, {name: value})
    return values


def _decoded(variable: str, content: str) -> object:
    """A list or a table, as JSON, or the text itself."""
    if not content.startswith(("[", "{")):
        return content
    try:
        return json.loads(content)
    except ValueError as error:
        raise SettingError(f"{variable} is not valid JSON: {error}") from None


def _setting_name(key: str, place: str) -> str:
    """The setting of a key. Raises `SettingError` for one that there is not, or that text cannot express."""
    name = _ALIASES.get(key, key)
    # Refused and not ignored: a misspelt limit must not become a run without that limit.
    if name not in SETTINGS:
        raise SettingError(f"there is no setting `{key}` ({place}); {hint_for(key, _TEXT_SETTINGS)}")
    if SETTINGS[name].python_only:
        raise SettingError(f"the setting `{key}` ({place}) can only be given in Python")
    return name


def _processors() -> int:
    """How many processors this process may use; where the system does not say, how many there are."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only; a container may be held to a part of the machine
    if allowed is not None:
        return len(allowed(0)) or 1
    return os.cpu_count() or 1


def limit_flags(arguments: Iterable[str]) -> dict[str, str]:
    """The limits of `--limit NAME=VALUE`. Raises `SettingError`."""
    return _pairs(arguments, "limit {name} has no value; write {name}=NUMBER")


def reading_flags(arguments: Iterable[str]) -> dict[str, str]:
    """How inputs are read, from `--read NAME=VALUE`. Raises `SettingError`."""
    return _pairs(arguments, "--read {name}: write --read {name}=VALUE")


def _pairs(arguments: Iterable[str], message: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise SettingError(message.format(name=name))
        pairs[name] = value
    return pairs


def price_flags(arguments: Iterable[str]) -> dict[str, str]:
    """The prices of `--price IN,OUT` (for every model) and `--price MODEL=IN,OUT`."""
    pairs = (argument.rpartition("=") for argument in arguments)  # a model string may have `=` in it
    return {model: amounts for model, _, amounts in pairs}
