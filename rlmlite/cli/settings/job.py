"""What a command is to do: its program, its inputs, and its flags, which become the settings of the run."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from rlmlite.cli.settings.config import limit_flags, load, price_flags, reading_flags
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs.names import STDIN
from rlmlite.runs.settings import RunSettings


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

    def settings(self, flags_only: Iterable[str] = (), **more: object) -> RunSettings:
        """The settings of the file, the environment and the flags. Each command calls this once.

        `flags_only` are settings that the file and the environment do not set for this command. Raises `SettingError`.
        """
        flags = {
            "limits": limit_flags(self.limits) or None,
            "prices": price_flags(self.prices) or None,
            "reading": reading_flags(self.read) or None,
            "controller": self.controllers or None,
            "trace": self.trace,
            "run_key": self.run_key,
            **self.flags,
            **more,
        }
        settings = load(flags, flags_only=flags_only)
        return msgspec.structs.replace(settings, confirm_above=None) if self.yes else settings

    def program(self) -> str:
        """The program's text. Raises `InputError`."""
        if self.text is not None:
            return self.text
        if self.path is None:
            raise SettingError("no program; give its file first, or -e TEXT")
        if self.path == STDIN and STDIN in (argument.rpartition("=")[2] for argument in self.inputs):
            raise SettingError("standard input cannot be both the program and an input")
        return _read_program(self.path)


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
