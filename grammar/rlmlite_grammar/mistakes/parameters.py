"""Parameters of other languages that no action here has, each with what to write instead.

`search(x, "luna", flags="i")`: `search` has no parameter `flags`; flags follow a regex: `search(x, /luna/i)`

Parameters that can be read as one of the action's are in `habits.arguments`.
"""

from typing import Final

from rlmlite_grammar.mistakes.mistake import ForeignName

PARAMETERS: Final = (
    ForeignName(
        ("flags", "case_sensitive", "ignore_case", "case", "ignorecase", "case_insensitive", "i", "caseSensitive"),
        "flags follow a regex, i for any case: `search(x, /luna/i)`",
        'h = search(x, "luna", flags="i")',
    ),
    ForeignName(
        ("regex", "is_regex", "re", "use_regex", "literal", "regexp", "mode"),
        'a /regex/ is one by its slashes, a text is literal: `search(x, /lun\\w/)`, `search(x, "lun.")`',
        'h = search(x, "lun", mode="regex")',
    ),
    ForeignName(
        ("whole_word", "word", "exact", "fuzzy"),
        "a whole word is a regex: `search(x, /\\bluna\\b/)`",
        'h = search(x, "luna", whole_word=true)',
    ),
    ForeignName(
        ("context", "context_lines", "before", "after", "window", "around", "surround"),
        '`around(search(x, "luna"), lines=2)` adds the lines before and after each hit, `bytes=300` what is near',
        'h = search(x, "luna", context=2)',
    ),
    ForeignName(
        ("start", "end", "offset", "begin", "from_line", "to_line", "skip", "page"),
        'search a part: `search(x[0:5000], "luna")`, or lines of it `search(x.lines[10:20], "luna")`',
        'h = search(x, "luna", start=100)',
    ),
    ForeignName(
        ("doc", "file", "path", "filename", "document", "documents", "files", "source"),
        'name the document: `search(docs["a.txt"], "luna")`, or some: `search(paths(docs, "*.py"), "luna")`',
        'h = search(docs, "luna", file="a.txt")',
    ),
    ForeignName(
        ("max_tokens", "temperature", "model", "system", "timeout", "stop", "top_p", "retries", "n_samples"),
        'the host sets models up; a call has a prompt and a form: `sub_lm("How many?", schema={n: int})`',
        "h = top(rows, temperature=0)",
    ),
    ForeignName(
        ("how", "left_on", "right_on", "suffixes", "left", "right"),
        "`join(rows, hits, name)` keeps pairs with equal fields; rows without a partner: `minus(rows, hits, name)`",
        'h = join(rows, hits, name, how="left")',
    ),
    ForeignName(
        ("inplace", "axis", "as_index", "ignore_index", "dropna", "index", "copy", "engine"),
        "leave it out; values do not change, each action gives a new one: `y = sort(rows, by=n)`",
        "h = sort(rows, by=n, inplace=true)",
    ),
    ForeignName(
        ("parallel", "workers", "concurrency", "max_workers", "async", "threads", "n_jobs"),
        "leave it out; calls go out together, as many at once as the host allows",
        "h = map(rows, .n, workers=4)",
    ),
    ForeignName(
        ("default", "fallback", "fill_value", "na", "else_"),
        "`pick(.n == null, 0, .n)` in a row expression puts another value in the place of null",
        "h = map(rows, .n, default=0)",
    ),
    ForeignName(
        ("columns", "cols", "usecols", "select", "return_fields"),
        "one column is `rows.name`; several: `map(rows, {name: .name, n: .n})`",
        "h = distinct(rows, columns=[name])",
    ),
    ForeignName(
        ("encoding", "errors", "newline", "dtype", "header"),
        "how files are read is the host's; here they are texts and rows already: `describe(x)`",
        'load(x, encoding="utf-8")',
    ),
    ForeignName(
        ("tokens", "max_chars", "max_tokens_per_chunk", "chunk_tokens"),
        'sizes are in bytes, or in units with `by`: `chunk(x, 8000)`, `chunk(x, 50, by="lines")`',
        "h = chunk(x, tokens=500)",
    ),
    ForeignName(
        ("limit", "n", "k", "top_k", "head", "max_results", "top"),
        "take a part of what comes back: `count_by(rows, name)[0:5]`",
        "h = count_by(rows, name, limit=5)",
    ),
)
"""Names of parameters, each with the sentence that is said of them."""
