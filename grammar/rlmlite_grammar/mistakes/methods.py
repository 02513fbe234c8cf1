"""Methods of other languages that no action stands for, each with what does their work.

`xs.append(1)`: there is no method `.append`; values do not change; write a new one: `ys = xs + [1]`

Methods that can be read as an action or an expression are in `habits.methods`.
"""

from typing import Final

from rlmlite_grammar.mistakes.mistake import ForeignName

METHODS: Final = (
    ForeignName(
        ("rsplit", "partition", "rpartition"),
        'the lines of a text are `x.lines`; fields of each line: `parse_lines(x, "{name},{value}")`',
        'y = x.partition(",")',
    ),
    ForeignName(
        ("join",),
        'one text from rows or a list is `render(xs, "{value}", sep=", ")`',
        "y = sep.join(xs)",
    ),
    ForeignName(
        ("format", "format_map", "padStart", "ljust", "rjust", "zfill", "toFixed", "toLocaleString"),
        'join texts with +: `"n is " + str(1)`; one text from rows: `render(rows, "{name}: {n}")`',
        "y = x.format(1)",
    ),
    ForeignName(
        ("find", "rfind", "index", "indexOf", "lastIndexOf", "rindex", "search_all"),
        'the position of the first match is `search(x, "word")[0].start`; a part of a text `x[0:200]`',
        'at = x.find("word")',
    ),
    ForeignName(
        ("findall", "finditer", "fullmatch", "matchAll", "extractall"),
        "search with a regex: `search(x, /took (\\d+) ms/)`; the first group of each hit is `.groups[0]`",
        'n = re.findall(r"(\\w+) (\\d+)", x)',
    ),
    ForeignName(
        ("count",),
        '`count(search(x, "word"))` counts what matches, `count(rows)` rows, `count_by(rows, name)` each value',
        'n = x.count("word")',
    ),
    ForeignName(
        ("match", "exec", "test", "search"),
        "in a condition `where(rows, .text matches /word/)`; hits with their groups: `search(x, /word (\\d+)/)`",
        'r = re.match(r"a", x)',
    ),
    ForeignName(
        ("sub", "subn"),
        '`replace(x, /\\d+/, "#")` replaces what a regex or a text matches',
        'y = re.sub(r"(\\d)", r"<\\1>", x)',
    ),
    ForeignName(
        ("group", "groups", "groupdict", "span"),
        "the first group of a hit is `hits[0].groups[0]`, a named one `(?<user>\\w+)` is the field `.user`",
        "y = hits[0].group(1)",
    ),
    ForeignName(
        ("apply", "applymap", "transform", "pipe", "forEach", "for_each", "each", "iterrows", "itertuples"),
        "`map(rows, .n * 2)` gives one value per row, `extend(rows, {double: .n * 2})` adds a field to each",
        "y = rows.apply(x)",
    ),
    ForeignName(
        ("groupby", "group_by", "groupBy", "agg", "aggregate", "pivot", "pivot_table", "partition_by"),
        "`group(rows, name, {n: count(), total: sum(.n)})` folds the rows of each key; or `count_by(rows, name)`",
        'y = rows.groupby("name").sum()',
    ),
    ForeignName(
        ("append", "push", "add", "insert", "extend", "update", "unshift", "setdefault"),
        "values do not change; write a new one: `ys = xs + [1]`, for rows `both = union(rows, hits)`",
        "y = xs.append(1)",
    ),
    ForeignName(
        ("pop", "remove", "discard", "clear", "delete", "drop", "splice"),
        "values do not change; write a new one: `ys = xs[1:]`, or `kept = where(rows, .n != 3)`",
        "y = xs.pop()",
    ),
    ForeignName(
        ("items", "keys", "values", "entries"),
        'a field of a record is `hits[0].text`; from rows with a key, look one up: `where(rows, .name == "a")[0].n`',
        "y = x.items()",
    ),
    ForeignName(
        ("fillna", "dropna", "isnull", "isna", "notnull", "notna", "astype"),
        "in row expressions compare with null, `where(rows, .n != null)`, and convert with `map(rows, int(.n))`",
        "y = rows.fillna(0)",
    ),
    ForeignName(
        ("query", "loc", "filter_by", "find_one", "findOne"),
        "`where(rows, .n > 3)` keeps the rows for which a condition holds",
        'y = rows.query("n > 3")',
    ),
    ForeignName(
        ("nunique", "count_distinct"),
        "`count(distinct(rows, by=name))` counts the different values",
        "y = rows.nunique()",
    ),
    ForeignName(
        ("idxmax", "argmax", "idxmin", "argmin", "most_common"),
        "the row with the largest value is `top(rows, 1, by=n)[0]`, with the smallest `sort(rows, by=n)[0]`",
        "y = rows.idxmax()",
    ),
    ForeignName(
        ("merge", "join_on", "concat"),
        "`join(rows, hits, name)` pairs the rows with equal fields, `union(rows, hits)` puts them one after the other",
        "y = rows.merge(hits)",
    ),
    ForeignName(
        ("shift", "diff", "rolling", "cumsum", "expanding"),
        "pair each row with the next one: `zip(rows, rows[1:])`",
        "y = rows.shift(1)",
    ),
    ForeignName(
        ("some", "any", "every", "all"),
        "count what matches: `count(where(rows, .n > 3)) > 0`",
        "y = rows.some(x)",
    ),
    ForeignName(
        ("isdigit", "isalpha", "isnumeric", "isupper", "islower", "isspace"),
        "use a regex: `where(rows, .text matches /^\\d+$/)`",
        "y = where(rows, .text.isdigit())",
    ),
    ForeignName(
        ("title", "capitalize", "casefold", "swapcase", "encode", "decode"),
        'texts have `lower(x)`, `upper(x)`, `strip(x)`, `replace(x, "a", "b")`',
        "y = x.title()",
    ),
    ForeignName(
        ("then", "catch", "result", "wait", "gather"),
        "there is nothing to wait for; the value of a call is there in the next statement",
        "y = x.then(a)",
    ),
    ForeignName(
        ("plot", "hist", "to_csv", "to_excel", "write", "save", "writelines"),
        "nothing is written or drawn; show a value with `show(x)`, answer with `final(x)`",
        'rows.to_csv("a.csv")',
    ),
)
"""Names of methods, each with the sentence that is said of them."""
