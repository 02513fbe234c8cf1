"""The tables of `docs/reference/inputs.md`. A kind or a setting that has no words here fails `make docs`."""

from typing import Final

from docs.tables import code, table
from rlmlite.inputs.formats.converters import CONVERTERS
from rlmlite.inputs.formats.encodings.names import FAMILIES
from rlmlite.inputs.formats.kinds import HTML, KINDS, FileKind
from rlmlite.inputs.formats.reading import OPTIONS, Reading
from rlmlite.inputs.formats.remote.urls import SCHEMES

WAYS: Final = {
    "unpack": "the file inside it, by that file's kind",
    "members": "documents: its members, each like a file in a folder",
    "convert": "text, converted by {}",
    "refuse": "refused: {}",
}
"""What each way of `kinds.Way` leads to."""

SETTINGS: Final = {
    "encoding": "the encoding of all text; without it UTF-8 where the bytes are valid, and a detected one elsewhere",
    "ignore": "whether files that `.gitignore` and `.ignore` name are left out of folders",
    "html": "`markup`: HTML as it stands; `text`: converted to text",
    "max_bytes": "bytes that may be unpacked, decoded, converted, fetched or read as rows for one input (each counts "
    "for itself)",
    "max_ratio": "how many times larger than its packed form unpacked content may be, above 64 MiB",
    "max_members": "members that an archive may have, and entries of a folder or a glob that are looked at",
    "max_seconds": "seconds that a parser in a worker may take for a file, and one more for each MB of it",
    "max_worker_bytes": "bytes of memory that it may allocate, and four more for each byte of the file",
    "max_fetch_seconds": "seconds that a URL may be waited for, in all",
    "delimiter": "of CSV files whose path does not say it, as the six below: see [tables](tables.md#options-of-csv)",
    "header": "`yes` or `no`: whether the first row names the columns",
    "quote": "`double`, `single` or `none`",
    "skip": "lines before the table",
    "types": "`text`, a type for each column, or `NAME:TYPE,...`",
    "decimal": "`point` or `comma`",
    "dates": "`dmy`, `mdy` or `ymd`",
    "kept_bytes": "up to which size standard input is kept in the trace",
    "cache": "whether digests of large files, large tables and word indexes are remembered between runs",
}
"""What each setting means."""


def kinds() -> str:
    """Every kind of file."""
    return table(
        ("kind", "recognised by", "read as", "needs"),
        (
            (kind.name, kind.known_by, _way(kind), code(f"rlmlite[{kind.extra}]") if kind.extra else "")
            for kind in (*KINDS, HTML)
        ),
    )


def encodings() -> str:
    """Every encoding, by family."""
    rows = ((family, ", ".join(map(code, names.replace("_", "-").split()))) for family, names in FAMILIES.items())
    return table(("family", "encodings"), rows)


def schemes() -> str:
    """Every scheme of URLs."""
    return table(("scheme", "what it is"), ((code(f"{name}:"), what) for name, what in SCHEMES.items()))


def settings() -> str:
    """Every setting with its default."""
    default = Reading()
    return table(
        ("setting", "default", "meaning"),
        ((code(name), _spell(getattr(default, name)), SETTINGS[name]) for name in OPTIONS),
    )


def _way(kind: FileKind) -> str:
    converter = CONVERTERS.get(kind.name)
    libraries = [converter.library, *converter.others] if converter else [kind.remedy]
    return WAYS[kind.way].format(" and ".join(libraries))


def _spell(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else f"{value:,}" if isinstance(value, int) else code(value)
