"""The settings of a run: one frozen struct, made once from Python keywords, or from flags, variables and a file.

`RunSettings` is the one table of settings (`table`). The command line, the documentation and all entry points (`run`,
`arun`, `stream`, `Session`, `execute`, `execute_async`) go by it. `SettingKeywords` has the same names with the types
that a caller may write (`making`).

A value is checked here and nowhere else, so a run that has begun has no bad setting. Not here: making clients of model
strings, reading the policy file, importing tools (`rlmlite.runs.setup`): a command that only needs to know how inputs
are read must not fail for want of an API key.
"""

from rlmlite.runs.settings.making import SettingKeywords, from_keywords, hint_for, make_settings
from rlmlite.runs.settings.setting import Setting
from rlmlite.runs.settings.table import PATIENCE, SETTINGS, Model, RunSettings, unheard

__all__ = [
    "PATIENCE",
    "SETTINGS",
    "Model",
    "RunSettings",
    "Setting",
    "SettingKeywords",
    "from_keywords",
    "hint_for",
    "make_settings",
    "unheard",
]
