"""The command line, called in this process, or as one of its own."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from rlmlite.cli.main import app
from rlmlite.cli.output.printing import KEYS

COUNT_ERRORS = 'hits = search(context, "ERROR")\nfinal(count(hits), evidence=hits)'
LOG = "\n".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}" for n in range(100)) + "\n"


def rlmlite(*arguments: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(app, list(arguments), input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: str) -> dict[str, Any]:
    """The one JSON object on standard output."""
    found: dict[str, Any] = json.loads(rlmlite(*arguments, "--json").stdout)
    assert found.keys() >= KEYS.keys()
    return found
