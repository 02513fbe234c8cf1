"""Writes the kept traces of today's format and rendering, below `traces/golden/`.

Run it by hand: `python tests/traces/replays/write_golden.py`, with names for these alone.
"""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import rlmlite
from rlmlite.inputs import from_values
from rlmlite_grammar import grammar_digest, parse
from rlmlite_kernel import (
    Answered,
    Failed,
    Request,
    Result,
    Role,
    RunKey,
    Settings,
    Suspended,
    Usage,
    advance,
    begin,
    resume,
    seal,
)
from rlmlite_kernel.records.evolution import FORMAT, RENDERING
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs, Log
from tests.traces.replays.golden_programs import DATA, KEY, LOG, PROGRAMS
from tests.traces.replays.held_answers import BLIND, write_held

FOLDER = Path(__file__).parents[3] / "traces" / "golden" / f"{FORMAT}.{RENDERING}"


def main(names: Sequence[str]) -> None:
    """Write the kept traces of these names, or every one."""
    for name, programs in PROGRAMS.items():
        if not names or name in names:
            write(_clear(name), programs)
    for name, run in RUNS.items():
        if names and name not in names:
            continue
        place = _clear(name)
        run(place)
        _drop_what_differs(place)


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
    _drop_what_differs(place)


def _clear(name: str) -> Path:
    place = FOLDER / f"{name}.rlm"
    shutil.rmtree(place, ignore_errors=True)
    return place


def _drop_what_differs(place: Path) -> None:
    """Lock and times are of the process that wrote the trace, and no part of it."""
    for name in ("lock", "timing.jsonl"):
        for path in place.rglob(name):
            path.unlink()


def agent_run(place: Path) -> None:
    """A question: a mistake, prose, an unknown action, ranking and patterns, an answer with evidence."""
    replies = (
        "errors = search(log, /ERROR (?<part>\\w+)/)\ncounts = count_by(errors, part)",
        "I think the answer is db.",
        "x = serach(log, 1)",
        'rank(docs, "one")\npatterns(log)\nmask(log[0:200])',
        'around(errors, log, lines=1)\nnote("db leads")\nfinal(counts[0], evidence=errors)',
    )
    rlmlite.run(
        "Which part logs the most errors?", DATA, controller=rlmlite.Scripted(replies), trace=place, run_key=KEY
    )


def rounds_run(place: Path) -> None:
    """Calls in several rounds: rows that get no answer are asked for again, texts are merged level by level."""
    program = """
said = sub_lm("In one word: {log}")
kinds = classify(rows, "Is it fast?", labels=["fast", "slow"])
one = reduce(log.lines[1:7], "Join: {items}", fan_in=3)
final({said: said, one: one, kinds: kinds.label})
"""
    rows = [{"id": n, "part": ("web", "db")[n % 2], "ms": n * 7 % 50} for n in range(12)]
    sub = rlmlite.Scripted(_reply_to)
    rlmlite.execute(program, {**DATA, "rows": rows}, sub=sub, trace=place, run_key=KEY)


def _reply_to(prompt: str, request: Request) -> Result:
    if "Is it fast?" in prompt:
        return Answered('[{"row": 1, "answer": "fast"}]', Usage(10, 5, None))
    if "Join" in prompt:
        return Answered(f"joined {len(prompt)}", Usage(1, 1, 1))
    return Answered("db", Usage(None, None, None))


def tools_run(place: Path) -> None:
    """A tool without side effects, and one with, which is approved."""

    @rlmlite.tool(side_effects=False)
    def owner(part: str) -> dict[str, str]:
        """Who looks after a part."""
        return {"part": part, "owner": "Zoë"}

    @rlmlite.tool
    def page(who: str, text: str) -> str:
        """Page somebody."""
        return f"paged {who}"

    replies = (
        "e = search(log, /ERROR (?<part>\\w+)/)\nshow(e[0])",
        "o = owner(part=e[0].part)\nshow(o)",
        'r = page(who=o.owner, text="errors in " + e[0].part)\nshow(r)',
        "final(r)",
    )
    rlmlite.run(
        "Page the owner of the part with errors.",
        DATA,
        controller=rlmlite.Scripted(replies),
        tools=[owner, page],
        approve=lambda approval: True,
        trace=place,
        run_key=KEY,
    )


def nested_run(place: Path) -> None:
    """A question within a question, over one document."""
    replies = ('a = sub_rlm("What is in here?", text=docs["a.txt"])\nshow(a)', "final(a)")
    inner = ('h = search(text, "two")\nfinal(h[0].text, evidence=h)',)
    rlmlite.run(
        "What is in a.txt?",
        DATA,
        controller=rlmlite.Scripted(replies),
        nested=rlmlite.Scripted(inner),
        trace=place,
        run_key=KEY,
    )


