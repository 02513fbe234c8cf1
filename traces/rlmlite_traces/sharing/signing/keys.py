"""Keys: a pair of files, as `openssl` writes and reads them, for Ed25519 and nothing else.

    alice.key        PKCS #8 in PEM, not encrypted, for its user alone (0600)
    alice.key.pub    the public key, in PEM, to be given to whoever verifies

A key's id is the SHA-256 of its public key in DER, so that anybody can compute it:
`openssl pkey -pubin -in alice.key.pub -outform DER | sha256sum`.
The library `cryptography` (the extra `rlmlite[sign]`) is imported when a key is made or read, and nowhere else.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rlmlite_traces.errors import KeyExistsError, KeyFileError, MissingExtraError
from rlmlite_traces.files.guarded import Folder, folder_of, open_plain, write_all
from rlmlite_traces.format.reader import SignedRecords
from rlmlite_traces.sharing.signing.envelope import check_envelope, signed_message
from rlmlite_traces.sharing.signing.statement import statement_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC_SUFFIX = ".pub"

_MOST_BYTES = 64 * 1024
_READABLE_BY_ALL = 0o644


class PublicKey:
    """An Ed25519 key that a trace must be signed with. Give it to `verify` as its `key`."""

    def __init__(self, key: "Ed25519PublicKey") -> None:
        """Not for callers: see `read`."""
        self._key, self.keyid = key, _keyid(key)

    @classmethod
    def read(cls, path: Path) -> "PublicKey":
        """The key in a PEM file. Raises `KeyFileError`, and `MissingExtraError` without the library."""
        _require_library()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        content = _read(path)
        if b"PRIVATE KEY" in content:
            raise KeyFileError(path, f"it is a private key; the public one is in {path}{PUBLIC_SUFFIX}")
        try:
            key = load_pem_public_key(content)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyFileError(path, "it is no public key in PEM") from None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError(path, "it is a key of another kind than Ed25519")
        return cls(key)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made a signature of a message."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def check(self, signed: SignedRecords, envelope: bytes) -> None:
        """See `SignatureCheck.check`. Raises `SignatureError` unless the envelope has a signature of this key."""
        check_envelope(envelope, statement_of(signed), self.keyid, self.verifies)


class PrivateKey:
    """An Ed25519 key to sign with."""

    def __init__(self, key: "Ed25519PrivateKey") -> None:
        """Not for callers: see `read`."""
        self._key, self.keyid = key, _keyid(key.public_key())

    @classmethod
    def read(cls, path: Path) -> "PrivateKey":
        """The key in a PEM file, as `generate_key` or `openssl genpkey -algorithm ed25519` writes it.

        Raises `KeyFileError`, and `MissingExtraError` without the library.
        """
        _require_library()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        content = _read(path)
        if b"PUBLIC KEY" in content:
            raise KeyFileError(path, "it is a public key; the private one signs")
        try:
            key = load_pem_private_key(content, password=None)
        except TypeError:
            raise KeyFileError(path, "it is encrypted; decrypt it first, with `openssl pkey`") from None
        except (ValueError, UnsupportedAlgorithm):
            raise KeyFileError(path, "it is no private key in PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(path, "it is a key of another kind than Ed25519")
        return cls(key)

    def sign(self, statement: bytes) -> bytes:
        """The signature of a statement: 64 bytes, the same each time."""
        return self._key.sign(signed_message(statement))


def generate_key(path: Path) -> PublicKey:
    """Write a new key to `path` (0600) and its public key to `path` with `.pub`, durably, or neither.

    Raises `KeyExistsError` if anything is at one of the two, `KeyFileError` if `path` names a folder, `OSError`, and
    `MissingExtraError` without the library.
    """
    if not path.name:
        raise KeyFileError(path, "it is a folder; name a new file")
    _require_library()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = path.with_name(path.name + PUBLIC_SUFFIX)
    with folder_of(path) as folder:
        if folder.exists(public.name):
            raise KeyExistsError(public)
        _write_new(folder, path, pem, 0o600)
        try:
            _write_new(folder, public, _public_pem(private.public_key()), _READABLE_BY_ALL)
        except BaseException:
            folder.remove(path.name)
            raise
        folder.sync()
    return PublicKey(private.public_key())


def _write_new(folder: Folder, path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = folder.create(path.name, mode)
    except FileExistsError:
        raise KeyExistsError(path) from None
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    except BaseException:
        folder.remove(path.name)
        raise
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    """The content of a file that the caller names; a link is the caller's own."""
    try:
        descriptor, status = open_plain(path)
    except OSError as error:
        raise KeyFileError(path, error.strerror or "it cannot be opened") from None
    try:
        if status.st_size > _MOST_BYTES:
            raise KeyFileError(path, f"it has {status.st_size:,} bytes, and no key has so many")
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)


def _keyid(key: "Ed25519PublicKey") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _public_pem(key: "Ed25519PublicKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _require_library() -> None:
    try:
        import cryptography  # noqa: F401  # that it is there is all that is asked
    except ModuleNotFoundError:
        raise MissingExtraError("signatures need cryptography", "sign") from None
