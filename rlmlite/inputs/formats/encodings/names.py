"""The encodings that are read, and nothing else that Python calls a codec.

An encoding is named by strangers: in a trace, an HTML page, the query of a table's path. `codecs.lookup` would take any
of them to a module of that name, and some of these are no encodings of texts in files (`hex`, `zip`, `unicode_escape`),
take time that grows with the square of the text (`punycode`, `idna`), or hide markup in plain letters (`utf-7`). So
names are looked up in one list, whose decoders read any bytes block by block in linear time; a test measures each.

    find_encoding("Latin-1")      "iso8859-1", Python's name
    find_encoding("punycode")     None
"""

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases

from rlmlite.guard.terminal import one_line

LONGEST_NAME = 40
"""Characters; longer names are not looked up. Python's own have 16."""

FAMILIES = {
    "Unicode": "utf_8 utf_8_sig utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le",
    "ISO": (
        "ascii latin_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 "
        "iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16"
    ),
    "Windows": "cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258",
    "DOS": (
        "cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 "
        "cp1006 cp1125"
    ),
    "EBCDIC": "cp037 cp273 cp424 cp500 cp875 cp1026 cp1140",
    "Mac": (
        "mac_arabic mac_croatian mac_cyrillic mac_farsi mac_greek mac_iceland mac_latin2 mac_roman mac_romanian "
        "mac_turkish"
    ),
    "Cyrillic and others": "koi8_r koi8_t koi8_u kz1048 ptcp154 hp_roman8 tis_620",
    "Japanese": (
        "cp932 shift_jis shift_jis_2004 shift_jisx0213 euc_jp euc_jis_2004 euc_jisx0213 iso2022_jp iso2022_jp_1 "
        "iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext"
    ),
    "Chinese": "big5 big5hkscs cp950 gb2312 gbk gb18030 hz",
    "Korean": "cp949 euc_kr iso2022_kr johab",
}
"""Python's modules for the encodings, by family."""

ENCODINGS = tuple(name for names in FAMILIES.values() for name in names.split())
"""All of them."""


_SPELLING = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]*")
"""Python drops all other characters of a name; here a name that has any is none."""


def find_encoding(name: str) -> str | None:
    """Python's name of an encoding by any of its names; None for what is not in the list."""
    if len(name) > LONGEST_NAME or not _SPELLING.fullmatch(name):
        return None
    # As Python itself finds the module, but without importing one that a stranger names.
    normal = normalize_encoding(name).lower()
    module = aliases.get(normal) or aliases.get(normal.replace(".", "_")) or normal
    return codecs.lookup(module).name if module in ENCODINGS else None


def unknown_encoding(name: str) -> str:
    """What to say of a name that is not in the list."""
    listed = ", ".join(ENCODINGS).replace("_", "-")
    return f"there is no encoding `{one_line(name, LONGEST_NAME)}` among those that are read: {listed}"
