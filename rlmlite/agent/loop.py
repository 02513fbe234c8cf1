"""The agent loop: ask a controller, read its program, execute it, observe, until there is an answer.

One turn after the other, each decided by the run alone:

    1. how does the controller stand (`stuck`)? Perhaps the next one takes over, or the run ends
    2. the prompt is made of the state and the history; how many such calls do the budgets still cover?
           0: the run ends    1: this is the last turn, for an answer    more: a turn as any other
    3. the controller is asked, its reply is read as a program, and the kernel executes it
    4. is there an answer, and does it match the requested type? Else what is wrong goes into the next prompt

It is a generator of requests, as a turn is: whoever drives it (an event loop, a person) answers the controller's
requests and the sub model's alike. It keeps nothing between turns but remarks about answers, so a run that was stopped
goes on with `go_on`, in this process or in another.
A mistake of the model costs a turn and is never an exception.
"""

from collections.abc import Container

import msgspec

from rlmlite.agent.decoding import Offer, offer_of
from rlmlite.agent.prompt import QUESTION_BYTES, PromptRequest, ceiling, prompt
from rlmlite.agent.stuck import controller_standing
from rlmlite.agent.verdicts import End, Judge, end_refused, judge_turn, remarks_of
from rlmlite.errors import InputError
from rlmlite.runs.driver import FanOuts
from rlmlite.runs.events import Cost, ProgramRead, TurnStarted
from rlmlite.runs.history import CONTROLLER, HOST, QUESTIONS, inputs_to_show, open_question, since_question
from rlmlite.runs.program import read_habits
from rlmlite.runs.run import Run
from rlmlite.runs.settings import PATIENCE
from rlmlite_grammar import parse, read_reply
from rlmlite_kernel import Request, RoomSpentError, explain
from rlmlite_kernel.effects.requests import Answered, Failed
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Call, Parsed, walk
from rlmlite_kernel.program.checker import ends_run
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.records.evolution import PROMPTS_FIT
from rlmlite_kernel.run.holding.standing import standing
from rlmlite_kernel.run.hosts.controller import controller_request, record_reply
from rlmlite_kernel.run.status import TIMEOUT
from rlmlite_kernel.run.steps.state import State

_PREVIEWED = 20  # inputs whose beginning is shown with the first question
_STEPS_OF_AN_ANSWER = 3  # with fewer left, all that a program can still do is answer


class Agent(Judge, frozen=True, kw_only=True):
    """How questions are answered: the roles of the controllers, in the order in which they take over.

    `patience` is for `stuck`. With `last_answer`, the last turn that a budget covers is for an answer from what there
    is.
    """

    controllers: tuple[str, ...] = (CONTROLLER,)
    patience: int = PATIENCE
    last_answer: bool = True


def check_question(question: str, inputs: Container[str]) -> str:
    """The variable that will hold the question. Raises `InputError` for what cannot be asked."""
    if not question.strip():
        raise InputError("the question is empty")
    try:
        size = len(question.encode())
    except UnicodeEncodeError as error:
        raise InputError(f"the question is not valid Unicode: a lone surrogate at {error.start}") from None
    # The question is in every prompt, and never gives way: without a bound it could push the history out.
    if size > QUESTION_BYTES:
        raise InputError(f"the question has {size:,} bytes, at most {QUESTION_BYTES:,}; put long text into an input")
    name = next((name for name in QUESTIONS if name not in inputs), None)
    if name is None:
        raise InputError(f"inputs have all the names that can hold the question; rename one of: {', '.join(QUESTIONS)}")
    return name


def ask(run: Run, question: str, agent: Agent) -> FanOuts[End]:
    """Ask a question and answer it. The question is a record of its own.

    Raises `InputError`, and then nothing was asked.
    """
    name = check_question(question, run.inputs)
    if run.state.left("turns") < 1:
        return End("partial", "budget")
    try:
        run.ask(question, name, agent.form)
    except RoomSpentError:
        return End("partial", "budget")
    return (yield from go_on(run, agent))


