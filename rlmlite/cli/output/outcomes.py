"""An outcome, as lines for people or as one JSON object.

What a command prints of a run ends here: what was observed, the answer with its evidence, and what it took.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from rlmlite.cli.output.printing import answer_text, print_heading, print_indented, say
from rlmlite.cli.output.usage import print_usage
from rlmlite.clients.interface.protocol import Client
from rlmlite.guard.terminal import one_line
from rlmlite.runs.outcome import Notice, Outcome
from rlmlite_kernel.values.inputs import Input, Source

_SHOWN = 20  # places of evidence that are printed; the JSON object holds all that were resolved
_COLOURS = {"completed": "green", "partial": "yellow", "refused": "red", "failed": "red"}


def print_outcome(outcome: Outcome, inputs: Mapping[str, Input], clients: Mapping[str, Client]) -> None:
    """Print what was observed, the answer with its evidence, and what it took."""
    print_observation(outcome)
    print_answered(outcome, inputs, clients)


def print_observation(outcome: Outcome) -> None:
    """Print what a controller would see."""
    if outcome.observation and not outcome.problems:  # a refused program's problems were printed as an error
        print_heading("observation")
        print_indented(outcome.observation)


def print_answered(outcome: Outcome, inputs: Mapping[str, Input], clients: Mapping[str, Client]) -> None:
    """Print the answer with its evidence, and what it took."""
    print_answer(outcome, inputs)
    # Its answers look like a model's and are sentences of the input: whoever reads them must know.
    is_extractive = any(client.model == "extractive:" for client in clients.values())
    if is_extractive:
        from rlmlite.clients.extractive.client import NOTICE

        say(f"note: {NOTICE}")
    print_facts(outcome)


def print_answer(outcome: Outcome, inputs: Mapping[str, Input]) -> None:
    """Print the answer, and the places that support it."""
    if outcome.value is None and not outcome.evidence:
        return
    print_heading("answer")
    print_indented(answer_text(outcome.value))
    print_evidence(outcome, inputs)


def print_evidence(outcome: Outcome, inputs: Mapping[str, Input]) -> None:
    """Print the first places that support the answer, as `file:line: text [how it was found]`."""
    resolved = len(outcome.evidence)
    count = _count_text(resolved, outcome.evidence_total)
    print_heading(f"evidence ({count})")
    for quote in outcome.evidence[:_SHOWN]:
        # The file of a folder; else the file that is the input; of an input without a path, such as a pipe, its name.
        path_of_input = inputs[quote.input].source.path if quote.input in inputs else None
        place = quote.path or path_of_input or quote.input
        text = one_line(quote.text)
        # A quote is cited where it stands first, however many documents repeat it.
        times = f", {quote.times:,} times" if quote.times > 1 else ""
        print_indented(f"{place}:{quote.line}: {text} [{quote.how}{times}]")
    hidden = max(outcome.evidence_total, resolved) - min(resolved, _SHOWN)
    if hidden > 0:
        print_indented(f"... and {hidden:,} more")


def print_remarks(outcome: Outcome) -> None:
    """Print the warnings and the notes, each on one line with its example."""
    for heading, notices in (("warnings", outcome.warnings), ("notes", outcome.notes)):
        if notices:
            print_heading(heading)
        for notice in notices:
            print_indented(notice_text(notice))


def print_held(outcome: Outcome) -> None:
    """Print the answers that were held back, each with its first reason."""
    if outcome.held:
        print_heading("held back")
    for held in outcome.held:
        others = f", and {len(held.reasons) - 1} more" if len(held.reasons) > 1 else ""
        value = one_line(answer_text(held.value), 80)
        print_indented(f"turn {held.turn}: {value}: {notice_text(held.reasons[0])}{others}")


def notice_text(notice: Notice) -> str:
    """A warning or a note on one line: `3 lines do not match: "..." (2 times)`."""
    example = f" {json.dumps(one_line(notice.example), ensure_ascii=False)}" if notice.example else ""
    # Not cut: what to do instead stands at its end.
    return f"{one_line(notice.message, len(notice.message))}{example}"


def print_facts(outcome: Outcome) -> None:
    """Print coverage, usage, budget, status and where the receipts are."""
    print_held(outcome)
    print_remarks(outcome)
    print_heading("coverage")
    for name, shares in outcome.coverage.items():
        size = shares.get("bytes", 0)  # the whole, of which the others are parts
        parts = [f"{share} {amount:,}" for share, amount in shares.items() if share != "bytes"]
        listed = ", ".join(parts)
        print_indented(f"{name}: {size:,} bytes: {listed}")
    print_usage(outcome)
    print_status(outcome)


def print_status(outcome: Outcome) -> None:
    """Print how it ended, and where the receipts are."""
    reason = f" ({outcome.reason})" if outcome.reason else ""
    say(f"status: {outcome.status}{reason}", _COLOURS[outcome.status])
    if outcome.trace is not None:
        say(f"trace: {outcome.trace}")
        say(f"root: {outcome.root}")


def outcome_document(outcome: Outcome, inputs: Mapping[str, Input]) -> dict[str, Any]:
    """The fields of the JSON object. The value is as it is: JSON already."""
    # The value apart: it is JSON already, and `to_builtins` would copy it all. The trace is a path, for which msgspec
    # has no form.
    names = [name for name in outcome.__struct_fields__ if name not in ("value", "trace")]
    fields: dict[str, Any] = msgspec.to_builtins({name: getattr(outcome, name) for name in names})
    fields["value"] = outcome.value
    fields["trace"] = None if outcome.trace is None else str(outcome.trace)
    fields["inputs"] = _input_documents(inputs)
    return fields


def _input_documents(inputs: Mapping[str, Input]) -> dict[str, Any]:
    return {name: _input_document(loaded.source) for name, loaded in inputs.items()}


def _input_document(source: Source) -> dict[str, Any]:
    return {
        "kind": source.kind,
        "path": source.path,
        "bytes": sum(file.size for file in source.files),
        "files": len(source.files),
        "replaced": {file.path: file.replaced for file in source.files if file.replaced},
        "skipped": [{"path": path, "reason": reason} for path, reason in source.skipped],
        "notes": [
            {"path": note.path, "what": note.what, "where": note.where, "count": note.count} for note in source.notes
        ],
        "incomplete": source.incomplete,
    }


def _count_text(shown: int, total: int) -> str:
    return f"{total:,}" if shown == total else f"{shown:,} of {total:,}"
