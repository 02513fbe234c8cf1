"""Word indexes that were made before: in memory up to a bound, and in a store if the shell has one.

Making an index takes far longer than ranking with it, and a run ranks the same content turn after turn. A key names the
digest of the content and how its units were cut, so an index from the cache is the one that would be made: no result
depends on the cache. Verification has one of its own, which begins empty.

    cache = IndexCache()
    cache.get("3f2a.. lines", make)     calls make()
    cache.get("3f2a.. lines", make)     does not

A store may lose what it likes, or return what was changed: bytes are checked by a digest before them.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.words import TOKENIZER
from rlmlite_kernel.engines.ranking.postings import PostingsSegment, WordIndex

ROOM = 512 << 20
"""Bytes of indexes that are kept in memory; the least recently used goes first."""


class IndexStore(Protocol):
    """Where a shell keeps indexes between runs. Keys are plain words; it may forget any of them."""

    def load(self, key: str) -> bytes | None:
        """What was saved under a key."""
        ...

    def save(self, key: str, data: bytes) -> None:
        """Keep something under a key."""
        ...


class IndexCache:
    """The indexes that one holder of contents has made."""

    def __init__(self, store: IndexStore | None = None, room: int = ROOM) -> None:
        self._store, self._room = store, room
        # In the order of their last use.
        self._indexes: OrderedDict[str, WordIndex] = OrderedDict()
        self._size = 0
        # Runs in several threads may share what was made: who needs an index that is being made waits for it.
        self._lock = threading.RLock()

    def get(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """The index with a key, made if it is not there. `stored` ones outlive the process where there is a store."""
        with self._lock:
            index = self._indexes.get(key)
            if index is None:
                store = self._store if stored else None
                index = self._load_or_make(key, make, store)
                self._add(key, index)
            self._indexes.move_to_end(key)
            return index

    def _load_or_make(self, key: str, make: Callable[[], WordIndex], store: IndexStore | None) -> WordIndex:
        # The version of the word rules is part of the name, so that an index by older rules is never read.
        key_digest = hashlib.sha256(key.encode()).hexdigest()
        name = f"{key_digest}-{TOKENIZER}"
        data = None if store is None else store.load(name)
        index = None if data is None else decode_index(data)
        if index is None:
            # Not there, or not as it was saved; then it is made and saved anew.
            index = make()
            if store is not None:
                store.save(name, encode_index(index))
        return index

    def _add(self, key: str, index: WordIndex) -> None:
        self._indexes[key] = index
        self._size += index.size
        while self._size > self._room and len(self._indexes) > 1:
            # The one just made stays, whatever its size.
            _, oldest = self._indexes.popitem(last=False)
            self._size -= oldest.size


_DIGEST_SIZE = 32

_ENCODER = msgspec.msgpack.Encoder()

# What `encode_index` writes: lengths, words, and for each segment hashes, begins, units and base.
_EncodedSegment: TypeAlias = tuple[bytes, bytes, bytes, int]
_EncodedIndex: TypeAlias = tuple[bytes, int, list[_EncodedSegment]]


def encode_index(index: WordIndex) -> bytes:
    """An index as bytes, with their SHA-256 before them."""
    segments = [[_bytes(s.hashes), _bytes(s.begins), _bytes(s.units), s.base] for s in index.segments]
    # Not `encode`, which dies with the process if memory runs out while its result grows (msgspec 0.22).
    data = bytearray()
    _ENCODER.encode_into([_bytes(index.lengths), index.words, segments], data)
    return hashlib.sha256(data).digest() + data


def decode_index(data: bytes) -> WordIndex | None:
    """The index that was encoded, its vectors as views of the bytes; `None` if these were cut or changed."""
    digest, body = data[:_DIGEST_SIZE], memoryview(data)[_DIGEST_SIZE:]
    if hashlib.sha256(body).digest() != digest:
        return None
    # The digest says that these are the bytes that were encoded, so decoding them cannot fail.
    lengths, words, encoded_segments = msgspec.msgpack.decode(body, type=_EncodedIndex)
    segments = tuple(_decode_segment(*encoded) for encoded in encoded_segments)
    return WordIndex(np.frombuffer(lengths, "<u4"), words, segments)


def _decode_segment(hashes: bytes, begins: bytes, units: bytes, base: int) -> PostingsSegment:
    return PostingsSegment(
        hashes=np.frombuffer(hashes, "<u8"),
        begins=np.frombuffer(begins, "<u4"),
        units=np.frombuffer(units, "<u4"),
        base=base,
    )


def _bytes(array: "np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]") -> bytes:
    # Always little-endian, so that a store can be shared between machines.
    little_endian = array.dtype.newbyteorder("<")
    return array.astype(little_endian, copy=False).tobytes()
