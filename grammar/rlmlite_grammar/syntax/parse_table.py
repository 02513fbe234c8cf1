"""The parse table of `actions.lark`, made once and kept beside it: `actions.table.json`.

The table says for each of 129 states what to do with the next token, shift it or reduce by a rule:

    states[0] = {14: (0, 1), ...}           in state 0 a NAME (token 14) leads to state 1
    states[2] = {0: (1, {"@": 30}), ...}    in state 2 the end of the text completes rule 30, `start: statement+`

lark takes longer to work out which state follows which (50 ms) than to parse any program of ordinary size (1 ms), and
a command that runs one program would pay for it each time. The table depends on the grammar and on lark alone, so it
is kept with the digest of the one and the version of the other, and a table with others is not used: then lark reads
the grammar again, and everything works, only later.

After a change of the grammar, or of lark: `make table`. A test fails until that is done.
Not here: parsing (see `reader`). The grammar's digest is always that of `actions.lark` itself.
"""

import functools
import hashlib
import pkgutil
from collections import deque
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

import lark
import msgspec

from rlmlite_grammar.syntax.builder import Builder
from rlmlite_grammar.syntax.layout import LayoutRules

GRAMMAR: Final = "actions.lark"
TABLE: Final = "actions.table.json"

_OBJECTS: Final = ("transformer", "postlex")
"""Options that are objects of ours. JSON cannot hold them, so they are put back when the table is read."""

SHIFT: Final = 0
"""lark's number of a shift; the other kind, 1, is a reduction."""

Actions: TypeAlias = dict[int, tuple[int, Any]]
"""What a state does with a token, by its number: `(SHIFT, state)` or `(1, rule)`."""


class ParseTable(msgspec.Struct, frozen=True):
    """What lark serialises of a parser, with the digest of its grammar and the version of lark that made it.

    lark has `tokens` and `states` inside `data`. Their keys are numbers, which JSON does not have as keys, so they
    stand apart here, where msgspec reads them as what they are.
    """

    grammar_digest: str
    lark_version: str
    tokens: dict[int, str]
    states: dict[int, Actions]
    memo: dict[int, Any]
    data: dict[str, Any]


@functools.cache
def grammar_text() -> str:
    """The grammar, as `actions.lark` has it."""
    return _content(GRAMMAR).decode()


@functools.cache
def grammar_digest() -> str:
    """The SHA-256 of the grammar's UTF-8 bytes, in hex."""
    return hashlib.sha256(grammar_text().encode()).hexdigest()


def load_parser() -> lark.Lark:
    """The parser from the kept table; from the grammar, where there is no table that fits."""
    table = read_table()
    if table is None:
        return build_parser()
    # Another version of lark may number or spell its parts differently, and would fail at the first program, or later.
    is_current = table.grammar_digest == grammar_digest() and table.lark_version == lark.__version__
    return parser_of(table) if is_current else build_parser()


def build_parser() -> lark.Lark:
    """The parser from the grammar."""
    return lark.Lark(grammar_text(), parser="lalr", lexer="contextual", transformer=Builder(), postlex=LayoutRules())


def read_table() -> ParseTable | None:
    """The table in the package; `None` if there is none that can be read, as after a merge that went wrong."""
    try:
        return msgspec.json.decode(_content(TABLE), type=ParseTable)
    except (OSError, msgspec.MsgspecError):
        return None


def table_of(parser: lark.Lark) -> ParseTable:
    """What is to be kept of a parser."""
    data, memo = parser.memo_serialize([lark.lexer.TerminalDef, lark.grammar.Rule])
    options = data["options"]
    data["options"] = {name: value for name, value in options.items() if name not in _OBJECTS}
    # Taken out of `data`, since their keys are numbers (see `ParseTable`).
    automaton = data["parser"]["parser"]
    tokens: dict[int, str] = automaton.pop("tokens")
    states: dict[int, Actions] = automaton.pop("states")
    # The grammar has one start rule, so one state to start in.
    start = next(iter(automaton["start_states"].values()))
    numbers = _number_states(states, tokens, start)
    for key in ("start_states", "end_states"):
        automaton[key] = {rule: numbers[state] for rule, state in automaton[key].items()}
    names = sorted(tokens.values())
    return ParseTable(
        grammar_digest=grammar_digest(),
        lark_version=lark.__version__,
        tokens=dict(enumerate(names)),
        states=_renumber(states, tokens, numbers),
        memo=memo,
        data=data,
    )


def _number_states(states: Mapping[int, Actions], tokens: Mapping[int, str], start: int) -> dict[int, int]:
    """A number for each state that is the same each time: in the order in which a walk from the start meets them.

    lark's own numbers depend on the order of its sets, and so on the process.
    """
    numbers = {start: 0}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        for _, kind, target in _by_name(states[state], tokens):
            # Only a shift leads to a state; the target of a reduction is a rule.
            if kind == SHIFT and target not in numbers:
                numbers[target] = len(numbers)
                waiting.append(target)
    return numbers


def _renumber(
    states: Mapping[int, Actions], tokens: Mapping[int, str], numbers: Mapping[int, int]
) -> dict[int, Actions]:
    """The states under their new numbers, in the order of these, with tokens numbered in the order of their names."""
    token_numbers = {name: number for number, name in enumerate(sorted(tokens.values()))}
    renumbered: dict[int, Actions] = {}
    for state in sorted(states, key=numbers.__getitem__):
        actions: Actions = {}
        for name, kind, target in _by_name(states[state], tokens):
            # The target of a reduction is a rule, which lark's memo numbers, the same each time.
            actions[token_numbers[name]] = (kind, numbers[target] if kind == SHIFT else target)
        renumbered[numbers[state]] = actions
    return renumbered


def _by_name(actions: Actions, tokens: Mapping[int, str]) -> list[tuple[str, int, Any]]:
    """What a state does with each token, in the order of the tokens' names."""
    named = [(tokens[token], kind, target) for token, (kind, target) in actions.items()]
    # By the name alone, which occurs once: targets are numbers or mappings, which do not compare.
    return sorted(named, key=itemgetter(0))


def parser_of(table: ParseTable) -> lark.Lark:
    """The parser that a table describes. It takes the table's parts over: a table makes one parser."""
    data = table.data
    data["options"] |= {"transformer": Builder(), "postlex": LayoutRules()}
    data["parser"]["parser"] |= {"tokens": table.tokens, "states": table.states}
    # lark takes a file with a pickle, or a mapping as what that pickle would hold. No pickle: it could run code.
    return lark.Lark.load({"data": data, "memo": table.memo})


def write_table() -> None:
    """Make the table anew and keep it in the package. For `make table`."""
    Path(__file__).with_name(TABLE).write_bytes(msgspec.json.encode(table_of(build_parser())) + b"\n")


def _content(name: str) -> bytes:
    """A file beside this module, in whatever the package was imported from. Not by `importlib.resources`: 5 ms."""
    content = pkgutil.get_data("rlmlite_grammar.syntax", name)
    assert content is not None  # only a namespace package has no way to its files
    return content
