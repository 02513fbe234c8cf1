"""`rlms` (imported as `rlm`): its local environment, with scripted models in place of its clients.

The answer is always text, and there is no cap on calls: `Job.calls` becomes a cap on tokens that is worth as many.
"""

from pathlib import Path
from typing import Any

import rlm.core.rlm
from rlm import RLM
from rlm.clients.base_lm import BaseLM
from rlm.core.types import ModelUsageSummary, UsageSummary
from rlm.logger import RLMLogger

from benchmarks.peers.jobs import Answer, Job, Turn, Watch, reply_of

DISTRIBUTION = "rlms"
ANSWER = 'answer["content"] = {}\nanswer["ready"] = True'
TOKENS = 10
"""What each call is said to have used."""


def reply(turn: Turn) -> str:
    """What the controller says."""
    if turn.form == "prose":
        return turn.python
    return reply_of(turn, turn.python, ANSWER.format, turn.python_answer, "repl")


def ask(job: Job, watch: Watch, place: Path, look: bool) -> Answer:
    """One run. `look`: prompts are kept."""
    rlm.core.rlm.get_client = lambda backend, _kwargs: _Client(backend, watch, look)
    text = Path(job.path).read_text("utf-8")
    asked = RLM(
        backend="controller",
        backend_kwargs={"model_name": "controller"},
        other_backends=["sub"],
        other_backend_kwargs=[{"model_name": "sub"}],
        max_iterations=job.max_turns,
        max_tokens=TOKENS * (job.calls + 1) if job.calls else None,
        max_timeout=job.seconds or None,
        logger=RLMLogger(log_dir=str(place)) if job.keep else None,
    )
    return Answer(asked.completion(text, root_prompt=job.question).response)


class _Client(BaseLM):  # type: ignore[misc]  # not installed where types are checked
    def __init__(self, role: str, watch: Watch, look: bool) -> None:
        super().__init__(model_name=role)
        self._role, self._watch, self._look, self._calls = role, watch, look, 0

    def completion(self, prompt: Any) -> str:
        self._calls += 1
        if self._role == "sub":
            return self._watch.sub(prompt)
        return self._watch.controller((lambda: str(prompt)) if self._look else None)

    async def acompletion(self, prompt: Any) -> str:
        return self.completion(prompt)

    def get_usage_summary(self) -> Any:
        return UsageSummary({self._role: self.get_last_usage()})

    def get_last_usage(self) -> Any:
        return ModelUsageSummary(self._calls, TOKENS * self._calls, 0)
