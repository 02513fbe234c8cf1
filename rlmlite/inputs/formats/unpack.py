"""Single compressed streams: gzip, bzip2, xz and Zstandard, block by block and whole or not at all.

A stream that is damaged or ends early is refused: half a file must not pass for the file. Several streams one after
another, as `cat a.gz b.gz` makes them, are one text.
"""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rlmlite.inputs.formats.streams import BLOCK, Stream, of_file
from rlmlite.inputs.formats.unfit import UnfitError, needed

MEMORY = 256 * 1024 * 1024
"""Bytes that an unpacker may take for itself: what its dictionary holds is up to whoever packed."""


def unpacked(kind: str, packed: Stream) -> Iterator[bytes]:
    """What a stream of some kind holds. Raises `UnfitError` when it is damaged."""
    damaged = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)
    try:
        yield from UNPACKERS[kind](packed)
    except damaged as error:
        raise UnfitError("damaged", f"{kind}: {error}") from None


def _gzip(packed: Stream) -> Iterator[bytes]:
    return of_file(gzip.GzipFile(fileobj=packed))


def _bzip2(packed: Stream) -> Iterator[bytes]:
    return of_file(bz2.BZ2File(packed))


def _xz(packed: Stream) -> Iterator[bytes]:
    """Not `LZMAFile`, which has no limit of memory."""
    data = packed.read(BLOCK) or b""
    while data:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
        while not decoder.eof:
            yield decoder.decompress(data, BLOCK)
            data = packed.read(BLOCK) or b"" if decoder.needs_input and not decoder.eof else b""
            if not data and decoder.needs_input and not decoder.eof:
                raise EOFError("it ends before its end was reached")
        data = _after_padding(decoder.unused_data, packed)


def _after_padding(data: bytes, packed: Stream) -> bytes:
    """What follows a stream. Zeros may lie between two."""
    while not (data := data.lstrip(b"\0")):
        data = packed.read(BLOCK) or b""
        if not data:
            return b""
    return data


def _zstd(packed: Stream) -> Iterator[bytes]:
    zstd = _zstd_library()
    window = {zstd.DecompressionParameter.window_log_max: MEMORY.bit_length() - 1}
    try:
        yield from of_file(zstd.ZstdFile(packed, options=window))
    except zstd.ZstdError as error:
        raise UnfitError("damaged", f"zstd: {error}") from None


def _zstd_library() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14 has it

        return zstd
    except ImportError:
        return needed("backports.zstd", "zstd")


UNPACKERS: Mapping[str, Callable[[Stream], Iterator[bytes]]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _zstd,
}
"""How the streams of each kind are unpacked."""
