"""The second table of `docs/reference/forgeries.md`: forgeries of traces that are passed on, and who finds them.

`tests/traces/forge/test_passed_on.py` makes each of them and compares what is said with this table.
"""

from typing import Final, NamedTuple

from docs.tables import table


class Found(NamedTuple):
    """What is said of a forgery by `verify`, by `verify` with the signer's key, and by one with known roots."""

    alone: str
    key: str
    roots: str


REFUSED: Final = "refused"

PASSED_ON: Final = {
    "nothing": Found("SEALED", "SEALED+SIGNED", "known"),
    "a byte of the archive": Found(REFUSED, REFUSED, REFUSED),
    "a file that came along as an input": Found(REFUSED, REFUSED, REFUSED),
    "a file is added to the archive": Found(REFUSED, REFUSED, REFUSED),
    "the signature is removed": Found("SEALED", REFUSED, "known"),
    "the signature is the forger's own": Found("SEALED", REFUSED, "known"),
    "the signature is that of another trace": Found(REFUSED, REFUSED, REFUSED),
    "the seal is cut off": Found(REFUSED, REFUSED, REFUSED),
    "the seal is cut off, and the signature": Found("OPEN", REFUSED, "other"),
    "another run under the same id, signed by the forger": Found("SEALED", REFUSED, "other"),
    "another run, signed by the forger": Found("SEALED", REFUSED, "unknown"),
}
"""By what is changed, with everything made right that a forger can."""


def passed_on() -> str:
    """The table."""
    return table(
        ("changed", "`verify`", "with `--key`", "with `--roots`"),
        ((name, found.alone, found.key, found.roots) for name, found in PASSED_ON.items()),
    )
