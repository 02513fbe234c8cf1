"""The tables of `docs/reference/inputs.md`. A kind or a setting without words here fails `make docs`."""

from typing import Final

from docs.tables import code, table
from rlmlite.inputs.formats.converters import CONVERTERS
from rlmlite.inputs.formats.kinds import HTML, KINDS
from rlmlite.inputs.formats.reading import Reading

WAYS: Final = {
    "unpack": "unpacked, then as what it holds",
    "members": "documents: its members, each as a file of a folder",
    "convert": "converted to text by {}",
}
"""What is done with a kind."""

SETTINGS: Final = {
    "encoding": "the encoding of all text; else UTF-8 where it is valid, and a detected one elsewhere",
    "ignore": "whether files that `.gitignore` and `.ignore` name are left out of folders",
    "html": "`markup`: HTML as it stands; `text`: converted",
    "max_bytes": "bytes that may be unpacked, decoded, converted, fetched or read as rows for one input, each",
    "max_ratio": "how many times as large as the packed bytes the unpacked may be, above 64 MiB",
    "max_members": "members that an archive may have",
    "kept_bytes": "up to which size standard input is kept in the trace",
    "cache": "whether digests of large files are remembered between runs",
}
"""What each setting means."""


def kinds() -> str:
    """Every kind of file."""
    return table(
        ("kind", "known by", "read as", "needs"),
        (
            (kind.name, kind.known_by, _way(kind.name, kind.way), code(f"rlmlite[{kind.extra}]") if kind.extra else "")
            for kind in (*KINDS, HTML)
        ),
    )


def settings() -> str:
    """Every setting with its default."""
    default = Reading()
    return table(
        ("setting", "default", "means"),
        ((code(name), _shown(getattr(default, name)), SETTINGS[name]) for name in Reading.__struct_fields__),
    )


def _way(name: str, way: str) -> str:
    libraries = [CONVERTERS[name].library, *CONVERTERS[name].others] if name in CONVERTERS else []
    return WAYS[way].format(" and ".join(libraries))


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else f"{value:,}" if isinstance(value, int) else code(value)
