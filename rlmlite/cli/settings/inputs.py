"""The inputs that a command is given, loaded; what was left out of them or altered is said."""

from collections.abc import Mapping

from rlmlite.cli.output.logs import log
from rlmlite.inputs import Reading, from_arguments, notes
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs


def load_inputs(arguments: tuple[str, ...], blobs: FileBlobs, reading: Reading) -> Mapping[str, Input]:
    """The inputs of the command line, by name. Raises `InputError`."""
    inputs = from_arguments(arguments, blobs, reading)
    for name, loaded in inputs.items():
        for note in notes(name, loaded):
            log.warning(note)
    return inputs
