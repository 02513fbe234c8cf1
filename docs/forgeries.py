"""The table of `docs/reference/forgeries.md`: for each field of a trace, what happens to somebody who changes it.

The verdicts are those that `tests/traces/forge` finds; here are the words. A field that can be changed and still be
`reproduced` needs a reason, or a test fails.
"""

import json
from pathlib import Path
from typing import Final

from docs.tables import code, table

FILE: Final = Path(__file__).with_name("forgeries.json")

REASONS: Final = {
    "Genesis.engines": "a version near the installed one; nothing is decided by it, and the difference is told",
    "Genesis.kernel": "a version near this one; it decides nothing (flags do), and the difference is told",
    "Genesis.run": "it follows from a key that is gone once a run is sealed; calls are tied to it by their ids",
    "Checkpoint.variables": "no replay starts there, and this version writes none",
    "Redact.reason": "words of whoever removed the content; verify asks only that it is gone",
    "Redact.who": "words of whoever removed the content",
    "Genesis.flags": "where no step of the run would have meant anything else by them",
    "Seal.outcome": (
        "a run without an answer: its host says whether it `completed` or `failed` or was stopped (`host.REASON`); "
        "one with an answer ends as the kernel concludes"
    ),
    "content: reply": (
        "no proof of what a model said: whoever writes a trace can write replies. The program read from one must be "
        "the one that was executed, so only words around it, or blanks and comments in it, can be changed alone"
    ),
    "content: result": (
        "no proof of what a model or tool said. What became of a result is computed again, so only what no step uses "
        "can be changed alone, such as a blank after JSON"
    ),
    "CallsHead.sampling": "how a server was asked for a form is, as its answer, the word of whoever wrote the trace",
    "Rare.sampling": "the same, of one call",
    "content: settings.kept": "what is held back for the last answer, where no limit came near it",
    "Addition.kept": "the same, of limits that were raised",
    "content: settings.limits": "limits are the host's to set; a run that met none of them would have been the same",
    "content: settings.roles": "what a model's calls reserve and cost, where nothing was charged by it",
    "content: source.skipped": "what was left out when an input was loaded is what the host says",
}
"""Why a changed field can be reproduced."""

OTHER_REASONS: Final = {
    "Genesis.grammar": "another grammar would read the replies, so it is said that nobody read them again",
    "Genesis.rendering": "texts of another wording are not compared, and it is said so",
    "Genesis.actions": "another action table may be a host's own, which the replay was not given",
    "InputEntry.source": "what an input is made of cannot be read there",
    "content: settings.tools": "tools stand on the card, so the prompts could not be made again",
    "content: source.kind": "what an input is made of cannot be read so",
}
"""What to know of fields whose forgeries are not reproduced, but not called forged either."""


def forgeries() -> str:
    """The table."""
    found: dict[str, list[str]] = json.loads(FILE.read_text("utf-8"))
    rows = [(code(field), ", ".join(verdicts), _why(field, verdicts)) for field, verdicts in found.items()]
    return table(("field", "changed alone", "why"), rows)


def _why(field: str, verdicts: list[str]) -> str:
    if "reproduced" in verdicts:
        return REASONS[field]
    return OTHER_REASONS.get(field, "")
