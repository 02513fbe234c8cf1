"""`rlmlite trace prove` and `rlmlite trace check`: one step by itself, in a file that needs no trace."""

import os
import re
from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits, verify_trace
from rlmlite.cli.commands.traces.replaying.reparse import is_same
from rlmlite.cli.commands.traces.replaying.replay import EXITS, input_blobs, places_of
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.config import load, reading_flags
from rlmlite.errors import InputError, SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.terminal import one_line
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite.inputs import deriving
from rlmlite_grammar import grammar_digest, parse, read_reply, reread
from rlmlite_kernel import ACTIONS, Parsed, Unparsed
from rlmlite_kernel.records.records import Step, Turn
from rlmlite_traces import CheckedTrace, Verdict, allow_claims
from rlmlite_traces.errors import words_of
from rlmlite_traces.proofs.check import check
from rlmlite_traces.proofs.execution import StepCheck
from rlmlite_traces.proofs.form import StepProof, decode_proof, encode_proof
from rlmlite_traces.proofs.prove import prove

_WANTED = re.compile(r"(?:(step|turn):)?([0-9]{1,9})")


def prove_record(
    trace: Path,
    wanted: str,
    out: Path | None,
    inputs: list[str],
    read: list[str],
    store: Path | None,
    allow: list[str],
    *,
    as_json: bool,
) -> Exit:
    """Write the proof of a step or a turn."""

    def work() -> Exit:
        settings = load({"reading": reading_flags(read) or None})
        limits = reader_limits(allow)
        checked = verify_trace(trace, None, "open", limits)
        seq = seq_of(checked, wanted)
        is_own = is_begun_here(trace, checked)
        if is_own:
            limits = allow_claims(checked, limits)
        proof = prove(
            checked,
            seq,
            places_of(inputs),
            blobs=input_blobs(store or settings.store, is_own),
            derive=deriving(settings.reading, limits),
            parser=CODE_PARSER,
            limits=limits,
            recorded_paths=is_own,
        )
        data = encode_proof(proof)
        if out is None:
            say(data.decode().rstrip("\n"))
            return Exit.COMPLETED
        _write_new(out, data)
        if as_json:
            print_json(value=str(out), trace=str(trace), root=proof.root, bytes=len(data), larger=list(proof.larger))
        else:
            _print_proof(proof, checked, out, seq, len(data))
        return Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)


def check_proof(file: Path, root: str | None, allow: list[str], *, as_json: bool) -> Exit:
    """Check what `prove_record` has written."""

    def work() -> Exit:
        limits = reader_limits(allow)
        found = check(decode_proof(_read(file, limits.json_bytes), limits), root, parser=CODE_PARSER, limits=limits)
        reading = _read_again(found)
        verdict = Verdict.FORGED if reading else found.verdict
        if as_json:
            print_json(
                value=verdict.value,
                trace=str(file),
                root=found.root,
                records=found.size,
                record=found.record.seq,
                difference=msgspec.to_builtins(found.difference),
                unverifiable=found.unverifiable,
                text=reading,
                engines=found.engines,
            )
        else:
            _print_check(found, verdict, reading, root)
        return EXITS[verdict]

    return exit_code_of(work, as_json=as_json)


def seq_of(trace: CheckedTrace, wanted: str) -> int:
    """The record that somebody means: `7` or `step:7` is a step, `turn:2` a turn. Raises `SettingError`."""
    match = _WANTED.fullmatch(wanted)
    if match is None:
        raise SettingError(f"{one_line(wanted)}: name a step by its number, such as 7, or a turn, such as turn:2")
    kind, number = match[1] or "step", int(match[2])
    for record in trace.records:
        if kind == "step" and isinstance(record, Step) and record.step == number:
            return record.seq
        if kind == "turn" and isinstance(record, Turn) and record.turn == number:
            return record.seq
    count = sum(isinstance(record, Step if kind == "step" else Turn) for record in trace.records)
    raise SettingError(f"the trace has no {kind} {number}; it has {count:,}, counted from 1")


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, as inputs may be in it. Raises `SettingError` if there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingError(f"{path} exists already; a proof needs a new file") from None
    with open(descriptor, "wb") as file:
        file.write(data)


def _read(path: Path, most: int) -> bytes:
    """A file of at most so many bytes, and one more, which is one too many. Raises `InputError`."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise InputError(words_of(error)) from None


def _read_again(found: StepCheck) -> str:
    """In what the text of a turn gives another reading than the recorded one; empty if in nothing, or for a step."""
    recorded = found.reading
    if recorded is None or found.grammar != grammar_digest():
        return ""
    read: Parsed | Unparsed = parse(recorded.text) if found.reply is None else read_reply(found.reply)
    if isinstance(read, Parsed):
        if isinstance(recorded, Unparsed):
            return ""  # the checker has refused it
        read = reread(read, ACTIONS, frozenset(found.names))
    return "" if is_same(read, recorded) else "its text is not what was read of it"


def _name(found: StepCheck) -> str:
    record = found.record
    return f"step {record.step}, {record.op}" if isinstance(record, Step) else f"turn {record.turn}"


def _print_proof(proof: StepProof, trace: CheckedTrace, out: Path, seq: int, size: int) -> None:
    record = trace.records[seq]
    what = f"step {record.step}" if isinstance(record, Step) else f"record {seq}"
    say(f"proved {what}: {one_line(str(out))}, {size:,} bytes, of the trace with root {proof.root}", "green")
    say(f"check it with `rlmlite trace check {one_line(str(out))} --root {proof.root}`")
    if proof.values or proof.contents:
        say("it holds what the step read of the inputs: whoever gets the file can read that", "yellow")
    if proof.larger:
        say(
            f"{len(proof.larger):,} contents are too large to be in it, so the step cannot be executed from it",
            "yellow",
        )


def _print_check(found: StepCheck, verdict: Verdict, reading: str, root: str | None) -> None:
    place = f"record {found.record.seq} of {found.size:,}, {_name(found)}"
    match verdict:
        case Verdict.REPRODUCED:
            say(f"reproduced: {place}: the record is what the kernel computes from this file", "green")
        case Verdict.UNVERIFIABLE:
            say(
                f"unverifiable: {place}: it is in the trace; it was not executed: {one_line(found.unverifiable)}",
                "yellow",
            )
        case _:
            say(f"{verdict.value}: {place}: the record is not what the kernel computes", "red")
    if reading:
        say(f"    {reading}", "red")
    difference = found.difference
    if difference is not None:
        say(f"    {difference.field}: recorded {one_line(difference.recorded)}")
        say(f"    {' ' * len(difference.field)}  computed {one_line(difference.computed)}")
    for name, (recorded, here) in found.engines.items():
        say(f"    {one_line(name)}: recorded {one_line(recorded)}, here {here}")
    say(f"root: {found.root}")
    if root is None:
        say("the root was not compared with a known one: give it with --root")
