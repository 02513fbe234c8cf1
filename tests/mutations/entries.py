"""The fixes that can be taken out again: tables in the `.toml` files beside this one.

Each entry names a row of the list of faults, one replacement in one file that brings the fault back, and a test that
must fail then. `find` occurs exactly once in the file, so that an entry cannot silently go stale.
"""

import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent


class Mutation(NamedTuple):
    """A fix taken out: `find` becomes `replace` in `file`, and `test` must fail. Paths are relative to the root."""

    row: str
    file: str
    find: str
    replace: str
    test: str

    @property
    def test_file(self) -> str:
        """The file of the test, without the test's own name."""
        return self.test.partition("::")[0]

    def mutate(self, text: str) -> str:
        """The file's text without the fix. Raises `ValueError` if `find` does not occur exactly once."""
        if (count := text.count(self.find)) != 1:
            raise ValueError(f"{self.row}: expected `find` once in {self.file}, found it {count} times")
        return text.replace(self.find, self.replace)


def read_mutations() -> list[Mutation]:
    """The entries of all tables, by file name and then as they stand there."""
    return [
        Mutation(**entry)
        for path in sorted(FOLDER.glob("*.toml"))
        for entry in tomllib.loads(path.read_text("utf-8"))["mutation"]
    ]
