"""Settings from variables: `RLMLITE_WORKERS=8`, `RLMLITE_LIMITS__TURNS=9`. The environment is the caller's word.

Variables that hold keys are no settings, whatever they are called: those that `keys` names may begin with `RLMLITE_`.
Nor are those that name a place of the user's: `RLMLITE_HOME`, `RLMLITE_ROOTS`.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rlmlite.cli.settings.files import setting_name
from rlmlite.clients.interface.keys import SHARED_KEY
from rlmlite.clients.interface.roles import flat_roles
from rlmlite.errors import SettingError
from rlmlite.guard.json_text import parse_json
from rlmlite.guard.places import HOME_VARIABLE, ROOTS_VARIABLE

PREFIX: Final = "RLMLITE_"
_KEYS: Final = "RLMLITE_KEYS"


def from_environment(own_keys: object = None) -> dict[str, Any]:
    """The settings of variables; `own_keys` is what the user's own settings say of `keys`. Raises `SettingError`.

    `RLMLITE_LIMITS__TURNS` is an entry of `limits`; lists and tables may be JSON.
    """
    # First of all, since these settings say which other variables are none.
    keys = _settings_of({name: content for name, content in os.environ.items() if name.upper().startswith(_KEYS)})
    held = {SHARED_KEY, HOME_VARIABLE, ROOTS_VARIABLE, *_variables_in(own_keys), *_variables_in(keys.get("keys"))}
    ours = {name: content for name, content in os.environ.items() if name.upper().startswith(PREFIX)}
    return _settings_of({name: content for name, content in ours.items() if name.upper() not in held})


def _variables_in(keys: object) -> Iterator[str]:
    """The variables that hold keys. What is wrong with the setting is said where it is checked."""
    if isinstance(keys, Mapping):
        yield from (variable for variable in keys.values() if isinstance(variable, str))


def _settings_of(variables: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, content in variables.items():
        # Windows has upper-case names only, so case cannot tell anything.
        key, _, entry = variable[len(PREFIX) :].lower().partition("__")
        name = setting_name(key, f"for the variable {variable}")
        value = {entry: content} if entry else _decoded(variable, content)
        values = merge(values, {name: value})
    return values


def _decoded(variable: str, content: str) -> object:
    """A list or a table, as JSON, or the text itself."""
    if not content.startswith(("[", "{")):
        return content
    try:
        return parse_json(content)
    except ValueError as error:
        raise SettingError(f"{variable} is not valid JSON: {error}") from None


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The values of both; where both have one, that of `over`. Tables are merged entry by entry."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        if name == "roles" and isinstance(below, dict) and isinstance(value, dict):
            # Option by option, however each source spells a role.
            below, value = flat_roles(below), flat_roles(value)
        # So that a flag for one limit does not undo those of the file.
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = {**below, **value}
        else:
            merged[name] = value
    return merged
