"""Inputs: from what a user names to what a run can read, and the same again for a replay.

Start at `load`, which decides what a path or value is. Below it:

- `formats`: bytes to text (compression, archives, documents, encodings, downloads); the table of kinds is in `kinds`.
- `parsers`: what of that runs in a worker, since a stranger's file may take it over.
- `tables`: inputs that are rows.
- `folders`: which files a folder or a glob stands for.
- `cache`: what is remembered between runs.

`names` decides what inputs are called, `values` turns Python values into inputs, `user_notes` tells what was left out
or altered, `rederive` repeats recorded recipes for a replay, `refetch` fetches remote inputs again for a session.
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite.inputs.formats.reading import READING, Reading, TooLargeError, reading
    from rlmlite.inputs.load import from_arguments, from_listing, from_path, from_value, from_values, new_store
    from rlmlite.inputs.rederive import deriving
    from rlmlite.inputs.user_notes import notes
    from rlmlite.inputs.values import Data, Url

__all__ = [
    "READING",
    "Data",
    "Reading",
    "TooLargeError",
    "Url",
    "deriving",
    "from_arguments",
    "from_listing",
    "from_path",
    "from_value",
    "from_values",
    "new_store",
    "notes",
    "reading",
]

_HOMES = {
    "READING": "rlmlite.inputs.formats.reading",
    "Data": "rlmlite.inputs.values",
    "Reading": "rlmlite.inputs.formats.reading",
    "TooLargeError": "rlmlite.inputs.formats.reading",
    "Url": "rlmlite.inputs.values",
    "deriving": "rlmlite.inputs.rederive",
    "from_arguments": "rlmlite.inputs.load",
    "from_listing": "rlmlite.inputs.load",
    "from_path": "rlmlite.inputs.load",
    "from_value": "rlmlite.inputs.load",
    "from_values": "rlmlite.inputs.load",
    "new_store": "rlmlite.inputs.load",
    "notes": "rlmlite.inputs.user_notes",
    "reading": "rlmlite.inputs.formats.reading",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
