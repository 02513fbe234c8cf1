"""Where Python looks for modules: never in the folder that the command happens to be called in.

Whoever wrote that folder could have put a `json.py` or an `openai.py` there, and Python would execute it in the place
of the library. Python itself looks there in three of these cases:

    python -m rlmlite             the working folder comes first in `sys.path`; `python -P -m rlmlite` leaves it out
    python -c, the prompt         an empty entry, which stands for the working folder at the time of each import
    PYTHONPATH=:/x or =.          an empty or relative entry: mostly a slip, as in `PYTHONPATH=$PYTHONPATH:/x`
    rlmlite (the command)         not at all: the first entry is the folder of the command

`rlmlite/__init__.py` begins by taking the first out, before it imports anything; `leave_working_folder` takes out the
rest when the command starts. A folder that an installation names (a `.pth` file) or that `PYTHONPATH` has in full
stays, even if it is the working folder: that is a word of the user. What Python imports before either of them runs
cannot be undone here; only a full path in PYTHONPATH, `-P` or the command itself help against that.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def leave_working_folder() -> None:
    """Take the entries out of `sys.path` that mean the working folder without saying so. For the command only."""
    sys.path[:] = [entry for entry in sys.path if os.path.isabs(entry)]
    # Python makes those of the variable absolute when it starts, each at its place; one entry goes for each slip.
    for entry in _relative_entries():
        absolute = os.path.abspath(entry)
        if absolute in sys.path and not _is_own_code(absolute):
            sys.path.remove(absolute)


def _relative_entries() -> list[str]:
    variable = os.environ.get("PYTHONPATH")
    if not variable:
        return []  # Python takes an empty variable for none
    try:
        os.getcwd()
    except OSError:  # the working folder was removed, and nothing can be relative to it
        return []
    return [entry for entry in variable.split(os.pathsep) if not os.path.isabs(entry)]


def _is_own_code(folder: str) -> bool:
    """Whether a folder is of the checkout that this very module is in: then its code is being executed anyway."""
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return folder == checkout or folder.startswith(checkout + os.sep)


@contextmanager
def installed_only() -> Iterator[None]:
    """While it lasts, modules are not looked for in the working folder by an entry that is empty or relative."""
    before = sys.path[:]
    sys.path[:] = [entry for entry in before if os.path.isabs(entry)]
    try:
        yield
    finally:
        # What the import itself has added stays.
        added = [entry for entry in sys.path if entry not in before]
        sys.path[:] = before + added
