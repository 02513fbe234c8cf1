"""The last step of a text's recipe, if a run redacts: the text without what must not pass.

    mail.txt  ->  decode cp1252  ->  redact "keys, mail"        a replay takes the same step again

Functions of the host have a name in the recipe. A replay asks for them by it, since it can know nothing else of them.
"""

from collections import Counter

import msgspec

from rlmlite.errors import SettingError
from rlmlite.errors.unreadable import UnreadableError
from rlmlite.guard.redaction.redaction import Redaction, summary
from rlmlite.guard.redaction.spelling import recorded_redaction
from rlmlite.inputs.formats.reading import ReadingLimits
from rlmlite.inputs.formats.recipes import REDACT, DerivedText, TextNote
from rlmlite.inputs.formats.streams.blocks import content_blocks
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation
from rlmlite_traces import FileBlobs

REDACTED = "redacted; positions refer to the new text"
"""What is said of a file from which something was taken out."""


def redact_text(
    text: DerivedText,
    content: Content,
    redaction: Redaction | None,
    recorded: Derivation | None,
    blobs: FileBlobs,
    limits: ReadingLimits,
) -> DerivedText:
    """A text with this `content`, redacted by the run's `redaction`, or as it was `recorded`.

    Raises `UnreadableError`, `TooLargeError`.
    """
    if recorded is not None:
        try:
            redaction = recorded_redaction(recorded.how, redaction)
        except SettingError as error:
            raise UnreadableError("redacted", str(error)) from None
    assert redaction is not None
    counts = Counter[str]()
    blocks = redaction.blocks(content_blocks(content), counts)
    stored = blobs.derive(limits.blocks(blocks, REDACT))
    step = Derivation(REDACT, redaction.version, redaction.spelling)
    # What was said when the run began is not said again by a replay.
    is_new = recorded is None and bool(counts)
    notes = (TextNote(REDACTED, summary(counts)),) if is_new else ()
    return msgspec.structs.replace(
        text, digest=stored.digest, size=stored.size, steps=(*text.steps, step), notes=(*text.notes, *notes)
    )
