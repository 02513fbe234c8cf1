"""The inputs that a command is given, loaded; what was left out of them or altered is said."""

from collections.abc import Mapping

from rlmlite.cli.output.logs import log
from rlmlite.inputs import Reading, from_arguments, notes
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs


def load_inputs(
    arguments: tuple[str, ...], blobs: FileBlobs, reading: Reading, *, are_first: bool = True
) -> Mapping[str, Input]:
    """The inputs of the command line, by name: the first ones, or more of them. Raises `InputError`."""
    inputs = from_arguments(arguments, blobs, reading, are_first=are_first)
    for name, loaded in inputs.items():
        for note in notes(name, loaded):
            log.warning(note)
    return inputs
