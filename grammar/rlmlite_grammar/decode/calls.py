"""Calls as decode rules: one alternative for each action, made from its row of the table.

    where(rows, cond)                "where(" v@ ", " rv@ ")"
    chunk(target, size=, by=)        "chunk(" v@ (", size=" (INT1 | ref@))? (", by=" ("\\"bytes\\"" | ... | RX))? ")"

What is required stands by position, what is optional by name (`arguments`). `@` in a rule stands for the number of
temporaries that may be named there; `r` before a rule says that the fields of the current row may.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from rlmlite_grammar.decode.arguments import call_form, calls_of, names_tool
from rlmlite_grammar.decode.vocabulary import Vocabulary
from rlmlite_kernel.program.action_table import Action, Param

_RULES = {
    "query": "query@",
    "pattern": "pattern@",
    "folds": "folds@",
    "form": "form",
    "schema": "schema",
    "name": "written",
}
"""The rule for an argument of a kind that has one of its own."""


class CallRules:
    """The calls of a vocabulary, as alternatives of rules.

    `scalar` may stand inside row expressions, `scalar_in_rows` are the same there; `whole` are calls on whole values;
    `alone` and `end` are statements, never a part of one.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        calls = calls_of(vocabulary)
        # Actions on single values come twice. Inside a row expression their arguments may name fields of the row
        # (`lower(.name)`), outside of one there is no row.
        self.scalar = [self._call(action, "") for action in calls.scalar]
        self.scalar_in_rows = [self._call(action, "r") for action in calls.scalar]
        self.whole = [self._call(action, "") for action in calls.whole]
        self.alone = [self._call(action, "") for action in calls.alone]
        self.end = [self._call(action, "") for action in calls.end]

    def _call(self, action: Action, row: str) -> str:
        """The alternative for an action. `row` is `r` inside a row expression, else empty."""
        form = call_form(action)
        unnamed = [self._positional(param, action, row) for param in form.positional]
        if form.exclusive:
            unnamed.append(self._one_of(form.exclusive, action, row))
        unnamed += [self._any_number(param, action, row) for param in form.repeated]

        # Named arguments bring their own comma with them, since most are optional.
        named = [self._extra(place, keyword) for place, keyword in enumerate(form.keywords)]
        named += [self._named(param, action, row) for param in form.by_name]

        arguments = ' ", " '.join(unnamed)
        parts = [f'"{action.name}("', arguments, *named, '")"']
        return " ".join(part for part in parts if part)

    def _positional(self, param: Param, action: Action, row: str) -> str:
        value = self._value(param, action, row)
        # Where two arguments may change places, which is which follows from what they are. A name leaves no doubt.
        return f'"{param.name}=" {value}' if action.either_way else value

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
        options = [self._value(first, action, row)]
        for param in others:
            options.append(f'"{param.name}=" {self._value(param, action, row)}')
        return _either(options)

    def _value(self, param: Param, action: Action, row: str) -> str:
        """The rule for the value of a parameter."""
        if names_tool(param, action):
            return _either(map(literal_of_text, self._vocabulary.tools))
        match param.kind:
            case "any" | "target" | "rows":
                return f"{row}v@"
            case "expr" | "key":
                return "rv@"
            case "int":
                least = param.least or 0
                # The terminals INT0 to INT9 keep the bound of a literal. One that must be 10 or more has none.
                return f"(INT{least} | ref@)" if least < 10 else "ref@"
            case "bool":
                return '("true" | "false")'
            case "word":
                return _word(param)
            case "text" if param.name == "role":
                return _either(map(literal_of_text, self._vocabulary.roles))
            case "text":
                return "(TEXT | ref@)"
            case "template":
                return _template(param)
            case _:
                return _RULES[param.kind]


def _either(options: Iterable[str]) -> str:
    """One of the options, in brackets, so that it can stand anywhere in a rule."""
    return f"({' | '.join(options)})"


def _word(param: Param) -> str:
    """One of the words that a parameter takes; some parameters take a regex as well."""
    options = [literal_of_text(word) for word in param.words]
    if param.or_query:
        options.append("RX")
    if param.or_key is not None:
        options.append('"." KEY')
    return _either(options)


def _template(param: Param) -> str:
    """A template over rows names their fields, which no grammar knows; any other names variables."""
    return {"variables": "TEMPLATE@", "fields": "TEMPLATE", "a_field": "TEMPLATE_OF_CHUNKS"}[param.holes]


def literal_of_name(name: str) -> str:
    """A name as a literal of the grammar."""
    return f'"{name}"'


def literal_of_text(text: str) -> str:
    """A text of a program, with its quotes, as a literal of the grammar."""
    # Quoted twice: once as the program writes it, and once more as the grammar writes that. Both languages escape
    # as JSON does.
    in_program = json.dumps(text, ensure_ascii=False)
    return json.dumps(in_program, ensure_ascii=False)


def rule_of(name: str, options: Iterable[str]) -> Iterator[str]:
    """A rule with these options, if there are any."""
    # A rule without an alternative is not valid Lark. Whoever refers to it must see to it that there are some.
    present = list(options)
    if present:
        yield f"{name}: " + "\n    | ".join(present)
