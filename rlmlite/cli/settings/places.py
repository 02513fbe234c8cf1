"""Where inputs are now, as a command line says it: `--input name=PATH`, and `--store DIR` to find them in a store."""

from pathlib import Path

import msgspec

from rlmlite.errors import SettingError


class Places(msgspec.Struct, frozen=True):
    """The flags `--input` and `--store` of a command on a session that is there."""

    inputs: tuple[str, ...] = ()
    store: Path | None = None

    def by_name(self) -> dict[str, str]:
        """The place of each input: a path or a URL. Raises `SettingError`."""
        places: dict[str, str] = {}
        for text in self.inputs:
            name, _, place = text.partition("=")
            if not name or not place:
                raise SettingError(f"--input {text}: write --input name=PATH")
            if name in places:
                raise SettingError(f"--input {name} is there twice: {places[name]} and {place}")
            places[name] = place
        return places