def _head(run: Run, name: str) -> int:
    """How much of an input is shown: bytes of a text, rows of anything else."""
    return 300 if run.state.variables[name].kind == "text" else 3


def go_on(run: Run, agent: Agent, refusal: str = "") -> FanOuts[End]:
    """Go on with the question that is open, from where the run is. `refusal` is the host's, of the last answer.

    Before the first question is answered, the host shows how the inputs begin, in a turn of its own, and later how
    those begin that were added. That is decided by what was done since, so a run that was stopped still shows them.
    """
    question = open_question(run.history, is_refused=bool(refusal))
    if question is None:
        raise RuntimeError("no question is open")
    # What is withheld is not looked at: that a look went well would be all that it tells.
    names = [name for name in inputs_to_show(run.history, run.inputs) if run.state.describes(name)][:_PREVIEWED]
    if names:
        lines = [f"preview({name}, head={_head(run, name)})" for name in names]
        program = parse("\n".join(lines))
        done = yield from run.turn(program, origin=HOST)
        if done.halted:
            return End("partial", done.halted)
    remarks = remarks_of(run.history, refusal, run.state)
    while True:
        wanted = PromptRequest(question, agent.form, remarks=remarks)
        move = _next_move(run, agent, wanted)
        if isinstance(move, End):
            return end_refused(run.state, agent, refusal) if refusal else move
        halted = yield from _turn(run, move, refusal)
        run.tell(Cost(run.state.turn, run.usage, run.budget))
        # Before the answer is looked at: a run that had to halt is partial, whatever its last program said.
        if halted:
            return End("partial", halted)
        judged = judge_turn(run, agent, question, is_last=move.last, is_late=move.is_late)
        if isinstance(judged, End):
            return judged
        if judged.remark:
            remarks[run.state.turn] = judged.remark
        refusal = judged.refusal


class _Move(msgspec.Struct, frozen=True):
    """Which role to ask next, and with what prompt.

    `last`: its program may only answer. `is_late`: because the time is over.
    """

    role: str
    text: str
    last: bool
    offer: Offer = Offer()
    is_late: bool = False


def _next_move(run: Run, agent: Agent, wanted: PromptRequest) -> _Move | End:
    """Whom to ask, or the end where nobody can be asked."""
    if run.deadline.is_over():
        return End("partial", TIMEOUT)
    state = run.state
    turns = since_question(run.history)  # a controller that was stuck at the last question may do well at this one
    now = controller_standing(turns, agent.patience, bears_lost=PROMPTS_FIT in state.run.flags)
    if now.place >= len(agent.controllers):
        # Silence is the provider's failure; a controller that answered, but to no purpose, leaves work to show.
        # With an answer that was held back, or a draft, there is some of it all the same.
        has_failed = now.silent and standing(state) is None
        if has_failed:
            return End("failed", "controller")
        if run.deadline.is_for_answer():
            return End("partial", TIMEOUT)
        return End("partial", "controller" if now.silent else "stuck")
    role = agent.controllers[now.place]
    client = run.clients.get(role)

    wanted = msgspec.structs.replace(wanted, role=role, signal=now.signal)
    text = prompt(state, run.history, wanted)
    offer = offer_of(client, state, last=False)
    prompt_bytes = len(text.encode()) + offer.size_bytes
    calls = calls_left(state, role, prompt_bytes)
    if calls < 1:
        # With an answer here, it did not match the type: else the question had ended.
        reason = "answer_type" if state.answer is not None else "budget"
        return End("partial", reason)

    # Better one answer from what there is than one more look and no answer.
    is_late = run.deadline.is_for_answer()
    if is_late and not agent.last_answer:
        return End("partial", TIMEOUT)
    last = (calls == 1 or is_late) and agent.last_answer
    if last:
        wanted = msgspec.structs.replace(wanted, last=True)
        text = prompt(state, run.history, wanted)
        offer = offer_of(client, state, last=True)
    # Only the history gives way to the ceiling. Where the rest alone is longer, no turn can help.
    if len(text.encode()) > ceiling(state, role):
        run.observe(_too_long(state, role, len(text.encode())))
        return End("partial", "too_long")
    return _Move(role, text, last, offer, is_late)


