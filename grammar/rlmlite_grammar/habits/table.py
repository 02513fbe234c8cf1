"""All habits of programs that parse, each with a statement that shows it and what that is read as.

The order matters where two fit one expression: the first is read. What has no certain meaning comes last (`FOREIGN`).
"""

from typing import Final

from rlmlite_grammar.habits.arguments import (
    read_inputs,
    read_parameter,
    read_position,
    read_range,
    read_stray_range,
    read_word,
)
from rlmlite_grammar.habits.arrows import read_arrow, read_function_first
from rlmlite_grammar.habits.expressions import read_field, read_largest, read_named_folds
from rlmlite_grammar.habits.f_strings import read_f_string, read_format
from rlmlite_grammar.habits.foreign import read_foreign_function, read_foreign_parameter, read_several_queries
from rlmlite_grammar.habits.habit import Habit, Reading
from rlmlite_grammar.habits.methods import read_indexer, read_line_from_0, read_method
from rlmlite_grammar.habits.names import read_copy, read_final_var, read_name
from rlmlite_grammar.habits.queries import read_any_of, read_mask, read_regex, read_template
from rlmlite_grammar.habits.schemas import read_type

HABITS: Final = (
    Habit("another name of an action", "print(hits)", "show(hits)", read_name),
    Habit("the name of the answer's variable", 'FINAL_VAR("hits")', "final(hits)", read_final_var),
    Habit("a list made of a list", "x = list(range(3))", "x = range(3)", read_copy),
    Habit("places in a text to fill", 'x = "{} hits".format(2)', 'x = str(2) + " hits"', read_format),
    Habit("a method that is an action", "x = hits.where(.n > 3)", "x = where(hits, .n > 3)", read_method),
    Habit("a method that is an expression", "x = log.splitlines()", "x = log.lines", read_method),
    Habit("a function of a row", "x = map(hits, m => m.groups[0])", "x = map(hits, .groups[0])", read_arrow),
    Habit("the function before the rows", "x = map(m => m.line, hits)", "x = map(hits, .line)", read_function_first),
    Habit("an f-string in a prompt", 'x = sub_lm(f"Is {log} late?")', 'x = sub_lm("Is {log} late?")', read_f_string),
    Habit("an f-string elsewhere", 'final(f"{count(hits)} hits")', 'final(str(count(hits)) + " hits")', read_f_string),
    Habit(
        "folds as named arguments",
        "g = group(hits, doc, n=count())",
        "g = group(hits, doc, folds={n: count()})",
        read_named_folds,
    ),
    Habit("the larger of two values", "x = map(hits, max(.a, .b))", "x = map(hits, max([.a, .b]))", read_largest),
    Habit(
        "another name of a parameter",
        'x = rank(log, "disk", k=5)',
        'x = rank(log, "disk", limit=5)',
        read_parameter,
    ),
    Habit("a range after a value", "preview(log, 0:100)", "preview(log[0:100])", read_range),
    Habit(
        "values after a prompt",
        'x = sub_lm("What is this?", log)',
        'x = sub_lm("What is this?\\n\\n{log}")',
        read_inputs,
    ),
    Habit("a parameter by position", "x = around(hits, 2)", "x = around(hits, lines=2)", read_position),
    Habit("a word in the singular", 'x = around(hits, by="line")', 'x = around(hits, by="lines")', read_word),
    Habit("any of several texts", 'x = search(log, "a" or "b")', 'x = search(log, ["a", "b"])', read_any_of),
    Habit("a regex as a raw text", r'x = search(log, r"took \d+ ms")', r"x = search(log, /took \d+ ms/)", read_regex),
    Habit(
        "a template as a query",
        'x = search(log, "took <*> ms")',
        'x = search(log, template="took <*> ms")',
        read_template,
    ),
    Habit("a condition in brackets", "x = hits[hits.n > 3]", "x = where(hits, .n > 3)", read_mask),
    Habit(
        "a method of all texts of a column",
        'x = hits["text"].str.contains("a")',
        'x = map(hits["text"], .value contains "a")',
        read_method,
    ),
    Habit(
        "a pattern of Python",
        r'x = re.findall(r"took (\d+)", log)',
        r"x = map(search(log, /took (\d+)/), .groups[0])",
        read_method,
    ),
    Habit("a row by its place", "x = hits.iloc[0]", "x = hits[0]", read_indexer),
    Habit("the first lines", "x = log.lines.head(5)", "x = log.lines[1:6]", read_method),
    Habit("the row alone", 'x = where(log.lines, l => "E" in l)', 'x = where(log.lines, "E" in .value)', read_arrow),
    Habit(
        "a separator that joins", 'x = ", ".join(hits.doc)', 'x = render(hits.doc, "{value}", sep=", ")', read_method
    ),
    Habit("the row with the largest value", "x = max(hits, key=.n)", "x = top(hits, 1, by=.n)[0]", read_largest),
    Habit("a line by its place in a list", "x = log.splitlines()[0]", "x = log.lines[1]", read_line_from_0),
    Habit(
        "types of other languages",
        'x = sub_lm("?", schema={n: list[int]})',
        'x = sub_lm("?", schema={n: [int]})',
        read_type,
    ),
    Habit("a field without its dot", 'x = where(hits, doc == "a")', 'x = where(hits, .doc == "a")', read_field),
)
"""What is read as something else."""

FOREIGN: Final[tuple[Reading, ...]] = (
    read_stray_range,
    read_several_queries,
    read_foreign_parameter,
    read_foreign_function,
)
"""What is refused with the sentence that shows what to write."""

READINGS: Final[tuple[Reading, ...]] = tuple(dict.fromkeys((*(habit.reading for habit in HABITS), *FOREIGN)))
"""All of them, in the order in which they are tried."""
