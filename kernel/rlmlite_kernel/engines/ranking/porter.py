"""Porter's stemmer: English words without their endings, so that `running` and `runs` are `run`.

The idea: a stem is measured by how often a vowel run is followed by a consonant run (`tr-ee` 0, `tr-oubl-e` 1,
`tr-oubl-es` 2 ...). Five steps each take one ending off, or put a shorter one in its place, if what stays is long
enough:

    generalizations    -> generalization -> generalize -> general -> gener
    running            -> runn -> run
    sing               stays: `s` has no vowel

It is the algorithm of 1980 with its author's two later rules, as SQLite's FTS5 has it, which tests hold it against. It
is frozen, so what `rank` finds does not depend on the version of a library, or on what else is installed; why not
`snowballstemmer`: decision 0028. Stems are no words (`happi`): they are only compared.
"""

from typing import Final

SHORTEST: Final = 3
"""Letters of the shortest word that has an ending to take off."""

_STEP_2: Final = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"),
    ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
    ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
    ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
)  # fmt: skip
_STEP_3: Final = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
)  # fmt: skip
_STEP_4: Final = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
)  # fmt: skip


def stem_word(word: str) -> str:
    """The stem of a word of small English letters."""
    if len(word) < SHORTEST:
        return word
    word = _end_past(_end_plural(word))
    if word.endswith("y") and "v" in _shape(word[:-1]):
        word = f"{word[:-1]}i"
    word = _swap(_swap(word, _STEP_2), _STEP_3)
    return _end_e(_end_long(word))


def _shape(text: str) -> str:
    """A `v` for each vowel and a `c` for each consonant; `y` is a vowel after a consonant."""
    shape = ""
    for letter in text:
        is_vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if is_vowel else "c"
    return shape


def _measure(text: str) -> int:
    return _shape(text).count("vc")


def _is_short(text: str) -> bool:
    """Whether it ends like `hop`: consonant, vowel, consonant, the last of which is no w, x or y."""
    return _shape(text).endswith("cvc") and text[-1] not in "wxy"


def _ends_double(text: str) -> bool:
    return len(text) > 1 and text[-1] == text[-2] and _shape(text).endswith("c")


def _end_plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _end_past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    stem = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
    if "v" not in _shape(stem):
        return word
    if stem.endswith(("at", "bl", "iz")):
        return f"{stem}e"
    if _ends_double(stem) and stem[-1] not in "lsz":
        return stem[:-1]
    return f"{stem}e" if _measure(stem) == 1 and _is_short(stem) else stem


def _swap(word: str, endings: tuple[tuple[str, str], ...]) -> str:
    """The word with the ending that it has replaced, if anything is left to measure."""
    for ending, shorter in endings:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            return f"{stem}{shorter}" if _measure(stem) else word
    return word


def _end_long(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            # Of `tion` and `sion` the first letter stays.
            size = 3 if ending.endswith("ion") else len(ending)
            return word[:-size] if _measure(word[:-size]) > 1 else word
    return word


def _end_e(word: str) -> str:
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _is_short(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word
