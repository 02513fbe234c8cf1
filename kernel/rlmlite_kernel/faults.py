"""Program faults: what goes wrong inside a program. They are values in receipts; the run goes on.

Inside the kernel an action raises `Fault`; the machine turns it into a failed step. It never leaves the kernel.
"""

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
    "crashed": "a library that read a text did not survive it",
    "denied": "the policy, or the person who was asked, does not allow a tool call",
    "egress": "the policy keeps an input's content from a model or a tool",
    "depends": "a statement that this one depends on did not succeed",
    "input_changed": "a file changed while it was read",
}
"""Every code that a receipt may hold, with its meaning; `docs/reference/faults.md` is made from it."""


class Fault(Exception):
    """A mistake of the program, with a code out of `FAULTS` and a message for its writer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message
