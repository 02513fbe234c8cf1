"""The text of a table that is text: the file itself if it is UTF-8, else a text that is derived from it.

Rows of such a table are records of this text. Evidence quotes it, search looks through it, and a line number is a line
of it; where a file is not UTF-8, its lines are the same in both.
"""

from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.inputs.formats.encodings.choice import decode_blocks
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import open_content


def find_text(file: HashedFile, named: Path, encoding: str | None, blobs: FileBlobs) -> str:
    """The digest of the text of a file, which is in `blobs` from then on.

    Without an encoding, what is not UTF-8 becomes U+FFFD. Raises `InputError` for bytes that are not in the encoding.
    """
    if encoding is None:
        # A digest from a cache or a store may come without a look at the bytes.
        checked = file if file.utf8 is not None else blobs.look(file.path)
        return blobs.add_hashed(checked).digest
    try:
        return blobs.derive(decode_blocks(open_content(file), encoding)).digest
    except UnicodeError as error:
        raise InputError(f"{named} is not in the encoding {encoding}: {error}") from None
