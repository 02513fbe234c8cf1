"""Traces as types that say what is known of them.

`UncheckedTrace` is bytes from anywhere. `verify` turns it into a `CheckedTrace`, which nothing else makes: code that
takes one need not check it again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from rlmlite_kernel.records.records import (
    Addition,
    AnyRecord,
    EffectRecord,
    Genesis,
    InputEntry,
    Question,
    Redact,
    Ref,
    Seal,
    Step,
)
from rlmlite_traces.errors import PackBrokenError, TraceError, TraceMissingError
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.calls import StepCalls
from rlmlite_traces.format.contents import Contents, LargeFiles, Presence
from rlmlite_traces.format.extra_files import extra_files
from rlmlite_traces.format.lines import (
    BLOBS,
    EFFECTS,
    HEX,
    INPUTS_FOLDER,
    LARGE_FOLDER,
    RECORDS,
    REDACTIONS,
    SIGNATURES,
)
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits

if TYPE_CHECKING:
    from rlmlite_traces.format.showing.notebook import Facts


class Level(IntEnum):
    """How much of a run a trace is known to hold. An OPEN one may lack its end; a SEALED one is complete.

    A SIGNED one is sealed, and the keys that the reader named have signed its root.
    """

    OPEN = 1
    SEALED = 2
    SIGNED = 3

    def __str__(self) -> str:
        """The level as people are told of it."""
        return "SEALED+SIGNED" if self is Level.SIGNED else self.name


class SignedRecords(msgspec.Struct, frozen=True):
    """What a signature is about: the bytes of `trace.jsonl`, and what they are found to be."""

    data: bytes
    root: str
    size: int
    run: str
    format: int


class SignatureCheck(Protocol):
    """Demands a signature; `rlmlite_traces.PublicKey` is one."""

    def check(self, signed: SignedRecords, envelope: bytes) -> None:
        """Raise `SignatureError` unless the envelope (`trace.dsse.json`, or empty) has the signature."""
        ...


class UncheckedTrace(msgspec.Struct, frozen=True):
    """The contents of a trace's files, of which nothing is known yet."""

    records: bytes
    blobs: bytes
    effects: bytes
    large: LargeFiles = {}
    extra: tuple[str, ...] = ()
    inputs: Mapping[str, Path] = {}
    signatures: bytes = b""
    redactions: bytes = b""

    @classmethod
    def read(cls, path: Path, limits: ReaderLimits = READER_LIMITS) -> "UncheckedTrace":
        """The files of `NAME.rlm/` or `NAME.rlmz`, and the names of `extra` ones.

        Raises `TraceMissingError`, also for a link or a special file in their place, and `OverLimitError`.
        """
        with open_trace(path) as folder:
            records = read_file(folder, RECORDS, limits, "records_bytes")
            blobs = read_file(folder, BLOBS, limits, "blobs_bytes")
            effects = read_file(folder, EFFECTS, limits, "calls_bytes")
            large, inputs = large_files(folder, limits), _named_files(folder, INPUTS_FOLDER, limits, "input_files")
            extra = extra_files(folder)
            if folder.is_packed and extra:  # whoever packs a trace leaves out what is no part of it
                raise PackBrokenError(str(path), extra[0], "only files that a packed trace has")
            signatures = redactions = b""
            if folder.exists(SIGNATURES):
                signatures = read_file(folder, SIGNATURES, limits, "signature_bytes")
            if folder.exists(REDACTIONS):
                redactions = read_file(folder, REDACTIONS, limits, "records_bytes")
            return cls(records, blobs, effects, large, extra, inputs, signatures, redactions)


