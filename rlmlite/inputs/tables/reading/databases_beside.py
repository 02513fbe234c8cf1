"""Files beside a database that hold changes which are not in it yet: then its file alone is not what a query sees."""

from collections.abc import Mapping
from pathlib import Path

from rlmlite.errors import InputError

_BESIDE: Mapping[str, tuple[str, ...]] = {"sqlite": ("-wal", "-journal"), "duckdb": (".wal",)}
"""Their suffixes, by reader."""


def check_complete(at: Path, named: Path, reader: str) -> None:
    """Raise `InputError` for a database some of whose changes lie in another file.

    Raises `OSError` if the database is not there: SQLite would report that less clearly.
    """
    at.stat()
    # Beside the named path: a store copies one file only, and the log stays where the user's database is. An empty log
    # is what a database that was closed in good order may leave.
    for suffix in _BESIDE.get(reader, ()):
        beside = Path(f"{named}{suffix}")
        has_changes = beside.exists() and beside.stat().st_size > 0
        if has_changes:
            raise InputError(
                f"{named} has changes that are still in {beside.name} beside it; checkpoint or close the database, "
                "or copy it"
            )
