"""Functions of other languages that are no actions here, each with what does their work.

`splitlines(x)`: no action `splitlines`; the lines of a text are `x.lines`; ...

Names that can be read as an action are in `habits.names`. A host's action of such a name is that action.
"""

from typing import Final

from rlmlite_grammar.mistakes.mistake import ForeignName

FUNCTIONS: Final = (
    ForeignName(
        ("splitlines", "lines", "readlines", "read_lines", "tokenize", "partition"),
        'the lines of a text are `x.lines`; fields of each line: `parse_lines(x, "{name}: {value}")`',
        "rows = splitlines(x)",
    ),
    ForeignName(
        (
            "findall",
            "finditer",
            "match",
            "fullmatch",
            "regex",
            "regexp",
            "re_search",
            "regex_search",
            "extract_all",
            "extract_re",
        ),
        "search with a regex: `search(x, /took (\\d+) ms/)`; the first group of each hit is `.groups[0]`",
        'n = findall(r"\\d+", x)',
    ),
    ForeignName(
        ("index", "indexof", "indexOf", "position", "find_index", "strpos", "instr"),
        'the position of the first match is `search(x, "word")[0].start`',
        'at = index(x, "word")',
    ),
    ForeignName(
        ("contains", "includes", "has", "exists", "has_text"),
        '`contains` is an operator: `where(rows, .text contains "word")`',
        'r = includes(rows, "word")',
    ),
    ForeignName(
        ("like", "ilike", "glob_match", "fnmatch"),
        "use a regex: `where(rows, .text matches /^word/)`, at the end `/word$/`, in any case `/word/i`",
        'r = where(rows, like(.text, "word%"))',
    ),
    ForeignName(
        ("if", "ifelse", "if_else", "iff", "iif", "cond", "when", "ternary", "switch"),
        'there are no branches; `pick(1 > 2, a, b)` chooses, and in rows `map(rows, pick(.n > 3, "many", "few"))`',
        'x = ifelse(1 > 2, "a", "b")',
    ),
    ForeignName(
        ("for", "foreach", "for_each", "loop", "while", "each", "repeat", "apply", "applymap", "lapply"),
        "there are no loops; `map(rows, .n * 2)` gives one value per row, `where(rows, .n > 3)` keeps some",
        "x = apply(rows, .n * 2)",
    ),
    ForeignName(
        ("enumerate", "row_number", "with_index"),
        "lines and hits have a number already, `.line`; others get one by `zip(rows, range(count(rows)))`",
        "x = enumerate(rows)",
    ),
    ForeignName(
        ("type", "typeof", "isinstance", "dir", "help", "info", "columns", "schema", "shape", "describe_table"),
        "`describe(x)` shows what a value is and which fields its rows have",
        "type(x)",
    ),
    ForeignName(
        ("locals", "globals", "vars", "SHOW_VARS", "show_vars", "list_variables", "variables", "ls"),
        "the variables are listed in the prompt; `describe(x)` shows one of them",
        "vars()",
    ),
    ForeignName(
        ("open", "read", "read_file", "readfile", "load_file", "cat", "get_file", "read_text", "fetch", "get_document"),
        'inputs are variables already: `show(x[0:2000])`, and `docs["a.txt"]` is one document of a folder',
        'x = open("a.txt")',
    ),
    ForeignName(
        ("listdir", "list_files", "files", "glob", "walk", "ls_files", "tree", "list_documents"),
        'the documents of a folder are `paths(docs)`, some of them `paths(docs, "**/*.py")`',
        "f = list_files(docs)",
    ),
    ForeignName(
        ("any", "some"),
        "count what matches: `count(where(rows, .n > 3)) > 0`",
        "x = any(rows)",
    ),
    ForeignName(
        ("all", "every"),
        "count what does not match: `count(where(rows, not .n > 3)) == 0`",
        "x = all(rows)",
    ),
    ForeignName(
        ("reversed", "reverse", "rev", "tac"),
        "`sort(hits, by=line, desc=true)` sorts the other way round",
        "x = reversed(hits)",
    ),
    ForeignName(
        ("append", "push", "add", "insert", "concat_rows"),
        "`xs + [1]` is a list with one more item, `union(rows, hits)` the rows of both",
        "x = append(xs, 1)",
    ),
    ForeignName(
        ("dict", "zip_dict", "object", "from_entries", "fromEntries", "make_dict"),
        "`{name: 1}` is a record; from rows `to_object(rows, name, n)`",
        "x = dict(rows)",
    ),
    ForeignName(
        ("Counter", "counter", "frequencies", "freq", "tally", "histogram", "most_common", "count_values"),
        "`count_by(rows, name)` counts each value of a field, most frequent first",
        "x = Counter(rows.name)",
    ),
    ForeignName(
        ("difference", "except", "subtract", "set_difference", "antijoin", "anti_join", "setdiff"),
        "`minus(rows, hits, on=name)` are the rows of the first that the second does not have",
        "x = difference(a, b)",
    ),
    ForeignName(
        ("intersection", "intersect", "semi_join"),
        "`where(rows, .name in hits.name)` keeps the rows whose value the others have too",
        "x = intersection(rows, hits)",
    ),
    ForeignName(
        ("merge", "inner_join", "left_join", "join_rows", "lookup", "vlookup"),
        "`join(rows, hits, name)` pairs the rows with equal fields; those without a partner: `minus(rows, hits, name)`",
        'x = merge(rows, hits, on="name")',
    ),
    ForeignName(
        ("select", "project", "pluck", "columns_of", "get_column", "pick_columns"),
        "one column is `rows.name`; several: `map(rows, {name: .name, n: .n})`",
        "x = select(rows, name)",
    ),
    ForeignName(
        ("assign", "mutate", "with_column", "add_column", "set_column", "withColumn"),
        "`extend(rows, {double: .n * 2})` adds a field to each row",
        "x = mutate(rows, .n)",
    ),
    ForeignName(
        ("format", "sprintf", "printf", "fmt", "interpolate", "join_text", "concat_ws", "implode"),
        'join texts with +: `"n is " + str(1)`; one text from rows: `render(rows, "{name}: {n}", sep=", ")`',
        'x = format("{}", n)',
    ),
    ForeignName(
        ("dumps", "to_json", "json_dumps", "json_encode", "stringify"),
        "`str(x)` writes JSON; records and lists may be shown and answered as they are: `final({n: 1})`",
        "x = to_json(rows)",
    ),
    ForeignName(
        ("substr", "substring", "slice", "left", "right", "mid", "take_bytes"),
        "a part of a text or of rows is `x[0:10]`, the last ones are `x[-10:]`",
        "y = substr(x, 0, 10)",
    ),
    ForeignName(
        ("head", "tail", "take", "limit", "next", "nth", "slice_rows", "islice"),
        "the first rows are `rows[0:5]`, the last `rows[-5:]`, one of them `rows[4]`",
        "y = take(rows, 5)",
    ),
    ForeignName(
        ("max_by", "argmax", "idxmax", "maxBy", "max_row", "largest"),
        "the row with the largest value is `top(rows, 1, by=n)[0]`",
        "x = argmax(rows)",
    ),
    ForeignName(
        ("min_by", "argmin", "idxmin", "minBy", "smallest", "nsmallest", "bottom"),
        "the row with the smallest value is `sort(rows, by=n)[0]`",
        "x = argmin(rows)",
    ),
    ForeignName(
        ("count_distinct", "countDistinct", "nunique", "n_distinct", "cardinality"),
        "`count(distinct(rows, by=name))` counts the different values",
        "x = nunique(rows)",
    ),
    ForeignName(
        (
            "sum_by",
            "avg_by",
            "total_by",
            "aggregate",
            "agg",
            "summarise_by",
            "pivot",
            "crosstab",
            "pivot_table",
            "rollup",
        ),
        "`group(rows, name, {n: count(), total: sum(.n)})` folds the rows of each key; several keys: `[name, day]`",
        "x = sum_by(rows, name)",
    ),
    ForeignName(
        ("window", "rolling", "lag", "lead", "shift", "cumsum", "diff", "pairwise", "over"),
        "pair each row with the next one: `zip(rows, rows[1:])`",
        "x = lag(rows, 1)",
    ),
    ForeignName(
        ("sqrt", "pow", "power", "log10", "exp", "log2", "sin"),
        "numbers have +, -, *, % and `div(7, 2)`; `int(3.7)` cuts off what is behind the point",
        "x = sqrt(2)",
    ),
    ForeignName(
        ("floor", "ceil", "ceiling", "trunc", "truncate"),
        "`int(3.7)` is 3; the next whole number is `int(3.7) + 1`",
        "x = floor(3.7)",
    ),
    ForeignName(
        ("divide", "quotient", "ratio", "percent", "percentage", "pct", "mod", "divmod"),
        "`div(7, 2)` divides, `7 % 2` is the remainder, `div(100 * 1, 4)` a percentage",
        "x = divide(7, 2)",
    ),
    ForeignName(
        ("between", "in_range", "clamp"),
        "write two comparisons: `where(rows, .n >= 1 and .n <= 9)`",
        "x = where(rows, between(.n, 1, 9))",
    ),
    ForeignName(
        ("isnull", "is_null", "isna", "is_none", "notnull", "is_empty", "isEmpty", "empty", "notna", "defined"),
        'compare with null: `where(rows, .n == null)`, and with an empty text `.name == ""`',
        "x = where(rows, isnull(.n))",
    ),
    ForeignName(
        ("coalesce", "ifnull", "nvl", "fillna", "default", "get_or_default", "nullif"),
        "`map(rows, pick(.n == null, 0, .n))` puts another value in the place of null",
        "x = map(rows, coalesce(.n, 0))",
    ),
    ForeignName(
        ("sub", "gsub", "re_sub", "regex_replace", "regexp_replace", "translate", "sed", "substitute"),
        '`replace(x, /\\d+/, "#")` replaces what a regex or a text matches',
        'y = gsub(x, "a", "b")',
    ),
    ForeignName(
        ("embed", "embedding", "similarity", "semantic_search", "vector_search", "retrieve", "bm25", "search_semantic"),
        '`rank(x, "disk failure", limit=10)` finds the passages that have most of the words',
        'y = semantic_search(x, "disk failure")',
    ),
    ForeignName(
        ("summarize", "summarise", "summary", "condense", "tldr"),
        'ask a model: `sub_lm("Summarise this: {x}")`; long texts: `reduce(chunk(x, 8000), "Merge these: {items}")`',
        "y = summarize(x)",
    ),
    ForeignName(
        ("llm_query_batched", "llm_batch", "batch_llm", "map_llm", "ask_each", "sub_lm_batch", "parallel", "pmap"),
        '`extract_over_chunks(chunk(x, 8000), "Which errors are in {chunk}?")` asks once per chunk, all at once',
        "y = llm_query_batched(rows)",
    ),
    ForeignName(
        ("now_time", "strptime", "strftime", "to_date", "parse_date", "to_datetime", "datetime", "timestamp"),
        '`date("5 March 2024")` reads a date, as a text that sorts and compares: `where(rows, .day >= "2024-03-01")`',
        'x = strptime("5 March 2024")',
    ),
    ForeignName(
        ("input", "raw_input", "ask_user", "prompt_user", "ask"),
        "nobody can be asked while a program runs; to end, answer with `final(x)`",
        'x = input("which one?")',
    ),
    ForeignName(
        ("exec", "eval", "system", "subprocess", "run", "shell", "bash", "python", "os", "sql", "sqlite", "execute"),
        "programs consist of actions, such as `search(x, /ERROR/)` or `count_by(rows, name)`; nothing else is run",
        'python("1 + 1")',
    ),
    ForeignName(
        ("assert", "raise", "throw", "check", "expect"),
        "there are no assertions; look at a value with `show(x)`",
        "assert(x)",
    ),
    ForeignName(
        ("random", "randint", "choice", "choices", "shuffle", "rand"),
        "`sample(rows, 5)` draws rows, the same ones each time; `seed=` gives others",
        "x = choice(rows)",
    ),
    ForeignName(
        ("wc", "nl", "line_count", "num_lines", "count_lines", "countlines"),
        "`count(x.lines)` counts the lines of a text",
        "n = wc(x)",
    ),
    ForeignName(
        ("awk", "cut", "sscanf", "scan", "read_csv", "from_csv", "csv", "parse_csv", "parse_log", "parse"),
        '`parse_lines(x, "{time} {level} {message}")` makes one record of each line; files of CSV are rows already',
        "y = awk(x, 1)",
    ),
    ForeignName(
        ("jq", "jmespath", "jsonpath", "json_path", "json_extract", "json_value"),
        "`json_parse(x)` gives records and lists; then `.name`, `[0]` and `map(rows, .name)`",
        'y = jq(x, ".name")',
    ),
    ForeignName(
        ("return", "yield", "done", "finish", "end", "exit", "quit", "stop"),
        "`final(x)` gives the answer and ends the run",
        "finish(x)",
    ),
    ForeignName(
        ("lambda", "function", "fn", "def", "func"),
        "there are no functions; write the expression over the row: `map(rows, .n * 2)`",
        "f = function(x)",
    ),
    ForeignName(
        ("unnest", "explode", "flat_map", "flatMap", "chain", "flatten_list"),
        "`flatten(map(rows, .tags))` makes one list of the lists in each row",
        "x = explode(rows)",
    ),
    ForeignName(
        ("chr", "ord", "hex", "bin", "hash", "md5", "sha256", "base64", "uuid"),
        'there is nothing like it; texts are compared as they are: `where(rows, .name == "a")`',
        "x = md5(x)",
    ),
    ForeignName(
        ("get", "getattr", "getitem", "get_field", "field", "attr"),
        'a field is `hits[0].text`, or `hits[0]["text"]`; a column `hits.text`',
        'x = getattr(hits[0], "text")',
    ),
    ForeignName(
        ("context_lines", "surrounding", "neighbours", "neighbors", "expand", "context_around", "grep_context"),
        "`around(hits, lines=3)` gives the lines before and after each hit",
        "x = neighbours(hits)",
    ),
)
"""Names of functions, each with the sentence that is said of them."""
