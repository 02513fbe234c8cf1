"""Masks: the rule word by word, and the vectors that follow it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.patterns.mask import mask_pieces, mask_text
from rlmlite_kernel.engines.patterns.shapes import shape_hashes
from tests.sizes import scale

RULES = {
    "took 35 ms, 0x1f and blk_-38": "took <*> ms, <*> and <*>",
    "id 9b2f1c3e-aaaa-bbbb-cccc-0123456789ab": "id <*>",
    "read /etc/passwd or a/b, not /": "read <*> or <*>, not /",
    "host ns.example.com, class a.b.C but e.x": "host <*>, class <*> but e.x",
    "hash deadbeef, bad but deadbee": "hash <*>, bad but deadbee",
    "mac 88:ea:ed:fe:01:ca on": "mac <*>:ed:<*> on",
    "to example.org:80 and state:80": "to <*> and state:<*>",
    "user  ann; users bob; logname= x=yes": "user  <*>; users bob; logname= x=<*>",
    "Mon Jun  9 06:06:20 2005, may May 5": "<*>, may <*>",
    "in Jun we met on Mon": "in Jun we met on Mon",
    "IRQs 3 4 5, 6: 7;8": "IRQs <*>",
    "(1) [2] '3' a=4": "(<*>) [<*>] '<*>' a=<*>",
    "threshold........0": "threshold........<*>",
    "日本 語 7 é1": "日本 語 <*>",
    "<*> * <": "<*> * <",
    "": "",
    " \t\r": " \t\r",
    "a\x00b 1\x00": "a\x00b <*>",
}


@pytest.mark.parametrize(("text", "wanted"), RULES.items())
def test_a_word_is_masked_by_the_rule(text: str, wanted: str) -> None:
    """Each rule masks its words, and not those that come near it."""
    assert mask_text(text.encode()).decode() == wanted


_SAMPLES = """a b1 12 user users Mon Jun Dec May / a/b /x . .. ... a.b a.b.c ed EA deadbeef deadbee feed - _ é \x00 <*>
aa:bb x.y:80 = : , ; ( ) [ ] |"""
WORDS = st.sampled_from([*_SAMPLES.split(), "\t", "\r"])
LINES = st.lists(st.lists(st.one_of(WORDS, st.sampled_from([" ", "  ", ":", "=", ", "])), max_size=9).map("".join))


@settings(max_examples=scale(100))
@given(LINES)
def test_lines_have_one_hash_if_and_only_if_they_have_one_masked_form(lines: list[str]) -> None:
    """The vectors and the rule agree on every line."""
    raw = [line.encode() for line in lines]
    hashes = shape_hashes(b"".join(line + b"\n" for line in raw)).tolist() if raw else []
    forms = [mask_pieces(line) for line in raw]

    assert len(hashes) == len(raw)
    assert len(set(zip(hashes, forms, strict=True))) == len(set(hashes)) == len(set(forms))


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_what_is_left_is_text(text: str) -> None:
    """Masks cut no code point, and what is masked once stays as it is between the masks."""
    pieces = mask_pieces(text.encode())

    b"".join(pieces).decode()
    assert len(pieces) % 2 == 1
