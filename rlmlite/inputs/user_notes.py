"""Notes on an input for its user: what was skipped, decoded, converted, replaced, or not kept.

They are made from the `Source` that the trace records, so a trace says the same as the run did. Steps that only unpack
are not mentioned, since the text is then what the file contains. One line per fact, with an example and a count:

    logs (logs/): 12 left out, hidden: .git/, ...
    logs (logs/): decoded from cp1252 (declared) in old.log; positions refer to the new text
"""

from collections.abc import Iterator, Sequence

from rlmlite_kernel.values.inputs import Derivation, FileNote, Input, Source, SourceFile

NOT_KEPT = "are more than the trace keeps (the limit kept_bytes); a replay needs them again, so keep a copy"

_NOTED_STEPS = {"decode", "email", "fetch", "mammoth", "markdownify", "pypdf"}
"""Steps after which the text is not what the file contains."""


def notes(name: str, loaded: Input) -> Iterator[str]:
    """All notes on an input that programs call `name`, one line each."""
    yield from source_notes(name, loaded.source)
    if loaded.source.path is None and loaded.memory is None:
        size = sum(file.size for file in loaded.source.files)
        yield f"{name}: {size:,} bytes {NOT_KEPT}"


def source_notes(name: str, source: Source) -> Iterator[str]:
    """The notes that follow from where an input came from."""
    # With the path, since programs know an input by its name and its user by its path.
    place = name if source.path is None else f"{name} ({source.path})"
    # What is missing altogether comes before what was altered.
    all_notes = (_skip_notes, _file_notes, _step_notes, _replacement_notes, _table_notes)
    for notes_of in all_notes:
        for note in notes_of(source):
            yield f"{place}: {note}"
    # Of a folder or archive an empty file is nothing unusual; of a lone text it is most likely a mistake.
    total_size = sum(file.size for file in source.files)
    if source.kind == "text" and total_size == 0:
        yield f"{place} is empty"
    elif source.kind == "text" and (source.path or "").lower().endswith(".json"):
        yield f"{place} is read as text; json_parse({name}) gives its values"


def _skip_notes(source: Source) -> Iterator[str]:
    """One note for each reason, however many files were skipped for it."""
    by_reason: dict[str, list[str]] = {}
    for path, why in source.skipped:
        # `damaged: gzip: CRC check failed` counts as `damaged`: what follows the colon differs from file to file.
        reason = why.partition(":")[0]
        by_reason.setdefault(reason, []).append(path)
    for reason, paths in sorted(by_reason.items()):
        example = paths[0]
        others = ", ..." if len(paths) > 1 else ""
        yield f"{len(paths):,} left out, {reason}: {example}{others}"


def _file_notes(source: Source) -> Iterator[str]:
    """One note for each fact, however many files it holds of: how many things in all, and where in the first file."""
    by_fact: dict[str, list[FileNote]] = {}
    for note in source.notes:
        by_fact.setdefault(note.what, []).append(note)
    for what, notes_of in by_fact.items():
        first, paths = notes_of[0], list(dict.fromkeys(note.path for note in notes_of))
        count = sum(note.count for note in notes_of)
        place = "" if source.kind == "text" else f" in {first.path}"
        where = f" ({first.where})" if first.where else ""
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        yield f"{f'{count:,} ' if count > 1 else ''}{what}{place}{where}{more}"


def _step_notes(source: Source) -> Iterator[str]:
    for number, recipe in enumerate(source.recipes, 1):
        steps = [_describe_step(step) for step in recipe if step.by in _NOTED_STEPS]
        # A recipe that no file refers to is that of the archive around them, or of a file that was skipped.
        files = [file for file in source.files if file.recipe == number]
        if steps and files:
            where = _describe_files(source, files)
            yield f"{' and '.join(steps)}{where}; positions refer to the new text"


def _replacement_notes(source: Source) -> Iterator[str]:
    files = [file for file in source.files if file.replaced]
    if not files:
        return
    replaced = sum(file.replaced for file in files)
    # After a recipe the bytes may have been in another encoding than UTF-8.
    any_derived = any(file.recipe for file in files)
    fault = "not valid text" if any_derived else "not valid UTF-8"
    bad_bytes = "1 bad byte" if replaced == 1 else f"{replaced:,} bad bytes"
    where = _describe_files(source, files)
    yield f"{fault}: {bad_bytes} became U+FFFD{where}"


def _table_notes(source: Source) -> Iterator[str]:
    if source.kind == "table":
        from rlmlite.inputs.tables import remarks  # which comes with the readers of all kinds of tables

        yield from remarks(source)


def _describe_step(step: Derivation) -> str:
    if step.by == "fetch":
        reason = f" ({step.why})" if step.why else ""
        return f"fetched by {step.version}{reason}"
    if step.by == "decode":
        return f"decoded from {step.how} ({step.why})"
    return f"converted by {step.by} {step.version}"


def _describe_files(source: Source, files: Sequence[SourceFile]) -> str:
    """Which of an input's files: the first, and how many more. An input that is one text needs no name."""
    if source.kind == "text":
        return ""
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return f" in {files[0].path}{more}"
