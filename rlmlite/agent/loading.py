"""The inputs of a run: loaded for it alone, or once for many runs (`load`)."""

from collections.abc import Mapping
from os import PathLike

import msgspec

from rlmlite.errors import SettingError
from rlmlite.inputs import Data, Reading, from_values, new_store
from rlmlite.inputs.values.loaded import LoadedInputs
from rlmlite.runs.settings import RunSettings, from_keywords
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs

_OF_LOADING = ("reading", "copy_inputs", "copy_to", "store")
"""Settings that say how inputs are loaded."""


def load(
    inputs: Data | Mapping[str, Data],
    *,
    reading: Reading | Mapping[str, object] | None = None,
    copy_inputs: bool | None = None,
    store: str | PathLike[str] | None = None,
    copy_to: str | PathLike[str] | None = None,
) -> LoadedInputs:
    """Load inputs once, for many runs: give what this returns to them as their `inputs`, at a time or in turns.

    The settings are those of `run` that say how inputs are loaded. Raises `InputError`, `SettingError`, `StoreError`.
    """
    given = {"reading": reading, "copy_inputs": copy_inputs, "store": store, "copy_to": copy_to}
    settings = from_keywords("load", given)
    loaded, blobs = _load(inputs, settings)
    return LoadedInputs(loaded, blobs, settings.reading)


def take_inputs(
    inputs: Data | Mapping[str, Data], settings: RunSettings
) -> tuple[Mapping[str, Input], FileBlobs, RunSettings]:
    """The inputs of a run, where it reads them, and its settings. Raises `InputError`, and `SettingError`."""
    if not isinstance(inputs, LoadedInputs):
        return *_load(inputs, settings), settings
    late = next((name for name in _OF_LOADING if name in settings.explicit), None)
    if late is not None:
        raise SettingError(f"the inputs are loaded already; give {late} to rlmlite.load(...)")
    return *inputs.for_run(), msgspec.structs.replace(settings, reading=inputs.reading)


def _load(inputs: Data | Mapping[str, Data], settings: RunSettings) -> tuple[Mapping[str, Input], FileBlobs]:
    blobs = new_store(settings.reading, settings.copies)
    return from_values(inputs, blobs, settings.reading), blobs
