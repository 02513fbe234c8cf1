"""Calls that cost money: a model with prices, and `rlmlite exec` as a process."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LINES = "a\nb\n"


def command(*arguments: str, stdin: int | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """`rlmlite exec` as a process."""
    path = os.pathsep.join(str(ROOT / name) for name in (".", "grammar", "kernel", "traces"))
    Path("lines.txt").write_text(LINES)
    return subprocess.run(
        [sys.executable, "-m", "rlmlite", "exec", "lines.txt", *arguments],
        env=os.environ | {"PYTHONPATH": path} | env,
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
