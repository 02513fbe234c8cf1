"""`rlmlite grammar`: its options."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.signatures.flags import places_of
from rlmlite.cli.signatures.options import AsJson, InputPlaces, KnownStore


class GrammarFormat(StrEnum):
    """What `rlmlite grammar` prints."""

    lark = "lark"
    actions = "actions"
    llguidance = "llguidance"
    gbnf = "gbnf"
    json_schema = "json-schema"
    openai_tool = "openai-tool"
    function_tool = "function-tool"


def grammar(
    format: Annotated[
        GrammarFormat,
        typer.Option(
            "--format",
            help="The grammar that is parsed, the action table, or what constrains a decoder to programs: a grammar "
            "for llguidance, one for llama.cpp and vLLM, a JSON schema of programs as data, a custom tool, a function.",
        ),
    ] = GrammarFormat.lark,
    session: Annotated[
        Path | None,
        typer.Option(
            "--session",
            metavar="S",
            help="For what constrains a decoder: allow the variables of this session. [context]",
        ),
    ] = None,
    input: InputPlaces = None,
    store: KnownStore = None,
    only_final: Annotated[
        bool, typer.Option("--only-final", help="For what constrains a decoder: allow only a final answer.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Print the language: its grammar, its actions, or what constrains a decoder to it."""
    from rlmlite.cli.commands.grammar import show

    raise typer.Exit(show(format.value, session, places_of(input, store), only_final=only_final, as_json=json))
