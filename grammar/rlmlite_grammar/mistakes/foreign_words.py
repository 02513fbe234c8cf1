"""Keywords of other languages, each with what to write here instead.

    `for`, `while`     there are no loops; use extract_over_chunks, map or where

A mistake is found by its word alone, wherever reading stopped near it (see `messages`).
"""

from typing import Final

from rlmlite_grammar.mistakes.mistake import Mistake

FOREIGN_WORDS: Final = (
    Mistake(
        "there are no loops; use extract_over_chunks, map or where",
        (
            "for c in chunks:\n  x = f(c)",
            "x = {y for y in z}",
            "x = [f(a, b) for a in c for b in d]",
            "while true: f(x)",
        ),
        words=("for", "while", "break", "continue"),
    ),
    Mistake(
        "there are no branches; use where(rows, …), pick(condition, a, b) or case(…)",
        (
            "if x: y = 1",
            "if (x): y = 1",
            "x = a if b",
            "x = f(a if b)",
            "else: x = 1",
            "elif x: y = 2",
        ),
        words=("if", "else", "elif", "switch", "try", "except"),
    ),
    Mistake(
        'there are no functions; use a row expression such as .field == "x"',
        (
            "x = map(rows, lambda a, b: a.n)",
            "def f(x): 1",
            "function f(x) { 1 }",
            "class A: 1",
        ),
        words=("lambda", "def", "function", "class", "async"),
    ),
    Mistake(
        "there are no modules to import; call any action by its name",
        ("import os", "from os import path", "x = import re"),
        words=("import", "from"),
    ),
    Mistake(
        "use final(x) to answer",
        ("return x", "return 3", "yield x"),
        words=("return", "yield"),
    ),
    Mistake(
        "use show(x) to see a value",
        ("print x", "print 'a'", "echo x"),
        words=("print", "echo"),
    ),
    Mistake(
        "use == or !=",
        ("x = where(r, .a is 3)", 'x = a is "b"'),
        words=("is",),
    ),
    Mistake(
        "assign without a keyword: x = 1",
        ("let x.y = 1", "set x = 1", "LET x = 1"),
        words=("let", "const", "var", "set", "LET"),
    ),
    Mistake(
        "there are no assertions or exceptions; look at a value with show(x)",
        ("assert x == 1", "raise x"),
        words=("assert", "raise"),
    ),
    Mistake(
        "leave it out; a program consists of actions and values only",
        ("pass", "del x", "x = new y", "pass\nx = 1"),
        words=("pass", "await", "del", "new", "global"),
    ),
    Mistake(
        "there are no files to open; inputs are variables already: show(x[0:2000]), search(x, /word/)",
        ("with f(x): y = 1", 'with open("a.log") as f: x = 1'),
        words=("with",),
    ),
)
