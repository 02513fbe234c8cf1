"""The tables of `docs/reference/models.md`. A setting without a meaning here fails `make docs`."""

from decimal import Decimal
from typing import Final

from docs.tables import code, table
from rlmlite.cli.settings.config import Config
from rlmlite.clients.registry import SCHEMES

SETTINGS: Final = {
    "sub": "the model that reads chunks",
    "controller": "the model that writes programs",
    "nested": "the models that control nested runs, one a level",
    "policy": "the policy file: see [policy files](policy.md)",
    "tools": "tools, each as `MODULE:NAME` or `FILE.py:NAME`",
    "approve": "who approves of calls: `terminal`, `mailbox:DIR`, `never`",
    "max_cost": "dollars that all calls of a run may cost",
    "confirm_above": "dollars; before calls that may cost more, a person is asked",
    "read": "how inputs are read, by name: see [inputs](inputs.md#how-inputs-are-read)",
    "copy_inputs": "whether files are copied into the store first, so that nothing can change them under a run",
    "store": "the folder of the store that they are copied to",
    "limits": "limits by name: see [limits](limits.md)",
    "prices": "prices by model string, `IN,OUT` in dollars for a million tokens",
    "workers": "calls at a time, and connections to a server",
    "threads": "threads that searches and indexes may use; without it, one for each processor of this process",
    "timeout": "seconds for an attempt, from its start to the last byte of the reply; with `stream`, for a silence",
    "retries": "attempts after the first",
    "stream": "whether answers come in pieces, so that a long one meets no timeout",
    "decode": "how controllers give programs: `tool`, `grammar`, or as text",
    "temperature": "sent with each call; a model that refuses it is asked without",
    "max_output_tokens": "tokens that an answer may have",
}
"""What each setting means."""


def schemes() -> str:
    """Every form of a model string."""
    return table(("model string", "who answers"), ((code(form), what) for form, what in SCHEMES.values()))


def settings() -> str:
    """Every setting with its default."""
    fields = Config.model_fields
    return table(
        ("setting", "default", "means"),
        ((code(name), _default(fields[name].default), SETTINGS[name]) for name in fields),
    )


def _default(value: object) -> str:
    if value is None or value in ({}, []):
        return "none"
    return f"{value:,g}" if isinstance(value, int | float | Decimal) else str(value)
