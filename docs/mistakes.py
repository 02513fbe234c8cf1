"""The tables of `docs/reference/mistakes.md`, from the tables that the product reads."""

from collections.abc import Iterable, Iterator

from docs.tables import prose, table
from rlmlite_grammar.diagnosis.hints import MISTAKES
from rlmlite_grammar.habits.habit import Habit
from rlmlite_grammar.habits.names import OTHER_NAMES
from rlmlite_grammar.habits.table import HABITS
from rlmlite_grammar.mistakes.functions import FUNCTIONS
from rlmlite_grammar.mistakes.methods import METHODS
from rlmlite_grammar.mistakes.mistake import ForeignName, Mistake
from rlmlite_grammar.mistakes.parameters import PARAMETERS
from rlmlite_grammar.spelling.examples import EXAMPLES, Example
from rlmlite_grammar.spelling.spellings import SPELLINGS, Spelling

READ: tuple[Habit | Spelling | Example, ...] = (*HABITS, *SPELLINGS, *EXAMPLES)
REFUSED: tuple[Mistake | ForeignName, ...] = (*MISTAKES, *FUNCTIONS, *METHODS, *PARAMETERS)


def habits() -> str:
    """What is read as something else, with an example of each."""
    return table(("habit", "written", "read as"), ((row.what, _code(row.written), _code(row.read)) for row in READ))


def names() -> str:
    """Other names of actions."""
    homes: dict[str, list[str]] = {}
    for name, action in OTHER_NAMES.items():
        homes.setdefault(action, []).append(f"`{name}`")
    return table(("written", "read as"), ((", ".join(words), f"`{action}`") for action, words in homes.items()))


def mistakes() -> str:
    """Mistakes of syntax, with an example of each and its sentence."""
    return table(("written", "sentence"), ((_code(mistake.examples[0]), prose(mistake.hint)) for mistake in MISTAKES))


def functions() -> str:
    """Functions."""
    return _foreign(FUNCTIONS)


def methods() -> str:
    """Methods."""
    return _foreign(METHODS)


def parameters() -> str:
    """Parameters."""
    return _foreign(PARAMETERS)


def _foreign(entries: Iterable[ForeignName]) -> str:
    return table(("name", "sentence"), _rows(entries))


def _rows(entries: Iterable[ForeignName]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        yield ", ".join(f"`{name}`" for name in entry.names), prose(entry.hint)


def _code(text: str) -> str:
    # A cell has one line, and code that holds a backtick stands between two.
    shown = text.replace("\n", " ⏎ ")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"
