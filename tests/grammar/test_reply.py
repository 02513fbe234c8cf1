"""Replies of models: a program is taken as it stands or refused, never repaired."""

import pytest

from rlmlite_grammar import read_reply, show
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed

PROGRAM = "x = f(a)\nfinal(x)"
SHOWN = "x = f(a)\nfinal(x)"


@pytest.mark.parametrize(
    "reply",
    [
        PROGRAM,
        f"\n  {PROGRAM}  \n",
        f"<think>\nx = 1? No:\n```\ny = 2\n```\n</think>\n{PROGRAM}",
        f"<thinking>a</thinking><reasoning>b</reasoning>{PROGRAM}",
        f"I should search.\n</think>\n\n{PROGRAM}",
        f"Here:\n```\n{PROGRAM}\n```\nDone.",
        f"Here:\n~~~python title=x\n{PROGRAM}\n~~~",
        "First:\n```rlm\nx = f(a)\n```\nthen\n  ```\nfinal(x)\n  ```",
        f"````\n{PROGRAM}\n````",
        f"So.\n<think>\n```\ny = 2\n```\n</think>\n```\n{PROGRAM}\n```",
        f"So.\n<think> quick </think>\n```\n{PROGRAM}\n```",
        PROGRAM.replace("\n", "\r\n"),
    ],
)
def test_a_program_is_found(reply: str) -> None:
    """The whole reply, or its fenced blocks joined, whatever their language; thoughts are left out."""
    result = read_reply(reply)

    assert isinstance(result, Parsed)
    assert show(result.program) == SHOWN
    assert result.text[result.at[0] :].startswith("x = f(a)")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<think>x = 1", "empty"),
        ("<think>x = 1</think>", "empty"),
        ("I cannot find it.", "prose"),
        ("The answer is 42.", "prose"),
        ("```\nx = f(a)", "fence"),
        ("```\nx = 1\n```\nand\n```\ny = ", "fence"),
        ("```\n```", "empty"),
        ('{"action": "search"}', "prose"),
        ('```json\n{"action": "search"}\n```', "syntax"),
        ("```python\nfor x in y:\n    print(x)\n```", "foreign"),
        ("a " * 499_000, "prose"),
        ("a " * 600_000, "prose"),
        ("x = 1\n" * 200_000, "size"),
    ],
)
def test_what_is_no_program_is_refused(reply: str, code: str) -> None:
    """Prose, other languages and cut-off fences are refused with one reason; nothing is picked out of them."""
    result = read_reply(reply)

    assert isinstance(result, Unparsed)
    assert result.problems[0].code == code


def test_a_text_may_speak_of_thoughts_and_fences() -> None:
    """A program that parses as a whole is taken as it stands, whatever its texts say."""
    reply = 'x = sub_lm("""\n<think>a</think>\n```\ny = 1\n```\n""")'
    result = read_reply(reply)

    assert isinstance(result, Parsed)
    assert result.text == reply


def test_a_fenced_text_keeps_its_thoughts() -> None:
    """Tags inside a fenced program are part of it."""
    result = read_reply('So:\n```\nx = """\n<think>a</think>\n"""\n```')

    assert isinstance(result, Parsed)
    assert "<think>a</think>" in result.text


def test_offsets_refer_to_the_text_that_was_read() -> None:
    """The refusal of a fenced block holds the block, and its offset is in there."""
    result = read_reply("So:\n```\nx = a / b\n```")

    assert isinstance(result, Unparsed)
    assert (result.text, result.problems[0].offset) == ("x = a / b", 6)
