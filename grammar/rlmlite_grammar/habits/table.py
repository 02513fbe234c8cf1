"""All habits of programs that parse, each with a statement that shows it and what that is read as.

The order matters where two fit one expression: the first is read.
"""

from typing import Final

from rlmlite_grammar.habits.arguments import read_parameter, read_position, read_word
from rlmlite_grammar.habits.expressions import read_any_of, read_field, read_named_folds
from rlmlite_grammar.habits.habit import Habit
from rlmlite_grammar.habits.names import read_copy, read_final_var, read_name
from rlmlite_grammar.habits.schemas import read_type

HABITS: Final = (
    Habit("another name of an action", "print(hits)", "show(hits)", read_name),
    Habit("the name of the answer's variable", 'FINAL_VAR("hits")', "final(hits)", read_final_var),
    Habit("a list made of a list", "x = list(range(3))", "x = range(3)", read_copy),
    Habit(
        "folds as named arguments",
        "g = group(hits, doc, n=count())",
        "g = group(hits, doc, folds={n: count()})",
        read_named_folds,
    ),
    Habit(
        "another name of a parameter", 'x = rank(log, "disk", k=5)', 'x = rank(log, "disk", limit=5)', read_parameter
    ),
    Habit("a parameter by position", "x = around(hits, 2)", "x = around(hits, lines=2)", read_position),
    Habit("a word in the singular", 'x = chunk(log, by="line")', 'x = chunk(log, by="lines")', read_word),
    Habit("any of several texts", 'x = search(log, "a" or "b")', 'x = search(log, ["a", "b"])', read_any_of),
    Habit(
        "types of other languages",
        'x = sub_lm("?", schema={n: list[int]})',
        'x = sub_lm("?", schema={n: [int]})',
        read_type,
    ),
    Habit("a field without its dot", 'x = where(hits, doc == "a")', 'x = where(hits, .doc == "a")', read_field),
)
