"""rlmlite, by its front door: `rlmlite.run` over the file, with scripted models."""

import asyncio
from pathlib import Path

import rlmlite
from benchmarks.peers.jobs import Answer, CallFailedError, Job, Turn, Watch, reply_of
from rlmlite import Limits, Scripted
from rlmlite_kernel import Answered, Failed, Request
from rlmlite_kernel.effects.requests import NO_USE, Result

DISTRIBUTION = "rlmlite"


def reply(turn: Turn) -> str:
    """What the controller says."""
    if turn.form == "prose":
        return turn.actions
    return reply_of(turn, turn.actions, "final({})".format, turn.action_answer, "")


class _Sub:
    """The sub-model. Where there is a time to keep to, it is asked in a thread: what blocks the loop cannot be cut."""

    model = "scripted:"

    def __init__(self, watch: Watch, *, in_thread: bool) -> None:
        self._watch, self._in_thread = watch, in_thread

    async def complete(self, text: str, request: Request) -> Result:
        """The answer to a prompt."""
        try:
            answer = await asyncio.to_thread(self._watch.sub, text) if self._in_thread else self._watch.sub(text)
            return Answered(answer, NO_USE)
        except CallFailedError:
            return Failed("unavailable")


def ask(job: Job, watch: Watch, place: Path, look: bool) -> Answer:
    """One run. `look`: prompts are kept."""

    def controller(prompt: str, _: Request) -> str:
        return watch.controller((lambda: prompt) if look else None)

    outcome = rlmlite.run(
        job.question,
        Path(job.path),
        controller=Scripted(controller),
        sub=_Sub(watch, in_thread=bool(job.seconds)),
        answer_type=int if job.typed else None,
        trace=place / "run.rlm" if job.keep else False,
        roles={"sub": {"cache": job.shares}},
        max_time=job.seconds or None,
        limits=Limits(turns=job.max_turns + 1, sub_calls=job.calls or 10**6),  # one turn is the question's
    )
    return Answer(outcome.value, " ".join(part for part in (outcome.status, outcome.reason) if part))
