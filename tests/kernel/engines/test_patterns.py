"""Templates: what becomes one, what stays apart, and that neither blocks nor memory depend on the text's size."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes import line_blocks
from rlmlite_kernel.engines.bytes.line_blocks import CLIP, TextPart
from rlmlite_kernel.engines.patterns.merging import ENOUGH, ENOUGH_BESIDE_ONE, MANY
from rlmlite_kernel.engines.patterns.patterns import LineTemplates, find_patterns

NAMES = ["ann", "bob", "chen", "dora", "emeka", "farid", "greta", "hiro", "ines", "jo"]


def of(*lines: str, forms: int = 32_768) -> LineTemplates:
    """The templates of some lines."""
    content = "\n".join(lines).encode()
    return find_patterns([TextPart(content, 0, len(content))], forms)


def counts(made: LineTemplates) -> dict[str, int]:
    """How many lines each template has."""
    return {template.text: template.lines for template in made.templates}


def test_lines_that_differ_in_what_is_masked_are_one() -> None:
    """Lines that differ in masked words have one template, with the places of the first and the last of them."""
    made = of("took 5 ms", "started", "took 17 ms", "took 8 ms")

    assert counts(made) == {"took <*> ms": 3, "started": 1}
    assert (made.templates[0].first.offset, made.templates[0].last.offset) == (0, 29)


@pytest.mark.parametrize(("values", "templates"), [(ENOUGH - 1, ENOUGH - 1), (ENOUGH, 1), (ENOUGH + 1, 1)])
def test_a_word_with_enough_values_is_masked(values: int, templates: int) -> None:
    """A word is masked once it takes enough values; below that, lines have templates of their own."""
    assert len(of(*(f"session opened for {name}" for name in NAMES[:values])).templates) == templates


@pytest.mark.parametrize(
    ("values", "templates"), [(ENOUGH_BESIDE_ONE - 1, ENOUGH_BESIDE_ONE - 1), (ENOUGH_BESIDE_ONE, 1)]
)
def test_beside_one_word_it_takes_more_values(values: int, templates: int) -> None:
    """Where one word is all that would be left, it takes more values, and no template ends up without a word."""
    assert len(of(*(f"removing {name}" for name in NAMES[:values])).templates) == templates
    assert len(of(*NAMES).templates) == len(NAMES)


def test_two_words_that_vary_are_masked_one_after_the_other() -> None:
    """Masking one word can make the next one vary: both are masked in the end."""
    lines = [f"{one} calls {two} again" for one in NAMES[:6] for two in NAMES[:6]]

    assert counts(of(*lines)) == {"<*> calls <*> again": 36}


@pytest.mark.parametrize(("many", "templates"), [(MANY - 1, MANY - 1), (MANY, 1)])
def test_words_that_vary_together_are_masked_where_many_forms_share_the_others(many: int, templates: int) -> None:
    """Words that vary together are masked although no two lines differ in one word alone."""
    lines = [f"login of {chr(97 + n)}q from {chr(97 + n)}z ok" for n in range(many)]

    assert len(of(*lines).templates) == templates
    assert len(of(*(f"{chr(97 + n)}q {chr(97 + n)}z x{chr(97 + n)}" for n in range(20))).templates) == 20


def test_later_lines_go_where_words_that_vary_together_went() -> None:
    """A line that comes after the table made room goes to the template that earlier lines were merged into."""
    words = [chr(97 + n % 26) + chr(97 + n // 26 % 26) + "q" for n in range(500)]

    assert counts(of(*(f"login of {word} from {word}z ok" for word in words), forms=40)) == {
        "login of <*> from <*> ok": 500
    }


def test_white_space_and_empty_brackets_do_not_tell_templates_apart() -> None:
    """Templates that differ in white space or empty brackets are one, with the text of the most frequent."""
    assert counts(
        of("from 1.2.3.4 ()", "from 5.6.7.8 (host 7)", "from 1.1.1.1  (7)", "from 9.9.9.9 (8)", "from 8.8.8.8 (9)")
    ) == {
        "from <*> (<*>)": 4,
        "from <*> (host <*>)": 1,
    }


def test_every_line_is_counted_once() -> None:
    """Every line is counted once, empty ones too; after a final newline there is no other line."""
    made = of("", "a", "", "\r", "a", "")

    assert counts(made) == {"": 3, "a": 2}


@given(st.lists(st.sampled_from(["a 1", "a 2", "b c", "user x", "", "(1)", "b  c"]), max_size=40), st.integers(1, 64))
def test_blocks_do_not_matter(lines: list[str], block: int) -> None:
    """Templates are the same for one part or many, read in blocks of any size."""
    content = "\n".join(lines).encode()
    whole = find_patterns([TextPart(content, 0, len(content))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "BLOCK", block)
        assert find_patterns([TextPart(content, 0, len(content))]) == whole
    starts = [0, *(at + 1 for at, byte in enumerate(content) if byte == 10)]
    ends = [*(start - 1 for start in starts[1:]), len(content)]
    split = find_patterns([TextPart(content, start, end) for start, end in zip(starts, ends, strict=True)])

    assert sum(template.lines for template in whole.templates) == content.count(b"\n") + (
        not content.endswith(b"\n")
    ) * bool(content)
    assert {t.text: t.lines for t in split.templates if t.text} == {t.text: t.lines for t in whole.templates if t.text}


def test_long_lines_are_clipped_and_counted() -> None:
    """Long lines are clipped at a code point and counted, also a line longer than a block that has no newline."""
    made = of("é" * CLIP, "x " * CLIP, "y " * (1 << 18), "z")

    assert made.clipped == 3
    assert [template.first.size for template in made.templates] == [CLIP, CLIP, CLIP, 1]


def test_a_full_table_makes_room_by_merging() -> None:
    """A full table makes room by merging, and later lines go where earlier ones went."""
    made = of(
        *(f"job of {'abcdefghij'[n % 10]}{chr(107 + n // 10 % 10)}{chr(107 + n // 100)}z is done" for n in range(900)),
        forms=64,
    )

    assert counts(made) == {"job of <*> is done": 900}
    assert made.overflow == 0


def test_what_finds_no_room_is_counted_apart() -> None:
    """Lines whose form finds no room are counted under `<*>`, and the result says how many."""
    lines = [f"{chr(97 + n % 20)}q {chr(97 + n // 20)}w r{chr(97 + n % 7)}" for n in range(400)]
    made = of(*lines, *lines, forms=16)

    assert sum(template.lines for template in made.templates) == 800
    assert made.overflow > 0
    assert counts(made)["<*>"] == made.overflow


def test_memory_does_not_grow_with_the_lines() -> None:
    """Ten times as many lines take no more memory."""
    peaks = []
    for times in (20_000, 200_000):
        content = b"".join(b"worker %d took %d ms\n" % (n % 7, n) for n in range(times))
        tracemalloc.start()
        find_patterns([TextPart(content, 0, len(content))])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.2
