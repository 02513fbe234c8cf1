"""How a request carries the form of a program, and how the record of the call says it.

    grammar               {"grammar": GBNF}                                        llama.cpp, llama-cpp-python
    structured_outputs    {"structured_outputs": {"grammar": GBNF}}                vLLM
    guided_grammar        {"guided_grammar": GBNF}                                 vLLM before 0.11
    ebnf                  {"ebnf": GBNF}                                           SGLang
    response_format       {"response_format": {"type": "json_schema", ...}}        Ollama, and most servers
    json_object           {"response_format": {"type": "json_object", ...}}        llama-cpp-python
    lark, tool            tools and `tool_choice`, as the API has them             OpenAI, and most servers

Not here: what the forms are (`forms`), which way a server takes (`abilities`).
"""

from typing import Any, Final, Literal, TypeAlias

from rlmlite.clients.interface.options import Decode
from rlmlite.clients.interface.program_forms import STRUCTURED_HINT, ProgramForms
from rlmlite_grammar.decode import ProgramTool, custom_tool, function_tool
from rlmlite_kernel.effects.requests import ProgramForm

Way: TypeAlias = Literal[
    "grammar", "structured_outputs", "guided_grammar", "ebnf", "response_format", "json_object", "lark", "tool", "words"
]
"""How a form goes to a server."""

GRAMMARS: Final[tuple[Way, ...]] = ("grammar", "structured_outputs", "guided_grammar", "ebnf")
"""The ways of a grammar in a field of its own."""

WAYS_OF: Final[dict[Decode, tuple[Way, ...]]] = {
    "none": ("words",),
    "tool": ("tool",),
    "lark": ("lark",),
    "grammar": ("lark",),
    "gbnf": GRAMMARS,
    "json-schema": ("response_format", "json_object"),
}
"""The ways of each setting but `auto`, the usual one first; of several, what the server says decides."""


def form_of(way: Way) -> ProgramForm:
    """The form that a way carries, as the record of a call names it."""
    match way:
        case "lark" | "tool" | "words":
            return way
        case "response_format" | "json_object":
            return "json-schema"
    return "gbnf"


def tool_of(way: Way, forms: ProgramForms) -> ProgramTool | None:
    """The tool whose call is to be the program, if this way has one."""
    if way == "tool":
        return function_tool()
    return custom_tool(forms.lark()) if way == "lark" else None


def fields_of(way: Way, forms: ProgramForms, *, is_responses: bool) -> dict[str, Any]:
    """The fields of a request that carry the form; none for words and tools."""
    match way:
        case "grammar" | "guided_grammar" | "ebnf":
            return {way: forms.gbnf()}
        case "structured_outputs":
            return {way: {"grammar": forms.gbnf()}}
        case "response_format":
            named = {"name": "program", "strict": True, "schema": forms.schema()}
            if is_responses:
                return {"text": {"format": {"type": "json_schema", **named}}}
            return {way: {"type": "json_schema", "json_schema": named}}
        case "json_object":
            return {"response_format": {"type": way, "schema": forms.schema()}}
    return {}


def hint_of(way: Way) -> str:
    """What the model is told beside the prompt, which asks for a program as text."""
    return STRUCTURED_HINT if form_of(way) == "json-schema" else ""
