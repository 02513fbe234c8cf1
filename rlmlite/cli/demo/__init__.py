"""The questions of `rlmlite demo`, each with the program that answers it. The programs are files, as a user's are."""

import pkgutil

import msgspec


class DemoQuestion(msgspec.Struct, frozen=True):
    """A question, the program that answers it (a file in this folder), and the sub that the program needs."""

    text: str
    file: str
    sub: str | None

    def program(self) -> str:
        """The program's text."""
        content = pkgutil.get_data("rlmlite.cli.demo", self.file)
        assert content is not None  # only a namespace package has no way to its files
        return content.decode()


QUESTIONS = (
    DemoQuestion(
        "Which parts of the standard library will be removed, in which version, and which modules warn of it most?",
        "removals.act",
        None,
    ),
    DemoQuestion(
        "What happens to the children when asyncio.gather() is cancelled, in the words of the sources?",
        "gather.act",
        "extractive:",
    ),
)
"""The first needs only searches and row actions, the second a fan-out over chunks."""
