"""What the user should know of how an input was taken, in words."""

from collections import Counter
from collections.abc import Iterator

from rlmlite.inputs.tables import remarks
from rlmlite_kernel.values.inputs import Derivation, Input, Source

NOT_KEPT = "are too many to be kept in the trace; a replay needs them again, so keep a copy (the limit kept_bytes)"

_SAID = {"decode", "fetch", "mammoth", "markdownify", "pypdf"}
"""Steps that are said, since the text is not what lies in the file. What is only unpacked is the same text."""


def notes(name: str, found: Input) -> Iterator[str]:
    """What was left out, decoded, converted, replaced, not kept; and that it is empty."""
    yield from of_source(name, found.source)
    if found.source.path is None and found.memory is None:
        size = sum(file.size for file in found.source.files)
        yield f"{name}: {size:,} bytes {NOT_KEPT}"


def of_source(name: str, source: Source) -> Iterator[str]:
    """`notes` of where an input came from."""
    place = name if source.path is None else f"{name} ({source.path})"
    reasons = Counter(reason.partition(":")[0] for _, reason in source.skipped)
    for reason, count in sorted(reasons.items()):
        first = next(path for path, why in source.skipped if why.partition(":")[0] == reason)
        yield f"{place}: {count:,} left out, {reason}: {first}{', ...' if count > 1 else ''}"
    for number, recipe in enumerate(source.recipes, 1):
        steps = [_words(step) for step in recipe if step.by in _SAID]
        paths = [file.path for file in source.files if file.recipe == number]
        if steps and paths:
            yield f"{place}: {' and '.join(steps)}{_among(source, paths)}; positions are of the new text"
    bad = [file for file in source.files if file.replaced]
    if bad:
        replaced = sum(file.replaced for file in bad)
        what = "not valid text" if any(file.recipe for file in bad) else "not valid UTF-8"
        yield f"{place}: {what}: {replaced:,} bad bytes became U+FFFD{_among(source, [file.path for file in bad])}"
    yield from (f"{place}: {remark}" for remark in remarks(source))
    if source.kind == "text" and sum(file.size for file in source.files) == 0:
        yield f"{place} is empty"


def _words(step: Derivation) -> str:
    if step.by == "fetch":
        return f"fetched by {step.version}{f' ({step.why})' if step.why else ''}"
    return f"decoded from {step.how} ({step.why})" if step.by == "decode" else f"converted by {step.by} {step.version}"


def _among(source: Source, paths: list[str]) -> str:
    """Which files it was: the first, and how many more."""
    if source.kind == "text":
        return ""
    return f" in {paths[0]}" + (f" and {len(paths) - 1:,} more" if len(paths) > 1 else "")
