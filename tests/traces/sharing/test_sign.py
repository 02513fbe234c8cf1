"""A signature says who vouches for a root. Other programs verify the same bytes."""

import base64
import hashlib
import json
import multiprocessing
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from rlmlite_traces import (
    KeyExistsError,
    KeyFileError,
    Level,
    LevelError,
    PrivateKey,
    PublicKey,
    RootMismatchError,
    SignatureError,
    TraceMissingError,
    claimed_signers,
    generate_key,
    pack,
    sign,
    unpack,
    verify,
)
from rlmlite_traces.format.lines import SIGNATURES
from rlmlite_traces.sharing.signing.sign import signed_records
from tests.traces.sharing.archives import GOLDEN


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A copy of a kept trace, which is sealed."""
    return Path(shutil.copytree(GOLDEN / "nested.rlm", tmp_path / "a.rlm"))


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, PublicKey]:
    """The public keys of two people; `alice.key` and `bob.key` lie beside the trace."""
    return {name: generate_key(tmp_path / f"{name}.key") for name in ("alice", "bob")}


def private(trace: Path, name: str) -> PrivateKey:
    return PrivateKey.read(trace.parent / f"{name}.key")


def test_a_key_is_a_pair_of_files_and_never_overwritten(tmp_path: Path) -> None:
    """The private one for its user alone, whatever the umask; the public one for all."""
    old = os.umask(0o000)
    try:
        public = generate_key(tmp_path / "a.key")
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {"a.key": 0o600, "a.key.pub": 0o644}
    assert public.keyid == PublicKey.read(tmp_path / "a.key.pub").keyid == PrivateKey.read(tmp_path / "a.key").keyid
    before = (tmp_path / "a.key").read_bytes()
    with pytest.raises(KeyExistsError):
        generate_key(tmp_path / "a.key")
    (tmp_path / "a.key.pub").unlink()
    with pytest.raises(KeyExistsError):
        generate_key(tmp_path / "a.key")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.key", before)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no public key in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (b"x" * 70_000, "no key has so many"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_key_is_said_to_be_none(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """With its path; nothing of the library's words."""
    if content is not None:
        (tmp_path / "k").write_bytes(content)
    with pytest.raises(KeyFileError, match=reason):
        PublicKey.read(tmp_path / "k")


