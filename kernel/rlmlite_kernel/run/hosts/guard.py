"""Actions of hosts: what goes wrong in one is a fault of its step, with a name, and reaches no other variable.

The kernel's own actions are trusted, since the testing kit holds each of them to its laws (`rlmlite_kernel.testing`). A
host's action is not known. So its function runs with a guard around it, which copies the arguments and the result:

    rows.append({"n": 3})        a copy of the argument is changed: `argument_changed`, and no variable has
    return {1, 2}                `no_value`: a set
    raise KeyError("ann")        `action_raised`: a KeyError

Only the name of an exception goes into the receipt. Its words may hold an address or a time, and then no replay would
give the same; or content of an input, which a controller may not be meant to see.

The guard is put around when a run begins, so a table without actions of a host costs nothing. Not here: what a value is
(`copies`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec

from rlmlite_kernel.actions.end import Ended, Forgotten, Noted
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.calls import Ask
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import NarrowedResult, TaintedValue
from rlmlite_kernel.evaluation.work import OverMeterError
from rlmlite_kernel.faults import ACTION_RAISED, ARGUMENT_CHANGED, FAULTS, NO_VALUE, CrashedError, Fault
from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.program.checks import Check, CheckedCall, ExactlyOneOf, Report
from rlmlite_kernel.program.costs import UndeclaredCostError
from rlmlite_kernel.records.canonical import NotCanonicalError
from rlmlite_kernel.records.evolution import HOST_ACTIONS
from rlmlite_kernel.run.hosts.copies import Copies, NoValueError, checked_copy
from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_kernel.values.memory import charged_size
from rlmlite_kernel.values.values import Rows, Value

_NOT_THE_ACTIONS = (
    NotCanonicalError,
    MemoryError,
    CrashedError,
    BlobMissingError,
    InputChangedError,
    OverMeterError,
    UndeclaredCostError,
)
"""Errors that have a meaning of their own, whoever lets them pass."""


def guard_host_actions(table: Table) -> Table:
    """The table, with a guard around each action that is not one of the kernel's own."""
    if all(action is ACTIONS.get(name) for name, action in table.items()):
        return table
    return Table(action if action is ACTIONS.get(name) else guard(action) for name, action in table.items())


def guard(action: Action) -> Action:
    """An action whose mistakes are faults."""
    name = action.name
    # Decode grammars read this one, which is the kernel's own.
    checks = tuple(each if isinstance(each, ExactlyOneOf) else partial(_check, name, each) for each in action.checks)
    run = None if action.run is None else partial(_run, name, action.run)
    ask = None if action.ask is None else partial(_ask, name, action.ask)
    return msgspec.structs.replace(action, run=run, ask=ask, checks=checks)


def _run(name: str, run: Callable[..., Any], context: StepContext, /, *args: Any, **named: Any) -> Any:
    """Call a `run` and check what it gives."""
    if not context.follows(HOST_ACTIONS):
        return run(context, *args, **named)
    with _guarding(name, context) as copies:
        given = [_copy(arg, name, context, copies) for arg in args]
        given_by_name = {key: _copy(arg, name, context, copies) for key, arg in named.items()}
        result = run(context, *given, **given_by_name)
    return _checked_result(name, result, context)


def _ask(name: str, ask: Callable[..., Any], context: StepContext, /, *args: Any, **named: Any) -> Any:
    """Call an `ask`, and guard what will settle its calls."""
    if not context.follows(HOST_ACTIONS):
        return ask(context, *args, **named)
    with _guarding(name, context) as copies:
        given_by_name = {key: _copy(arg, name, context, copies) for key, arg in named.items()}
        asked = ask(context, *args, **given_by_name)
    if not isinstance(asked, Ask):
        raise Fault(NO_VALUE, f"`{name}` asked for calls with a {type(asked).__name__} in place of an Ask")
    return msgspec.structs.replace(asked, settle=partial(_settle, name, asked.settle))


