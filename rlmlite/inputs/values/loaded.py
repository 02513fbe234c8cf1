"""Inputs that are loaded once, for many runs at a time.

    logs = rlmlite.load({"log": Path("app.log")})      read, hashed and checked once
    rlmlite.run("Which part fails?", logs, ...)        in one thread
    rlmlite.run("Since when?", logs, ...)              in another: no copy of the log, and none of what is known of it

What is shared is never changed: contents and what follows from a content alone (where its lines begin, its words, the
columns of a table). What a run makes is in a branch of its own, and goes with it. Not here: loading (`inputs.load`).
"""

from collections.abc import Mapping

import msgspec

from rlmlite.inputs.formats.reading import Reading
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.values import RECORDS, Rows, Value
from rlmlite_traces import FileBlobs


class LoadedInputs:
    """What `rlmlite.load` returns: inputs by name, to be given to many runs instead of paths and values.

    Files must stay as they are while a run uses them, as with a run that has loaded them itself.
    """

    def __init__(self, inputs: Mapping[str, Input], blobs: FileBlobs, reading: Reading) -> None:
        """Not for callers: see `rlmlite.load`."""
        self._inputs, self._blobs, self.reading = dict(inputs), blobs, reading

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(self._inputs)

    def for_run(self) -> tuple[dict[str, Input], FileBlobs]:
        """The inputs as one run takes them, and where it reads them."""
        inputs = {
            name: msgspec.structs.replace(each, value=_for_run(each.value)) for name, each in self._inputs.items()
        }
        return inputs, self._blobs.branch()

    def __repr__(self) -> str:
        return f"LoadedInputs({', '.join(self._inputs)})"


def _for_run(value: Value) -> Value:
    """A value for one run. A table notes in what text it is searched, which lies with the run that has made it."""
    if not isinstance(value, Rows) or value.kind != RECORDS:
        return value
    from rlmlite_kernel.values.tables.row_spans import RowSpans  # most inputs are no tables

    if not isinstance(value.spans, RowSpans):
        return value
    from rlmlite_kernel.values.tables.columnar import columnar_rows

    return columnar_rows(value.spans.store.twin())
