"""Mistakes in how texts and names are written: fences, quotes, prefixes, letters that no name has."""

from typing import Final

from rlmlite_grammar.diagnosis.mistake import Mistake

MISTAKES_IN_TEXTS: Final = (
    Mistake(
        "write only statements, without fences; or close every fence",
        ("```\nx = f(y)\n```", "x = 1\n```", "```rlm\nx = 1"),
        after=r"```|~~~",
    ),
    Mistake(
        'backticks have no meaning here; write a text as "…"',
        ("x = `a`", "x = f(`a`)"),
        after=r"`",
    ),
    Mistake(
        "leave out the f; prompts and render fill in {name} by themselves",
        ('x = f"hi {y}"', "x = sub_lm(f'hi {y}')", 'x = f"""hi"""'),
        after=r"[\"']",
        before=r"\bf",
    ),
    Mistake(
        "the only prefix of a text is r",
        ('x = b"abc"', 'x = u"abc"', 'x = R"abc"', "x = f(b'abc')"),
        after=r"[\"']",
        before=r"(?<!\w)[bBuURF]",
    ),
    Mistake(
        'write a text of several lines as """…"""',
        ("x = '''abc'''", "x = f('''a b''')"),
        after=r"'",
        before=r"''",
    ),
    Mistake(
        "missing comma? join texts with +",
        ('x = "a" "b"', 'x = f("a" "b")', "x = f('a'\n 'b')"),
        after=r"r?[\"']",
        before=r"[\"']\s*",
    ),
    Mistake(
        'use straight quotes: "…"',
        ("x = “abc”", "x = f(\u2018abc\u2019)"),
        after="[“”\u2018\u2019«»„]",
    ),
    Mistake(
        "names consist of letters a-z, digits and _; anything else goes in quotes",
        ("größe = 1", "x = @a", "x = $a", "x = where(r, .ärger == 1)", "x = a @ b", "数 = 1"),
        after=r"[@$~^]|[^\x00-\x7f]",
    ),
)
