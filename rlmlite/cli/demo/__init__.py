"""The demonstration's questions, each with the program that answers it. The programs are files, as a user's are."""

from importlib import resources

import msgspec


class Question(msgspec.Struct, frozen=True):
    """A question, the program that answers it (a file in this folder), and the sub that the program needs."""

    text: str
    file: str
    sub: str | None

    def program(self) -> str:
        """The program's text."""
        return resources.files("rlmlite.cli.demo").joinpath(self.file).read_text("utf-8")


QUESTIONS = (
    Question(
        "Which parts of the standard library will be removed, in which version, and which modules warn of it most?",
        "removals.act",
        None,
    ),
    Question(
        "What happens to the children when asyncio.gather() is cancelled, in the words of the sources?",
        "gather.act",
        "extractive:",
    ),
)
"""One by search and row actions alone, one by a fan-out over chunks."""
