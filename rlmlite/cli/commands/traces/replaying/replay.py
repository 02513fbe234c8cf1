"""`rlmlite trace replay`: every step is executed again, offline, with the recorded results of calls.

Three questions are answered. Does the kernel, given the programs as they were recorded, compute every record again? Do
the prompts and the texts of programs, made again, fit what is recorded (`recheck`)? And are the nested runs what their
parents asked for? The verdict is the worst that any of them gives.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rlmlite.cli.commands.traces.opening import read_public_keys, reader_limits, verify_trace
from rlmlite.cli.commands.traces.replaying.recheck import Recheck
from rlmlite.cli.commands.traces.replaying.reparse import ReparseResult, reparse
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.config import load, reading_flags
from rlmlite.errors import SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.places import without_links
from rlmlite.guard.terminal import one_line
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite.inputs import deriving
from rlmlite.inputs.refetch import how_to_name, how_to_trust, sources_of
from rlmlite.runs.settings import RunSettings
from rlmlite.runs.settings.setting import DEFAULT_STORE
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import (
    BlobAbsentError,
    CheckedTrace,
    ControllerCheck,
    DirectoryStore,
    FileBlobs,
    ReaderLimits,
    Replayed,
    Verdict,
    allow_claims,
    replay,
)
from rlmlite_traces.files.guarded import Folder

EXITS = {
    Verdict.REPRODUCED: Exit.COMPLETED,
    Verdict.FORGED: Exit.DIFFERS,
    Verdict.ENGINES: Exit.ENGINES,
    Verdict.UNVERIFIABLE: Exit.UNVERIFIABLE,
}


_WORST_FIRST = (Verdict.FORGED, Verdict.ENGINES, Verdict.UNVERIFIABLE, Verdict.REPRODUCED)


class NestedReplay(msgspec.Struct, frozen=True):
    """A nested run: its id, in what its trace is not what its parent asked for, or else what its replay found."""

    id: str
    contradiction: str = ""
    replayed: Replayed | None = None

    @property
    def is_absent(self) -> bool:
        """Whether its trace is not here."""
        return self.replayed is None and not self.contradiction

    @property
    def verdict(self) -> Verdict:
        """Of a trace that is not there, nothing is said: its answer is in its parent's record."""
        if self.contradiction:
            return Verdict.FORGED
        return Verdict.REPRODUCED if self.replayed is None else self.replayed.verdict


class Replays(msgspec.Struct, frozen=True):
    """What was found of a trace, of those nested in it, and of the texts of its programs."""

    own: Replayed
    nested: tuple[NestedReplay, ...]
    texts: ReparseResult

    @property
    def verdict(self) -> Verdict:
        """The worst of them all."""
        of_texts = Verdict.REPRODUCED if self.texts.differs is None else Verdict.FORGED
        found = {self.own.verdict, of_texts, *(each.verdict for each in self.nested)}
        return next(verdict for verdict in _WORST_FIRST if verdict in found)


def replay_trace(
    trace: Path,
    root: str | None,
    at_least: str,
    keys: list[Path],
    inputs: list[str],
    flags: Mapping[str, Any],
    store: Path | None,
    allow: list[str],
    *,
    as_json: bool,
) -> Exit:
    """The command."""

    def work() -> Exit:
        settings = replay_settings(**flags)
        limits = reader_limits(allow)
        checked = verify_trace(trace, root, at_least, limits, read_public_keys(keys))
        with Folder.open(trace) as folder:
            has_nested, is_packed = folder.exists("nested"), folder.is_packed
        again = Again(trace, checked, settings, inputs, store, limits)
        recheck = Recheck()
        replayed = again.replay(recheck)
        has_nested = has_nested or bool(replayed.nested)
        nested = tuple(_replay_nested(again, replayed)) if has_nested else ()
        replays = Replays(replayed, nested, reparse(checked, recheck.readings))
        advice = "" if again.is_own or is_packed else how_to_trust(trace)  # a tag has to lie in a folder
        return _report(trace, checked, replays, as_json, advice)

    return exit_code_of(work, as_json=as_json)


def replay_settings(read: list[str], max_memory: str | None, redact: list[str] | None = None) -> RunSettings:
    """The settings that count for a replay. From here on memory is bounded by them. Raises `SettingError`."""
    return load({"reading": reading_flags(read) or None, "redact": redact, "max_memory": max_memory})


