"""rlmlite, by its front door: `rlmlite.run` over the file, with scripted models."""

from pathlib import Path

import rlmlite
from benchmarks.peers.jobs import Answer, CallFailedError, Job, Turn, Watch, fenced
from rlmlite import Limits, Scripted
from rlmlite_kernel import Failed, Request
from rlmlite_kernel.effects.requests import Result

DISTRIBUTION = "rlmlite"


def reply(turn: Turn) -> str:
    """What the controller says."""
    if turn.form == "prose":
        return turn.actions
    answer = f"\nfinal({turn.action_answer})" if turn.action_answer else ""
    return fenced(turn.actions + answer, turn.form, "")


def ask(job: Job, watch: Watch, place: Path, look: bool) -> Answer:
    """One run. `look`: prompts are kept."""

    def controller(prompt: str, _: Request) -> str:
        return watch.controller((lambda: prompt) if look else None)

    def sub(prompt: str, _: Request) -> str | Result:
        try:
            return watch.sub(prompt)
        except CallFailedError:
            return Failed("unavailable")

    outcome = rlmlite.run(
        job.question,
        Path(job.path),
        controller=Scripted(controller),
        sub=Scripted(sub),
        answer_type=int if job.typed else None,
        trace=place / "run.rlm" if job.keep else False,
        limits=Limits(turns=job.max_turns + 1, sub_calls=job.calls or 10**6),  # one turn is the question's
    )
    return Answer(outcome.value, " ".join(part for part in (outcome.status, outcome.reason) if part))
