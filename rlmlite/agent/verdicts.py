"""Verdicts on an answer: what a question ends with, or what the controller is told to do better.

An answer passes three judges, in this order, and the first that objects decides:

    the kernel      holds an answer back that something speaks against     it says so in its own observation
    the type        an answer that does not match `answer_type`            a remark in the next prompt
    the host        reasons against it, by `accept`                        a remark, and on record with the next turn

    no objection                      the question ends, completed or as the kernel concludes
    an objection, and turns left      the controller goes on
    an objection in the last turn     the question ends, partial, with the reason

Not here: the turns (`loop`), what the kernel holds back (`rlmlite_kernel.run.holding`), the host's function itself
(`rlmlite.tools.acceptance`).
"""

from collections.abc import Sequence

import msgspec

from rlmlite.agent.answer_type import AnswerType, Fits
from rlmlite.runs.history import Exchange, is_of_controller, open_question, refusals
from rlmlite.runs.run import Run
from rlmlite.tools.acceptance import Accept, proposed_answer, refusal_of
from rlmlite_kernel import conclusion
from rlmlite_kernel.records.reasons import NOT_ACCEPTED, REASONS
from rlmlite_kernel.records.settings import ACCEPT
from rlmlite_kernel.run.holding.standing import is_held
from rlmlite_kernel.run.status import TIMEOUT
from rlmlite_kernel.run.steps.answers import Answer
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.fences import fenced


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """By what the caller judges answers: the type that they must have, and a function of the host."""

    answer_type: AnswerType | None = None
    accept: Accept | None = None

    @property
    def form(self) -> str:
        """The JSON schema of the answer, if it is to have a type."""
        return "" if self.answer_type is None else self.answer_type.form

    def typed(self, answer: Answer) -> Fits | str | None:
        """The answer as a value of its type; a text says what does not match. `None` if no type is asked for."""
        return None if self.answer_type is None else self.answer_type.check(answer.value)


class End(msgspec.Struct, frozen=True):
    """How a question ended: the status with its reason, and the answer as a value of the requested type.

    `refusal` is what the host has against that answer, where there was no turn to give another one in.
    """

    status: str
    reason: str = ""
    typed: Fits | None = None
    refusal: str = ""


def _judge_answer(state: State, judge: Judge, *, is_last: bool, is_late: bool) -> End | str:
    """The end that an answer makes, or, if it does not match the requested type, the remark for the controller."""
    assert state.answer is not None
    typed = judge.typed(state.answer)
    if isinstance(typed, str):
        return _remark("the answer does not match the requested type", typed, "answer", state)
    status, reason = conclusion(state)
    if is_late:
        return End("partial", TIMEOUT, typed)
    if is_last:
        # The controller would have looked further. A caller must see that, so such an answer is never completed.
        return End("partial", reason or "last_answer", typed)
    return End(status, reason, typed)


def _end_held(state: State, judge: Judge, *, is_late: bool) -> End:
    """The end that an answer makes which is held back, and for which there is no other turn."""
    held = state.held[-1]
    typed = judge.typed(held.answer)
    if isinstance(typed, str):
        return End("partial", "answer_type")
    return End("partial", TIMEOUT if is_late else held.code, typed)


def end_refused(state: State, judge: Judge, refusal: str) -> End:
    """The end that an answer makes which the host has refused, and for which there is no other turn."""
    assert state.answer is not None
    typed = judge.typed(state.answer)
    return End("partial", NOT_ACCEPTED, None if isinstance(typed, str) else typed, refusal)


class Objection(msgspec.Struct, frozen=True):
    """What the controller is told of an answer with which the question does not end, and what of it the host said.

    What the host said goes into the record of the next turn. That an answer does not match the type is in none.
    """

    remark: str = ""
    refusal: str = ""


def judge_turn(run: Run, judge: Judge, question: str, *, is_last: bool, is_late: bool) -> End | Objection:
    """The end of the question, if the turn has brought one; else what there is to say of its answer."""
    state = run.state
    if is_held(state) and is_last:
        return _end_held(state, judge, is_late=is_late)
    if state.answer is None:
        return Objection()
    end = _judge_answer(state, judge, is_last=is_last, is_late=is_late)
    if isinstance(end, str):
        return Objection(end)
    refusal = _ask_host(run, question, judge)
    if not refusal:
        return end
    if is_last:
        return End("partial", NOT_ACCEPTED, end.typed, refusal)
    return Objection(_refusal_remark(refusal, state), refusal)


def review(run: Run, judge: Judge) -> str | None:
    """What the host has against the last answer; `None` if nobody knows. Raises `AcceptError`.

    A process that dies between an answer and its verdict leaves an answer that nobody has judged: the host is asked
    now, where it gave its function again. A verdict that was reached before is in the journal, and is not asked for
    again.
    """
    state = run.state
    is_judged = ACCEPT in state.settings.gates and state.answer is not None and is_of_controller(run.history)
    if not is_judged:
        return ""
    if judge.accept is None:
        return run.verdict
    return _ask_host(run, open_question(run.history, is_refused=True) or "", judge)


def _ask_host(run: Run, question: str, judge: Judge) -> str:
    """What the host has against the answer; nothing where it is not asked. Raises `AcceptError`."""
    if judge.accept is None:
        return ""
    refusal = run.verdict
    if refusal is None:
        refusal = refusal_of(judge.accept, proposed_answer(run.state, question, run.succeeded))
        run.judge(refusal)
    return refusal


def remarks_of(history: Sequence[Exchange], refusal: str, state: State) -> dict[int, str]:
    """By turn what the controller is told of the host's reasons. `refusal` is of the last turn, on no record yet."""
    remarks = {turn: _refusal_remark(text, state) for turn, text in refusals(history).items()}
    if refusal:
        remarks[state.turn] = _refusal_remark(refusal, state)
    return remarks


def _refusal_remark(refusal: str, state: State) -> str:
    return _remark(REASONS[NOT_ACCEPTED].message, refusal, "accept", state)


def _remark(message: str, words: str, source: str, state: State) -> str:
    """What a controller is told is wrong, the words as fenced data: they may quote the answer, or an input."""
    if state.run.barred:  # they may be of what the policy keeps from the controller
        return message
    return f"{message}:\n{fenced(words.encode(), source).decode()}"
