"""Words of other languages that controllers reach for, and what to write here instead."""

HABITS = {
    "print": "use show(x)",
    "return": "use final(x)",
    "if": "there are no branches; use where, pick or case",
    "for": "there are no loops; use map, where or extract_over_chunks",
    "while": "there are no loops; use map, where or extract_over_chunks",
    "assert": "use where or pick",
    "filter": "use where(rows, .field == ...)",
    "select": "use map(rows, {name: .field})",
    "grep": "use search(x, /regex/)",
    "find": 'use search(x, "text")',
    "findall": "use search(x, /regex/)",
    "lines": "use x.lines",
    "readlines": "use x.lines",
    "open": 'use docs["path"]',
    "llm_query": "use sub_lm(prompt)",
    "llm": "use sub_lm(prompt)",
    "answer": "use final(value)",
    "FINAL": "use final(value)",
    "FINAL_VAR": "use final(name)",
}
"""From a name that is no action to the hint that a program which calls it gets."""
