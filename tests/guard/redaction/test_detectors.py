"""What the detectors find and what they leave, and that a text is redacted as a whole however it is cut."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite.guard.redaction.detectors import DETECTORS
from rlmlite.guard.redaction.redaction import Redaction
from rlmlite.guard.redaction.replacing import replace
from rlmlite.guard.redaction.spans import Span

ALL = Redaction(tuple(DETECTORS))

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"

SECRETS = {
    "a key of Amazon": "AKIAIOSFODNN7EXAMPLE",
    "a token of GitHub": "ghp_" + "a1B2" * 9,
    "a fine-grained one": "github_pat_" + "A1b2C3d4" * 4,
    "a key of OpenAI": "sk-proj-" + "Ab1" * 12,
    "a key of Anthropic": "sk-ant-api03-" + "Ab1_" * 10,
    "a key of Google": "AIza" + "Ab1-_" * 7,
    "a token of Slack": "xoxb-" + "123456789012-abcdefghij",
    "a token of Hugging Face": "hf_" + "AbCdEfGhIj" * 3,
    "a web token": JWT,
    "a private key": PEM,
    "mail": "ann.lee+lists@mail.example.org",
    "mail beyond ASCII": "jürgen@bücher.example",
    "mail in a URL": "ann%40example.org",
    "a card": "4111 1111 1111 1111",
    "a card with dashes": "5500-0000-0000-0004",
    "a card of 15 digits": "378282246310005",
    "an account": "DE89 3704 0044 0532 0130 00",
    "a security number": "536-22-1234",
}

ASSIGNED = [
    ('password = "hunter2!"', "hunter2!"),
    ("DB_PASSWORD: s3cr3t-enough", "s3cr3t-enough"),
    ("client_secret=abcdef123456", "abcdef123456"),
    ("{'api_key': 'abcdef'}", "abcdef"),
    ("Authorization: Bearer abcdefghijklmnop1234", "abcdefghijklmnop1234"),
    ("postgres://bob:s3cr3t@db/x", "s3cr3t"),
]

HARMLESS = [
    "2026-11-28T10:00:00Z INFO user=42 path=/api/v1/items/17 ms=12",
    "order 4111 1111 1111 1112 was shipped",  # the check digit is wrong
    "at 1732790000000 and 41111111111111111111111",  # a time, and more digits than any card has
    "password: required",
    "the token count is 42; api keys are documented in keys.md",
    "a@b is no address, nor is @ann, nor ann@",
    "DE00 0000 0000 0000 0000 00",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "x {} y", '{{"k": "{}"}}', "<{}>", "({}),"])
def test_a_secret_is_replaced_and_nothing_else(secret: str, around: str) -> None:
    """A secret among other words is gone, and the other words are as they were."""
    before, _, after = around.format("\0").partition("\0")
    redacted = ALL.text(around.format(secret))
    assert secret not in redacted
    assert redacted.startswith(before)
    assert redacted.endswith(after)


@pytest.mark.parametrize(("text", "secret"), ASSIGNED)
def test_what_is_assigned_to_a_password_is_replaced(text: str, secret: str) -> None:
    """The value goes; the name that it is assigned to stays, so that one can see what was there."""
    assert ALL.text(text) == text.replace(secret, "[key]")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Times, digests, order numbers and words about secrets are left alone."""
    assert ALL.text(text) == text


def test_lines_keep_their_numbers() -> None:
    """What spans lines leaves their ends, so evidence names the file's own line."""
    text = f"first\n{PEM}\nlast"
    redacted = ALL.text(text)
    assert redacted.count("\n") == text.count("\n")
    assert redacted.splitlines()[5] == "last"


def test_only_what_is_asked_for_is_replaced() -> None:
    """With `mail` alone a card stays."""
    counts = Counter[str]()
    redacted = Redaction(("mail",)).text("ann@example.org 4111 1111 1111 1111", counts)
    assert redacted == "[mail] 4111 1111 1111 1111"
    assert counts == {"mail": 1}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=6))
def test_no_character_of_any_span_is_left(spans: list[tuple[int, int]]) -> None:
    """Whatever spans overlap: what is left is what none of them covers, in order."""
    text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
    covered = {place for start, size in spans for place in range(start, start + size)}
    redacted, _ = replace(text, ((Span(start, start + size), "0") for start, size in spans))
    assert redacted.replace("[0]", "") == "".join(char for place, char in enumerate(text) if place not in covered)


PIECES = st.lists(st.sampled_from([*SECRETS.values(), "word", "\n", "  ", "ü", "€uro", "x=1"]), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(PIECES, st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_a_file_is_redacted_as_its_text_is(parts: list[str], sizes: list[int]) -> None:
    """However a reader cuts the blocks, the result is that of the whole text."""
    data = "\n".join(parts).encode()
    blocks: list[bytes] = []
    place = 0
    while place < len(data):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(data[place : place + size])
        place += size
    assert b"".join(ALL.blocks(blocks)).decode() == ALL.text(data.decode())


def test_a_key_across_pieces_is_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A private key that begins in one piece and ends in the next is replaced as a whole."""
    from rlmlite.guard.redaction import redaction

    monkeypatch.setattr(redaction, "PIECE", 64)
    text = "\n".join(["a line of words"] * 5 + [PEM] + ["more"] * 9)
    blocks = [text[place : place + 7].encode() for place in range(0, len(text), 7)]
    assert b"".join(ALL.blocks(blocks)).decode() == ALL.text(text)


def test_a_long_line_takes_time_in_proportion() -> None:
    """A text without ends of lines, of what all patterns begin with, is read once."""
    for unit in ("a.", "sk-", "password", "://a:", "eyJ.", "4111 "):
        text = unit * (200_000 // len(unit))
        ALL.text(text)  # quadratic work would take minutes here


def test_redaction_is_idempotent() -> None:
    """What stands in the place of a secret is no secret."""
    text = " ".join(SECRETS.values()) + "\n" + "\n".join(line for line, _ in ASSIGNED)
    once = ALL.text(text)
    assert ALL.text(once) == once