class Again:
    """What executes a trace again, with its inputs where the caller says they are, or where its own run had them."""

    def __init__(
        self,
        path: Path,
        trace: CheckedTrace,
        settings: RunSettings,
        inputs: list[str],
        store: Path | None,
        limits: ReaderLimits,
    ) -> None:
        """`inputs` and `store` are flags of the command line. Raises `SettingError`."""
        self.path, self.trace = path, trace
        self.is_own = is_begun_here(path, trace)
        # Whoever began a run has set its limits.
        self.limits = allow_claims(trace, limits) if self.is_own else limits
        self.blobs = input_blobs(store or settings.store, self.is_own)
        self._derive = deriving(settings.reading, self.limits)
        self._places = places_of(inputs)
        check_names(self._places, trace)

    def replay(self, check: ControllerCheck) -> Replayed:
        """The trace itself."""
        return self._replay(self.trace, self._places, self.is_own, check)

    def replay_as_far_as_possible(self, check: ControllerCheck) -> "Replayed | str":
        """The trace itself; or why it cannot be executed again: a content that it takes was redacted."""
        try:
            return self.replay(check)
        except BlobAbsentError as error:
            return str(error)

    def replay_nested(self, trace: CheckedTrace) -> Replayed:
        """A nested trace. Its inputs are contents that its parent's replay has registered: no path is looked at."""
        return self._replay(trace, {}, False, Recheck())

    def _replay(
        self, trace: CheckedTrace, places: Mapping[str, Path], recorded_paths: bool, check: ControllerCheck
    ) -> Replayed:
        return replay(
            trace,
            places,
            self.blobs,
            recorded_paths=recorded_paths,
            derive=self._derive,
            parser=CODE_PARSER,
            controller_check=check,
            limits=self.limits,
        )


def _replay_nested(again: Again, replayed: Replayed) -> Iterator[NestedReplay]:
    """The nested runs of a trace, each compared with what its parent's replay asked for, then replayed itself."""
    from rlmlite_traces import Standing, contradicts_request, nested_traces  # few traces have any

    requests = dict(replayed.nested)
    # A trace comes before those nested in it, so its requests are known when they are needed.
    for each in nested_traces(again.trace, again.path, again.limits):
        if each.standing is Standing.DIFFERS:
            yield NestedReplay(each.id, each.reason)
        elif each.standing is Standing.ABSENT:
            yield NestedReplay(each.id)
        elif each.trace is not None:
            request = requests.get(each.id)
            # Without a request its parent's replay ended before it got there, and has said why.
            contradiction = "" if request is None else contradicts_request(each.trace, request, again.blobs)
            found = again.replay_nested(each.trace)
            requests |= found.nested
            contradiction = contradiction or _compare_held(each.used, found)
            yield NestedReplay(each.id, contradiction, msgspec.structs.replace(found, state=None, nested={}))


def _compare_held(used: Mapping[str, int], found: Replayed) -> str:
    """Whether a nested run held as many bytes at its end as its parent recorded: no record of its own states that.

    A parent that was stopped meanwhile reads its answer from the trace, and does not record them.
    """
    recorded = used.get("value_bytes")
    if recorded is None or found.state is None or found.verdict is not Verdict.REPRODUCED:
        return ""
    held = found.state.used.get("value_bytes", 0)
    return "" if held == recorded else f"it held {held:,} value_bytes, and its parent recorded {recorded:,}"


def input_blobs(store: Path | None, is_own: bool) -> FileBlobs:
    """The blobs through which the inputs of a trace are read, of a store too.

    Without a word of the user, only a run that was begun here may be looked for in the default store, which need not
    exist. Nothing is added to any store.
    """
    if store is None and not (is_own and DEFAULT_STORE.exists()):
        return FileBlobs()
    return FileBlobs(store=DirectoryStore.open_to_read(store or without_links(DEFAULT_STORE)))


def _report(trace: Path, checked: CheckedTrace, replays: Replays, as_json: bool, if_own: str) -> Exit:
    replayed = replays.own
    if as_json:
        print_json(
            value=replays.verdict.value,
            trace=str(trace),
            root=checked.root,
            level=str(checked.level),
            executed=replayed.executed,
            steps=replayed.steps,
            difference=msgspec.to_builtins(replayed.difference),
            missing=replayed.missing,
            missing_files=msgspec.to_builtins(replayed.missing_files),
            unavailable={str(step): path for step, path in replayed.unavailable.items()},
            engines=replayed.engines,
            texts_compared=replayed.texts_compared,
            not_executed=replayed.not_executed,
            stopped=replayed.stopped,
            unchecked=replayed.unchecked,
            texts=msgspec.to_builtins(replays.texts),
            nested=[
                {"id": each.id, "value": _word(each), "differs": each.contradiction, **_counts(each)}
                for each in replays.nested
            ],
        )
    else:
        print_replay(replayed, sources_of(checked), if_own)
        _print_reparse(replays.texts)
        for each in replays.nested:
            _print_nested(each)
    return EXITS[replays.verdict]


def _word(nested: NestedReplay) -> str:
    return "absent" if nested.is_absent else nested.verdict.value


def _counts(nested: NestedReplay) -> dict[str, int]:
    found = nested.replayed
    return {} if found is None else {"executed": found.executed, "steps": found.steps}


def check_names(places: Mapping[str, Path], trace: CheckedTrace) -> None:
    """Raise `SettingError` for a place of an input that the trace does not have."""
    names = list(sources_of(trace))
    unknown = sorted(places.keys() - set(names))
    if unknown:
        known = ", ".join(names) or "none"
        raise SettingError(f"--input {unknown[0]}=...: there is no such input; its inputs: {one_line(known)}")


