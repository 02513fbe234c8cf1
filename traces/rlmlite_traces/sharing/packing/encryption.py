"""Encryption of packed traces with age, for a folder at rest or a file on its way: only the identities read it.

    pack(trace, "a.rlmz.age", recipients=["age1kmlm3a…"])      for anybody who has one of their identities
    unpack("a.rlmz.age", "a.rlm", identity="key.txt")          AGE-SECRET-KEY-1…, as `age-keygen` writes it

Recipients are those of age (`age1…`) and SSH keys (`ssh-ed25519 …`, `ssh-rsa …`). age authenticates what it encrypts,
so an altered file is refused. It does not say who encrypted it: a signature in the trace says who vouches for that.
Two encryptions of one trace differ; what is in them is the same archive, byte for byte.
The library `pyrage` (the extra `rlmlite[age]`) is imported when it is needed. No plugin of age is ever started, and
there are no passphrases, whose cost a stranger's file could set.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from rlmlite_traces.errors import KeyFileError, MissingExtraError, PackEncryptedError, RecipientError
from rlmlite_traces.files.guarded import open_plain

if TYPE_CHECKING:
    from pyrage import ssh, x25519

    Recipient: TypeAlias = x25519.Recipient | ssh.Recipient
    Identity: TypeAlias = x25519.Identity | ssh.Identity

_SSH = "ssh-"
_MOST_BYTES = 64 * 1024


def read_recipients(texts: Sequence[str]) -> "list[Recipient]":
    """The recipients that these texts name. Raises `RecipientError`, and `MissingExtraError` without the library."""
    _require_library()
    import pyrage

    recipients: list[Recipient] = []
    for text in texts:
        kind = pyrage.ssh.Recipient if text.startswith(_SSH) else pyrage.x25519.Recipient
        try:
            recipients.append(kind.from_str(text))
        except pyrage.RecipientError as error:
            raise RecipientError(text, str(error)) from None
    return recipients


def read_identities(path: Path) -> "list[Identity]":
    """The identities in a file of age, or the one of an SSH key that is not encrypted.

    Raises `KeyFileError`, and `MissingExtraError` without the library.
    """
    _require_library()
    import pyrage

    content = _read(path)
    try:
        if content.startswith(b"-----BEGIN"):
            return [pyrage.ssh.Identity.from_buffer(content)]
        lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
        identities = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise KeyFileError(path, f"it holds no identity of age: {error}") from None
    if not identities:
        raise KeyFileError(path, "it holds no identity of age")
    return identities


def encrypt(plain: BinaryIO, encrypted: BinaryIO, recipients: "Sequence[Recipient]") -> None:
    """Encrypt a file, a piece at a time. Raises `OSError`."""
    import pyrage

    pyrage.encrypt_io(plain, encrypted, recipients)


def decrypt(path: Path, plain: BinaryIO, identities: "Sequence[Identity]") -> None:
    """Decrypt a file, a piece at a time: it gives no more bytes than it has.

    Raises `PackEncryptedError` if no identity fits, or if it was altered.
    """
    import pyrage

    descriptor, _ = open_plain(path)
    with os.fdopen(descriptor, "rb") as encrypted:
        try:
            pyrage.decrypt_io(encrypted, plain, identities)
        except (pyrage.DecryptError, OSError, ValueError) as error:
            reason = "none of the identities fits" if "No matching keys" in str(error) else f"{error}"
            raise PackEncryptedError(path, reason) from None


def _read(path: Path) -> bytes:
    try:
        descriptor, _ = open_plain(path)
    except OSError as error:
        raise KeyFileError(path, error.strerror or "it cannot be opened") from None
    try:
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)


def _require_library() -> None:
    try:
        import pyrage  # noqa: F401  # that it is there is all that is asked
    except ModuleNotFoundError:
        raise MissingExtraError("encryption needs pyrage", "age") from None