def test_keys_of_other_kinds_are_refused(tmp_path: Path, keys: dict[str, PublicKey]) -> None:
    """A private key where the public one is asked for, and the other way round; RSA; an encrypted one."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    def write(name: str, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> None:
        encryption = s.BestAvailableEncryption(password) if password else s.NoEncryption()
        (tmp_path / name).write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption))
        public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.pub").write_bytes(public)

    write("curve", ec.generate_private_key(ec.SECP256R1()))
    write("locked", ed25519.Ed25519PrivateKey.generate(), b"secret")
    cases: list[tuple[Callable[[Path], object], str, str]] = [
        (PublicKey.read, "alice.key", "private key"),
        (PrivateKey.read, "alice.key.pub", "public key"),
        (PublicKey.read, "curve.pub", "another kind"),
        (PrivateKey.read, "curve", "another kind"),
        (PrivateKey.read, "locked", "encrypted"),
    ]
    for read, name, reason in cases:
        with pytest.raises(KeyFileError, match=reason):
            read(tmp_path / name)


def test_a_signed_trace_is_of_the_highest_level(trace: Path, keys: dict[str, PublicKey]) -> None:
    """Only for whoever names the key: without it nobody has checked a signature."""
    signed = sign(trace, private(trace, "alice"))

    assert (signed.keyid, signed.signatures) == (keys["alice"].keyid, 1)
    assert verify(trace).level is Level.SEALED
    assert verify(trace, key=keys["alice"], at_least=Level.SIGNED).level is Level.SIGNED
    assert claimed_signers(verify(trace)) == (keys["alice"].keyid,)
    with pytest.raises(LevelError, match="--key"):
        verify(trace, at_least=Level.SIGNED)


def test_several_sign_in_any_order_and_each_once(trace: Path, keys: dict[str, PublicKey]) -> None:
    """Each of the keys that are named must have signed; others may have as well. Ed25519 signs in one way."""
    sign(trace, private(trace, "alice"))
    once = (trace / SIGNATURES).read_bytes()
    assert sign(trace, private(trace, "alice")).signatures == 1
    assert (trace / SIGNATURES).read_bytes() == once
    with pytest.raises(SignatureError, match=f"key {keys['bob'].keyid}.*{keys['alice'].keyid}"):
        verify(trace, key=[keys["alice"], keys["bob"]])

    assert sign(trace, private(trace, "bob")).signatures == 2
    assert verify(trace, key=[keys["bob"], keys["alice"]]).level is Level.SIGNED
    assert verify(trace, key=keys["bob"]).level is Level.SIGNED


def test_the_signature_comes_along(trace: Path, tmp_path: Path, keys: dict[str, PublicKey]) -> None:
    """In a packed trace and out of it; a packed one is not signed itself."""
    sign(trace, private(trace, "alice"))
    pack(trace, tmp_path / "a.rlmz")
    unpack(tmp_path / "a.rlmz", tmp_path / "b.rlm")

    assert verify(tmp_path / "a.rlmz", key=keys["alice"]).level is Level.SIGNED
    assert verify(tmp_path / "b.rlm", key=keys["alice"]).level is Level.SIGNED
    with pytest.raises(TraceMissingError, match="sign its folder"):
        sign(tmp_path / "a.rlmz", private(trace, "bob"))


def test_only_what_is_whole_and_meant_is_signed(trace: Path, keys: dict[str, PublicKey]) -> None:
    """Not an open trace, not another one than the one with a root, and not one that is broken."""
    records = (trace / "trace.jsonl").read_bytes().splitlines(keepends=True)

    with pytest.raises(RootMismatchError):
        sign(trace, private(trace, "alice"), root="0" * 64)
    (trace / "trace.jsonl").write_bytes(b"".join(records[:-1]))
    with pytest.raises(LevelError):
        sign(trace, private(trace, "alice"))
    with pytest.raises(LevelError):
        verify(trace, key=keys["alice"])
    assert not (trace / SIGNATURES).exists()


def edited(envelope: bytes, **fields: object) -> bytes:
    return json.dumps(json.loads(envelope) | fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def with_signature(envelope: bytes, **fields: str) -> bytes:
    (signature,) = json.loads(envelope)["signatures"]
    return edited(envelope, signatures=[signature | fields])


def with_statement(envelope: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    change(statement)
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    return edited(envelope, payload=base64.b64encode(payload).decode())


def loose(envelope: bytes) -> bytes:
    """The same signature, spelled with another of the four last digits that give the same bytes."""
    (signature,) = json.loads(envelope)["signatures"]
    last = signature["sig"][-3]
    other = chr(ord(last) + 1) if last in "AQgw" else "A"
    return with_signature(envelope, sig=signature["sig"][:-3] + other + "==")


FORGED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "of nothing": ("keyid", lambda e: b""),
    "no JSON": ("envelope", lambda e: e[:-3]),
    "of another shape": ("envelope", lambda e: b"[]\n"),
    "with more fields": ("envelope", lambda e: edited(e, more=1)),
    "spelled otherwise": ("envelope", lambda e: json.dumps(json.loads(e)).encode()),
    "without a newline": ("envelope", lambda e: e[:-1]),
    "of another type": ("envelope", lambda e: edited(e, payloadType="text/plain")),
    "not in base64": ("envelope", lambda e: edited(e, payload="%%%")),
    "in another base64": ("envelope", lambda e: loose(e)),
    "with another keyid": ("keyid", lambda e: with_signature(e, keyid="0" * 64)),
    "with no signature": ("keyid", lambda e: edited(e, signatures=[])),
    "with another signature": ("signature", lambda e: with_signature(e, sig=base64.b64encode(bytes(64)).decode())),
    "with a short signature": ("signature", lambda e: with_signature(e, sig="AAAA")),
    "with another root": ("other-trace", lambda e: with_statement(e, lambda s: s["predicate"].update(root="0"))),  # type: ignore[attr-defined]
    "with another digest": ("other-trace", lambda e: with_statement(e, lambda s: s.update(subject=[]))),
    "of another predicate": ("other-trace", lambda e: with_statement(e, lambda s: s.update(predicateType="x"))),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_envelope_is_found(trace: Path, keys: dict[str, PublicKey], case: str) -> None:
    """Whatever is changed in it, and whatever it is about."""
    check, forge = FORGED[case]
    sign(trace, private(trace, "alice"))
    envelope = (trace / SIGNATURES).read_bytes()
    assert forge(envelope) != envelope
    (trace / SIGNATURES).write_bytes(forge(envelope))

    with pytest.raises(SignatureError) as error:
        verify(trace, key=keys["alice"])
    assert error.value.check == check


def test_the_signature_of_another_trace_is_found(trace: Path, keys: dict[str, PublicKey]) -> None:
    """Even by whoever names no key, and it is not signed over."""
    sign(trace, private(trace, "alice"))
    other = Path(shutil.copytree(GOLDEN / "search.rlm", trace.parent / "other.rlm"))
    shutil.copy(trace / SIGNATURES, other / SIGNATURES)

    for use in (
        lambda: verify(other, key=keys["alice"]),
        lambda: claimed_signers(verify(other)),
        lambda: sign(other, private(trace, "bob")),
    ):
        with pytest.raises(SignatureError, match="other-trace.*" + verify(other).root):
            use()


def test_every_byte_of_an_envelope_counts(trace: Path, keys: dict[str, PublicKey]) -> None:
    """Each byte changed: it is another envelope, or the trace is not signed any more."""
    sign(trace, private(trace, "alice"))
    checked = verify(trace)
    envelope = checked.signatures
    for at in range(len(envelope)):
        with pytest.raises(SignatureError):
            keys["alice"].check(signed_records(checked), envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :])


def test_securesystemslib_verifies_the_same_bytes(trace: Path, keys: dict[str, PublicKey]) -> None:
    """And refuses the key of somebody who has not signed."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    sign(trace, private(trace, "alice"))
    envelope = Envelope.from_dict(json.loads((trace / SIGNATURES).read_text()))
    theirs = {
        name: SSlibKey.from_crypto(
            load_pem_public_key((trace.parent / f"{name}.key.pub").read_bytes()),
            key.keyid,
        )
        for name, key in keys.items()
    }

    assert list(envelope.verify([theirs["alice"]], 1)) == [keys["alice"].keyid]
    with pytest.raises(VerificationError):
        envelope.verify([theirs["bob"]], 1)
    statement = json.loads(envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    (subject,) = statement["subject"]
    assert subject["digest"]["sha256"] == hashlib.sha256((trace / subject["name"]).read_bytes()).hexdigest()
    assert statement["predicate"]["root"] == verify(trace).root


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_keys_are_those_of_openssl(trace: Path) -> None:
    """A key that openssl made signs; its id is what openssl and sha256sum compute. The page has the other way."""

    def run(command: str) -> str:
        done = subprocess.run(command, shell=True, cwd=trace.parent, check=True, capture_output=True, text=True)
        return done.stdout

    run("openssl genpkey -algorithm ed25519 -out carol.key; openssl pkey -in carol.key -pubout -out carol.pub")
    signed = sign(trace, PrivateKey.read(trace.parent / "carol.key"))

    assert run("openssl pkey -pubin -in carol.pub -outform DER | sha256sum").split()[0] == signed.keyid
    assert verify(trace, key=PublicKey.read(trace.parent / "carol.pub")).level is Level.SIGNED


def _sign(trace: Path, name: str) -> None:
    sign(trace, PrivateKey.read(trace.parent / f"{name}.key"))


def test_two_that_sign_at_once_both_do(trace: Path) -> None:
    """Neither loses the other's signature."""
    names = [f"k{number}" for number in range(4)]
    public = [generate_key(trace.parent / f"{name}.key") for name in names]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_sign, args=(trace, name)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert verify(trace, key=public).level is Level.SIGNED


PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "pass-a-trace-on.md"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
@pytest.mark.parametrize("changed", ["nothing", "trace.jsonl", SIGNATURES])
def test_the_commands_for_third_parties_verify_it(trace: Path, keys: dict[str, PublicKey], changed: str) -> None:
    """As the page prints them, with several signatures; and they find a byte that was changed."""
    sign(trace, private(trace, "bob"))
    sign(trace, private(trace, "alice"))
    if changed != "nothing":
        content = (trace / changed).read_bytes()
        (trace / changed).write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    script = PAGE.read_text("utf-8").split("```sh\n", 1)[1].split("```", 1)[0]
    script = "set -e -o pipefail\n" + script.replace("/tmp/", f"{trace.parent}/")

    done = subprocess.run(["bash", "-c", script], cwd=trace, capture_output=True, text=True)
    if changed == "nothing":
        assert done.returncode == 0, done.stderr
        assert "Signature Verified Successfully" in done.stdout
        assert done.stdout.endswith("trace.jsonl: OK\n")
    else:
        assert done.returncode != 0