def nested_evidence_run(place: Path) -> None:
    """Nested runs over a part of a text, a folder and a made text, two deep: their evidence and coverage come up."""
    outer = (
        'a = sub_rlm("Errors?", part=log[200:1400], share=0.3)\nb = sub_rlm("Where is two?", part=docs, share=0.3)\n'
        'c = sub_rlm("Errors?", part=render(log.lines[1:20], "{text}"), share=0.3)\nshow(a, b, c)',
        "final(a + b + c)",
    )
    inner = 'n = sub_rlm("How many?", part=part, share=0.8)\nfinal(n)'
    innermost = 'h = search(part, ["ERROR", "two"])\nshow(h)\nfinal(count(h), evidence=h)'
    rlmlite.run(
        "How many?",
        DATA,
        controller=rlmlite.Scripted(outer),
        nested=[rlmlite.Scripted(lambda _, __: inner), rlmlite.Scripted(lambda _, __: innermost)],
        limits={"depth": 2, "turns": 300, "steps": 3_000},
        trace=place,
        run_key=KEY,
    )


def nested_rows_run(place: Path) -> None:
    """Nested runs over hits, a record and rows, two deep: each text is handed down with its place."""
    program = (
        'h = search(log, "ERROR")\na = sub_rlm("How many?", part=h, share=0.3)\n'
        'b = sub_rlm("Which?", part=h[2], share=0.3)\n'
        'c = explore_over_rows(log.lines[1:3], "What?", {part: {n: .line, text: .text}}, share=0.3)\n'
        "final([a, b, c.answer], evidence=c)"
    )
    inner = 'n = sub_rlm("How many?", part=part, share=0.8)\nfinal(n)'
    innermost = "show(part)\nfinal(count([part]), evidence=part)"
    rlmlite.execute(
        program,
        DATA,
        nested=[rlmlite.Scripted(lambda _, __: inner), rlmlite.Scripted(lambda _, __: innermost)],
        limits={"depth": 2, "turns": 300, "steps": 3_000},
        trace=place,
        run_key=KEY,
    )


def extract_run(place: Path) -> None:
    """Values read out of a text, with the places of their words, and out of rows."""
    program = """
one = extract({level: str, when: date, who: str}, log.lines[2])
each = extract(log.lines[1:3], {level: str})
final(one, evidence=each)
"""
    sub = rlmlite.Scripted(
        {
            "numbered_rows": '[{"row": 1, "answer": {"level": "INFO"}}, {"row": 2, "answer": {"level": "WARN"}}]',
            "Read these values": '{"level": "WARN", "when": "2026-11-01", "who": "Ann"}',
        }
    )
    rlmlite.execute(program, DATA, sub=sub, trace=place, run_key=KEY)


def tool_rows_run(place: Path) -> None:
    """A tool for each row: one call fails, one is not approved, and one goes out at a time."""

    @rlmlite.tool(side_effects=False)
    def owner(part: str) -> str:
        """Who looks after a part."""
        if part == "db":
            raise ValueError("nobody")
        return "Zoë"

    @rlmlite.tool
    def page(who: str, text: str) -> str:
        """Page somebody."""
        return f"paged {who}: {text}"

    program = """
found = tool_over_rows(parts, owner, {part: .part})
paged = tool_over_rows(parts, page, {who: .who, text: "errors in " + .part})
final([found.result, found.failed, paged.result, paged.failed])
"""
    parts = [{"part": part, "who": who} for part, who in (("web", "ann"), ("db", "bob"), ("ui", "cid"))]
    rlmlite.execute(
        program,
        {"parts": parts},
        tools=[owner, page],
        approve=lambda approval: approval.arguments["who"] != "bob",
        trace=place,
        run_key=KEY,
    )


def explore_run(place: Path) -> None:
    """A nested run for each document, one of which has no answer."""
    replies = ('r = explore_over_rows(docs, "What is in {path}?")', "final([r.answer, r.failed], evidence=r)")

    def inner(prompt: str, request: Request) -> str:
        return "nothing" if "b.txt?" in prompt else 'h = search(context, "two")\nfinal(h[0].text, evidence=h)'

    rlmlite.run(
        "What is in the documents?",
        DATA,
        controller=rlmlite.Scripted(replies),
        nested=rlmlite.Scripted(inner),
        trace=place,
        run_key=KEY,
    )


