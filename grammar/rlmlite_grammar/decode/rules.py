"""The decode grammar of one turn, as Lark that llguidance and OpenAI's custom tools read.

Everything that it derives parses and checks, except for what no grammar of this kind can say: a name that is given
twice (keys of an object, fields of a schema, groups of a regex), nesting deeper than the language allows, and a regex
of thousands of characters that is too large for RE2. Such a program costs a turn, as any mistake does.

A context-free grammar cannot say "a variable that was assigned before". So new variables are `t1`, `t2`, ..., assigned
once and in this order, and the rules of expressions exist once for every number of temporaries, with that number in
place of `@`:

    program0: (step0 "\\n")~0..8 (... | "t1 = " v0 ("\\n" program1)?)       before t1 exists, v0 names the inputs
    program1: (step1 "\\n")~0..8 (... | "t2 = " v1 ("\\n" program2)?)       then v1 names the inputs and t1

Statements that assign nothing new have a bound at each level, so that a model that repeats one comes to an end.

Spacing is the printer's, and no two terminals that may follow one another can be read as one.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from rlmlite_grammar.decode.calls import CallRules, literal_of_name, rule_of
from rlmlite_grammar.decode.terminals import TEMPLATE, TEMPLATE_WITH_A_HOLE, TERMINALS
from rlmlite_grammar.decode.vocabulary import Vocabulary
from rlmlite_kernel.program.binding import FOLDS
from rlmlite_kernel.program.schemas import BASICS

TEMPORARIES: Final = 4
"""New variables that one program may assign, by default. Each adds 4 kB to the grammar."""

STEPS: Final = 8
"""Statements in a row that assign no new variable. More of them wait for the next turn."""

# One rule for each tightness of operators, the loosest first, as `actions.lark` has them. Row expressions are the same
# with an `r` before each rule, so that fields (`.name`) can stand in them and nowhere else.
_EXPRESSIONS: Final = """\
{r}v@: {r}both@ (JOIN {r}both@)*
{r}both@: "not "* {r}test@
{r}test@: {r}sum@ (COMPARE {r}sum@ | MATCHES RX)?
{r}sum@: {r}one@ (MATH {r}one@)*
{r}one@: "-"? (NUM | {r}value@ {r}part@*)
{r}value@: {first} | STR | "true" | "false" | "null" | "(" {r}v@ ")" | "[" ({r}v@ (", " {r}v@)*)? "]"
    | "{{" ((KEY | STR) ": " {r}v@ (", " (KEY | STR) ": " {r}v@)*)? "}}"
{r}part@: "." KEY | "[" {r}v@ "]" | "[" {r}v@? ":" {r}v@? "]"
"""
_PLAIN: Final = _EXPRESSIONS.format(r="", first="name@ | call@")
_IN_ROWS: Final = _EXPRESSIONS.format(r="r", first='name@ | "." KEY | rcall@')
_ARGUMENTS: Final = """\
ref@: name@ part@*
folds@: "{" KEY ": " fold@ (", " KEY ": " fold@)* "}"
fold@: "count()" | FOLD rv@ ")"
query@: TEXT | RX | "[" (TEXT | RX) (", " (TEXT | RX))* "]" | ref@
pattern@: query@ | "[" "[" query@ ", " v@ "]" (", " "[" query@ ", " v@ "]")* "]"
"""
_BASIC_TYPES: Final = " | ".join(map(literal_of_name, BASICS))
_SHARED: Final = f"""\
form: RX | TEXT
schema: type (" | " type)*
type: {_BASIC_TYPES} | "null" | TEXT | INT0 | "[" schema "]" | "{{" member (", " member)* "}}"
member: (KEY | STR) "?"? ": " schema
"""
_KNOWN: Final = {
    **TERMINALS,
    "FOLD": TERMINALS["FOLD"].replace("FOLDS", "|".join(FOLDS)),
    "TEMPLATE": TEMPLATE.format(hole="FIELD"),
    "TEMPLATE_OF_CHUNKS": TEMPLATE_WITH_A_HOLE.format(hole="FIELD"),
}
"""The terminals that name no variable."""

_TERMINAL: Final = re.compile(r"\b[A-Z][A-Z_0-9]+@?")
"""Matches the name of a terminal. Rules have names in lower case."""

_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/')
"""Matches a literal or a regular expression within a definition."""


def decode_grammar(vocabulary: Vocabulary, temporaries: int = TEMPORARIES) -> str:
    """The grammar of a turn's program. `temporaries` is how many new variables it may assign.

    Raises `ValueError` if there is no variable to name, or if `final` is all that is left and it is not permitted.
    """
    if not vocabulary.variables:
        raise ValueError("a decode grammar needs a variable to name")
    calls = CallRules(vocabulary)
    if vocabulary.only_final and not calls.end:
        raise ValueError("only `final` is left, and it is not permitted")
    # A program that is one `final(...)` assigns nothing, so there is nothing to name.
    fresh = [] if vocabulary.only_final else new_names(vocabulary.variables, temporaries)
    parts = list(_program(vocabulary, calls, fresh))
    parts += _names(vocabulary.variables, fresh)
    # One copy for each number of temporaries that may exist at a place, from none to all.
    template = _rules_with_variables(vocabulary, calls)
    for level in range(len(fresh) + 1):
        parts.append(template.replace("@", str(level)))
    parts.append(_SHARED)
    # Only the terminals that some rule names: decoders compile every terminal, and pay for it at each turn.
    needed = _terminals_in(template + _SHARED)
    parts += _terminals(needed, vocabulary.variables, fresh)
    return "\n".join(parts) + "\n"


def new_names(taken: tuple[str, ...], count: int) -> list[str]:
    """`count` names for temporaries: `t1`, `t2`, ... without those that are taken."""
    in_use = set(taken)
    # At most all of `taken` are skipped, so this many candidates are enough.
    candidates = (f"t{number}" for number in range(1, count + len(taken) + 1))
    free_names = (name for name in candidates if name not in in_use)
    return list(itertools.islice(free_names, count))


def _program(vocabulary: Vocabulary, calls: CallRules, fresh: list[str]) -> Iterator[str]:
    """Statements, of which the last may be `final`. `program2` is the rest of a program after two temporaries."""
    if vocabulary.only_final:
        yield "start: end0"
        return
    yield "start: program0"
    # The last level has no new name left to assign; everything else goes on there.
    for level, name in enumerate([*fresh, None]):
        options = ["step@"]
        # `final` ends the program: nothing may follow it.
        if calls.end:
            options.insert(0, "end@")
        # Assigning a new variable is what leads to the next level, where it may be read.
        if name is not None:
            assignment = literal_of_name(f"{name} = ")
            options.append(f'{assignment} v@ ("\\n" program{level + 1})?')
        rule = f'program@: (step@ "\\n")~0..{STEPS} ({" | ".join(options)})'
        yield rule.replace("@", str(level))
        # A statement that assigns no new variable leaves the number of temporaries as it is.
        step = "put v@ | alone@" if vocabulary.writable else "alone@"
        yield f"step@: {step}".replace("@", str(level))
    # `put` assigns an existing variable again; `written` names one as the argument of an action.
    yield from rule_of("put", [literal_of_name(f"{name} = ") for name in vocabulary.writable])
    yield from rule_of("written", map(literal_of_name, vocabulary.writable))


def _names(variables: tuple[str, ...], fresh: list[str]) -> Iterator[str]:
    """What may be read, for every number of temporaries."""
    yield from rule_of("name0", map(literal_of_name, variables))
    for level, name in enumerate(fresh, 1):
        yield f"name{level}: name{level - 1} | {literal_of_name(name)}"


def _rules_with_variables(vocabulary: Vocabulary, calls: CallRules) -> str:
    """All rules that name variables, with `@` for the number of temporaries."""
    rules = [_PLAIN, _IN_ROWS, _ARGUMENTS]
    # Actions on whole values may stand in a row expression too, but their arguments never name its fields: hence one
    # rule for both.
    rules += rule_of("call@", [*calls.scalar, "whole@"])
    rules += rule_of("rcall@", [*calls.scalar_in_rows, "whole@"])
    rules += rule_of("whole@", calls.whole)
    rules += rule_of("end@", calls.end)
    if not vocabulary.only_final:
        rules += rule_of("alone@", ["call@", *calls.alone])
    return "\n".join(rules)


def _terminals(needed: Iterable[str], variables: tuple[str, ...], fresh: list[str]) -> Iterator[str]:
    """The definitions of the terminals that are needed, and of those that they name in turn."""
    known = {**_KNOWN, **_terminals_with_variables(variables, fresh)}
    wanted: set[str] = set()
    waiting = list(needed)
    while waiting:
        name = waiting.pop()
        # Rules name it with `@`, before the copies for each number of temporaries are made of them.
        if name == "TEMPLATE@":
            waiting += [f"TEMPLATE{level}" for level in range(len(fresh) + 1)]
        elif name not in wanted:
            wanted.add(name)
            waiting += _terminals_in(known[name])
    # In the order of the table, not of the set: one vocabulary has one grammar, byte for byte.
    return (f"{name}: {text}" for name, text in known.items() if name in wanted)


def _terminals_with_variables(variables: tuple[str, ...], fresh: list[str]) -> dict[str, str]:
    """Templates and what they need, for every number of temporaries: their placeholders name variables."""
    terminals: dict[str, str] = {}
    names = " | ".join(map(literal_of_name, variables))
    for level in range(len(fresh) + 1):
        # Each level adds one name to those of the level below, so that the list is written only once.
        if level > 0:
            newest = literal_of_name(fresh[level - 1])
            names = f"NAMES{level - 1} | {newest}"
        terminals[f"NAMES{level}"] = names
        terminals[f"HOLE{level}"] = f'"{{" NAMES{level} PATH "}}"'
        terminals[f"TEMPLATE{level}"] = TEMPLATE.format(hole=f"HOLE{level}")
    return terminals


@functools.lru_cache(maxsize=64)
def _terminals_in(text: str) -> frozenset[str]:
    """The terminals that a definition names."""
    # What stands in quotes or slashes is text of the program, whatever it looks like: `"RX"` names no terminal.
    return frozenset(_TERMINAL.findall(_LITERAL.sub("", text)))
