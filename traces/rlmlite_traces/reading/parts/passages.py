"""Passages: the texts of a trace as a reader gets them, or why one is not there.

A record names its texts by ref. Whoever reads a trace wants the text; where it was removed, or never was here, or is
not what it should be, they want to know that, and the rest of the trace all the same:

    Passages(trace).read(ref)      Passage("2 errors", 8)          the blob is here
                                   Passage("", 0, "redacted")      it was removed on purpose, and a record says so
                                   Passage("", 0, "absent")        it is not here

Not here: whether a text is the one that a record commits to. That was proved when the trace was verified.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.records.records import Ref
from rlmlite_traces.errors import BlobAbsentError, BlobMismatchError
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.reader import CheckedTrace

REDACTED: Final = "redacted"
ABSENT: Final = "absent"
CHANGED: Final = "changed"
UNREADABLE: Final = "unreadable"
"""Why a passage has no text: it was removed on purpose, is not here, its file changed since it was checked, or it is
not of the form that its record says."""

UNDECODABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, SettingsError, ValueError, OverflowError)
"""What decoding a content may raise that somebody else wrote: a ref proves which bytes it has, not what they mean."""

T = TypeVar("T")


class Passage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text and its size in bytes; without one, `absence` says why (`redacted`, `absent`, ...)."""

    text: str = ""
    size: int = 0
    absence: str = ""

    def __str__(self) -> str:
        return self.text if not self.absence else f"[{self.absence}]"


class Passages:
    """The texts of one trace, by ref."""

    def __init__(self, trace: CheckedTrace) -> None:
        self._trace = trace
        # The last content: of an input from memory, a fan-out shows one range after the other.
        self._last_ref: Ref = ""
        self._last: bytes | None = None
        self._redacted = trace.redacted.keys()

    def absence(self, ref: Ref) -> str:
        """Why a content is not here; empty if it is."""
        if self._trace.contents.presence(ref) is Presence.PRESENT:
            return ""
        return REDACTED if ref in self._redacted else ABSENT

    def read(self, ref: Ref) -> Passage:
        """The text that a ref names. Bytes that are not UTF-8 are spelled out as escapes."""
        content = self.read_bytes(ref)
        if content is None:
            return Passage(absence=self.absence(ref) or CHANGED)
        return Passage(content.decode("utf-8", "backslashreplace"), len(content))

    def read_if(self, ref: Ref | None) -> Passage | None:
        """The same; `None` where a record names nothing."""
        return None if ref is None else self.read(ref)

    def decode(self, ref: Ref, decode: Callable[[bytes], T]) -> tuple[T | None, str]:
        """What `decode` makes of a JSON content, or `None` and why there is nothing. Raises `OverLimitError`."""
        absence = self.absence(ref)
        if absence:
            return None, absence
        try:
            return decode(self._trace.contents.read_json(ref)), ""
        except (BlobAbsentError, BlobMismatchError):
            return None, CHANGED
        except UNDECODABLE:
            return None, UNREADABLE

    def read_bytes(self, ref: Ref) -> bytes | None:
        """The content that a ref names; `None` if it is not here."""
        if ref != self._last_ref:
            content = None
            if not self.absence(ref):
                with suppress(BlobAbsentError, BlobMismatchError, OSError):  # its file changed since it was checked
                    content = self._trace.content(ref)
            self._last_ref, self._last = ref, content
        return self._last
