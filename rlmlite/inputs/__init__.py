"""Inputs on their way in, and made again for a replay. Start at `taking`; what kinds there are is the table in `kinds`.

Not here: what inputs are called (`rlmlite.naming`), which files a folder or a glob stands for (`rlmlite.folders`).
"""

from rlmlite.inputs.formats.reading import READING, Reading, TooLargeError, reading
from rlmlite.inputs.load import from_arguments, from_listing, from_path, from_value, from_values, new_store
from rlmlite.inputs.notices import notes
from rlmlite.inputs.rederive import deriving
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
