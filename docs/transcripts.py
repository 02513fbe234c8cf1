"""Commands as the documents show them: run as if on a fresh machine, with plain output of a fixed width.

The tests check transcripts with `run`. A page takes one in with `console`, renewed by `make docs`:

    <!-- [[[cog
    from docs.transcripts import console
    cog.outl(console("rlmlite --help"))
    ]]] -->
    <!-- [[[end]]] -->
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple


class Output(NamedTuple):
    """What a command printed, both streams together and without trailing blanks, and its exit code."""

    text: str
    code: int


def run(command: str, folder: Path) -> Output:
    """Run a command by bash in `folder`, with the `rlmlite` of this environment and nothing of the user's."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    return Output("".join(line.rstrip() + "\n" for line in done.stdout.splitlines()), done.returncode)


def console(command: str) -> str:
    """A block for a page: the command, and what it prints in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        output = run(command, Path(folder))
    if output.code:
        raise RuntimeError(f"`{command}` exited with {output.code}:\n{output.text}")
    return f"```console\n$ {command}\n{output.text}```"
