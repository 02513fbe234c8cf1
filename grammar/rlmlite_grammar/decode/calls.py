"""Calls as decode rules: one alternative for each action, made from its row of the table.

    where(rows, cond)                "where(" v@ ", " rv@ ")"
    chunk(target, size=, by=)        "chunk(" v@ (", size=" (INT1 | ref@))? (", by=" ("\\"bytes\\"" | ... | RX))? ")"

There is one way to write each call, so that a decoder has no choice without a meaning: what is required by position,
what is optional by name, in the order of the table. `@` in a rule stands for the number of temporaries that may be
named there; `r` before a rule says that the fields of the current row may.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from rlmlite_grammar.decode.vocabulary import Vocabulary
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.ast import ASSIGNMENT
from rlmlite_kernel.program.checks import ExactlyOneOf

_KEYWORDS = ("context", "other")
"""What a decoder calls the values that an action needs under names of the caller's own; the first is required."""

_TOOL_CALL = "tool_call"  # which needs a tool to name

_RULES = {
    "query": "query@",
    "pattern": "pattern@",
    "folds": "folds@",
    "form": "form",
    "schema": "schema",
    "name": "written",
}
"""The rule for an argument of a kind that has one of its own."""

_ALONE = ("state", "end")  # families whose actions are statements, never a part of one


class CallRules:
    """The calls of a vocabulary, as alternatives of rules.

    `scalar` may stand inside row expressions, `scalar_in_rows` are the same there; `whole` are calls on whole values;
    `alone` and `end` are statements, never a part of one.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        missing = {ASSIGNMENT, *(() if vocabulary.tools else (_TOOL_CALL,))}
        kinds = set() if vocabulary.writable else {"name"}
        actions = [
            action
            for action in vocabulary.actions()
            if action.name not in missing and kinds.isdisjoint(param.kind for param in action.params)
        ]
        nested = [action for action in actions if action.family not in _ALONE]
        self.scalar = [self._call(action, "") for action in nested if action.in_rows]
        self.scalar_in_rows = [self._call(action, "r") for action in nested if action.in_rows]
        self.whole = [self._call(action, "") for action in nested if not action.in_rows]
        self.alone = [self._call(action, "") for action in actions if action.family == "state"]
        self.end = [self._call(action, "") for action in actions if action.family == "end"]

    def _call(self, action: Action, row: str) -> str:
        """The alternative for an action. `row` is `r` inside a row expression, else empty."""
        by_position = [self._value(param, action, row) for param in action.params if _by_position(param)]
        exclusive = [param for param in action.params if param.name in _alternatives(action)]
        if exclusive:
            by_position.append(self._one_of(exclusive, action, row))
        by_position += [self._any_number(param, action, row) for param in action.params if param.many]
        named = [self._extra(place, keyword) for place, keyword in enumerate(_KEYWORDS if action.needs_extra else ())]
        for param in action.params:
            if not (_by_position(param) or param.many or param in exclusive):
                named.append(self._named(param, action, row))
        arguments = ' ", " '.join(by_position)
        return " ".join(part for part in (f'"{action.name}("', arguments, *named, '")"') if part)

    def _named(self, param: Param, action: Action, row: str) -> str:
        argument = f'", {param.name}=" {self._value(param, action, row)}'
        return argument if param.required else f"({argument})?"

    def _extra(self, place: int, keyword: str) -> str:
        """An argument under a name of the caller's own; the first is required."""
        argument = f'", {keyword}=" v@'
        return argument if place == 0 else f"({argument})?"

    def _any_number(self, param: Param, action: Action, row: str) -> str:
        value = self._value(param, action, row)
        return f'({value} (", " {value})*)?'

    def _one_of(self, params: Sequence[Param], action: Action, row: str) -> str:
        """Parameters of which exactly one is given: the first by position, the others by name."""
        first, *others = params
        values = [self._value(first, action, row)]
        values += [f'"{param.name}=" {self._value(param, action, row)}' for param in others]
        return f"({' | '.join(values)})"

    def _value(self, param: Param, action: Action, row: str) -> str:
        """The rule for the value of a parameter."""
        if action.name == _TOOL_CALL and param.name == "name":
            return f"({' | '.join(map(literal_of_text, self._vocabulary.tools))})"
        match param.kind:
            case "any" | "target" | "rows":
                return f"{row}v@"
            case "expr" | "key":
                return "rv@"
            case "int":
                least = param.least or 0
                return f"(INT{least} | ref@)" if least < 10 else "ref@"
            case "bool":
                return '("true" | "false")'
            case "word":
                words = [literal_of_text(word) for word in param.words]
                return f"({' | '.join([*words, *(['RX'] if param.or_query else [])])})"
            case "text" if param.name == "role":
                return f"({' | '.join(map(literal_of_text, self._vocabulary.roles))})"
            case "text":
                return "(TEXT | ref@)"
            case "template":
                return _template(param)
            case _:
                return _RULES[param.kind]


def _by_position(param: Param) -> bool:
    return param.required and not (param.many or param.named_only)


def _alternatives(action: Action) -> tuple[str, ...]:
    """The parameters of which exactly one is given, if the action has such."""
    return next((check.params for check in action.checks if isinstance(check, ExactlyOneOf)), ())


def _template(param: Param) -> str:
    """A template over rows names their fields, which no grammar knows; any other names variables."""
    return {"variables": "TEMPLATE@", "fields": "TEMPLATE", "a_field": "TEMPLATE_OF_CHUNKS"}[param.holes]


def literal_of_name(name: str) -> str:
    """A name as a literal of the grammar."""
    return f'"{name}"'


def literal_of_text(text: str) -> str:
    """A text of a program, with its quotes, as a literal of the grammar."""
    return json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)


def rule_of(name: str, options: Iterable[str]) -> Iterator[str]:
    """A rule with these options, if there are any."""
    present = list(options)
    if present:
        yield f"{name}: " + "\n    | ".join(present)