def _print_nested(nested: NestedReplay) -> None:
    if nested.is_absent:
        say(
            f"nested run {nested.id[:8]}: its trace is not here; its answer is in the record, and was not computed",
            "yellow",
        )
    if nested.contradiction:
        say(f"nested run {nested.id[:8]}: forged: {one_line(nested.contradiction)}", "red")
    elif nested.replayed is not None:
        say(f"nested run {nested.id[:8]}:")
        print_replay(nested.replayed)


def _print_reparse(reparsed: ReparseResult) -> None:
    if reparsed.differs is not None:
        say(f"turn {reparsed.differs}: its text no longer parses to the program that was executed", "red")
    elif reparsed.skipped:
        say(f"texts of programs were not parsed again: {reparsed.skipped}", "yellow")
    else:
        say(f"texts of programs: {reparsed.texts:,} parsed again, each to the program that was executed")


def print_replay(replayed: Replayed, sources: Mapping[str, Source] | None = None, if_own: str = "") -> None:
    """The verdict in words. `sources` are those of its inputs; without them an input cannot be named by the caller."""
    sentence, colour = _SENTENCES[replayed.verdict]
    if replayed.verdict is Verdict.REPRODUCED and replayed.not_executed:
        sentence, colour = "every other record is what the kernel computes", "yellow"
    verdict = replayed.verdict.value
    say(f"replayed: {verdict}: {replayed.executed:,} of {replayed.steps:,} steps re-executed; {sentence}", colour)
    if replayed.not_executed:
        codes = ", ".join(f"{code} {count:,}" for code, count in replayed.not_executed.items())
        say(f"    steps not re-executed, since by the record the machine failed there: {codes}", "yellow")
    if replayed.stopped:
        say(f"    {replayed.stopped}: raise --max-memory, or replay it on a machine with more memory", "yellow")
    # Below the verdict, what it rests on: what could not be compared, and why there may be a difference.
    if not replayed.texts_compared:
        say("    texts of observations were not compared: another version worded them", "yellow")
    for what, why in replayed.unchecked.items():
        say(f"    {what} were not made again: {one_line(why)}", "yellow")
    for name, (recorded, here) in replayed.engines.items():
        say(f"    {one_line(name)}: recorded {one_line(recorded)}, here {here}")
    _print_unavailable(replayed)
    for name, reason in replayed.missing.items():
        # Of a nested run: its inputs are its parent's, and are named there.
        advice = "" if sources is None else f"; say where it is: {how_to_name(name, sources.get(name), fetches=False)}"
        say(f"    input {one_line(name)} is not available: {one_line(reason)}{advice}{if_own}", "yellow")
    difference = replayed.difference
    if difference is not None:
        say(f"    record {difference.seq}, {difference.field}:")
        say(f"        recorded {one_line(difference.recorded)}")
        say(f"        computed {one_line(difference.computed)}")


_MOST_NAMED = 20
"""Files and steps that are named; of more, the number."""


def _print_unavailable(replayed: Replayed) -> None:
    """The steps that were taken as recorded, and every file that is not what the run read."""
    steps = [f"{step} ({one_line(path)})" if path else f"{step}" for step, path in replayed.unavailable.items()]
    if steps:
        more = len(steps) - _MOST_NAMED
        listed = ", ".join(steps[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        say(f"    steps not re-executed, taken as recorded, with the file that each needs: {listed}", "yellow")
    for file in replayed.missing_files[:_MOST_NAMED]:
        of_original = f", made of a file with sha256 {file.original[:12]}" if file.original else ""
        expected = f"{file.kind}, {file.size:,} bytes, sha256 {file.digest[:12]}{of_original}"
        say(f"    {one_line(file.input)}: {one_line(file.path or '(no path)')}: expected {expected}", "yellow")
        say(f"        {one_line(file.reason)}", "yellow")
    more = len(replayed.missing_files) - _MOST_NAMED
    if more > 0:
        say(f"    and {more:,} more files; --json names all", "yellow")


_SENTENCES = {
    Verdict.REPRODUCED: ("every record is what the kernel computes", "green"),
    Verdict.FORGED: ("a record is not what the kernel computes from the one before", "red"),
    Verdict.ENGINES: (
        "a step differs in what another version of an engine computed, which may be why; it is not shown to be genuine",
        "yellow",
    ),
    Verdict.UNVERIFIABLE: (
        "no difference in what could be checked; what could not is named below",
        "yellow",
    ),
}


def places_of(inputs: list[str]) -> dict[str, Path]:
    """Where inputs are now, by name, from `name=PATH`. Raises `SettingError`."""
    places: dict[str, Path] = {}
    for text in inputs:
        name, _, path = text.partition("=")
        if not name or not path:
            raise SettingError(f"--input {text}: write --input name=PATH")
        places[name] = Path(path)
    return places
