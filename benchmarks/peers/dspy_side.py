"""`dspy.RLM`, with its `LocalInterpreter` and an engine that says what a script says.

Its default interpreter needs Deno; the local one needs nothing installed beside it.
Its record is the prediction's trajectory, which it keeps in memory; here it is counted as JSON.
"""

import json
from pathlib import Path
from typing import Any

import dspy
from dspy import lm15

from benchmarks.peers.jobs import Answer, CallFailedError, Job, Turn, Watch, reply_of

DISTRIBUTION = "dspy"


def reply(turn: Turn) -> str:
    """What the controller says: the two fields that its prompt asks for; prose as it is."""
    if turn.form == "prose":
        return turn.python
    code = reply_of(turn, turn.python, "SUBMIT({})".format, turn.python_answer, "python")
    return f"[[ ## reasoning ## ]]\nNext.\n\n[[ ## code ## ]]\n{code}\n\n[[ ## completed ## ]]"


def ask(job: Job, watch: Watch, place: Path, look: bool) -> Answer:
    """One run. `look`: prompts are kept."""
    text = Path(job.path).read_text("utf-8")

    class Weighed(dspy.LocalInterpreter):  # type: ignore[misc]  # not installed where types are checked
        """Its worker is weighed before it ends."""

        def __init__(self) -> None:
            super().__init__(execution_timeout=job.seconds or None)

        def shutdown(self) -> None:
            watch.weigh()
            super().shutdown()

    asked = dspy.RLM(
        f"context, question -> answer{': int' if job.typed else ': str'}",
        max_iters=job.max_turns,
        max_llm_calls=job.calls or 10**6,
        sub_lm=_model("sub", watch, look),
        interpreter_factory=Weighed,
    )
    with dspy.context(lm=_model("controller", watch, look)):
        said = asked(context=text, question=job.question)
    return Answer(said.answer, kept=json.dumps(said.trajectory))


def _model(role: str, watch: Watch, look: bool) -> Any:
    return dspy.LM(f"scripted/{role}", cache=False, num_retries=0, engine=_Engine(role, watch, look))


class _Engine:
    """Answers requests as dspy's own engines do."""

    def __init__(self, role: str, watch: Watch, look: bool) -> None:
        self._role, self._watch, self._look = role, watch, look

    def complete(self, request: Any) -> Any:
        """The answer to a request. A call that fails does so as one of a server that is down."""
        try:
            text = self._text(request)
        except CallFailedError as error:
            raise lm15.ServerError(str(error)) from None
        return lm15.Response(
            id=None,
            model=self._role,
            message=lm15.Message.assistant([lm15.TextPart(text)]),
            finish_reason="stop",
            usage=lm15.Usage(input_tokens=0, output_tokens=0, total_tokens=0),
        )

    def _text(self, request: Any) -> str:
        if self._role == "sub":
            return self._watch.sub("".join(message.text or "" for message in request.messages))
        return self._watch.controller((lambda: str(request)) if self._look else None)
