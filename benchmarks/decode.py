"""What does the grammar of a turn cost that a constrained decoder is held to?

It is made anew for every turn, from the action table and the names of the variables. Anchor: llguidance compiling it,
which a server does with it next. Target: the text in 1 ms for 30 variables.
"""

from collections.abc import Callable

from llguidance import LLMatcher, LLTokenizer

from benchmarks.measure import Figure, Row, Scale, bytes_text, growth, interleaved, print_table, scale_of, within
from rlmlite_grammar.decode import Vocabulary, decode_grammar
from rlmlite_kernel import ACTIONS

SIZES = (3, 30, 300)
"""Variables."""


def vocabulary(count: int) -> Vocabulary:
    """So many variables, of which the first is an input."""
    names = tuple(f"variable_{number}" for number in range(count))
    return Vocabulary(table=ACTIONS, variables=names, inputs=frozenset(names[:1]))


def compiled(grammar: str, tokens: LLTokenizer) -> LLMatcher:
    """What a server makes of it."""
    matcher = LLMatcher(tokens, LLMatcher.grammar_from_lark(grammar))
    assert not matcher.is_error(), matcher.get_error()
    return matcher


def main(scale: Scale) -> None:
    """Print the table."""
    tokens = LLTokenizer("byte")
    given = [vocabulary(count) for count in SIZES]
    texts = [decode_grammar(each) for each in given]
    tasks: list[Callable[[], object]] = []
    for each, text in zip(given, texts, strict=True):
        tasks += [lambda each=each: decode_grammar(each), lambda text=text: compiled(text, tokens)]  # type: ignore[misc]
    figures = [Figure(seconds) for seconds in interleaved(scale.pick(200, 50, 3), *tasks)]
    rows = [
        Row(
            "grammar of a turn",
            f"{count} variables, {bytes_text(len(text))}",
            "llguidance compiles it",
            figures[2 * place + 1],
            figures[2 * place],
            within(1e-3) if count <= 30 else None,
        )
        for place, (count, text) in enumerate(zip(SIZES, texts, strict=True))
    ]
    print_table("Decode grammars", rows, [growth("the text with variables", (30, figures[2]), (300, figures[4]))])


if __name__ == "__main__":
    main(scale_of(__doc__))
