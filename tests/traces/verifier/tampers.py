"""Tampering: the ways to change a trace of somebody who holds its files, from a flipped bit to a trace sealed anew.

    bytes      a bit flipped, a byte left out, put in, or written over, a file cut
    lines      left out, repeated, exchanged, taken from another trace
    chained    the same with records, and a field of a record or a call altered; then every place, root of calls and
               `prev` is computed again, as by somebody who knows the format
    contents   two exchanged, two salts exchanged, another one under its salt
    files      left out, empty, added, taken from another trace

With a known root nothing of this may pass. Without one, what is chained anew passes wherever it takes executing to see
it: `docs/reference/forgeries.md` says which.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rlmlite_kernel.records.merkle import leaf, root_of

Files = Mapping[str, bytes]
Json = dict[str, Any]
Tamper = Callable[[random.Random, dict[str, bytes], Files], None]
"""Changes files in place; the last are those of another trace. What cannot be done to these files changes nothing."""

RECORDS, BLOBS, EFFECTS = "trace.jsonl", "blobs.jsonl", "effects.jsonl"


class Tampered(NamedTuple):
    """The files of a trace after a change, and what that was."""

    kind: str
    files: Files


def tampered(traces: Sequence[Files], chance: random.Random, count: int) -> Iterator[tuple[int, Tampered]]:
    """So many changed traces, each with the number of the one that it was; every kind in turn."""
    kinds = list(KINDS)
    made = 0
    while made < count:
        number = chance.randrange(len(traces))
        kind = kinds[made % len(kinds)]
        files = dict(traces[number])
        KINDS[kind](chance, files, chance.choice(traces))
        if files != traces[number] and not _is_order_of_old_contents(files, traces[number]):
            made += 1
            yield number, Tampered(kind, files)
        else:
            kinds = kinds[1:] + kinds[:1]  # not possible here, as a swap in a file of one line


def _is_order_of_old_contents(files: Files, before: Files) -> bool:
    """Whether only lines of contents of format 1 have changed places: there their order means nothing."""
    changed = [name for name in before if files.get(name) != before[name]]
    are_same = all(sorted(files.get(name, b"").splitlines()) == sorted(before[name].splitlines()) for name in changed)
    return are_same and b'"semantics"' in before[RECORDS] and all(name.endswith(BLOBS) for name in changed)


def _pick(chance: random.Random, files: Files, *suffixes: str) -> str:
    """One of the files that are checked, with at least one byte."""
    names = [name for name, content in files.items() if content and name.endswith(suffixes or (".jsonl",))]
    large = [name for name, content in files.items() if content and "blobs/" in name and not suffixes]
    return chance.choice(names + large)


def _flip(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    name = _pick(chance, files)
    content = bytearray(files[name])
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    files[name] = bytes(content)


def _leave_out_bytes(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    name = _pick(chance, files)
    at = chance.randrange(len(files[name]))
    files[name] = files[name][:at] + files[name][at + chance.choice((1, 1, 2, 40)) :]


def _put_in_bytes(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    name = _pick(chance, files)
    at = chance.randrange(len(files[name]) + 1)
    files[name] = files[name][:at] + bytes([chance.choice(b' "0,:[]{}\n\\\t-.eu')]) + files[name][at:]


def _write_over(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    name = _pick(chance, files)
    at = chance.randrange(len(files[name]))
    files[name] = files[name][:at] + bytes([chance.choice(b"0123456789abcdef")]) + files[name][at + 1 :]


def _cut(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    name = _pick(chance, files)
    files[name] = files[name][: chance.randrange(len(files[name]))]


def _change_lines(chance: random.Random, lines: list[Any], others: list[Any]) -> None:
    """Leave a line out, repeat it, exchange it with another one, or take one from elsewhere."""
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(to, lines[at])
        case 2:
            lines[at], lines[to] = lines[to], lines[at]
        case 3 if others:
            lines[at] = chance.choice(others)
        case _ if others:
            lines.insert(at, chance.choice(others))


def _lines(chance: random.Random, files: dict[str, bytes], other: Files) -> None:
    name = _pick(chance, files, ".jsonl")
    whole = files[name].splitlines(keepends=True)
    _change_lines(chance, whole, other.get(name, b"").splitlines(keepends=True))
    files[name] = b"".join(whole)


def _chained_lines(chance: random.Random, files: dict[str, bytes], other: Files) -> None:
    folder = _folder(chance, files)
    records = _read(files[folder + RECORDS])
    _change_lines(chance, records, _read(other.get(folder + RECORDS, other[RECORDS])))
    _write(files, folder, records, files[folder + EFFECTS].splitlines())


def _chained_field(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    folder = _folder(chance, files)
    records = _read(files[folder + RECORDS])
    calls = files[folder + EFFECTS].splitlines()
    if calls and chance.random() < 0.4:
        at = chance.randrange(len(calls))
        calls[at] = _spell(_altered(chance, json.loads(calls[at])))
    else:
        at = chance.randrange(len(records))
        key = chance.choice(list(records[at]))
        records[at] = {**records[at], key: _altered(chance, records[at][key])}
    _write(files, folder, records, calls)


def _folder(chance: random.Random, files: Files) -> str:
    """The trace, or one nested in it, as the beginning of its files' names."""
    return chance.choice([name.removesuffix(RECORDS) for name in files if name.endswith(RECORDS)])


