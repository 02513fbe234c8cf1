"""Program faults: what goes wrong inside a program. They are values in receipts; the run goes on.

Inside the kernel an action raises `Fault`; the machine turns it into a failed step. It never leaves the kernel.
Three codes are no mistakes of a program but outages of the machine: see `run.turns.outages`.
"""

OUT_OF_MEMORY, CRASHED, ABANDONED = "out_of_memory", "crashed", "abandoned"
"""Codes of outages: facts of the machine that ended a step, and no mistakes of the program (`run.turns.outages`)."""

REQUIRED = "required"
"""The code of a `require` whose condition does not hold."""

ACTION_RAISED, NO_VALUE, ARGUMENT_CHANGED = "action_raised", "no_value", "argument_changed"
"""Codes of mistakes in an action of a host, and not in the program (`run.hosts.guard`)."""

FAULTS: dict[str, str] = {
    "syntax": "the reply contains no program",
    "unknown_action": "no action has this name",
    "unknown_name": "no variable, field or parameter has this name",
    "arguments": "an argument is missing, given twice, or unexpected",
    "type": "a value has the wrong type for its use",
    "query": "a search pattern is empty or cannot be run",
    "template": "a placeholder of a template does not name anything",
    "schema": "a schema is malformed, or no reply matches it",
    "bound": "a number is outside its bounds",
    "read_only": "inputs cannot be overwritten",
    "not_permitted": "the policy does not permit this action",
    "unreachable": "a statement comes after final",
    "budget": "a hard budget would be exceeded",
    "too_large": "a value would exceed the limit on bytes",
    "json": "a text is not valid JSON, or exceeds the limits",
    "calls_failed": "a call failed, or fewer calls of a fan-out succeeded than `min_ok` requires",
    "not_installed": "an action needs an extra that is not installed",
    "denied": "the policy, or the person who was asked, does not allow a tool call",
    "egress": "the policy keeps an input's content from a model or a tool",
    REQUIRED: "a requirement of the program does not hold, so nothing after it runs",
    "depends": "a statement that this one depends on did not succeed",
    "input_changed": "a file changed while it was read",
    ACTION_RAISED: "an action of the host raised an error that is no fault",
    NO_VALUE: "an action of the host returned something that is no value",
    ARGUMENT_CHANGED: "an action of the host changed one of its arguments; no variable has changed",
    OUT_OF_MEMORY: "memory ran out while the step was executed, shown or recorded; a replay does not execute it",
    CRASHED: "a library that read a text did not survive it; a replay does not execute the step",
    ABANDONED: "the turn was given up before the step was done; a replay does not execute it",
}
"""Every code that a receipt may hold, with its meaning; `docs/reference/faults.md` is made from it."""


class RlmliteError(Exception):
    """The base of errors that the user can fix."""


class SettingError(RlmliteError):
    """A setting that is unknown or has an impossible value."""


class SettingsError(SettingError, ValueError):
    """Settings of the kernel that cannot be kept: a limit below zero, a cost limit with a model of unknown price."""


class Fault(Exception):
    """A mistake of the program, with a code out of `FAULTS` and a message for its writer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class CrashedError(Exception):
    """A helper of the host, such as a parser in a process of its own, died of what a step gave it to read.

    Whoever implements such a port raises this, or a subclass. The step fails with the code `crashed`.
    """