def _settle(name: str, settle: Callable[..., Any], context: StepContext, results: Any) -> Any:
    """Call a `settle`: its value, or the next round of calls."""
    with _guarding(name, context):
        settled = settle(context, results)
    if isinstance(settled, Ask):
        return msgspec.structs.replace(settled, settle=partial(_settle, name, settled.settle))
    if not isinstance(settled, TaintedValue):
        raise Fault(NO_VALUE, f"`{name}` made a {type(settled).__name__} of its results in place of a TaintedValue")
    return _checked_result(name, settled, context)


def _check(name: str, check: Check, call: CheckedCall, report: Report) -> None:
    """Call a check; if it raises, the statement has a problem."""
    try:
        check(call, report)
    except Exception as error:
        report(ACTION_RAISED, _raised(name, error), call.node, "")


@contextmanager
def _guarding(name: str, context: StepContext) -> Iterator[Copies]:
    """Inside, the context's variables are copies too; what is raised comes out as a fault, and so does a change."""
    copies, variables = Copies(context.ordinary_rows), context.variables
    context.variables = _OwnVariables(variables, copies)
    try:
        yield copies
    except _NOT_THE_ACTIONS:
        raise
    except Fault as fault:
        if fault.code not in FAULTS:
            raise Fault(ACTION_RAISED, f"`{name}` raised a fault with the unknown code {fault.code!r}") from fault
        raise
    # Not only `Exception`: an action that calls `sys.exit` has failed, and must not end the run.
    except (Exception, SystemExit) as error:
        raise Fault(ACTION_RAISED, _raised(name, error)) from error
    finally:
        context.variables = variables
    if copies.changed():
        message = f"`{name}` changed one of its arguments, which it may only read; the mistake is the action's"
        raise Fault(ARGUMENT_CHANGED, message)


def _raised(name: str, error: BaseException) -> str:
    return f"`{name}` raised {type(error).__name__}; the mistake is the action's, and not the program's"


class _OwnVariables(Mapping[str, TaintedValue]):
    """Variables whose values are copies, made when they are read."""

    def __init__(self, variables: Mapping[str, TaintedValue], copies: Copies) -> None:
        self._variables, self._copies = variables, copies

    def __getitem__(self, name: str) -> TaintedValue:
        return _copy_tainted(self._variables[name], self._copies)

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def _copy(argument: Any, name: str, context: StepContext, copies: Copies) -> Any:
    """A copy of an argument, charged before it is made. Nodes, matchers, schemas and texts cannot change."""
    if isinstance(argument, TaintedValue):
        _charge(argument.value, name, context)
        return _copy_tainted(argument, copies)
    if isinstance(argument, dict) and any(isinstance(part, TaintedValue) for part in argument.values()):
        return {key: _copy(part, name, context, copies) for key, part in argument.items()}
    _charge(argument, name, context)
    return copies.of(argument) if isinstance(argument, list | dict | Rows) else argument


def _copy_tainted(data: TaintedValue, copies: Copies) -> TaintedValue:
    return msgspec.structs.replace(data, value=copies.of(data.value))


def _charge(value: Value, name: str, context: StepContext) -> None:
    if isinstance(value, list | dict | Rows):
        size = charged_size(value, context.settings.limits.value_bytes)
        context.ensure_fits(size.charged)
        context.work(size.digest_work, f"copying what `{name}` is given")


def _checked_result(name: str, result: Any, context: StepContext) -> Any:
    """What an action gave, copied and known to be a value."""
    if isinstance(result, Ended | Noted | Forgotten):
        return result
    try:
        if isinstance(result, TaintedValue | NarrowedResult):
            return msgspec.structs.replace(result, value=checked_copy(result.value, context.blobs))
        return checked_copy(result, context.blobs)
    except NoValueError as error:
        raise Fault(NO_VALUE, f"`{name}` returned {error}; the mistake is the action's") from None