def _read(records: bytes) -> list[Json]:
    return [json.loads(line) for line in records.splitlines()]


def _altered(chance: random.Random, document: Any) -> Any:
    """A document in which one value, anywhere, is another."""
    if isinstance(document, dict) and document and chance.random() < 0.95:
        key = chance.choice(list(document))
        if chance.random() < 0.1:
            return {name: item for name, item in document.items() if name != key}
        return {**document, key: _altered(chance, document[key])}
    if isinstance(document, list) and document and chance.random() < 0.9:
        at = chance.randrange(len(document))
        return [*document[:at], _altered(chance, document[at]), *document[at + 1 :]]
    return _other_value(chance, document)


def _other_value(chance: random.Random, value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return chance.choice((True, False, None, 1, "x"))
    if isinstance(value, int):
        return chance.choice((value + 1, value - 1, 0, -value, 2**53, None))
    if isinstance(value, str):
        is_hex = len(value) in (32, 64)
        return chance.choice(
            (value[::-1], "ab" * (len(value) // 2) if is_hex else f"{value}x", "", "ok", "final", None)
        )
    return chance.choice((None, [], {}, 1))


def _write(files: dict[str, bytes], folder: str, records: list[Json], calls: list[bytes]) -> None:
    """The files with every place, every root of calls and every `prev` computed anew."""
    taken, lines = 0, list[bytes]()
    for seq, record in enumerate(records):
        effects = record.get("effects")
        if isinstance(effects, dict) and isinstance(effects.get("n"), int):
            rounds = 0 if "v" in record else effects.get("rounds", 1)
            count = effects["n"] + (rounds if isinstance(rounds, int) else 0)
            record = {**record, "effects": {**effects, "root": root_of(calls[taken : taken + count])}}
            taken += count
        record = {**record, "seq": seq, "prev": leaf(lines[-1]).hex() if lines else "0" * 64}
        if seq == 0 and "semantics" not in record:
            record = {name: item for name, item in record.items() if name not in ("seq", "prev")}
        lines.append(_spell(record))
    files[folder + RECORDS] = b"".join(line + b"\n" for line in lines)
    files[folder + EFFECTS] = b"".join(line + b"\n" for line in calls)


def _spell(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _contents(chance: random.Random, files: dict[str, bytes], _: Files) -> None:
    name = _pick(chance, files, BLOBS)
    lines = [json.loads(line) for line in files[name].splitlines()]
    texts = [at for at, line in enumerate(lines) if isinstance(line, list) or "text" in line]
    if len(texts) < 2:
        return
    one, two = (lines[at] for at in chance.sample(texts, 2))
    salt, text = (0, 1) if isinstance(one, list) else ("salt", "text")
    match chance.randrange(3):
        case 0:
            one[text], two[text] = two[text], one[text]
        case 1:
            one[salt], two[salt] = two[salt], one[salt]
        case _:
            one[text] += chance.choice((" ", "x", "0"))
    files[name] = b"".join(_spell(line) + b"\n" for line in lines)


def _files(chance: random.Random, files: dict[str, bytes], other: Files) -> None:
    name = _pick(chance, files)
    match chance.randrange(4):
        case 0:
            del files[name]
        case 1:
            files[name] = b""
        case 2:
            files[f"{_folder(chance, files)}blobs/{'ab' * 32}"] = b"more"
        case _ if name in other:
            files[name] = other[name]


KINDS: Final[Mapping[str, Tamper]] = {
    "a bit flipped": _flip,
    "bytes left out": _leave_out_bytes,
    "a byte put in": _put_in_bytes,
    "a byte written over": _write_over,
    "a file cut": _cut,
    "lines changed": _lines,
    "records changed, chained anew": _chained_lines,
    "a field altered, chained anew": _chained_field,
    "contents or salts exchanged": _contents,
    "files changed": _files,
}
