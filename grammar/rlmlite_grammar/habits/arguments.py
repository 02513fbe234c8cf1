"""Arguments given otherwise than the signature says: by position, by another name, a word in the singular.

around(hits, 2)                  around(hits, lines=2)           the next parameter in the printed order
rank(log, "disk", k=5)           rank(log, "disk", limit=5)      another name
chunk(log, by="line")            chunk(log, by="lines")          the singular of a word
preview(log, 0:100)              preview(log[0:100])             a range after the value that it is of
sub_lm("Compare.", a, b)         sub_lm("Compare.\\n\\n{a}\\n\\n{b}")    values after a prompt; one that it shows stays

The last two are how the seed of this language writes them.
"""

from collections.abc import Iterator
from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite, takes
from rlmlite_grammar.syntax.names import RANGE
from rlmlite_grammar.syntax.printer import show_expr
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.ast import Call, Expr, Field, ListOf, Lit, Named, Obj, Slice, Unread, Var
from rlmlite_kernel.program.checks import ExactlyOneOf
from rlmlite_kernel.program.templates import holes

OTHER_PARAMETERS: Final = {
    "limit": ("k", "n", "top_k", "topk", "top_n", "max", "max_results", "num_results", "max_hits", "count", "num"),
    "k": ("n", "limit", "top_k", "count", "num"),
    "labels": ("classes", "categories", "choices", "options", "categories_list"),
    "lines": ("context", "context_lines", "window", "before", "after", "n", "k"),
    "size": ("chunk_size", "max_size", "length", "n"),
    "overlap": ("chunk_overlap", "stride_overlap"),
    "batch": ("batch_size",),
    "by": ("unit", "units", "key", "column", "field", "sort_by", "order_by"),
    "key": ("by", "column", "field", "on", "group_by"),
    "on": ("by", "key", "column"),
    "query": ("pattern", "text", "needle", "q", "keyword", "keywords", "term", "string"),
    "where": ("filter", "cond", "condition"),
    "cond": ("condition", "filter", "where", "predicate"),
    "folds": ("agg", "aggs", "aggregate", "aggregations"),
    "desc": ("reverse", "descending", "reversed"),
    "schema": ("output_schema", "output", "response_format", "format", "fields"),
    "prompt": ("question", "instruction", "instructions", "query"),
    "form": ("pattern", "template", "format", "regex", "fmt"),
    "seed": ("random_state",),
    "head": ("n", "limit", "k", "bytes", "size"),
    "glob": ("pattern", "filter"),
    "sep": ("separator", "delimiter"),
    "value": ("answer", "result", "output", "response", "text"),
    "evidence": ("sources", "source", "citations", "quotes"),
}
"""What else parameters are called, the likeliest first."""


