"""A packed trace can be encrypted with age: only the identities of its recipients read it."""

import os
import sys
from pathlib import Path

import pyrage
import pytest

from rlmlite_traces import (
    KeyFileError,
    MissingExtraError,
    PackEncryptedError,
    RecipientError,
    TraceError,
    pack,
    unpack,
    verify,
)
from tests.traces.sharing.archives import GOLDEN, packed_golden

TRACE = GOLDEN / "tools.rlm"


@pytest.fixture
def people(tmp_path: Path) -> dict[str, str]:
    """The recipients of two people, whose identities lie in `alice.txt` and `bob.txt`."""
    recipients = {}
    for name in ("alice", "bob"):
        identity = pyrage.x25519.Identity.generate()
        (tmp_path / f"{name}.txt").write_text(f"# created: today\n# public key: …\n{identity}\n")
        recipients[name] = str(identity.to_public())
    return recipients


def test_each_recipient_and_nobody_else_reads_it(tmp_path: Path, people: dict[str, str]) -> None:
    """What comes out is the archive, byte for byte; what is in the file shows nothing of it."""
    file = tmp_path / "a.rlmz.age"
    packed = pack(TRACE, file, recipients=[people["alice"]])
    content = file.read_bytes()

    assert packed.size == len(content)
    assert content.startswith(b"age-encryption.org/v1\n")
    assert b"trace.jsonl" not in content
    assert unpack(file, tmp_path / "a.rlm", identity=tmp_path / "alice.txt").root == verify(TRACE).root
    with pytest.raises(PackEncryptedError, match="none of the identities fits"):
        unpack(file, tmp_path / "b.rlm", identity=tmp_path / "bob.txt")
    with pytest.raises(PackEncryptedError, match="--identity"):
        unpack(file, tmp_path / "b.rlm")
    pack(tmp_path / "a.rlm", tmp_path / "a.rlmz")
    assert (tmp_path / "a.rlmz").read_bytes() == packed_golden("tools")
    assert sorted(os.listdir(tmp_path)) == ["a.rlm", "a.rlmz", "a.rlmz.age", "alice.txt", "bob.txt"]


def test_several_recipients_and_keys_of_ssh(tmp_path: Path, people: dict[str, str]) -> None:
    """Each opens it alone. An identity does no harm to a trace that is not encrypted."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    (tmp_path / "id").write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.OpenSSH, s.NoEncryption()))
    public = key.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH).decode()
    pack(TRACE, tmp_path / "a.age", recipients=[*people.values(), public])
    pack(TRACE, tmp_path / "plain")

    for number, name in enumerate(("alice.txt", "bob.txt", "id")):
        unpack(tmp_path / "a.age", tmp_path / f"{number}.rlm", identity=tmp_path / name)
    unpack(tmp_path / "plain", tmp_path / "9.rlm", identity=tmp_path / "bob.txt")


def test_an_altered_file_is_refused(tmp_path: Path, people: dict[str, str]) -> None:
    """Cut, or with a byte changed in its header or its content, anywhere."""
    pack(TRACE, tmp_path / "a.age", recipients=[people["alice"]])
    content = (tmp_path / "a.age").read_bytes()
    for at in range(0, len(content), len(content) // 60):
        for data in (content[:at], content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]):
            (tmp_path / "b.age").write_bytes(data)
            with pytest.raises(TraceError):
                unpack(tmp_path / "b.age", tmp_path / "b.rlm", identity=tmp_path / "alice.txt")
    assert not (tmp_path / "b.rlm").exists()


@pytest.mark.parametrize("text", ["", "age1xyz", "alice", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1"])
def test_a_text_that_names_nobody_is_said(tmp_path: Path, text: str) -> None:
    """And nothing is written."""
    with pytest.raises(RecipientError):
        pack(TRACE, tmp_path / "a", recipients=[text])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"# age\n", b"x", b"-----BEGIN X-----\n", b"\xff\xfe", b"AGE-SECRET-KEY-1QQ"])
def test_a_file_without_an_identity_is_said(tmp_path: Path, content: bytes) -> None:
    """Before anything is decrypted; a file that is not there as well."""
    (tmp_path / "key").write_bytes(content)
    for name in ("key", "no-such"):
        with pytest.raises(KeyFileError):
            unpack(tmp_path / "a", tmp_path / "b", identity=tmp_path / name)


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it is asked for."""
    monkeypatch.setitem(sys.modules, "pyrage", None)

    with pytest.raises(MissingExtraError, match=r"rlmlite\[age\]"):
        pack(TRACE, tmp_path / "a", recipients=["age1"])
    pack(TRACE, tmp_path / "a")
