"""Standard output: lines of text, styled on a terminal only, or one JSON object.

Whatever comes from inputs, models or programs is made harmless first, so that it cannot control the terminal.
Warnings and errors go to standard error (see `logs`), never here: a pipe then gets the answer and nothing else.
"""

import json
import sys
from typing import Any

import typer

from rlmlite.guard.terminal import harmless, harmless_json, own_stream

KEYS: dict[str, Any] = {
    "value": None,
    "status": "completed",
    "evidence": [],
    "coverage": {},
    "usage": {},
    "budget": {},
    "trace": None,
    "root": None,
}
"""The keys of every JSON object that a command prints, with the value of each where there is nothing to report."""


def say(text: str = "", style: str = "") -> None:
    """Print a line, or several. `style` is one of rich's; only a terminal shows it."""
    if style and sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        Console(file=own_stream(sys.stdout)).print(Text(harmless(text), style=style), soft_wrap=True)
    else:
        typer.echo(harmless(text))


def print_heading(text: str) -> None:
    """Print a line that begins a part of the output."""
    say(text, "bold")


def print_indented(text: str, by: str = "    ") -> None:
    """Print lines below a heading."""
    say("\n".join(by + line for line in text.split("\n")))


def print_json(**fields: Any) -> None:
    """Print the one JSON object of this command, with all of `KEYS`."""
    # NaN is not JSON, whatever Python's `json` thinks of it: a reader in another language would fail.
    text = json.dumps(KEYS | fields, ensure_ascii=False, allow_nan=False)
    typer.echo(harmless_json(text))


def answer_text(value: Any) -> str:
    """An answer as people read it: text as it is, one line per item of a list, one line or paragraph per field."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return "\n".join(map(_item, value))
    if isinstance(value, dict) and value:
        return "\n".join(_field(name, item) for name, item in value.items())
    return json.dumps(value, ensure_ascii=False)


def _item(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _field(name: str, value: Any) -> str:
    has_items = isinstance(value, list | dict) and len(value) > 0
    if not has_items:
        return f"{name}: {_item(value)}"
    # Each level is indented below its name; `answer_text` calls this again for the fields of a field.
    lines = [f"    {line}" for line in answer_text(value).split("\n")]
    return "\n".join([f"{name}:", *lines])
