"""Values after a prompt: what a model is to read besides, as the seed of this language writes it.

sub_lm("Compare.", a, b)              sub_lm("Compare.\\n\\n{a}\\n\\n{b}")
sub_lm("Is {a} so?", a)               sub_lm("Is {a} so?")                          shown already
sub_lm("Why?", log[0:500])            sub_lm("Why?\\n\\n{input_1}", input_1=log[0:500])
sub_lm(question, log)                 sub_lm("{question}\\n\\n{log}")               a computed prompt is data
sub_rlm("Why?", log)                  sub_rlm("Why?", log=log)                      its inputs anyway
"""

from collections.abc import Iterator
from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_kernel.program.action_table import Action
from rlmlite_kernel.program.ast import Call, Expr, Lit, Named, Obj, Unread, Var
from rlmlite_kernel.program.templates import holes


def read_inputs(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A call of a model with values after its prompt."""
    action = place.table.get(node.name) if isinstance(node, Call) else None
    if not isinstance(node, Call) or action is None or not _asks_once(action) or len(node.args) < 2:
        return None
    prompt, *values = node.args
    # Types and numbers are meant for parameters: a schema, a depth.
    if any(isinstance(value, Obj | Lit) for value in values):
        return None
    named = dict(_names_of(values))
    fresh = tuple(Named(name, value) for name, value in named.items() if value != Var(name))
    text = _template_of(prompt)
    if text == f"{{{_PROMPT}}}":
        fresh = (Named(_PROMPT, prompt), *fresh)
    shown = {hole.name for hole in holes(text)}
    text += "".join(f"\n\n{{{name}}}" for name in named if name not in shown)
    written, read = ", ".join(named), " ".join(f"{{{name}}}" for name in named)
    call = Call(node.name, (Lit(text),), (*fresh, *node.named))
    return Rewrite(call, f"{node.name}(prompt, {written})", f'{node.name}("... {read}")')


_PROMPT: Final = "instruction"
"""What a prompt is called that is computed."""


def _template_of(prompt: Expr) -> str:
    """The template of a prompt: a text is one itself, a variable is shown by its name, anything else as an argument."""
    if isinstance(prompt, Lit) and isinstance(prompt.v, str):
        return prompt.v
    return f"{{{prompt.name if isinstance(prompt, Var) else _PROMPT}}}"


def _asks_once(action: Action) -> bool:
    """Whether an action takes a prompt first, and values for its placeholders by any name."""
    first = action.params[0] if action.params else None
    takes_values = bool(action.extra) and not action.needs_extra
    return takes_values and first is not None and first.kind == "template" and first.holes == "variables"


def _names_of(values: list[Expr]) -> Iterator[tuple[str, Expr]]:
    """The name of each value in the prompt: of a variable its own."""
    for number, value in enumerate(values, 1):
        yield (value.name, value) if isinstance(value, Var) else (f"input_{number}", value)
