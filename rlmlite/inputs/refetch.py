"""Fetching again what a session was begun with from elsewhere: it goes on in another process, which has it not.

Not for a replay, which asks nobody: there a copy is named by hand.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.formats.reading import Allowance, Reading
from rlmlite.inputs.formats.remote import LEFT_OUT, fetched, is_remote
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import CheckedTrace, FileBlobs

_source = msgspec.json.Decoder(Source)


@contextmanager
def refetched(trace: CheckedTrace, reading: Reading, blobs: FileBlobs) -> Iterator[dict[str, Path]]:
    """Where the remote inputs of a trace lie, for as long as the block lasts; a store may have them still.

    Raises `InputError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        places: dict[str, Path] = {}
        for number, entry in enumerate(trace.genesis.inputs):
            source = None if entry.source is None else _source.decode(trace.content(entry.source))
            if source is None or all(blobs.find(file.digest) is not None for file in source.files):
                continue
            url = _url(source)
            if url is not None:
                places[entry.name] = Path(folder, str(number))
                with places[entry.name].open("wb") as file:
                    file.writelines(Allowance(url, reading).blocks(fetched(url), "fetch"))
        yield places


def _url(source: Source) -> str | None:
    """The URL of a source that is to be fetched. Raises `InputError` if its secrets would be needed."""
    if source.path is None or not is_remote(source.path):
        return None
    if any(step.why == LEFT_OUT for recipe in source.recipes for step in recipe):
        raise InputError(
            f"{source.path} was fetched with secrets that are not recorded; fetch it to a file, and begin anew"
        )
    return source.path
