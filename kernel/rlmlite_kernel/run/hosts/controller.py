"""The controller's own call: the request for its reply, and what the record of the turn says of it.

    request = request_reply(state, prompt)                 before the model is asked: does it fit?
    result = ...                                           the host asks its model, as it does for any request
    call = record_reply(state, request, result)            what was asked, what it used, why there is no reply
    advance(state, read_reply(result.text), blobs, reply=result.text, origin="controller", call=call)

The kernel charges the call when the turn begins, and by then it is made. So whether it fits is asked here. Not here:
what the prompt says, and which controller is asked (`rlmlite.agent`).
"""

import hashlib

from rlmlite_kernel.effects.requests import Answered, Request, Result
from rlmlite_kernel.records.records import Spoken
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, Role
from rlmlite_kernel.run.steps.state import State


class CallSpentError(RuntimeError):
    """A controller's call does not fit what is left of a budget, or the model's window. Nothing changed."""


def request_reply(state: State, prompt: str, role: str = CONTROLLER_ROLE) -> Request:
    """The request for a controller's next reply. Its id follows from the run, the turn, the role and the prompt.

    So a host that was killed while it waited asks again under the same id, and can look whether the reply had come.
    Raises `CallSpentError` for a call that might not fit, and `LookupError` for a role that the settings do not have.
    """
    if role not in state.settings.roles:
        raise LookupError(f"no model plays `{role}`; give one in Settings(roles={{{role!r}: Role(model=...)}})")
    model = state.settings.roles[role]
    content = prompt.encode()
    _check_fits(state, model, len(content))
    return controller_request(state, prompt, role)


def _check_fits(state: State, model: Role, size: int) -> None:
    needed = {"turns": 1, "tokens": model.reserved_tokens(size), "cost_nano": model.reserved_cost(size) or 0}
    for name, amount in needed.items():
        if getattr(state.settings.limits, name) is not None and amount > state.left(name):
            raise CallSpentError(f"the call may use {amount:,} {name}, and {state.left(name):,} are left; seal the run")
    most = min(state.settings.limits.call_prompt_bytes, model.longest_prompt or size)
    if size > most:
        raise CallSpentError(f"the prompt has {size:,} bytes, and {most:,} fit; shorten its history")


def controller_request(state: State, prompt: str, role: str) -> Request:
    """The request, whether it fits or not."""
    model, content = state.settings.roles[role], prompt.encode()
    digest = hashlib.sha256(content).hexdigest()
    origin = f"{state.run.id}/{state.turn + 1}/{role}/{digest}"
    id_ = hashlib.sha256(origin.encode()).hexdigest()[:32]  # 128 bits, as ids of other calls have
    asked = (model.model, model.max_output_tokens, (prompt,), len(content), digest)
    return Request(id_, role, *asked, text=prompt, sampling=model.sampling)


def record_reply(state: State, request: Request, result: Result) -> Spoken:
    """What the record of a turn says of the controller's call. The prompt is a commitment: it can be made again.

    `state` is that of before the turn, as for `request_reply`.
    """
    usage = result.usage
    return Spoken(
        role=request.role,
        model=request.model,
        prompt=state.commit(request.text),
        prompt_bytes=request.prompt_bytes,
        max_output_tokens=request.max_output_tokens,
        usage=(usage.input_tokens, usage.output_tokens, usage.cost_nano),
        cached=isinstance(result, Answered) and result.cached,
        error="" if isinstance(result, Answered) else result.error,
        sampling=result.sampling,
    )
