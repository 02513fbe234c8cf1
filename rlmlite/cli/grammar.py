"""`rlmlite grammar`: the language, as the parser and the kernel have it."""

from rlmlite.cli.exits import Exit
from rlmlite.cli.printing import emit, heading, indented, say
from rlmlite_kernel import ACTIONS


def show(format: str, *, as_json: bool) -> Exit:
    """The grammar's text, or the actions."""
    return _lark(as_json) if format == "lark" else _actions(as_json)


def _lark(as_json: bool) -> Exit:
    from rlmlite_grammar import grammar_digest, grammar_text

    if as_json:
        emit(value=grammar_text(), digest=grammar_digest())
    else:
        say(grammar_text().rstrip("\n"))
    return Exit.COMPLETED


def _actions(as_json: bool) -> Exit:
    if as_json:
        emit(
            value=[
                {
                    "name": action.name,
                    "family": action.family,
                    "signature": action.signature(),
                    "result": action.result,
                    "help": action.help,
                    "example": action.example,
                }
                for action in ACTIONS.values()
            ]
        )
        return Exit.COMPLETED
    family = ""
    for action in ACTIONS.values():
        if action.family != family:
            family = action.family
            heading(family)
        indented(f"{action.signature()} -> {action.result}\n    {action.help}")
    return Exit.COMPLETED
