"""The checks of the format, one by one: for each, a trace that breaks it and keeps the others."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.records.call_lines import lines_of as lines_of_calls
from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.merkle import leaf, root_of
from rlmlite_kernel.records.records import Entry, Redact, Spoken, Step
from rlmlite_kernel.records.refs import blob
from rlmlite_traces import (
    BlobAbsentError,
    BlobUnreferencedError,
    TraceBrokenError,
    TraceError,
    UnknownFormatError,
)
from rlmlite_traces.format import lines
from rlmlite_traces.format.showing.checks import CHECKS
from tests.traces import handmade
from tests.traces.format.old_traces import OLD_BROKEN
from tests.traces.format.sealed_trace import Files, check, lines_of, with_lines


def change_record(at: int, **fields: object) -> Callable[[], Files]:
    """A run in which one record lies, with all hashes recomputed."""

    def build() -> Files:
        entries = handmade.run()
        record = msgspec.structs.replace(entries[at].record, **fields)
        entries[at] = Entry(record, entries[at].blobs, entries[at].effects)
        return handmade.encode(entries)[0]

    return build


def change_call(**fields: object) -> Callable[[], Files]:
    """A run in which the second of four calls lies, with the step's root recomputed."""

    def build() -> Files:
        entries = handmade.run()
        step = entries[3]
        calls = list(step.effects)
        calls[1] = msgspec.structs.replace(calls[1], **fields)
        assert isinstance(step.record, Step)
        assert step.record.effects is not None
        root = root_of(lines_of_calls(calls))
        effects = msgspec.structs.replace(step.record.effects, root=root)
        entries[3] = Entry(msgspec.structs.replace(step.record, effects=effects), step.blobs, tuple(calls))
        return handmade.encode(entries)[0]

    return build


def replace_in(name: str, at: int, old: bytes, new: bytes) -> Callable[[], Files]:
    """A run in which one line of a file is spelled otherwise."""

    def build() -> Files:
        files, _ = handmade.encode(handmade.run())
        whole = lines_of(files, name)
        assert old in whole[at]
        whole[at] = whole[at].replace(old, new, 1)
        return with_lines(files, name, whole)

    return build


def order(*places: int) -> Callable[[], Files]:
    """A run of these entries, with all hashes recomputed."""
    return lambda: handmade.encode([handmade.run()[place] for place in places])[0]


def lose_calls() -> Files:
    files, _ = handmade.encode(handmade.run())
    return with_lines(files, "effects.jsonl", lines_of(files, "effects.jsonl")[:-1])


def stray_calls() -> Files:
    entries = handmade.run()
    assert isinstance(entries[3].record, Step)
    step = msgspec.structs.replace(entries[3].record, effects=None)
    return handmade.encode([*entries[:3], Entry(step, entries[3].blobs, entries[3].effects), *entries[4:]])[0]


def unfinished_line() -> Files:
    files, _ = handmade.encode(handmade.run())
    return files | {"trace.jsonl": files["trace.jsonl"][:-1]}


def repeat_blob() -> Files:
    files, _ = handmade.encode(handmade.run())
    whole = lines_of(files, "blobs.jsonl")
    return with_lines(files, "blobs.jsonl", [*whole, whole[0]])


def inline_as_base64() -> Files:
    files, _ = handmade.encode(handmade.run())
    whole = lines_of(files, "blobs.jsonl")
    line = lines.decode_blob(whole[0][:-1], 0)
    whole[0] = record_bytes(lines.BlobLine(line.salt, base64=b"{}")) + b"\n"
    return with_lines(files, "blobs.jsonl", whole)


def other_bytes(**fields: object) -> Callable[[], Files]:
    """A run in which the line of bytes that are no text says something else."""

    def build() -> Files:
        files, _ = handmade.encode(handmade.run())
        whole = lines_of(files, "blobs.jsonl")
        place = next(place for place, line in enumerate(whole) if b'"base64"' in line)
        line = lines.decode_blob(whole[place][:-1], 0)
        whole[place] = record_bytes(msgspec.structs.replace(line, **fields)) + b"\n"
        return with_lines(files, "blobs.jsonl", whole)

    return build


def short_salt() -> Files:
    files, _ = handmade.encode(handmade.run())
    whole = lines_of(files, "blobs.jsonl")
    return with_lines(files, "blobs.jsonl", [record_bytes(lines.TextLine(b"12345", "{}")) + b"\n", *whole[1:]])


def rounds_backwards() -> Files:
    """Two rounds of calls, of which the second comes first."""
    entries = handmade.run()
    calls = []
    for index, call in enumerate(entries[3].effects):
        round_, first = 1 - index // 2, 2 * (index // 2)
        id_ = request_id("r1", 1, 1, round_, index - first)
        calls.append(msgspec.structs.replace(call, round=round_, first=first, id=id_))
    entries[3] = handmade.with_calls(entries[3], calls)
    return handmade.encode(entries)[0]


