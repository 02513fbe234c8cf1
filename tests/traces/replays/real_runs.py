"""Traces of real runs: the kernel executes programs, a function answers its calls, a log keeps the receipts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rlmlite_grammar import parse
from rlmlite_kernel import (
    Answered,
    Done,
    Input,
    Limits,
    Request,
    Result,
    Role,
    RunKey,
    Settings,
    Source,
    Suspended,
    Text,
    advance,
    begin,
    render,
    resume,
    seal,
)
from rlmlite_kernel.values.values import documents
from rlmlite_traces import FileBlobs, Log, Replayed, Verdict

KEY = bytes(32)
LOG = "".join(f"{n:04} {'ERROR disk' if n % 7 == 0 else 'INFO ok'} Zoë {n}\n" for n in range(400))
PROGRAMS = (
    "hits = search(log, /ERROR (\\w+)/)\nn = len(hits)",
    'parts = chunk(log, size=3000)\nseen = extract_over_chunks(parts, "Count errors: {chunk}", on_error="null")\n'
    "m = len(seen)",
    "this is no program (",
    "final({n: n, seen: seen}, evidence=hits)",
)


def answer(request: Request, prompt: str) -> Result:
    """A reply that depends on the prompt alone."""
    return Answered(f"{prompt.count('ERROR')} errors, Zoë")


def text_input(text: str, blobs: FileBlobs) -> Input:
    """Text from memory."""
    content = text.encode()
    return Input(Text(blobs.put(content), 0, len(content)), Source("text"), content)


def file_input(path: Path, blobs: FileBlobs) -> Input:
    """A file that stays where it is."""
    file = blobs.add_file(path)
    return Input(Text(file.digest, 0, file.size), Source("text", str(path), (file,)))


def folder_input(path: Path, blobs: FileBlobs) -> Input:
    """The files of a folder."""
    names = sorted(item.name for item in path.iterdir())
    files = tuple(blobs.add_file(path / name, name) for name in names)
    value = documents((file.path, file.digest, file.size) for file in files)
    return Input(value, Source("documents", str(path), files))


def settings() -> Settings:
    return Settings(limits=Limits(), roles={"sub": Role(model="m")})


def record(
    path: Path,
    inputs: Mapping[str, Input],
    blobs: FileBlobs,
    programs: Sequence[str] = PROGRAMS,
    *,
    call: Callable[[Request, str], Result] = answer,
    end: bool = True,
) -> Done:
    """A run on disk; the state at its end."""
    with Log.create(path, KEY) as log:
        done = begin(inputs, settings(), RunKey(KEY), grammar="0" * 64)
        log.extend(done.entries)
        for program in programs:
            done = turn(log, done, program, blobs, call)
            if done.halted:
                break
        if end:
            log.extend([seal(done.state)])
    return done


def turn(log: Log, done: Done, program: str, blobs: FileBlobs, call: Callable[[Request, str], Result] = answer) -> Done:
    """One program, as a driver runs it."""
    step = advance(done.state, parse(program), blobs, reply=program, origin="controller")
    while isinstance(step, Suspended):
        for entry in step.entries:
            log.append(entry)
        known = log.journal_results()
        results = []
        for request in step.requests:
            if request.id not in known:
                result = call(request, render(request.prompt, blobs))
                log.journal(request.id, result)
                known[request.id] = result
            results.append(known[request.id])
        step = resume(step, results, blobs)
    log.extend(step.entries)
    return step


def is_reproduced(replayed: Replayed) -> bool:
    """Whether every step was executed again and gave the same records."""
    return replayed.verdict is Verdict.REPRODUCED and replayed.executed == replayed.steps
