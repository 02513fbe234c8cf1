"""Single compressed streams: gzip, bzip2, xz and Zstandard, block by block.

All or nothing: a stream that is damaged or ends early is refused, because half a file must not pass for the file.
Several streams in a row, as `cat a.gz b.gz` makes them, are one text.

The size of the output is bounded by `reading.Meter`, not here. What is bounded here is the memory of the decompressor
itself: in xz and Zstandard the packer chooses the size of the dictionary that the unpacker must hold.
"""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rlmlite.errors.unreadable import UnreadableError, import_extra
from rlmlite.inputs.formats.streams.blocks import BLOCK, BlockStream, file_blocks
from rlmlite.inputs.parsers.damage import DAMAGE
from rlmlite_traces.errors import words_of

MEMORY = 256 * 1024 * 1024
"""Bytes that a decompressor may use for its dictionary."""

_FREE_STREAMS = 1_000
_BYTES_PER_STREAM = 64
"""How many streams may follow one another: some, and one more for so many bytes of content.

A stream of ten bytes that holds nothing costs a decoder, thirty microseconds: a megabyte of them takes seconds.
"""


def decompress(kind: str, packed: BlockStream) -> Iterator[bytes]:
    """The content of a compressed stream of a kind in `DECOMPRESSORS`. Raises `UnreadableError` if it is damaged."""
    try:
        yield from DECOMPRESSORS[kind](packed)
    except DAMAGE as error:
        raise UnreadableError("damaged", f"{kind}: {words_of(error)}") from None


def _gzip(packed: BlockStream) -> Iterator[bytes]:
    return file_blocks(gzip.GzipFile(fileobj=packed))


def _bzip2(packed: BlockStream) -> Iterator[bytes]:
    return file_blocks(bz2.BZ2File(packed))


def _xz(packed: BlockStream) -> Iterator[bytes]:
    """The streams of an xz file. `lzma.LZMAFile` is not used: it takes no memory limit."""
    return _streams(packed, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY), _skip_padding)


def _streams(
    packed: BlockStream, new_decoder: Callable[[], Any], skip_padding: Callable[[bytes, BlockStream], bytes]
) -> Iterator[bytes]:
    """The content of streams in a row, with a decoder for each: it stops at the end and hands back what follows."""
    streams = unpacked = 0
    data = packed.read(BLOCK) or b""
    while data:
        decoder = new_decoder()
        streams += 1
        if streams > _FREE_STREAMS + unpacked // _BYTES_PER_STREAM:
            raise EOFError(f"{streams:,} streams in a row that hold next to nothing")
        while not decoder.eof:
            block = decoder.decompress(data, BLOCK)
            unpacked += len(block)
            yield block
            wants_input = decoder.needs_input and not decoder.eof
            # With output still pending, the decompressor is called again with nothing new.
            data = b""
            if wants_input:
                data = packed.read(BLOCK) or b""
            if wants_input and not data:
                raise EOFError("the file ends before the end of the stream")
        data = skip_padding(decoder.unused_data, packed)


def _skip_padding(data: bytes, packed: BlockStream) -> bytes:
    """What follows a stream, without the zeros that the xz format allows between two of them."""
    while not (data := data.lstrip(b"\0")):
        data = packed.read(BLOCK) or b""
        if not data:
            return b""
    return data


def _zstd(packed: BlockStream) -> Iterator[bytes]:
    zstd = _import_zstd()
    # The parameter is a power of two: 2^28 is `MEMORY`.
    options = {zstd.DecompressionParameter.window_log_max: MEMORY.bit_length() - 1}
    try:
        yield from _streams(packed, lambda: zstd.ZstdDecompressor(options=options), _read_on)
    except zstd.ZstdError as error:
        raise UnreadableError("damaged", f"zstd: {words_of(error)}") from None


def _read_on(data: bytes, packed: BlockStream) -> bytes:
    """What follows a stream, where no padding may lie between two of them."""
    return data or packed.read(BLOCK) or b""


def _import_zstd() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14 has it

        return zstd
    except ImportError:
        return import_extra("backports.zstd", "zstd")


DECOMPRESSORS: Mapping[str, Callable[[BlockStream], Iterator[bytes]]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _zstd,
}
"""The decompressor of each kind."""
