"""Indexes that were made before: in memory within a bound, and in a store if the shell has one.

What is found here is what making it anew would give. Verification has caches of its own, which begin empty.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.words import TOKENIZER
from rlmlite_kernel.engines.ranking.postings import PostingsSegment, WordIndex

ROOM = 512 << 20
"""Bytes of indexes that are kept in memory, the last used first."""


class IndexStore(Protocol):
    """Where a shell keeps indexes between runs. Keys are plain words; it may forget what it likes."""

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
        self._kept: OrderedDict[str, WordIndex] = OrderedDict()
        self._size = 0

    def get(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """The index with a key, made if it is not there. `stored` ones outlive the process where there is a store."""
        index = self._kept.get(key)
        if index is None:
            index = self._made(key, make, self._store if stored else None)
            self._keep(key, index)
        self._kept.move_to_end(key)
        return index

    def _made(self, key: str, make: Callable[[], WordIndex], store: IndexStore | None) -> WordIndex:
        name = f"{hashlib.sha256(key.encode()).hexdigest()}-{TOKENIZER}"
        saved = None if store is None else store.load(name)
        index = None if saved is None else decode_index(saved)
        if index is None:
            index = make()
            if store is not None:
                store.save(name, encode_index(index))
        return index

    def _keep(self, key: str, index: WordIndex) -> None:
        self._kept[key] = index
        self._size += index.size
        while self._size > self._room and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._size -= old.size


_DIGEST = 32


def encode_index(index: WordIndex) -> bytes:
    """An index as bytes, with their SHA-256 before them."""
    segments = [[_bytes(s.hashes), _bytes(s.begins), _bytes(s.units), s.base] for s in index.segments]
    data = msgspec.msgpack.encode([_bytes(index.lengths), index.words, segments])
    return hashlib.sha256(data).digest() + data


def decode_index(data: bytes) -> WordIndex | None:
    """The index that bytes are; `None` if they are cut or changed."""
    body = memoryview(data)[_DIGEST:]
    if hashlib.sha256(body).digest() != data[:_DIGEST]:
        return None
    lengths, words, segments = msgspec.msgpack.decode(
        body, type=tuple[bytes, int, list[tuple[bytes, bytes, bytes, int]]]
    )
    return WordIndex(
        np.frombuffer(lengths, "<u4"),
        words,
        tuple(
            PostingsSegment(np.frombuffer(h, "<u8"), np.frombuffer(b, "<u4"), np.frombuffer(u, "<u4"), base)
            for h, b, u, base in segments
        ),
    )


def _bytes(array: "np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]") -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
