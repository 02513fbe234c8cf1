"""One program as a whole run, without a controller: read it, check it, execute it, say how the run stands.

A program with a problem is refused whole: nothing of it runs. In an agent's turn it is different: there a statement
with a problem fails, the others run, and the controller sees both.
"""

from collections.abc import Iterator

from rlmlite.clients.interface.roles import how_to_give
from rlmlite.errors import InputError
from rlmlite.runs.driver import FanOuts
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.run import Run
from rlmlite_grammar import parse, reread
from rlmlite_kernel import Scope, State, TurnsSpentError, all_problems, check, conclusion
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.program.ast import Call, Lit, Parsed, walk
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.run.holding.standing import standing
from rlmlite_kernel.run.status import INPUT_INCOMPLETE, first_loss

_BOUNDS = frozenset({"budget", "too_large"})
"""Codes of steps that failed because a bound would have been passed."""


def read_program(text: str) -> Parsed | Unparsed:
    """A program's text, parsed. Raises `InputError` for text that no file could hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the program is not valid Unicode: a lone surrogate at character {error.start}") from None
    return parse(text)


def may_ask_models(said: Parsed | Unparsed) -> bool:
    """Whether a program may call a model, as far as its text tells."""
    names = {node.name for node in walk(said.program) if isinstance(node, Call)} if isinstance(said, Parsed) else ()
    # A name that is none of the kernel's may be a tool, or a habit that is read as an action.
    actions = [ACTIONS.get(name) for name in names]
    return any(each is None or each.begins_run or each.param("role") is not None for each in actions)


def read_habits(said: Parsed | Unparsed, state: State) -> Parsed | Unparsed:
    """A program with habits of other languages read as what they mean for the actions and variables of a state."""
    return reread(said, state.run.table, frozenset(state.variables)) if isinstance(said, Parsed) else said


def run_program(run: Run, said: Parsed | Unparsed) -> FanOuts[Outcome]:
    """Execute one program and end the run with it."""
    said = read_habits(said, run.state)
    if isinstance(said, Parsed):
        problems = problems_of(said, run)
        if problems:
            said = Unparsed(said.text, problems)
    try:
        # A refused program is a turn, too: its trace shows what was asked for and why it was refused.
        yield from run.turn(said)
    except TurnsSpentError as error:
        run.observe(str(error))
        seal = run.seal("partial", "budget")
        return run.outcome(seal)
    if isinstance(said, Unparsed):
        seal = run.seal("refused", said.problems[0].code)
        return run.outcome(seal, said.problems)
    status, reason = conclude_program(run.state)
    seal = run.seal(status, reason)
    return run.outcome(seal)


def conclude_program(state: State) -> tuple[str, str]:
    """How a run of a host's programs stands: status and reason. Two ends without an answer are no failures.

    A program that only looked, without a fault, is completed. One that a bound stopped, or whose results lack
    something, is partial: its work is kept. A program of which a statement failed for another reason has failed.
    """
    if state.answer is not None:
        return conclusion(state)
    # A call that failed with its whole statement leaves nothing to keep; one of many leaves the others.
    kept = [code for code in state.partial if code in _BOUNDS or code not in state.failures]
    bounds = [*kept, *(code for code in state.failures if code in _BOUNDS)]
    is_whole_but_for_inputs = set(bounds) <= {INPUT_INCOMPLETE}
    if state.failures and is_whole_but_for_inputs:
        return conclusion(state)
    if bounds:
        return "partial", first_loss(bounds)
    return conclusion(state) if standing(state) is not None else ("completed", "no_answer")


def problems_of(said: Parsed, run: Run) -> tuple[Problem, ...]:
    """What is wrong with a program before it runs: what the checker finds, and roles that no model plays."""
    return problems_in(said, run.state)


def problems_in(said: Parsed, state: State) -> tuple[Problem, ...]:
    """The same, of a program that is to run in a state."""
    scope = Scope(frozenset(state.variables), state.run.inputs, state.run.table, state.settings.policy)
    by_checker = all_problems(check(said, scope))
    # The checker knows names and types. Which roles a run has is a matter of its settings.
    return (*by_checker, *_roles_without_model(said, state))


def _roles_without_model(said: Parsed, state: State) -> Iterator[Problem]:
    # `walk` visits the nodes in the order in which `said.at` has their offsets.
    for place, node in enumerate(walk(said.program)):
        if not isinstance(node, Call):
            continue
        role_name = _role_of(node, state)
        if role_name is not None and role_name not in state.settings.roles:
            # A program that never was text has no offsets.
            offset = said.at[place] if place < len(said.at) else None
            yield Problem("not_permitted", f"no model plays the role `{role_name}`", offset, how_to_give(role_name))


def _role_of(call: Call, state: State) -> str | None:
    """The role that a call needs a model for, as far as the program says; `None` for a call that needs none."""
    action = state.run.table.get(call.name)
    if action is None or action.ask is None:
        return None
    if action.begins_run:
        # A nested run is controlled by a model of its own, or by the controller where there is none.
        return None if NESTED_ROLE in state.settings.roles else CONTROLLER
    param = action.param("role")
    if param is None:
        return None
    name = param.default
    for argument in call.named:
        # A role that is computed is known only when the step runs; the default stands for it here.
        if argument.name == param.name and isinstance(argument.value, Lit):
            name = argument.value.v
    return name if isinstance(name, str) else None