def added_run(place: Path) -> None:
    """A session to which inputs and limits are added: before a question, after its answer, and equal to an input."""
    spoken = iter(('h = search(log, "ERROR")\nshow(h)', "final(count(h))", 'final(count(search(again, "ERROR")))'))

    def said(prompt: str, request: Request) -> str:
        return "final(count(part))" if "# Question\nRows?" in prompt else next(spoken)

    client = rlmlite.Scripted(said)
    with rlmlite.Session(place, {"log": LOG}, controller=client, run_key=KEY, limits={"turns": 4}) as session:
        session.add({"docs": DATA["docs"]}, limits={"turns": 6})
        session.ask("How many errors?")
        session.add({"again": LOG, "rows": [{"n": 1}, {"n": 2}]}, limits={"turns": 40, "steps": 3_000})
        session.ask("And again?")
        session.exec('a = sub_rlm("Rows?", part=rows, share=0.5)\nfinal(a, evidence=search(docs, "two"))')
        session.seal()


def shared_calls_run(place: Path) -> None:
    """The same prompts again: in one fan-out, beside each other, and at a later turn; one that fails is asked again."""
    program = 'labels = extract_over_chunks(["a", "b", "a"], "Which? {value}")\nbeside = sub_lm("Which? a")'
    later = 'again = sub_lm("Which? a")\nbad = sub_lm("Fails?")'
    replies = (program, later, 'twice = sub_lm("Fails?")\nshow(labels, again)', "final([labels, again, twice])")
    replies_to_fails: Iterator[Answered | Failed] = iter([Failed("timeout"), Answered("at last")])

    def sub(prompt: str, request: Request) -> Answered | Failed | str:
        return next(replies_to_fails) if "Fails?" in prompt else f"<{prompt[-1]}>"

    rlmlite.run(
        "What is each?",
        DATA,
        controller=rlmlite.Scripted(replies),
        sub=rlmlite.Scripted(sub),
        roles={"sub": {"cache": True}},
        trace=place,
        run_key=KEY,
    )


def split_batches_run(place: Path) -> None:
    """Batches for a model with a small window go out in parts; a row that does not fit alone is left out."""
    rows = "rows = map(log.lines, .text + .text)\nlong = [log[0:40], log[0:900]]"
    ask = 'labels = classify(rows[0:12], "Which?", labels=["a", "b"], batch=6)'
    rest = (
        'some = classify(long, "Which?", labels=["a", "b"])\nmerged = reduce(rows[0:12], "Merge: {items}", fan_in=12)'
    )
    replies = (f"{rows}\n{ask}", rest, "show(labels)", "final([labels.label, some.label, merged])")

    def sub(prompt: str, request: Request) -> str:
        numbers = re.findall(r"^(\d+): ", prompt, re.M)
        answers = [{"row": int(number), "answer": "a" if int(number) % 2 else "b"} for number in numbers]
        return json.dumps(answers) if numbers else f"<{len(prompt)}>"

    rlmlite.run(
        "Which is which?",
        DATA,
        controller=rlmlite.Scripted(replies),
        sub=rlmlite.Scripted(sub),
        roles={"sub": {"window": 300, "max_output_tokens": 30, "purpose": "reads rows"}},
        trace=place,
        run_key=KEY,
    )


def _held(code: str) -> Callable[[Path], None]:
    return lambda place: write_held(place, code, KEY)


def refused_run(place: Path) -> None:
    """A program of the host's with mistakes: none of it is executed."""
    rlmlite.execute("hits = serach(log)\nx = (", DATA, trace=place, run_key=KEY)


RUNS: dict[str, Callable[[Path], None]] = {
    "refused": refused_run,
    "agent": agent_run,
    "rounds": rounds_run,
    "tools": tools_run,
    "nested": nested_run,
    "nested-evidence": nested_evidence_run,
    "nested-rows": nested_rows_run,
    "added": added_run,
    "extract": extract_run,
    "tool-over-rows": tool_rows_run,
    "explore-over-rows": explore_run,
    "shared-calls": shared_calls_run,
    "split-batches": split_batches_run,
    **{f"held-{code.replace('_', '-')}": _held(code) for code in BLIND},
}


def _answer(index: int) -> Result:
    if index == 3:
        return Failed("timeout")
    return Answered('{"bad": %s, "quote": "ERROR db"}' % ("true" if index % 2 else "false"))


def _inputs(blobs: FileBlobs) -> dict[str, Input]:
    return from_values(DATA, blobs)


if __name__ == "__main__":
    main(sys.argv[1:])
