"""The places of inputs that a caller names again, for a session that goes on in another process.

    --input logs=/data/logs               a path: used as it is
    --input page=https://host/page.html   a URL: fetched to a file, which lasts as long as the block does

A URL in a trace is never fetched by itself: a stranger's could name a service on this machine, and each request tells
somebody that the trace was opened.
"""

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from rlmlite.errors import SettingError
from rlmlite.guard.terminal import one_line
from rlmlite.inputs.formats.reading import Reading, ReadingLimits
from rlmlite.inputs.formats.remote.fetch import SECRETS_LEFT_OUT, fetch
from rlmlite.inputs.formats.remote.urls import is_remote, without_secrets
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import CheckedTrace, FileBlobs

_LONGEST = 4_096
"""Characters of a path in a message: a cut one could not be used."""

_SOURCE = msgspec.json.Decoder(Source)


def sources_of(trace: CheckedTrace) -> dict[str, Source]:
    """Where each input of a trace came from, by its name; without inputs of which that is not recorded, or redacted."""
    sources = {}
    for entry in trace.input_entries:
        if entry.source is None or entry.source in trace.redacted:
            continue
        try:
            sources[entry.name] = _SOURCE.decode(trace.content(entry.source))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue  # whoever executes the trace says what is wrong with it
    return sources


@contextmanager
def open_places(
    trace: CheckedTrace, named: Mapping[str, str], reading: Reading, blobs: FileBlobs
) -> Iterator[dict[str, Path]]:
    """The paths of the inputs that the caller names, while the block lasts. URLs are fetched.

    Inputs whose content a store still has are not fetched. Raises `SettingError` for a name that no input has, and
    `InputError`.
    """
    sources = sources_of(trace)
    unknown = sorted(named.keys() - sources.keys())
    if unknown:
        known = ", ".join(sources) or "none"
        raise SettingError(f"there is no input `{unknown[0]}`; its inputs: {one_line(known)}")
    with tempfile.TemporaryDirectory() as folder:
        places: dict[str, Path] = {}
        for number, (name, place) in enumerate(named.items()):
            if not is_remote(place):
                places[name] = Path(place)
            # A store that files were copied to may still have the content, whatever the server has by now.
            elif any(blobs.find(file.digest) is None for file in sources[name].files):
                # Numbered, so that the name of an input need not be a valid file name.
                places[name] = _fetch(place, Path(folder, str(number)), reading)
        yield places


def how_to_name(name: str, source: Source | None, *, fetches: bool = True) -> str:
    """What a caller writes to name an input again. `fetches` is whether that may be a URL."""
    recorded = None if source is None else source.path
    if recorded is None:
        return f"--input {one_line(name)}=PATH"
    # Quoted, since somebody may copy it into a shell, and a stranger may have written it.
    shown = one_line(recorded, _LONGEST)
    named = f"--input {shlex.quote(f'{one_line(name)}={shown}')}"
    if not is_remote(recorded):
        return named
    if not fetches:
        return f"--input {one_line(name)}=PATH, a file with what {shown} gave"
    assert source is not None
    if any(step.why == SECRETS_LEFT_OUT for recipe in source.recipes for step in recipe):
        return f"--input {one_line(name)}=URL (it was {shown}, and had secrets that are not recorded)"
    return f"{named}, which fetches it again"


def how_to_trust(trace: Path) -> str:
    """What whoever owns the folder of a trace may do instead of naming its inputs, to end a sentence with."""
    return f"; or, if this folder is yours, run `rlmlite trust {shlex.quote(one_line(str(trace), _LONGEST))}` once"


def _fetch(url: str, path: Path, reading: Reading) -> Path:
    blocks = ReadingLimits(without_secrets(url), reading).blocks(fetch(url, reading.max_fetch_seconds), "fetch")
    with path.open("xb") as file:
        file.writelines(blocks)
    return path
