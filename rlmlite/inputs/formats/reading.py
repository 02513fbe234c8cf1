"""`Reading`: what may be set about how inputs are read, and the allowance that bounds what is made of one."""

import codecs
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec

from rlmlite.errors import InputError, SettingError
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.blobs import Content

HARMLESS = 64 * 1024 * 1024
"""How many bytes may be unpacked before their ratio to the packed ones counts. Small files are not bombs."""

_Amount = Annotated[int, msgspec.Meta(ge=1)]


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How inputs are read.

    encoding: the encoding of all text, instead of UTF-8 where it is valid and a detected one elsewhere.
    ignore: whether files that `.gitignore` and `.ignore` name are left out of folders.
    html: whether HTML is read as it stands (`markup`) or converted (`text`).
    max_bytes: how many bytes may be unpacked, decoded, converted, fetched or read as rows for one input.
    max_ratio: how many times as large as what is packed may be what is unpacked, above 64 MiB.
    max_members: how many members an archive may have.
    kept_bytes: up to which size standard input is kept in the trace.
    cache: whether digests of large files and word indexes are remembered between runs.
    """

    encoding: str | None = None
    ignore: bool = True
    html: Literal["markup", "text"] = "markup"
    max_bytes: _Amount = 8 * 1024**3
    max_ratio: _Amount = 250
    max_members: _Amount = 200_000
    kept_bytes: Annotated[int, msgspec.Meta(ge=0)] = 16 * 1024**2
    cache: bool = True


READING = Reading()
"""How inputs are read unless something else is said."""


def reading(given: Mapping[str, Any]) -> Reading:
    """What is said by name, as text or as it is, and the rest as always. Raises `SettingError`."""
    names = Reading.__struct_fields__
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names) or "there are: " + ", ".join(names)
            raise SettingError(f"nothing about reading is called `{name}`; {hint}")
    values = {name: _plain(name, value) for name, value in given.items()}
    try:
        found = msgspec.convert(values, Reading, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(f"how inputs are read: {error}") from None
    return found if found.encoding is None else msgspec.structs.replace(found, encoding=encoding_name(found.encoding))


def encoding_name(name: str) -> str:
    """The name that Python has for a text encoding. Raises `SettingError`."""
    try:
        "".encode(name)  # other codecs, such as `hex`, are refused here
        return codecs.lookup(name).name
    except LookupError:
        raise SettingError(
            f"there is no encoding `{name}`; such as: utf-8, utf-16, cp1252, shift_jis, gb18030"
        ) from None


def _plain(name: str, value: Any) -> Any:
    """Numbers may be written with `_`."""
    is_number = int in typing.get_args(_hints()[name]) or _hints()[name] is int
    return value.replace("_", "") if is_number and isinstance(value, str) else value


def _hints() -> Mapping[str, Any]:
    return types.MappingProxyType(typing.get_type_hints(Reading))


class TooLargeError(InputError):
    """What would be made of an input is more than `Reading` allows."""


class Allowance:
    """What may still be made of one input. `what` is the input, as messages call it.

    Each way of making something has the whole of `max_bytes`: what is unpacked and then decoded is not counted twice.
    """

    def __init__(self, what: str, reading: Reading) -> None:
        self._what, self._reading, self._members = what, reading, 0
        self._made: Counter[str] = Counter()

    def blocks(self, blocks: Iterator[Content], way: str) -> Iterator[Content]:
        """The blocks that are made in some way, as long as they are few enough. Raises `TooLargeError`."""
        for block in blocks:
            self._made[way] += len(block)
            if self._made[way] > self._reading.max_bytes:
                raise TooLargeError(self._says("is more than", "max_bytes", f"{self._reading.max_bytes:,} bytes"))
            yield block

    def check_ratio(self, unpacked: int, packed: int) -> None:
        """Raise `TooLargeError` if so many bytes are too many for so few."""
        if unpacked > HARMLESS and unpacked > self._reading.max_ratio * packed:
            raise TooLargeError(
                self._says("is more than", "max_ratio", f"{self._reading.max_ratio:,} times what is packed")
            )

    def member(self) -> None:
        """Count a member of an archive. Raises `TooLargeError`."""
        self._members += 1
        if self._members > self._reading.max_members:
            raise TooLargeError(self._says("has more than", "max_members", f"{self._reading.max_members:,} members"))

    def _says(self, verb: str, limit: str, amount: str) -> str:
        return f"what {self._what} holds {verb} {amount} (the limit {limit}); if that is meant: --read {limit}=NUMBER"


class Meter:
    """Counts what is unpacked from one file in some way: `packed` says of how many bytes."""

    def __init__(self, allowance: Allowance, way: str, packed: Callable[[], int]) -> None:
        self._allowance, self._way, self._packed, self._made = allowance, way, packed, 0

    def blocks(self, blocks: Iterator[Content]) -> Iterator[Content]:
        """The blocks, as long as they are few enough, also for what they came from. Raises `TooLargeError`."""
        for block in self._allowance.blocks(blocks, self._way):
            self._made += len(block)
            self._allowance.check_ratio(self._made, self._packed())
            yield block
