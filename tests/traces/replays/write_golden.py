"""Writes the kept traces of today's format, below `traces/golden/`.

Run it by hand: `python tests/traces/replays/write_golden.py`.
"""

import shutil
from pathlib import Path

from rlmlite.inputs import from_values
from rlmlite_grammar import grammar_digest, parse
from rlmlite_kernel import Answered, Failed, Result, Role, RunKey, Settings, Suspended, advance, begin, resume, seal
from rlmlite_kernel.records.evolution import FORMAT
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs, Log

FOLDER = Path(__file__).parents[3] / "traces" / "golden" / str(FORMAT)

LOG = "".join(
    f"2026-11-{day:02} {level} {part} request {day * 7919} took {day * 31 % 97} ms — Zoë\n"
    for day in range(1, 29)
    for level, part in (("INFO", "web"), ("WARN" if day % 5 else "ERROR", "db"))
)

PROGRAMS: dict[str, tuple[str, ...]] = {
    "search": (
        "hits = search(log, /(?<level>WARN|ERROR) (?<part>\\w+) .* took (?<ms>\\d+)/)\n"
        "c = count_by(hits, .level)\nshow(c)",
        "hits = search(log, /(?<level>WARN|ERROR) (?<part>\\w+) .* took (?<ms>\\d+)/)\n"
        "slow = top(extend(hits, {n: int(.ms)}), 3, by=.n)\npreview(slow)\n"
        'show(log.lines[1:3], log[0:40], log.chars[60:66], search(log, ["db", "web"], limit=2))',
        'rows = parse_lines(log, "{date} {level} {part} request {id} took {ms} ms — {who}")\n'
        "g = group(rows, .part, {n: count(), slowest: max(int(.ms)), mean: avg(int(.ms))})\n"
        "levels = to_object(count_by(rows, .level), .key, .n)\n"
        'final({groups: g, levels: levels, first: rows[0].date + "!"}, evidence=slow)',
    ),
    "fan-out": (
        'note("read it in parts")\nparts = chunk(log, size=10, overlap=2, by="lines")\n'
        'labels = extract_over_chunks(parts, "Is {line} bad?\\n{chunk}", schema={bad: bool, quote?: str})\n'
        'one = sub_lm("In one word: {parts}")',
        "bad = where(labels, .bad == true)\nfinal({bad: count(bad), word: one}, evidence=bad.quote)",
    ),
    "faults": (
        "this is (no program",
        'x = serach(log, "a")\ny = search(log, /(?=a)/)\nz = count(x)\nok = replace(log[0:30], /\\d+/, "<$0>")',
        'a = json_parse("[1, 2.50, 1e-7, {\\"b\\": 1}]")\nb = log[0:10] == 5\nc = chunk(log, size=4, overlap=9)\n'
        'd = sort([3, null, true, "x", 1.5])\nshow(a, d, docs["b.txt"])',
        "final(ok)",
    ),
}


def main() -> None:
    """Write every kept trace."""
    for name, programs in PROGRAMS.items():
        place = FOLDER / f"{name}.rlm"
        shutil.rmtree(place, ignore_errors=True)
        write(place, programs)


def write(place: Path, programs: tuple[str, ...]) -> None:
    """One trace: the programs turn by turn, with scripted answers."""
    key, blobs = bytes(31) + b"\x01", FileBlobs()
    settings = Settings(roles={"sub": Role(model="scripted:kept")})
    done = begin(_inputs(blobs), settings, RunKey(key), grammar=grammar_digest())
    with Log.create(place, key) as log:
        log.extend(done.entries)
        for program in programs:
            turn = advance(done.state, parse(program), blobs, reply=f"```\n{program}\n```", origin="controller")
            while isinstance(turn, Suspended):
                for entry in turn.entries:
                    log.append(entry)
                turn = resume(turn, [_answer(index) for index in range(len(turn.requests))], blobs)
            log.extend(turn.entries)
            done = turn
        log.extend([seal(done.state)])
    (place / "lock").unlink()
    (place / "timing.jsonl").unlink()


def _answer(index: int) -> Result:
    if index == 3:
        return Failed("timeout")
    return Answered('{"bad": %s, "quote": "ERROR db"}' % ("true" if index % 2 else "false"))


def _inputs(blobs: FileBlobs) -> dict[str, Input]:
    return from_values({"log": LOG, "docs": {"a.txt": "one\ntwo\n", "b.txt": "three ✓\n"}}, blobs)


if __name__ == "__main__":
    main()
