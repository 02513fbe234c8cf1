"""The text of an input, and what is said of it."""

from typing import Any

from rlmlite.inputs import notes
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.values import to_json
from rlmlite_traces import FileBlobs


def content(found: Input, blobs: FileBlobs) -> Any:
    return to_json(found.value, blobs)


def words(name: str, found: Input) -> str:
    return "\n".join(notes(name, found))
