"""How the parts of the parser refuse: one error that carries one `Problem`.

It never leaves this package: `parse` catches it and returns `Unparsed`.
"""

from typing import NoReturn

from rlmlite_kernel.program.problems import Problem


class ProgramRefusedError(Exception):
    """The text is no program, for a reason that the grammar itself cannot express."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refuse(code: str, message: str, offset: int, hint: str = "") -> NoReturn:
    """Raise the refusal of what stands at `offset`."""
    raise ProgramRefusedError(Problem(code, message, offset, hint))