class CheckedTrace(msgspec.Struct, frozen=True):
    """A trace that was verified. Made by `verify` only.

    `root` is the tree head over its lines, in hex. `records` are in order, so a record's place in them is its `seq`;
    the methods give what belongs to a record by its `seq`. Calls and contents are decoded each time they are asked for.
    `extra` are names in its folder that no trace has: they are not part of it, and nothing is said of them.
    `inputs` are files that came along with it, by the SHA-256 that they are named by; they are compared with it when
    they are read. `signatures` is its envelope, which `verify` reads if it is given a key. `redactions` are those that
    were made after the seal. `path` is where it lay, if it was read from there.
    """

    root: str
    level: Level
    records: tuple[AnyRecord, ...]
    lines: tuple[bytes, list[tuple[int, int]]]
    calls: StepCalls
    call_ranges: dict[int, tuple[int, int]]
    contents: Contents
    extra: tuple[str, ...] = ()
    inputs: Mapping[str, Path] = {}
    signatures: bytes = b""
    redactions: tuple[Redact, ...] = ()
    path: Path | None = None

    def __repr__(self) -> str:
        from rlmlite_traces.format.showing.notebook import line  # most traces are shown to nobody

        return line(self.facts())

    def _repr_html_(self) -> str:
        from rlmlite_traces.format.showing.notebook import table

        return table(self.facts())

    def facts(self, kind: str = "CheckedTrace") -> "Facts":
        """What is shown of it in one line, or in a notebook."""
        from rlmlite_traces.format.showing.notebook import Facts

        last = self.records[-1]
        seal = last if isinstance(last, Seal) else None
        questions = sum(isinstance(each, Question) for each in self.records)
        counts = {"records": self.size, "steps": sum(isinstance(each, Step) for each in self.records)}
        return Facts(
            kind=kind,
            status="open" if seal is None else f"{self.level.name.lower()}, {seal.outcome}",
            reason="" if seal is None else seal.reason,
            answer=None if seal is None else _sealed_answer(self.contents, seal),
            counts=counts | ({"questions": questions} if questions else {}),
            root=self.root,
            trace=self.path,
        )

    @property
    def size(self) -> int:
        """The number of records."""
        return len(self.records)

    @property
    def genesis(self) -> Genesis:
        """The first record."""
        first = self.records[0]
        assert isinstance(first, Genesis)
        return first

    @property
    def input_entries(self) -> Iterator[InputEntry]:
        """The inputs of the genesis, and those that were added."""
        for record in self.records:
            if isinstance(record, Genesis | Addition):
                yield from record.inputs

    @property
    def blobs(self) -> Mapping[Ref, Presence]:
        """Each ref that has a line in `blobs.jsonl`, and whether its content is present."""
        return {ref: place.presence for ref, place in self.contents.places.items()}

    @property
    def redacted(self) -> Mapping[Ref, Redact]:
        """The contents that were removed on purpose, each with the redaction that says so."""
        during = (record for record in self.records if isinstance(record, Redact))
        return {ref: redaction for redaction in (*during, *self.redactions) for ref in redaction.refs}

    def line(self, seq: int) -> bytes:
        """The line of a record, without its newline."""
        data, spans = self.lines
        start, stop = spans[seq]
        return data[start:stop]

    def effects(self, seq: int) -> list[EffectRecord]:
        """The calls of the record `seq`, by index."""
        record = self.records[seq]
        line_range = self.call_ranges.get(seq)
        if line_range is None or not isinstance(record, Step):
            return []
        return self.calls.reread(line_range, record)

    def effect_lines(self, seq: int) -> list[bytes]:
        """The lines of the calls of the record `seq`."""
        return self.calls.lines(self.call_ranges.get(seq, (0, 0)))

    def content(self, ref: Ref) -> bytes:
        """The content of a blob. Raises `BlobAbsentError`, or `BlobMismatchError` if its file changed since."""
        return self.contents.read(ref)

    def salts(self) -> Mapping[bytes, bytes]:
        """The salts of the contents by their SHA-256, for `rlmlite_kernel.refs.KnownSalts`."""
        return self.contents.salts()


@contextmanager
def open_trace(path: Path) -> Iterator[Folder]:
    """The folder of a trace, open while the block lasts. Raises `TraceMissingError`."""
    try:
        folder = Folder.open(path)
    except FileNotFoundError:
        raise TraceMissingError(path, "no such folder") from None
    except TraceError:
        raise
    except OSError as error:
        raise missing_error(path, error) from None
    with folder:
        yield folder


def read_file(folder: Folder, name: str, limits: ReaderLimits = READER_LIMITS, bound: str = "blobs_bytes") -> bytes:
    """The content of a file of a trace, of at most as many bytes as the reader's `bound` allows.

    Raises `TraceMissingError`, and `OverLimitError` before anything is read: a sparse file costs its writer nothing.
    """
    try:
        limits.check(bound, folder.status(name).st_size, f"{name} has")
        return folder.read(name, most=getattr(limits, bound))
    except TraceError:
        raise
    except OSError as error:
        raise missing_error(folder.path / name, error) from None


def large_files(folder: Folder, limits: ReaderLimits = READER_LIMITS) -> dict[Ref, Path]:
    """The files in `blobs/` of a trace whose names are 64 hex digits, by name. Others are ignored.

    Raises `TraceMissingError` if `blobs` is a link or no folder, or one of the files is not plain.
    """
    return _named_files(folder, LARGE_FOLDER, limits, "blobs")


def _named_files(folder: Folder, name: str, limits: ReaderLimits, bound: str) -> dict[str, Path]:
    if not folder.exists(name):
        return {}
    try:
        with folder.below(name) as below:
            names = [each for each in below.names() if HEX.fullmatch(each)]
            limits.check(bound, len(names), f"{name}/ has files:")
            return {each: below.path / each for each in names}
    except OSError as error:
        raise missing_error(folder.path / name, error) from None


def missing_error(path: Path, error: OSError) -> TraceMissingError:
    """What the system said, as an error about a trace."""
    return TraceMissingError(path, error.strerror or "cannot be opened")


class _AnswerBlob(msgspec.Struct, frozen=True):
    value: Any = None


def _sealed_answer(contents: Contents, seal: Seal) -> Any:
    """The answer, or why it cannot be shown: a `repr` raises nothing."""
    if seal.result is None:
        return None
    try:
        return msgspec.json.decode(contents.read_json(seal.result), type=_AnswerBlob).value
    except (TraceError, OSError, ValueError) as error:
        return f"[cannot be read: {type(error).__name__}]"
