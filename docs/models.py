"""The tables of `docs/reference/models.md`, from the tables in the code."""

from decimal import Decimal

from docs.tables import code, table
from rlmlite.clients.registry import SCHEMES, Scheme
from rlmlite.runs.settings import SETTINGS, RunSettings, Setting


def schemes() -> str:
    """Every form of a model string."""
    return table(
        ("model string", "who answers", "prompts go to"),
        ((code(scheme.form), scheme.who, _destination(scheme)) for scheme in SCHEMES.values()),
    )


def _destination(scheme: Scheme) -> str:
    return "a server" if scheme.is_server else "this process and its files"


def settings() -> str:
    """Every setting with its default, and whether only Python can say it."""
    defaults = RunSettings()
    return table(
        ("setting", "default", "from a folder", "meaning"),
        (
            (code(name), _default(getattr(defaults, name)), _from_folder(setting), _meaning(setting))
            for name, setting in SETTINGS.items()
        ),
    )


def _from_folder(setting: Setting) -> str:
    return "" if setting.python_only else str(setting.folder)


def _meaning(setting: Setting) -> str:
    return f"{setting.doc} (Python only)" if setting.python_only else setting.doc


def _default(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,g}" if isinstance(value, int | float | Decimal) else "none"  # a table, a function, nothing
