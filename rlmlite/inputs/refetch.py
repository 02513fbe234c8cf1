"""Remote inputs fetched again, for a session that goes on in another process, where their content is not available.

Not for a replay, which contacts nobody: there the user names a copy (`--input NAME=PATH`).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.formats.reading import Reading, ReadingLimits
from rlmlite.inputs.formats.remote import SECRETS_LEFT_OUT, fetch, is_remote
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import CheckedTrace, FileBlobs

_SOURCE = msgspec.json.Decoder(Source)


@contextmanager
def refetch(trace: CheckedTrace, reading: Reading, blobs: FileBlobs) -> Iterator[dict[str, Path]]:
    """The paths of freshly fetched copies of a trace's remote inputs, by name, while the block lasts.

    Inputs whose content a store still has are not fetched. Raises `InputError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, Path] = {}
        for number, entry in enumerate(trace.genesis.inputs):
            # Without a record of where it came from there is nothing to fetch.
            if entry.source is None:
                continue
            source = _SOURCE.decode(trace.content(entry.source))
            # A store that files were copied to may still have the content, whatever the server has by now.
            has_content = all(blobs.find(file.digest) is not None for file in source.files)
            if has_content:
                continue
            url = _url_of(source)
            if url is None:
                continue
            # Numbered, so that the name of an input need not be a valid file name.
            path = Path(folder, str(number))
            blocks = ReadingLimits(url, reading).blocks(fetch(url), "fetch")
            with path.open("wb") as file:
                file.writelines(blocks)
            paths[entry.name] = path
        yield paths


def _url_of(source: Source) -> str | None:
    """The URL of a remote source, None for a local one. Raises `InputError` if its secrets would be needed."""
    if source.path is None or not is_remote(source.path):
        return None
    # Fetching the recorded URL would ask for something else, or be refused with a confusing message.
    reasons = {step.why for recipe in source.recipes for step in recipe}
    if SECRETS_LEFT_OUT in reasons:
        raise InputError(
            f"{source.path} was fetched with secrets that are not recorded; "
            "fetch it to a file, and start a new session with that file"
        )
    return source.path
