"""Actions from rows or text to text."""

from rlmlite_kernel.actions.scalars import parts, replace
from rlmlite_kernel.actions.search import patterns
from rlmlite_kernel.actions.table.shared import ROWS
from rlmlite_kernel.actions.texts import render
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import SEARCH_WORK
from rlmlite_kernel.records.evolution import TIMES_AND_STEMS

ACTIONS = (
    Action(
        name="render",
        family="text",
        params=(
            ROWS,
            Param("template", "template", 'the text for one row, such as "{line}: {text}"'),
            Param("sep", "text", "what goes between two rows", default="\n", named_only=True),
        ),
        run=render.render,
        result="text",
        help='rows as text, the template once per row: render(hits, "{line}: {text}")',
        example='"12: 08:14 ERROR disk\\n98: 17:02 ERROR mail"',
    ),
    Action(
        name="replace",
        family="text",
        params=(
            Param("text", "any", "the text"),
            Param(
                "what",
                "pattern",
                "what to replace: text, a list of texts or a /regex/; or a list of pairs [what, with]",
            ),
            Param("to", "any", "the replacement; $1 is the first group of a /regex/", default=""),
        ),
        run=replace.replace,
        result="text",
        help="replaces every match of a text or /regex/; $1 is its first group",
        in_rows=True,
        cost=SEARCH_WORK,
        example='"user <id> left"',
    ),
    Action(
        name="split",
        family="text",
        params=(
            Param("text", "any", "the text"),
            Param("sep", "query", "what separates: text, a list of texts, or a /regex/; white space if null", None),
        ),
        run=parts.split,
        result="a list of texts",
        help='the parts of a text between separators: split(.text, "|")[2] is the third',
        in_rows=True,
        cost=SEARCH_WORK,
        since=TIMES_AND_STEMS,
        example='["7", "ann", "ok"]',
    ),
    Action(
        name="capture",
        family="text",
        params=(
            Param("text", "any", "the text"),
            Param("pattern", "query", "a /regex/"),
            Param("group", "any", "the name or number of a group; 0 is the match", default=None),
        ),
        run=parts.capture,
        result="text",
        help="the first group of the first match, or the match: capture(.text, /took (\\d+)/); null if there is none",
        in_rows=True,
        cost=SEARCH_WORK,
        since=TIMES_AND_STEMS,
        example='"12"',
    ),
    Action(
        name="mask",
        family="text",
        params=(Param("text", "any", "the text"),),
        run=patterns.mask,
        result="text",
        help="replaces numbers, ids, addresses, paths, dates and values with <*>: count_by(hits, mask(.text))",
        in_rows=True,
        cost=SEARCH_WORK,
        example='"user <*> left after <*> ms"',
    ),
)
