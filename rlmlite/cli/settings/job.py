"""What a command is to do: the program, the inputs and the settings of its flags."""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rlmlite.cli.settings.config import Config, given_limits, given_prices, given_reading, load
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import new_store
from rlmlite.inputs.names import STDIN
from rlmlite_traces import FileBlobs


class Job(msgspec.Struct, frozen=True):
    """What to run: the program as a text or a path, and everything else that the command line says of it."""

    text: str | None
    path: str | None
    inputs: tuple[str, ...]
    limits: tuple[str, ...]
    prices: tuple[str, ...]
    flags: Mapping[str, object]
    trace: Path | None
    run_key: str | None
    yes: bool
    controllers: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    def config(self) -> Config:
        """The settings of the file, the environment and the flags. Raises `SettingError`."""
        return load(
            limits=given_limits(self.limits),
            prices=given_prices(self.prices),
            read=given_reading(self.read),
            **self.flags,
        )

    def program(self) -> str:
        """The program's text. Raises `InputError`."""
        if self.text is not None:
            return self.text
        if self.path is None:
            raise SettingError("no program; give its file first, or -e TEXT")
        if self.path == STDIN and STDIN in (argument.rpartition("=")[2] for argument in self.inputs):
            raise SettingError("standard input cannot be both the program and an input")
        return _read_program(self.path)

    def blobs(self) -> FileBlobs:
        """What its inputs are read through. Raises `SettingError`, `StoreError`."""
        config = self.config()
        if self.flags.get("store") is not None and not config.copy_inputs:
            raise SettingError("--store says where copies go; add --copy")
        return new_store(config.reading(), config.copy_to)


def _read_program(path: str) -> str:
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        return content.decode()
    except FileNotFoundError:
        raise InputError(f"there is no program {path}; a program's text goes after -e") from None
    except UnicodeDecodeError as error:
        raise InputError(f"the program {path} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise InputError(f"the program {path} cannot be read: {error.strerror}") from None
