"""What a controller was asked and what it answered, made again from the trace: prompts and readings of replies.

A replay takes programs and prompts as they were recorded. Somebody who rewrites a trace could put any commitment in
place of a prompt's, or show people a text that was never the program. So for each turn of a replay:

    prompt    rendered from the state before the turn and the history, it must have the recorded commitment
    reply     read again, it must give the program that was executed, or the problems that it was refused for

Neither can be done by another version: other instructions or another card give another prompt, another grammar may
rightly read a text differently. Then it is said that it was not done, and the replay is not `reproduced`.

Some of what a prompt says is in no record: whether it was the last one that the budgets covered, and how patient the
host was with a controller that is stuck. There are few such prompts, and one of them must fit.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from rlmlite.cli.commands.traces.replaying.reparse import Reading, has_same_problems, is_same, read_again
from rlmlite.runs.history import Exchange, exchanges_of_records, open_question, refusal_in, since_question
from rlmlite.runs.program import problems_in, read_habits
from rlmlite.runs.settings import PATIENCE
from rlmlite_grammar import grammar_digest
from rlmlite_kernel import State
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.evolution import PROMPTS_FIT
from rlmlite_kernel.records.records import Question, Spoken, Turn
from rlmlite_traces import CheckedTrace, Finding

if TYPE_CHECKING:
    from rlmlite.agent.prompt import PromptRequest

_PATIENCES = (PATIENCE, *(number for number in range(1, 11) if number != PATIENCE))
"""How many fruitless turns a host may wait before it says so. Its own number is in no record."""

PROMPTS, REPLIES = "prompts", "replies"
"""What may be left out, as `Finding.unchecked` names it."""

_OTHER_WORDS = "another version of the instructions or of the card made them"
_OWN_WORDS = "they are of the host's own agent"
_OTHER_GRAMMAR = "another grammar read them"
_NO_GRAMMAR = "the trace does not say which grammar read them (`begin(..., grammar=grammar_digest())`)"
_NO_FORM = "the type of the answer is not in the trace"
_REMARKS = "an answer did not match its type, and what was said of it is in no record"


class Recheck:
    """A `ControllerCheck` for one replay. `readings` are those of the texts that were read again, by turn."""

    def __init__(self) -> None:
        self._history: list[Exchange] = []
        self._form = ""
        self._is_form_known = True
        self.readings: dict[int, Reading] = {}

    def follow(self, before: State, trace: CheckedTrace, first: int, stop: int) -> Sequence[Finding]:
        """See `ControllerCheck.follow`."""
        record = trace.records[first]
        findings: list[Finding] = []
        if isinstance(record, Question):
            self._form = "" if record.form is None else trace.content(record.form).decode("utf-8", "replace")
            self._is_form_known = bool(self._form) or "answer_type" not in trace.genesis.scope
        elif isinstance(record, Turn):
            findings = [*self._check_turn(before, trace, record)]
        self._remember(before, trace, first, stop)
        return findings

    def _remember(self, before: State, trace: CheckedTrace, first: int, stop: int) -> None:
        seen = self._history[-1].seen if self._history else ()
        room = before.settings.limits.observation_bytes
        self._history += exchanges_of_records(trace.records[first:stop], trace.content, room, seen)

    def _check_turn(self, before: State, trace: CheckedTrace, turn: Turn) -> Iterator[Finding]:
        is_last = False
        if turn.call is not None:
            finding, is_last = self._check_prompt(before, trace, turn.call, refusal_in(turn, trace.content))
            if finding is not None:
                yield finding
        if trace.genesis.grammar != grammar_digest():
            why = _OTHER_GRAMMAR if trace.genesis.grammar else _NO_GRAMMAR
            yield Finding(computed=why, unchecked=REPLIES)
            return
        recorded = decode_reading(turn, trace.content)
        if recorded is not None:
            read = read_habits(read_again(trace, turn, recorded.text), before)
            self.readings[turn.turn] = read
            difference = _compare_reading(before, turn, read, recorded, is_last)
            if difference:
                field = "ast" if turn.ast is not None else "diagnostics"
                yield Finding(field, "the reading of a reply", difference)

    def _check_prompt(
        self, before: State, trace: CheckedTrace, call: Spoken, refusal: str
    ) -> tuple[Finding | None, bool]:
        """What is wrong with a prompt's commitment, and whether it was the prompt of a last turn."""
        # A run without a controller needs none of these.
        from rlmlite.agent.prompt import prompt
        from rlmlite.agent.prompts.card import card
        from rlmlite.agent.prompts.instructions import digest, instructions

        scope = trace.genesis.scope
        page = card(before.run.table, before.settings.policy)
        if "instructions" not in scope and "card" not in scope:
            return Finding(computed=_OWN_WORDS, unchecked=PROMPTS), False
        if (scope.get("instructions"), scope.get("card")) != (digest(instructions()), digest(page)):
            return Finding(computed=_OTHER_WORDS, unchecked=PROMPTS), False
        if not self._is_form_known:
            return Finding(computed=_NO_FORM, unchecked=PROMPTS), False
        question = open_question(self._history, is_refused=bool(refusal))
        if question is None:
            return Finding("call", "a controller's call", "no question was open"), False
        sizes: list[int] = []
        for wanted in self._requests(question, before, refusal, call.role):
            text = prompt(before, self._history, wanted)
            sizes.append(len(text.encode()))
            if before.commit(text) == call.prompt:
                is_same_size = sizes[-1] == call.prompt_bytes
                wrong = Finding("call.prompt_bytes", str(call.prompt_bytes), str(sizes[-1]))
                return None if is_same_size else wrong, wanted.last
        if self._form and any(exchange.answered for exchange in since_question(self._history)):
            return Finding(computed=_REMARKS, unchecked=PROMPTS), False
        return Finding("call.prompt", call.prompt, f"the commitment to a prompt of {sizes[0]:,} bytes"), False

    def _requests(self, question: str, state: State, refusal: str, role: str) -> "Iterator[PromptRequest]":
        """What the prompt may have been made for, the likeliest first."""
        from rlmlite.agent.prompt import PromptRequest
        from rlmlite.agent.stuck import controller_standing
        from rlmlite.agent.verdicts import remarks_of

        exchanges = since_question(self._history)
        remarks = remarks_of(self._history, refusal, state)
        bears_lost = PROMPTS_FIT in state.run.flags
        told: set[str] = set()
        for patience in _PATIENCES:
            signal = controller_standing(exchanges, patience, bears_lost=bears_lost).signal
            if signal not in told:
                told.add(signal)
                wanted = PromptRequest(question, self._form, role, signal, remarks=remarks)
                yield wanted
                yield msgspec.structs.replace(wanted, last=True)


def _compare_reading(before: State, turn: Turn, read: Reading, recorded: Reading, is_last: bool) -> str:
    """In what a text gives another reading than the recorded one; empty if in nothing."""
    if isinstance(recorded, Parsed):
        return "" if is_same(read, recorded) else "the text is not the program that was executed"
    if read.text != recorded.text:
        return "the text is not the one that was refused"
    if isinstance(read, Unparsed):
        return "" if is_same(read, recorded) else "the text has other problems"
    if turn.call is not None:
        # A controller's program is executed, whatever the checker finds; only a last turn refuses one.
        return "" if is_last else "the text is a program, and nothing refused it"
    found = problems_in(read, before)
    return "" if has_same_problems(found, recorded) else "the text is a program with other problems"
