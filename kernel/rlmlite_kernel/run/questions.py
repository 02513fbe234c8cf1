"""Putting a question on the record: its text becomes a variable, and so does the answer before it.

    ask("How many?")     question = "How many?"     answer_1 = 12, the answer to the question before

Not here: how it is answered (`rlmlite.agent`).
"""

import msgspec

from rlmlite_kernel.evaluation.taint import CONTROLLER, LM, TaintedValue
from rlmlite_kernel.records.records import Entry, Question, Written
from rlmlite_kernel.records.refs import blob, commit_value_digest
from rlmlite_kernel.records.settings import Limits
from rlmlite_kernel.run.holding.earlier import write_earlier
from rlmlite_kernel.run.recorder import utf8_of
from rlmlite_kernel.run.status import begin_question
from rlmlite_kernel.run.steps.state import State, state_digest
from rlmlite_kernel.run.steps.variables import Change, Variable, Variables
from rlmlite_kernel.values.values import descriptor_digest, kind_of, size_of


class RoomSpentError(RuntimeError):
    """`ask` was called with no room left for the question. Nothing changed; seal the run."""


def write_question(state: State, question: str, name: str, form: str) -> tuple[State, Entry]:
    """The state with the question in the variable `name`, and its record. Raises `RoomSpentError`."""
    text = blob(state.run.salts, utf8_of(question))
    value = text.content.decode()
    # Committed to under the salt of its own blob: whoever has the text can check it.
    ref = commit_value_digest(text.salt, descriptor_digest(value))
    # Its words are a controller's. What they hold of models is fenced in the text, as all content in it is.
    data = TaintedValue(value, CONTROLLER | (state.run.question & ~LM))
    variable = Variable(data, kind_of(value), ref, size_of(value), state.turn)
    variables = state.variables.apply(Change(name, variable))
    _check_question_fits(variables, state.settings.limits)
    used = {**state.used, "value_bytes": variables.size_bytes}
    earlier = write_earlier(msgspec.structs.replace(state, variables=variables, used=used), text.salt)
    after = earlier.state
    asked = msgspec.structs.replace(
        after,
        digest=state_digest(after.variables, after.used, state.exposure, state.run.flags, state.memo.digest),
        answer=None,
        remarks=earlier.remarks,
        **begin_question(state),
    )
    record = Question(
        text=text.ref,
        writes=Written(name, variable.kind, variable.size, ref),
        state=asked.digest,
        form=None if not form else blob(state.run.salts, utf8_of(form)).ref,
        earlier=earlier.writes,
    )
    blobs = (text, blob(state.run.salts, utf8_of(form))) if form else (text,)
    return asked, Entry(record, blobs)


def _check_question_fits(variables: Variables, limits: Limits) -> None:
    for resource, needed in (("value_bytes", variables.size_bytes), ("variables", len(variables))):
        limit: int = getattr(limits, resource)
        if needed > limit:
            raise RoomSpentError(f"the question needs {needed:,} {resource} in all, the limit is {limit:,}")
