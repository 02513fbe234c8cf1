"""`rlmlite grammar`: the language as the parser and the kernel have it, and the forms that constrain a decoder to it.

`lark`, `actions` and `function-tool` are the same for every run. The others are made for the names of a session, so
that a decoder can write no variable that does not exist.
"""

import json
from pathlib import Path

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.cli.settings.places import Places
from rlmlite.errors import SettingError
from rlmlite_grammar.decode import Vocabulary, custom_tool, decode_grammar, function_tool
from rlmlite_grammar.decode.gbnf import gbnf
from rlmlite_grammar.structured import program_schema
from rlmlite_kernel import ACTIONS

_INPUT = "context"  # what a lone input is called

_OF_SESSIONS = ("llguidance", "gbnf", "json-schema", "openai-tool")
"""The forms that are made for the names of a session."""


def show(format: str, session: Path | None, places: Places, *, only_final: bool, as_json: bool) -> Exit:
    """The language in one of its forms."""
    if format in _OF_SESSIONS:
        return exit_code_of(lambda: _print_for_decoder(format, session, places, only_final, as_json), as_json=as_json)
    return exit_code_of(lambda: _print_fixed(format, session, only_final, as_json), as_json=as_json)


def _print_fixed(format: str, session: Path | None, only_final: bool, as_json: bool) -> Exit:
    """A form that is the same for every run."""
    if session is not None or only_final:
        others = ", ".join(_OF_SESSIONS)
        raise SettingError(f"--session and --only-final do not apply to `{format}`; they are for {others}")
    if format == "function-tool":
        return _document(function_tool(), as_json)
    return _lark(as_json) if format == "lark" else _actions(as_json)


def _print_for_decoder(format: str, session: Path | None, places: Places, only_final: bool, as_json: bool) -> Exit:
    """A form for the names of a session, or for one input."""
    vocabulary = _vocabulary(session, places, only_final)
    if format == "json-schema":
        return _document(program_schema(vocabulary), as_json)
    grammar = decode_grammar(vocabulary)
    if format == "openai-tool":
        return _document(custom_tool(grammar), as_json)
    if format == "gbnf":
        grammar = gbnf(grammar)
    if as_json:
        print_json(value=grammar)
    else:
        say(grammar.rstrip("\n"))
    return Exit.COMPLETED


def _vocabulary(session: Path | None, places: Places, only_final: bool) -> Vocabulary:
    if session is None:
        return Vocabulary(table=ACTIONS, variables=(_INPUT,), inputs=frozenset({_INPUT}), only_final=only_final)
    from rlmlite.agent.decoding import vocabulary
    from rlmlite.cli.commands.sessions.session import open_to_look

    with open_to_look(session, places) as opened:
        names = vocabulary(opened.run.state, last=only_final)
    # A grammar has a rule for variables, and a rule needs at least one alternative.
    if not names.variables:
        raise SettingError(f"{session} has no variable, so there is no grammar for it")
    return names


def _document(document: dict[str, object], as_json: bool) -> Exit:
    if as_json:
        print_json(value=document)
    else:
        say(json.dumps(document, indent=2))
    return Exit.COMPLETED


def _lark(as_json: bool) -> Exit:
    from rlmlite_grammar import grammar_digest, grammar_text

    if as_json:
        print_json(value=grammar_text(), digest=grammar_digest())
    else:
        say(grammar_text().rstrip("\n"))
    return Exit.COMPLETED


def _actions(as_json: bool) -> Exit:
    if as_json:
        print_json(
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
            print_heading(family)
        print_indented(f"{action.signature()} -> {action.result}\n    {action.help}")
    return Exit.COMPLETED