def read_parameter(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A named argument that the action has no parameter for, under the name that it has here."""
    if not isinstance(node, Call) or node.name not in place.table:
        return None
    action = place.table[node.name]
    given = _given(node, action)
    for index, item in enumerate(node.named):
        # Where further arguments fill placeholders, any name may be one.
        if action.param(item.name) is not None or action.extra:
            continue
        if item.name == "ascending" and takes(action, "desc", given) and isinstance(item.value, Lit):
            # The one name that says the opposite.
            named = (*node.named[:index], Named("desc", Lit(not item.value.v)), *node.named[index + 1 :])
            return Rewrite(Call(node.name, node.args, named), "ascending=", "desc=not ")
        name = _name_here(item.name, action, given)
        if name is not None:
            named = (*node.named[:index], Named(name, item.value), *node.named[index + 1 :])
            return Rewrite(Call(node.name, node.args, named), f"{item.name}=", f"{name}=")
    return None


def _name_here(name: str, action: Action, given: frozenset[str]) -> str | None:
    homes = [param.name for param in action.params if name in OTHER_PARAMETERS.get(param.name, ()) and not param.many]
    free = [home for home in homes if home not in given]
    # `query=` of an action with both a query and a prompt could be either.
    return free[0] if len(free) == 1 else None


def _given(call: Call, action: Action) -> frozenset[str]:
    by_position = [param.name for param, _ in zip(action.positional(), call.args, strict=False)]
    return frozenset((*by_position, *(item.name for item in call.named)))


def read_position(node: Expr, place: Place) -> Rewrite | Unread | None:
    """More arguments by position than there are such parameters: the next ones in the printed order.

    Read only if a literal shows that it is meant so: a number for a count, a list of texts for labels.
    """
    if not isinstance(node, Call) or node.name not in place.table:
        return None
    action = place.table[node.name]
    positional = action.positional()
    takes_all = bool(positional) and positional[-1].many
    if takes_all or len(node.args) <= len(positional):
        return None
    value = node.args[len(positional)]
    param = _next_param(node, action)
    if param is None or not _fits(value, param):
        return None
    args = (*node.args[: len(positional)], *node.args[len(positional) + 1 :])
    named = (*node.named, Named(param.name, value))
    written = f"{node.name}(..., {_short(value)})"
    return Rewrite(Call(node.name, args, named), written, f"{node.name}(..., {param.name}={_short(value)})")


def _next_param(call: Call, action: Action) -> Param | None:
    """The next parameter in the printed order that is neither given nor excluded by one that is."""
    given = _given(call, action)
    excluded = {
        name
        for check in action.checks
        if isinstance(check, ExactlyOneOf) and given.intersection(check.params)
        for name in check.params
    }
    free = [param for param in action.params if param.named_only and param.name not in given | excluded]
    return free[0] if free else None


def _fits(value: Expr, param: Param) -> bool:
    """Whether a value shows that it is meant for a parameter."""
    literal = value.v if isinstance(value, Lit) else None
    match param.kind:
        case "int":
            return isinstance(literal, int) and not isinstance(literal, bool)
        case "bool":
            return isinstance(literal, bool)
        case "word":
            return _is_word(value, param) or _word_here(value, param) is not None
        case "schema":
            return isinstance(value, Obj | ListOf)
        case "any":
            return isinstance(value, ListOf | Var)
        case "key":
            return isinstance(value, Var | Field) or isinstance(literal, str)
        case _:
            return False


def read_word(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A word in the singular, or in capitals: `by="line"`."""
    param = place.param
    if param is None or param.kind != "word" or _is_word(node, param):
        return None
    word = _word_here(node, param)
    return None if word is None else Rewrite(Lit(word), _short(node), f'"{word}"')


def _word(node: Expr) -> str | None:
    if isinstance(node, Var):
        return node.name
    return node.v if isinstance(node, Lit) and isinstance(node.v, str) else None


def _is_word(node: Expr, param: Param) -> bool:
    return _word(node) in param.words


def _word_here(node: Expr, param: Param) -> str | None:
    word = _word(node)
    if word is None:
        return None
    near = (word.lower(), f"{word.lower()}s", word.lower().removesuffix("s"))
    return next((spelling for spelling in near if spelling in param.words), None)


def _short(node: Expr) -> str:
    text = show_expr(node)
    return text if len(text) <= 40 else f"{text[:37]}..."


def read_range(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A call with a range after one of its arguments."""
    if not isinstance(node, Call) or node.name == RANGE:
        return None
    for index, argument in enumerate(node.args[1:], 1):
        before = node.args[index - 1]
        if _is_range(argument) and not _is_range(before):
            assert isinstance(argument, Call)
            low, high = (None if bound == Lit(None) else bound for bound in argument.args)
            args = (*node.args[: index - 1], Slice(before, low, high), *node.args[index + 1 :])
            return Rewrite(Call(node.name, args, node.named), f"{node.name}(x, a:b)", f"{node.name}(x[a:b])")
    return None


def read_stray_range(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A range that follows no value: refused, with what to write."""
    if not _is_range(node):
        return None
    return Unread("syntax", "a range needs the value that it is a part of", "write `x[0:100]`, or `preview(x, 0:100)`")


def _is_range(node: Expr) -> bool:
    return isinstance(node, Call) and node.name == RANGE


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
