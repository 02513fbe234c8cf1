"""`rlmlite trace fork`: another way from a step of a run on. What it will do and cost is said first."""

import sys
from contextlib import nullcontext
from pathlib import Path

import msgspec

from rlmlite.agent.sessions.forking import Fork, Rehearsed
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_outcome
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.job import Job
from rlmlite.cli.settings.places import Places
from rlmlite.clients.interface.keys import without_keys
from rlmlite.clients.interface.prices import dollars
from rlmlite.errors import SettingError
from rlmlite.guard.terminal import ask_yes_no, one_line
from rlmlite.guard.trust.access import Access
from rlmlite.tools.approvals import TERMINAL
from rlmlite_kernel.effects.requests import Request

_OWN = ("controller", "sub", "nested", "roles", "policy", "limits", "max_cost", "tools")
"""Settings that only the flags give here: what nobody gives is as it was in the parent."""

_FAMILIES = {"controller": "controller", "rlm": "nested"}
_MOST_NAMED = 20


def models_of(named: list[str]) -> dict[str, list[str]]:
    """`NAME=MODEL` by the settings that they are. Raises `SettingError`."""
    flags: dict[str, list[str]] = {"roles": []}
    for text in named:
        name, separator, model = text.partition("=")
        family = _FAMILIES.get(name.partition("_")[0])
        if not separator:
            raise SettingError(f"--model {one_line(text)}: write --model NAME=MODEL, such as sub={one_line(text)}")
        if family is not None and "." not in name:
            flags.setdefault(family, []).append(model)
        else:
            flags["roles"].append(text)
    return {name: given for name, given in flags.items() if given}


def fork_trace(
    trace: Path,
    at: int,
    out: Path,
    job: Job,
    models: list[str],
    places: Places,
    offline: bool,
    dry_run: bool,
    *,
    as_json: bool,
) -> Exit:
    """The command."""

    def work() -> Exit:
        named = msgspec.structs.replace(job, flags={**job.flags, **models_of(models)})
        settings = named.settings(flags_only=_OWN, tell=log.warning, approve=job.flags.get("approve") or TERMINAL)
        program = job.program() if job.text is not None or job.path is not None else None
        if not dry_run and out.exists():
            raise SettingError(f"{out} exists already; a fork needs a new folder")
        access = Access(places.by_name(), places.store)
        # To say what would be called takes no key.
        with without_keys() if dry_run or offline else nullcontext():
            fork = Fork(trace, at, access, settings, program)
        found = fork.rehearse()
        if dry_run or (offline and found.calls):
            _tell(found, fork, as_json)
            return Exit.COMPLETED if dry_run else Exit.PARTIAL
        if not as_json:
            _print(found)
        _require_leave(found, job.yes)
        outcome = fork.run(out, offline=offline)
        if as_json:
            print_json(**outcome_document(outcome, fork.parent.inputs), reused=found.reused)
        else:
            print_outcome(outcome, fork.parent.inputs, {})
        return STATUSES[outcome.status]

    return exit_code_of(work, as_json=as_json)


def _require_leave(found: Rehearsed, yes: bool) -> None:
    """Ask before calls that may cost something. Raises `SettingError` where nobody agrees."""
    if yes or found.bound == 0:
        return
    cost = "at an unknown price" if found.bound is None else f"that may cost up to {dollars(found.bound)}"
    if not sys.stdin.isatty():
        raise SettingError(f"{len(found.calls):,} calls {cost} would be made, and more may follow: agree with --yes")
    if not ask_yes_no(f"{len(found.calls):,} calls {cost}, and more may follow. Go on?"):
        raise SettingError("not agreed to, so nothing was made")


def _tell(found: Rehearsed, fork: Fork, as_json: bool) -> None:
    if as_json:
        print_json(
            value=[_described(call) for call in found.calls],
            trace=str(fork.parent.path),
            root=fork.parent.trace.root,
            kept=found.kept,
            reused=found.reused,
            cost_nano=found.bound,
        )
    else:
        _print(found)
        say("nothing was run")


def _print(found: Rehearsed) -> None:
    say(f"turns done as before: {found.kept:,}; results used again, at no cost: {found.reused:,}")
    if not found.calls:
        say("calls to make: none")
        return
    cost = "an unknown price" if found.bound is None else f"at most {dollars(found.bound)}"
    say(f"calls to make first: {len(found.calls):,}, {cost}; what comes after them depends on their answers", "yellow")
    for call in found.calls[:_MOST_NAMED]:
        of_model = f" ({one_line(call.model)})" if call.model else ""
        say(f"    {call.kind} {one_line(call.role)}{of_model}: a prompt of {call.prompt_bytes:,} bytes")
    more = len(found.calls) - _MOST_NAMED
    if more > 0:
        say(f"    and {more:,} more")


def _described(call: Request) -> dict[str, object]:
    return {"kind": call.kind, "role": call.role, "model": call.model, "prompt_bytes": call.prompt_bytes}