def other_effects(**fields: object) -> Callable[[], Files]:
    step = handmade.run()[3].record
    assert isinstance(step, Step)
    assert step.effects is not None
    return change_record(3, effects=msgspec.structs.replace(step.effects, **fields))


def all_calls(**fields: object) -> Callable[[], Files]:
    """A run in which all calls of a step lie alike."""

    def build() -> Files:
        entries = handmade.run()
        entries[3] = handmade.with_calls(
            entries[3], [msgspec.structs.replace(call, **fields) for call in entries[3].effects]
        )
        return handmade.encode(entries)[0]

    return build


def moved_blob() -> Files:
    files, _ = handmade.encode(handmade.run())
    first, second, *rest = lines_of(files, "blobs.jsonl")
    return with_lines(files, "blobs.jsonl", [second, first, *rest])


def redacted_by_nobody() -> Files:
    """A run with a redaction of what no record names."""
    *rest, end = handmade.run()
    return handmade.encode([*rest, Entry(Redact(refs=(handmade.state(1),), reason="wish")), end])[0]


def redacted_of_nothing() -> Files:
    """A sealed trace with a redaction after its seal that names no content."""
    files, _ = handmade.encode(handmade.run())
    seal = lines_of(files, "trace.jsonl")[-1].rstrip(b"\n")
    line = lines.encode(Redact(refs=(), reason="wish", seq=len(lines_of(files, "trace.jsonl")), prev=leaf(seal).hex()))
    return files | {"redactions.jsonl": line + b"\n"}


def controlled(**fields: object) -> Callable[[], Files]:
    """A run whose first turn a controller spoke, with one field of its call changed."""
    call = Spoken(
        role="controller", model="m", prompt=handmade.state(9), prompt_bytes=9, max_output_tokens=9, usage=(1, 2, None)
    )
    return change_record(1, call=msgspec.structs.replace(call, **fields))


