"""Refs: salted commitments, so that content that was removed later cannot be guessed from its hash.

    ref = SHA256(0x02 || salt || SHA256(content))

Without a salt, anyone could hash "yes" and "no" and see which one a removed reply was.
A *blob* is stored with its salt in `blobs.jsonl`: HMAC(run_key, SHA256(content))[:16]. When its line is removed, so is
the salt, and the ref that others hold tells nothing.
A *value* is never stored. It is committed to by its descriptor (kind, digests, ranges), under the salt
HMAC(key, SHA256(descriptor))[:16], where `key` is the salt of the blob that made it: the step's AST, or the settings
for inputs. So a replay needs only the salts in the trace and no run key, and removing that blob hides the value too.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Protocol

from rlmlite_kernel.records.records import Blob, Ref

SALT_BYTES = 16


class Salts(Protocol):
    """Where the salt of a stored blob comes from: the run key, or a trace that is replayed."""

    @property
    def run_id(self) -> str:
        """The id of the run, from which its key cannot be computed."""
        ...

    def salt(self, digest: bytes) -> bytes:
        """16 bytes for the content with this SHA-256."""
        ...


class RunKey:
    """Salts derived from a run's key, for a run that is being written."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def run_id(self) -> str:
        """See `Salts.run_id`."""
        return hmac.digest(self._key, b"run", "sha256")[:SALT_BYTES].hex()

    def salt(self, digest: bytes) -> bytes:
        """See `Salts.salt`."""
        return hmac.digest(self._key, digest, "sha256")[:SALT_BYTES]


class KnownSalts:
    """Salts read from a trace, by the content's SHA-256, for a replay.

    Content that the trace does not hold gets a salt of zeros, and so a ref that differs: replay then reports it.
    """

    def __init__(self, salts: Mapping[bytes, bytes], run_id: str) -> None:
        self._salts, self._run_id = salts, run_id

    @property
    def run_id(self) -> str:
        """See `Salts.run_id`."""
        return self._run_id

    def salt(self, digest: bytes) -> bytes:
        """See `Salts.salt`."""
        return self._salts.get(digest, bytes(SALT_BYTES))


def commit(salt: bytes, digest: bytes) -> Ref:
    """The ref of the content with this SHA-256 under this salt."""
    return hashlib.sha256(b"\x02" + salt + digest).hexdigest()


def blob(salts: Salts, content: bytes) -> Blob:
    """Content with its salt and ref, ready to be written."""
    digest = hashlib.sha256(content).digest()
    salt = salts.salt(digest)
    return Blob(commit(salt, digest), salt, content)


def commit_value(key: bytes, descriptor: bytes) -> Ref:
    """The ref of a value that is not stored. `key` is the salt of the blob that made it."""
    return commit_value_digest(key, hashlib.sha256(descriptor).digest())


def commit_value_digest(key: bytes, digest: bytes) -> Ref:
    """`commit_value` for a descriptor whose SHA-256 is known."""
    return commit(value_salt(key, digest), digest)


def value_salt(key: bytes, digest: bytes) -> bytes:
    """The salt of a value that is not stored, by the SHA-256 of its descriptor. It does not tell the `key`."""
    return hmac.digest(key, digest, "sha256")[:SALT_BYTES]
