"""A folder that somebody else wrote, in which a user works."""

import os
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from rlmlite.cli.app import app

EVIL = """
from pathlib import Path
Path({mark!r}).write_text("executed")

def helper(x: str) -> str:
    "Helps."
    return "evil"
"""
COUNT = 'final(count(search(context, "ERROR")))'


def hostile_folder(folder: Path, settings: str = "") -> Path:
    """Fill a folder. Returns the mark that its code leaves when it is executed."""
    mark = folder / "mark"
    (folder / "app.log").write_text("08:14 ERROR disk\n08:15 INFO disk\n" * 10)
    (folder / "evil.py").write_text(EVIL.format(mark=str(mark)))
    (folder / "loose.toml").write_text('version = 1\n[tools."*"]\nrule = "allow"\n')
    (folder / "script.jsonl").write_text('"final(1)"\n' * 2)
    if settings:
        (folder / "rlmlite.toml").write_text(settings)
    return mark


def command(*arguments: str, code: int | None = 0, **named: Any) -> Result:
    """`rlmlite ARGUMENTS` in this process."""
    result = CliRunner().invoke(app, list(arguments), **named)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert code is None or result.exit_code == code, result.stderr + result.stdout
    return result


def files_below(folder: Path) -> set[str]:
    """Every path below a folder."""
    return {os.path.join(parent, name) for parent, folders, names in os.walk(folder) for name in (*folders, *names)}