BROKEN: dict[str, Callable[[], Files]] = {
    "newline": unfinished_line,
    "decode": replace_in("trace.jsonl", 2, b'"kind":"step"', b'"kind":"stop"'),
    "canonical": replace_in("trace.jsonl", 2, b'"seq":2', b'"seq": 2'),
    "profile": replace_in("trace.jsonl", 0, b'"user"', '"üser"'.encode()),
    "seq": replace_in("trace.jsonl", 2, b'"seq":2', b'"seq":3'),
    "prev": replace_in("trace.jsonl", 1, b'"prev":"', b'"prev":"0'),
    "genesis": order(1, 2),
    "after-seal": lambda: handmade.encode([*handmade.run(), handmade.turn(3, 3)])[0],
    "state": change_record(6, state=handmade.state(7)),
    "flags": change_record(0, flags=(2, 1)),
    "turn-number": change_record(1, turn=2),
    "step-number": change_record(3, step=3),
    "status": change_record(2, status="fine"),
    "code": change_record(2, code="type"),
    "step-count": change_record(6, steps=4),
    "outcome": change_record(6, outcome="done"),
    "call-result": controlled(error="timeout"),
    "call-sampling": controlled(sampling={"decode": "obey me"}),
    "usage": controlled(usage=(-1, 2, None)),
    "seal-result": change_record(5, op="final", status="failed", code="type"),
    "seal-reason": change_record(6, reason="no_answer"),
    "redact": redacted_by_nobody,
    "redactions": redacted_of_nothing,
    "effects-kind": all_calls(effect="oracle"),
    "effects-same": all_calls(same_as="the first"),
    "effects-sampling": all_calls(sampling={"form": "obey me"}),
    "order": moved_blob,
    "effects-missing": lose_calls,
    "effects-stray": stray_calls,
    "effects-root": other_effects(root=handmade.state(1)),
    "effects-place": change_call(index=2),
    "effects-result": change_call(error="timeout"),
    "effects-head": replace_in("effects.jsonl", 0, b'"n":4', b'"n":3'),
    "effects-round": rounds_backwards,
    "effects-spans": replace_in("effects.jsonl", 2, b'[["",', b'[["a",'),
    "one-content": other_bytes(size=1_000_000),
    "ref": other_bytes(ref=handmade.state(1)),
    "salt": short_salt,
    "spelling": inline_as_base64,
    "size": other_bytes(base64=None, size=2, ref=handmade.state(1)),
    "twice": repeat_blob,
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_check_has_its_vector(name: str) -> None:
    """Each rule of the format is broken by one trace that keeps the others; the error names the rule."""
    with pytest.raises(TraceBrokenError) as error:
        check(BROKEN[name]())

    assert error.value.check == name


def test_every_check_is_in_the_table() -> None:
    """Every rule that the source names has a vector above, but for the length of a line (tested apart)."""
    folder = Path(lines.__file__).parent
    source = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    calls = r'(?:_require_same|_require_one_of|_require)\(\s*(?:[^"()]*(?:\([^()]*\)[^"()]*)*, )?"([a-z-]+)"'
    raised = r'TraceBrokenError\(\s*(?:file|RECORDS|BLOBS|EFFECTS), [^"]*?"([a-z-]+)"'

    found = set(re.findall(calls, source)) | set(re.findall(raised, source))

    assert found - {"length", "effects-step", "effects-count"} <= {*BROKEN, *OLD_BROKEN}
    assert found == set(CHECKS)
    assert len(found) > 20


def test_variants_of_a_broken_rule_are_found() -> None:
    """Rules that can be broken in several places are checked in each."""
    with pytest.raises(TraceBrokenError, match="effects-stray"):
        check(stray_calls())
    with pytest.raises(TraceBrokenError, match="step-number"):
        check(change_record(5, step=4)())
    with pytest.raises(TraceBrokenError, match="turn-number"):
        check(change_record(5, turn=1)())
    with pytest.raises(TraceBrokenError, match="state"):
        check(change_record(6, state=handmade.state(5))())
    with pytest.raises(TraceBrokenError, match="effects-root"):
        check(other_effects(failed=0)())
    with pytest.raises(TraceBrokenError, match="effects-place"):
        check(replace_in("effects.jsonl", 0, b'"step":2', b'"step":1')())
    with pytest.raises(TraceBrokenError, match="effects-result"):
        check(change_call(result=None, error="bad luck")())
    with pytest.raises(TraceBrokenError, match="profile"):
        check(change_record(2, used={"steps": 2**53})())
    with pytest.raises(TraceBrokenError, match="genesis"):
        check(order(0, 0)())
    with pytest.raises(TraceBrokenError, match="genesis"):
        check(handmade.encode([])[0])


def test_unknown_versions_are_refused() -> None:
    """Another format is its own error, not tampering."""
    with pytest.raises(UnknownFormatError, match="format 3"):
        check(change_record(0, v=3)())


def test_meaning_and_wording_are_nothing_to_a_verifier() -> None:
    """Flags and a rendering of a later version verify: whether a trace is whole does not depend on them."""
    trace = check(change_record(0, flags=(3, 900), rendering=77)())

    assert (trace.genesis.flags, trace.genesis.rendering) == ((3, 900), 77)


def test_content_must_be_what_records_say() -> None:
    """Content is neither another one, nor left out, nor added."""
    files, root = handmade.encode(handmade.run())
    whole = lines_of(files, "blobs.jsonl")
    extra = lines.encode_blob(blob(handmade.SALTS, b"extra")) + b"\n"

    with pytest.raises(BlobAbsentError, match="record 0"):  # it is another content, and the one that is named is gone
        check(replace_in("blobs.jsonl", 0, b'"{}"', b'"[]"')(), root)
    with pytest.raises(BlobAbsentError, match="record 0"):
        check(with_lines(files, "blobs.jsonl", whole[1:]), root)
    with pytest.raises(BlobUnreferencedError):
        check(with_lines(files, "blobs.jsonl", [*whole, extra]), root)
    with pytest.raises(BlobUnreferencedError):
        check(files | {"blobs/" + handmade.state(3): b"stray"}, root)


def test_what_a_source_names_must_be_there() -> None:
    """The content of an input from memory is named by its source, inside a blob."""
    entries = handmade.run()
    settings, _, source = entries[0].blobs

    with pytest.raises(BlobAbsentError, match="record 0"):
        check(handmade.encode([Entry(entries[0].record, (settings, source)), *entries[1:]])[0])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"kind":["step"]}',
        b'{"kind":"step"}',
        b"[" * 100_000,
        b'{"kind":"genesis","v":' + b"[" * 100_000,
        b'{"kind":"seal","kind":"seal"}',
        b'{"kind":"seal","v":1e400}',
        b'{"kind":"seal","v":' + b"9" * 10_000 + b"}",
        b'{"kind":"seal","steps":1.0}',
        b'{"kind":"seal","outcome":"\xff"}',
        b'{"kind":"seal","outcome":"\\ud800"}',
    ],
)
def test_hostile_lines_are_typed_errors(line: bytes) -> None:
    """Lines that are no records of ours are refused with an error of ours, in each file."""
    for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl"):
        files, _ = handmade.encode(handmade.run())
        for changed in (line + b"\n", line + b"\n" + files[name], files[name] + line + b"\n"):
            with pytest.raises(TraceError):
                check(files | {name: changed})


def test_lines_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than the limit is not decoded at all."""
    files, _ = handmade.encode(handmade.run())
    monkeypatch.setattr(lines, "MAX_LINE", 500)

    with pytest.raises(TraceBrokenError, match="length"):
        check(files)
