"""What holds for every program and for every text: programs made node by node, and corpus texts with random damage."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_grammar import parse, read_reply, show
from rlmlite_grammar.syntax.names import ALIASES, RESERVED
from rlmlite_kernel.program import ast
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed, explain
from tests.grammar.programs import corpus, encode_program, parse_program
from tests.sizes import scale

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
NAMES = KEYS.map(lambda word: f"{word}_" if word in RESERVED or word in ALIASES else word)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LITERALS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(1, 999).map(lambda digits: 7 * 10**digits),
    FLOATS,
    TEXTS,
    st.just('a\n"b"\n'),
).map(ast.Lit)
PATTERNS = st.lists(st.sampled_from(["a", " ", "/", r"\\", r"\d", "[^/]", '"', "#", "(?<n>x)", "."]), min_size=1)
REGEXES = st.builds(ast.Rx, PATTERNS.map("".join), st.sampled_from(["", "i", "m", "s", "im", "ims"]))
LEAVES = st.one_of(LITERALS, REGEXES, st.builds(ast.Var, NAMES), st.builds(ast.Field, KEYS))
OPERATORS = sorted(op for op in ast.OPERATORS if "matches" not in op)


def _compound(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    some = st.lists(inner, max_size=3).map(tuple)
    pairs = st.lists(st.builds(ast.Pair, st.one_of(KEYS, TEXTS), inner, st.booleans()), max_size=3)
    named = st.lists(st.builds(ast.Named, NAMES, inner), max_size=2)
    bounds = st.one_of(st.none(), inner)
    return st.one_of(
        st.builds(ast.Attr, inner, KEYS),
        st.builds(ast.Index, inner, inner),
        st.builds(ast.Slice, inner, bounds, bounds),
        st.builds(ast.Unary, st.sampled_from(["not", "-"]), inner),
        st.builds(ast.Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(ast.Binary, st.sampled_from(["matches", "not matches"]), inner, REGEXES),
        st.builds(ast.Alt, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(ast.ListOf, some),
        st.builds(ast.Obj, pairs.map(lambda items: tuple({pair.key: pair for pair in items}.values()))),
        st.builds(
            ast.Call,
            NAMES,
            some,
            named.map(lambda items: tuple({item.name: item for item in items}.values())),
        ),
    )


EXPRESSIONS: st.SearchStrategy[ast.Expr] = st.recursive(LEAVES, _compound, max_leaves=12)
CALLS = st.builds(ast.Call, NAMES, st.lists(EXPRESSIONS, max_size=2).map(tuple))
STATEMENTS = st.one_of(st.builds(ast.Statement, EXPRESSIONS, NAMES), st.builds(ast.Statement, CALLS))
PROGRAMS = st.builds(ast.Program, st.lists(STATEMENTS, min_size=1, max_size=3).map(tuple))
PIECES = st.sampled_from([*"()[]{},.=:;|/-+\"'#\\\n `?!&", '"""', "not ", " in ", "é", "\ud800", "\0", "for ", "1"])


@settings(max_examples=scale(100))
@given(PROGRAMS)
def test_every_program_is_shown_and_read_back(program: ast.Program) -> None:
    """Any AST, shown and parsed, is the same AST, and every node has a position."""
    result = parse_program(show(program))

    assert encode_program(result.program) == encode_program(program)
    assert show(result.program) == show(program)
    assert len(result.at) == len(list(ast.walk(program)))


@settings(max_examples=scale(150))
@given(st.data())
def test_a_damaged_program_raises_nothing(data: st.DataObject) -> None:
    """However a text of the corpus is cut and patched, the answer is a program or a refusal that can be printed."""
    text = data.draw(st.sampled_from([*corpus("valid"), *corpus("invalid")]))
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        text = (
            text[:start] + data.draw(st.one_of(PIECES, st.just(""))) + text[data.draw(st.sampled_from([start, end])) :]
        )
    result = parse(text)

    assert isinstance(result, Parsed) or explain(result.problems, text)
    assert isinstance(read_reply(text), Parsed | Unparsed)


@given(st.text())
def test_any_text_raises_nothing(text: str) -> None:
    """Any text at all, surrogates and control characters too, is a program or a refusal."""
    result = parse(text)

    assert isinstance(result, Parsed) or result.problems