def _too_long(state: State, name: str, size: int) -> str:
    """Why a controller cannot be asked at all, and what would help."""
    role = state.settings.roles[name]
    most = f"the prompt of the role {name} has {size:,} bytes, and at most {ceiling(state, name):,} fit"
    if role.window is None or ceiling(state, name) != max(1, role.longest_prompt or 0):
        return f"{most}; raise call_prompt_bytes, or give fewer inputs"
    return (
        f"{most} its window of {role.window:,} tokens beside an answer of {role.max_output_tokens:,}; "
        f"ask a model with a larger one, or lower --role {name}.max_output_tokens"
    )


def calls_left(state: State, name: str, prompt_bytes: int) -> int:
    """How many more calls of a controller all budgets are sure to cover, with prompts of this length.

    With 30,000 tokens left and 11,500 reserved for each call, two: a third might not fit, so the second is the last.
    """
    limits = state.settings.limits
    role = state.settings.roles[name]
    bounds = [state.left("turns")]
    steps = state.left("steps")
    if steps < _STEPS_OF_AN_ANSWER:
        bounds.append(1 if steps > 0 else 0)
    # As the kernel reserves, not as calls have cost so far: an average could promise a call that is then refused.
    reservations = {
        "tokens": role.reserved_tokens(prompt_bytes),
        "cost_nano": role.reserved_cost(prompt_bytes),
    }
    for resource, reservation in reservations.items():
        is_limited = getattr(limits, resource) is not None
        if is_limited and reservation:  # a free model never uses up the cost limit
            calls = state.left(resource) // reservation
            bounds.append(calls)
    return min(bounds)


def _turn(run: Run, move: _Move, refusal: str) -> FanOuts[str]:
    """Ask the controller and execute its program. Returns why the run must halt, or an empty text.

    `refusal` is what the host has against the answer of the turn before, which the record of this turn says.
    """
    number = run.state.turn + 1
    request = move.offer.added_to(controller_request(run.state, move.text, move.role))
    run.tell(TurnStarted(number, move.role, request.model, move.last))
    (result,) = yield (request,)

    # A call that failed makes a turn all the same, of an empty program: it may have cost something, and it must be in
    # the history, by which `stuck` replaces a controller that does not answer.
    reply = result.text if isinstance(result, Answered) else None
    said = parse("") if reply is None else read_habits(read_reply(reply), run.state)
    if move.last and isinstance(said, Parsed):
        said = _refuse_all_but_final(said, run.state.run.table)
    problems = said.problems if isinstance(said, Unparsed) else ()
    silence = "" if isinstance(result, Answered) else silence_text(request, result)
    # Where nobody spoke there is no program to find fault with.
    message = silence or explain(problems, said.text)
    run.tell(ProgramRead(number, said.text, message))

    call = record_reply(run.state, request, result)
    done = yield from run.turn(said, reply=reply, origin=CONTROLLER, call=call, refusal=refusal)
    if silence:
        run.observe(silence)
    # A limit that is not the run's own: another controller would not be asked either.
    is_unpaid = isinstance(result, Failed) and result.error == "budget"
    return done.halted or ("budget" if is_unpaid else "")


def silence_text(request: Request, failed: Failed) -> str:
    """Why a controller gave no reply, with the words of its provider if there are any."""
    words = f" ({failed.detail})" if failed.detail else ""
    return f"{request.model} did not answer: {failed.error}{words}"


def _refuse_all_but_final(said: Parsed, table: Table) -> Parsed | Unparsed:
    """The program if all that it does is answer; else a refusal of it."""
    body = said.program.body
    is_final = len(body) == 1 and ends_run(body[0], table)
    # Also inside of it: `final(sub_lm(...))` is one statement, but the budgets cover no more calls.
    names = [node.name for node in walk(said.program) if isinstance(node, Call)]
    asks_a_model = any(name in table and table[name].ask is not None for name in names)
    if is_final and not asks_a_model:
        return said
    message = "this is the last turn: only final(...) is permitted, without calls of models"
    return Unparsed(said.text, (Problem("not_permitted", message, None),))
