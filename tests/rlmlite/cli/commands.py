"""The command line, called in this process, or as one of its own."""

import json
import subprocess
import sys
from typing import Any

from typer.testing import CliRunner, Result

from rlmlite.cli.app import app
from rlmlite.cli.output.printing import KEYS

COUNT_ERRORS = 'hits = search(context, "ERROR")\nfinal(count(hits), evidence=hits)'
LOG = "\n".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}" for n in range(100)) + "\n"


def rlmlite(*arguments: str, input: str | None = None) -> Result:
    """The command in this process. An exception that it does not turn into an exit code is raised."""
    result = CliRunner().invoke(app, list(arguments), input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: str) -> dict[str, Any]:
    """The one JSON object on standard output."""
    found: dict[str, Any] = json.loads(rlmlite(*arguments, "--json").stdout)
    assert found.keys() >= KEYS.keys()
    return found


def process(*arguments: str, **named: Any) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own; `named` goes to `subprocess.run`."""
    command = [sys.executable, "-m", "rlmlite", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, **named)
