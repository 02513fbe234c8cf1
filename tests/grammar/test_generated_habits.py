"""Programs that are generated clean, and again as habits of other languages spell them, have the same outcome."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite import Outcome

LOG = "".join(
    f"{n:02} {level} took {n * 7 % 23} ms\n" for n, level in enumerate(["ERROR", "INFO", "WARN", "ERROR"] * 3)
)


class Pair(NamedTuple):
    """A piece of a program, and how a habit spells it."""

    clean: str
    sloppy: str


def run(program: str) -> Outcome:
    return rlmlite.execute(program, {"log": LOG}, trace=False)


def pairs(clean: str, *sloppy: str) -> st.SearchStrategy[Pair]:
    """A piece and one of its other spellings; `{0}` and so on stay to be filled."""
    return st.sampled_from([Pair(clean, spelling) for spelling in (clean, *sloppy)])


def fill(form: Pair, *parts: Pair) -> Pair:
    """A piece with others in it."""
    clean = form.clean.format(*(part.clean for part in parts))
    return Pair(clean, form.sloppy.format(*(part.sloppy for part in parts)))


WORD = st.sampled_from(["ERROR", "INFO", "ms", "took 1", "0"]).flatmap(
    lambda word: pairs(f'"{word}"', f"'{word}'", f"\u201c{word}\u201d", f"'''{word}'''", f'b"{word}"')
)
TEXT = pairs(".text", "text", ".value")
LINE = pairs(".line", "line")
NUMBER = st.integers(0, 9).flatmap(lambda number: pairs(str(number), f"int('{number}')", f"(({number}))"))

TESTS = st.one_of(
    pairs("starts_with({0}, {1})", "{0} starts with {1}", "{0}.startswith({1})", "{0} STARTS WITH {1}"),
    pairs("ends_with({0}, {1})", "{0} ends with {1}", "{0}.endswith({1})", "{0} ENDS WITH {1}"),
    pairs("{0} contains {1}", "{1} in {0}", "{0}.contains({1})", "{0}.includes({1})"),
    pairs("not ({0} contains {1})", "!({0} contains {1})", "NOT ({0} contains {1})", "{0} not contains {1}"),
)
COMPARISONS = st.one_of(
    pairs("{0} == {1}", "{0} === {1}", "{0}.isin([{1}])"),
    pairs("{0} != {1}", "{0} <> {1}", "{0} !== {1}"),
    pairs("{0} != null", "{0} is not None", "{0} != None"),
    pairs("{0} > {1}"),
)
CONDITION = st.recursive(
    st.one_of(st.builds(fill, TESTS, TEXT, WORD), st.builds(fill, COMPARISONS, LINE, NUMBER)),
    lambda part: st.builds(
        fill,
        st.one_of(
            pairs("({0}) and ({1})", "({0}) && ({1})", "({0}) AND ({1})", "({0}) & ({1})"),
            pairs("({0}) or ({1})", "({0}) || ({1})", "({0}) OR ({1})"),
        ),
        part,
        part,
    ),
    max_leaves=3,
)
ROWS = st.one_of(
    st.builds(
        fill,
        pairs("where({0}, {1})", "filter({0}, {1})", "{0}.where({1})", "{0}.filter({1})"),
        pairs("log.lines"),
        CONDITION,
    ),
    st.builds(fill, pairs("{0}[1:4]", "{0}.head(3)", "{0}.take(3)"), pairs("log.lines")),
    st.builds(fill, pairs("{0}[-2:]", "{0}.tail(2)"), pairs("log.lines")),
    st.builds(
        fill,
        pairs("sort({0}, by=.text, desc=true)", "sorted({0}, key=lambda r: r.text, reverse=True)"),
        pairs("log.lines"),
    ),
    st.builds(
        fill,
        pairs("sort({0}, by=-.line)", "{0}.sort_values(by=-.line)", "sorted({0}, key=lambda r: -r.line)"),
        pairs("log.lines"),
    ),
)
VALUE = st.one_of(
    st.builds(fill, pairs("count({0})", "len({0})", "length({0})", "size({0})"), ROWS),
    st.builds(
        fill,
        pairs(
            "map({0}, .text)", "[r.text for r in {0}]", "list(map(lambda r: r.text, {0}))", "{0}.map(r => r['text'])"
        ),
        ROWS,
    ),
    st.builds(fill, pairs("distinct(map({0}, .text))", "set([r.text for r in {0}])", "unique(map({0}, .text))"), ROWS),
    st.builds(fill, pairs("sum(map({0}, .line))", "sum(r.line for r in {0})"), ROWS),
    st.builds(
        fill,
        pairs('pick(count({0}) > {1}, "many", "few")', '"many" if len({0}) > {1} else "few"'),
        ROWS,
        NUMBER,
    ),
    st.builds(
        fill,
        pairs(
            'str(count({0})) + " lines"',
            'f"{{len({0})}} lines"',
            '"{{}} lines".format(count({0}))',
            '"%d lines" % count({0})',
        ),
        ROWS,
    ),
    st.builds(fill, pairs("max([count({0}), {1}])", "max(len({0}), {1})", "greatest(count({0}), {1})"), ROWS, NUMBER),
    st.builds(fill, pairs('render(map({0}, .text), "{{value}}", sep="|")', '"|".join([r.text for r in {0}])'), ROWS),
    st.builds(fill, pairs("upper(log)[0:{1}]", "log.upper()[0:{1}]", "log.toUpperCase()[0:{1}]"), ROWS, NUMBER),
)
STATEMENT = st.builds(
    fill,
    st.one_of(
        pairs("{0} = {1}", "{0} := {1}", "let {0} = {1}", "const {0} = {1};", "{0}: list = {1}", "`{0} = {1}`"),
        pairs("{0} = {1}", "1. {0} = {1}", ">>> {0} = {1}", "{0} = await count(log)\n{0} = {1}", "({0} := {1})"),
        pairs("{0} = {1}", "import re, json\n{0} = {1}", "# a look\n{0} = {1}", "-- a look\n{0} = {1}"),
    ),
    pairs("x"),
    VALUE,
)
END = pairs("final(x)", "FINAL(x)", "return final(x)", "final(answer=x)", "FINAL_VAR('x')", "final(x);")


@given(st.builds(fill, pairs("{0}\n{1}"), STATEMENT, END))
@settings(max_examples=60, deadline=None)
def test_a_generated_program_means_the_same_however_habits_spell_it(program: Pair) -> None:
    """Same value, same end, same evidence; and whatever was read as something else is said."""
    clean, sloppy = run(program.clean), run(program.sloppy)

    assert clean.status == "completed"
    assert (sloppy.status, sloppy.value, sloppy.evidence) == (clean.status, clean.value, clean.evidence), sloppy
    assert not clean.notes
