"""How the parts of the parser refuse a text: one error that carries one `Problem`.

It is raised from inside lark, by the layout rules and the builder, and so ends the parse at once. It never leaves this
package: `read` catches it.
"""

from typing import NoReturn

from rlmlite_kernel.program.problems import Problem


class ProgramRefusedError(Exception):
    """The text is not a program, for a reason that the grammar itself cannot express."""

    def __init__(self, problem: Problem) -> None:
        # The message for tracebacks only: whoever catches it wants the whole problem.
        super().__init__(problem.message)
        self.problem = problem


def refuse(code: str, message: str, offset: int, hint: str = "") -> NoReturn:
    """Raise `ProgramRefusedError` for what stands at `offset`."""
    raise ProgramRefusedError(Problem(code, message, offset, hint))
