"""Values that stand for a table, a column or files, brought into the form that is read.

a lazy frame                      the frame that it gives (polars, ibis)
a data set of Hugging Face        its rows as an Arrow table, in the order and selection that it has
a series or Arrow array           a list, although it offers an Arrow stream as frames do
a list of paths                   documents, as a folder with these files is
"""

import os
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from rlmlite.inputs.folders.listing import Listing

_OF_LAZY = ("collect", "to_pyarrow")
"""Methods that make a table of what is not one yet."""


def as_frame(value: Any) -> Any:
    """The value, or the table that it stands for."""
    if hasattr(value, "with_format") and hasattr(value, "features"):
        # In this format a slice of all is an Arrow table, of the rows that the data set has after its selections.
        return value.with_format("arrow")[:] if hasattr(value, "__len__") else list(value)
    if type(value).__name__ == "LazyFrame" or not _offers_stream(value):
        for method in _OF_LAZY:
            # Asked of the class: a record may have a field of that name.
            if hasattr(type(value), method):
                return getattr(value, method)()
    return value


def is_series(value: Any) -> bool:
    """Whether a value that offers a stream is one column, and so a list."""
    is_column = hasattr(value, "to_list") or hasattr(value, "to_pylist")
    return is_column and not hasattr(value, "columns") and not hasattr(value, "schema")


def as_listing(value: Any) -> Listing | None:
    """The files that a list of paths names, or None for any other value."""
    if not isinstance(value, list | tuple | Set) or not value or not all(isinstance(item, Path) for item in value):
        return None
    paths = sorted(str(path) for path in value)
    root = _common_folder(paths)
    return Listing(root, tuple(os.path.relpath(path, root).replace(os.sep, "/") for path in paths), ())


def _common_folder(paths: Sequence[str]) -> str:
    folders = [os.path.dirname(path) for path in paths]
    # Relative paths stay so, as the user wrote them, if all are.
    if len({os.path.isabs(path) for path in paths}) > 1:
        folders = [os.path.abspath(folder) for folder in folders]
    return os.path.commonpath(folders) or "."


def _offers_stream(value: Any) -> bool:
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")
