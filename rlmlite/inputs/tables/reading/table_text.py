"""The text of a table that is text: the file itself if it is UTF-8, else a text that is derived from it.

Rows of such a table are records of this text. Evidence quotes it, search looks through it, and a line number is a line
of it; where a file is not UTF-8, its lines are the same in both.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rlmlite.errors import InputError, SettingError
from rlmlite.guard.redaction.spelling import recorded_redaction
from rlmlite.inputs.formats.encodings.choice import decode_blocks
from rlmlite.inputs.formats.streams.blocks import content_blocks
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import open_content

if TYPE_CHECKING:
    from rlmlite.guard.redaction.redaction import Redaction


def find_text(
    file: HashedFile,
    named: Path,
    options: Mapping[str, str],
    blobs: FileBlobs,
    own: "Redaction | None",
    counts: Counter[str] | None = None,
) -> str:
    """The digest of the text of a file, which is in `blobs` from then on.

    Without the option `encoding`, what is not UTF-8 becomes U+FFFD. With `redact` it is the text without what that
    names; functions of the host are taken from its `own` redaction, and `counts` gets what was replaced.
    Raises `InputError` for bytes that are not in the encoding, and for a redaction that is not to be had here.
    """
    digest = _text_of(file, named, options.get("encoding"), blobs)
    spelling = options.get("redact")
    if spelling is None:
        return digest
    try:
        redaction = recorded_redaction(spelling, own)
    except SettingError as error:
        raise InputError(f"{named}: {error}") from None
    return blobs.derive(redaction.blocks(content_blocks(blobs.read(digest)), counts)).digest


def _text_of(file: HashedFile, named: Path, encoding: str | None, blobs: FileBlobs) -> str:
    if encoding is None:
        # A digest from a cache or a store may come without a look at the bytes.
        checked = file if file.utf8 is not None else blobs.look(file.path)
        return blobs.add_hashed(checked).digest
    try:
        return blobs.derive(decode_blocks(open_content(file), encoding)).digest
    except UnicodeError as error:
        raise InputError(f"{named} is not in the encoding {encoding}: {error}") from None
