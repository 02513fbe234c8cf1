"""Mistakes in how texts and names are written: fences, quotes, prefixes, letters that no name has."""

from typing import Final

from rlmlite_grammar.diagnosis.mistake import Mistake

MISTAKES_IN_TEXTS: Final = (
    Mistake(
        "write only the statements, without fences, or close every fence",
        ("```\nx = f(y)\n```", "x = 1\n```", "```rlm\nx = 1"),
        found=r"```|~~~",
    ),
    Mistake(
        'backticks mean nothing here; texts are written "…"',
        ("x = `a`", "x = f(`a`)"),
        found=r"`",
    ),
    Mistake(
        'a plain text is a template already: "… {name} …"',
        ('x = f"hi {y}"', "x = sub_lm(f'hi {y}')", 'x = f"""hi"""'),
        found=r"[\"']",
        before=r"\bf",
    ),
    Mistake(
        "texts have no prefix but r",
        ('x = b"abc"', 'x = u"abc"', 'x = R"abc"', "x = f(b'abc')"),
        found=r"[\"']",
        before=r"(?<!\w)[bBuURF]",
    ),
    Mistake(
        'a text over several lines is written """…"""',
        ("x = '''abc'''", "x = f('''a b''')"),
        found=r"'",
        before=r"''",
    ),
    Mistake(
        "missing comma? texts are joined with +",
        ('x = "a" "b"', 'x = f("a" "b")', "x = f('a'\n 'b')"),
        found=r"r?[\"']",
        before=r"[\"']\s*",
    ),
    Mistake(
        'use straight quotes: "…"',
        ("x = “abc”", "x = f(\u2018abc\u2019)"),
        found="[“”\u2018\u2019«»„]",
    ),
    Mistake(
        "names are letters of the alphabet, digits and _; all else belongs into a text",
        ("größe = 1", "x = @a", "x = $a", "x = where(r, .ärger == 1)", "x = a @ b", "数 = 1"),
        found=r"[@$~^]|[^\x00-\x7f]",
    ),
)
