"""What a command is to do: its program, its inputs, and its flags, which become the settings of the run."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import msgspec

from rlmlite.cli.settings.config import limit_flags, load, price_flags, reading_flags, role_flags
from rlmlite.cli.settings.places import Places
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs.names import STDIN
from rlmlite.runs.settings import RunSettings

_PAIRS = {"limits": limit_flags, "prices": price_flags, "reading": reading_flags, "roles": role_flags}
"""Flags of the form `NAME=VALUE`."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: the program as a text or a path, the inputs, and the flags by the names of their settings.

    A flag that may be given more than once has the list of what was given (`limits`: `["turns=9", "steps=50"]`).
    `yes` agrees to all costs within the limits. `places` says where inputs of a session that is there are now.
    """

    text: str | None = None
    path: str | None = None
    inputs: tuple[str, ...] = ()
    flags: Mapping[str, object] = {}
    yes: bool = False
    places: Places = Places()

    def settings(self, flags_only: Iterable[str] = (), **more: object) -> RunSettings:
        """The settings of the file, the environment and the flags. Each command calls this once.

        `flags_only` are settings that the file and the environment do not set for this command. Raises `SettingError`.
        """
        # A flag that may be repeated and was not given comes as an empty list or as `None`; both mean the same.
        flags = {name: value for name, value in self.flags.items() if value not in (None, [])}
        for name, read in _PAIRS.items():
            if name in flags:
                arguments = cast(list[str], flags[name])
                flags[name] = read(arguments)
        settings = load(flags | more, flags_only=flags_only)
        if self.yes:
            # After all is merged: `--yes` also overrules a `confirm_above` of the file.
            return msgspec.structs.replace(settings, confirm_above=None)
        return settings

    def program(self) -> str:
        """The program's text. Raises `InputError`."""
        if self.text is not None:
            return self.text
        if self.path is None:
            raise SettingError("no program; give its file first, or -e TEXT")
        # An input is `PATH` or `name=PATH`.
        input_paths = [argument.rpartition("=")[2] for argument in self.inputs]
        if self.path == STDIN and STDIN in input_paths:
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
