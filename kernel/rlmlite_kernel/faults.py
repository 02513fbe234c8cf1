"""Program faults: what goes wrong inside a program. They are values in receipts; the run goes on.

Inside the kernel an action raises `Fault`; the machine turns it into a failed step. It never leaves the kernel.
"""

FAULTS: dict[str, str] = {
    "syntax": "the reply holds no program",
    "unknown_action": "no action has this name",
    "unknown_name": "no variable, field or parameter has this name",
    "arguments": "an argument is missing, doubled or too many",
    "type": "a value is of the wrong kind for its place",
    "query": "a search pattern is empty or cannot be run",
    "template": "a placeholder of a template names nothing",
    "schema": "a schema is not well formed, or no reply fits it",
    "bound": "a number is outside its bounds",
    "read_only": "inputs cannot be written",
    "not_permitted": "the policy does not permit this action",
    "unreachable": "a statement stands after final",
    "budget": "a hard budget would be passed",
    "too_large": "a value would pass the budget of bytes",
    "json": "a text is not JSON within the limits",
    "calls_failed": "a call failed, or fewer of a fan-out succeeded than `min_ok` asks for",
    "not_installed": "an action needs an extra that is not installed",
    "denied": "the policy, or who was asked, does not let a tool be called",
    "egress": "the policy keeps an input's content from a model or a tool",
    "depends": "a statement that this one needs did not succeed",
    "input_changed": "a file changed while it was read",
}
"""Every code that a receipt may hold, with its meaning; `docs/reference/faults.md` is made from it."""


class Fault(Exception):
    """A mistake of the program, with a code out of `FAULTS` and a message for its writer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message
