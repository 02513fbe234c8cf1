"""What came along with a trace beside its own files: inputs, and in an archive nothing else.

`verify` checks what records speak for, and so reads no inputs and opens no nested run. Whoever is sent a file wants to
know of all that is in it: each file of an input has the digest that the run read, and every other one is a verified
trace's. In a folder a user may keep notes, which are said (`CheckedTrace.extra`); an archive with more is refused.
"""

from collections.abc import Container, Iterator
from pathlib import Path

import msgspec

from rlmlite_traces.errors import PackBrokenError
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import INPUTS_FOLDER
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.reading.nested.walk import NestedTrace
from rlmlite_traces.sharing.packing.input_files import inputs_along
from rlmlite_traces.sharing.packing.parts import names_of


class Along(msgspec.Struct, frozen=True):
    """What came along: how many files of inputs, each with its digest, and names in `inputs/` that no input has."""

    inputs: int
    unnamed: tuple[str, ...]


class AlongCheck:
    """Checks what came along with a verified trace. Tell it of each nested run, then `finish`."""

    def __init__(self, place: Path, checked: CheckedTrace) -> None:
        self._place, self._checked = place, checked
        self._known = set(names_of(checked))

    def add(self, nested: NestedTrace) -> None:
        """A nested run of the trace, at any depth."""
        if nested.trace is not None and nested.place is not None:
            self._known |= set(names_of(nested.trace, f"{nested.place.relative_to(self._place)}/"))

    def finish(self) -> Along:
        """Raises `InputDiffersError`, and `PackBrokenError` for an archive that holds anything else."""
        inputs = dict(inputs_along(self._checked))
        for content in inputs.values():
            for _ in content.read():
                pass  # it is compared with its digest as it is read
        self._known |= inputs.keys()
        with Folder.open(self._place) as folder:
            if folder.is_packed:
                require_known(folder, self._known)
        along = (f"{INPUTS_FOLDER}/{digest}" for digest in self._checked.inputs)
        return Along(len(inputs), tuple(name for name in along if name not in inputs))


def require_known(folder: Folder, known: Container[str]) -> None:
    """Raise `PackBrokenError` for a file in an archive that has none of the `known` names."""
    for name in _all_names(folder):
        if name not in known:
            raise PackBrokenError(str(folder.path), name, "only what belongs to the trace")


def _all_names(folder: Folder, prefix: str = "") -> Iterator[str]:
    """The files in a folder and below, by their paths in it."""
    for name in folder.names():
        if folder.is_plain(name):
            yield prefix + name
        else:
            with folder.below(name) as below:
                yield from _all_names(below, f"{prefix}{name}/")
