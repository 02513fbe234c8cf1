"""Twelve answers that deserve a doubt, as scripts: who takes them, who asks again, who says that something is amiss.

The controller does as weak models do: it makes up what its program printed, takes a count of nothing for an answer,
quotes what is not there. After a question in return it answers as it did, or better, as the script says.
"""

from typing import Final

from benchmarks.peers.cases import OWN_LIMIT, Case, Seen, value_text
from benchmarks.peers.jobs import SLOW, Turn

MADE_UP: Final = "Output:\n```\n42 lamps\n```\nSo the answer is 42 lamps."
TAKEN_BACK: Final = "No, that is wrong: the question asks for something else."


def _answer(seen: Seen) -> str:
    end = f" ({seen['end']})" if seen["end"] and seen["value"] is not None else ""
    return f"{value_text(seen)}{end}"


def _calls(seen: Seen) -> str:
    return f"{_answer(seen)}; {seen['sub_calls']} calls made"


def _turn(python: str, actions: str, python_answer: str, action_answer: str = "", between: str = "") -> Turn:
    return Turn(python, actions, python_answer, action_answer or python_answer, between=between)


_LEVELS: Final = 'n = context.count(" WARN ")', 'n = count(search(context, " WARN "))'
_SAID: Final = _turn(*_LEVELS, "str(n)", "n")

DOUBTS: Final = (
    Case(
        "a program, its output made up, an answer from that",
        (_turn(*_LEVELS, '"42 lamps"', between=MADE_UP), _SAID),
        _answer,
    ),
    Case(
        "an answer, taken back, and the right one",
        (Turn("x = 1", "x = 1", '"right"', '"right"', between=TAKEN_BACK, first='"wrong"'), _SAID),
        _answer,
    ),
    Case(
        "the first of no hits",
        (
            _turn(
                'import re\nhits = re.findall("worker was lost", context)',
                'hits = search(context, "worker was lost")',
                "str(hits[0] if hits else None)",
                "hits[0].text",
            ),
            _SAID,
        ),
        _answer,
    ),
    Case(
        "a count of a pattern that is searched for as a text",
        (
            _turn('n = context.count("worker-1[0-9]")', 'n = count(search(context, "worker-1[0-9]"))', "str(n)", "n"),
            _SAID,
        ),
        _answer,
    ),
    Case("an answer that nothing has shown", (_turn("", "", '"disk: 999"'), _SAID), _answer),
    Case(
        "a quote that is not in the input",
        (_turn("", "", '"it says: the disk has failed"', '"it says so", evidence=["the disk has failed"]'), _SAID),
        _answer,
    ),
    Case(
        "an empty prompt",
        (_turn('said = llm_query("")', 'said = sub_lm("")', "said"), _SAID),
        _calls,
    ),
    Case(
        "the same prompt three times",
        (
            _turn(
                'said = [llm_query("Is INFO a level?") for _ in range(3)]',
                "\n".join(f'{name} = sub_lm("Is INFO a level?")' for name in "abc") + "\nsaid = [a, b, c]",
                "str(said)",
                "said",
            ),
        ),
        _calls,
        shares=True,
    ),
    Case(
        "three statements, the second one no program",
        (
            Turn('a = "kept"\nb = (1,\nc = 3', 'a = "kept"\nb = = 1\nc = 3'),
            Turn('try:\n    a\nexcept NameError:\n    a = "lost"', "", "a", "a"),
            _turn("", "", '"lost"'),
        ),
        _answer,
    ),
    Case(
        "an answer of the sub-model that is no JSON",
        (
            _turn(
                'import json\nsaid = json.loads(llm_query("Give JSON: is INFO a level?"))',
                'said = sub_lm("Is INFO a level?", schema={level: bool})',
                "str(said)",
                "said",
            ),
            _SAID,
        ),
        _calls,
    ),
    Case(
        f"a sub-call of three seconds, time {OWN_LIMIT:.0f} s",
        (
            _turn(f'said = llm_query("{SLOW}")', f'said = sub_lm("{SLOW}")', "said"),
            _turn("", "", '"no answer in time"'),
        ),
        _calls,
        seconds=OWN_LIMIT,
    ),
    Case(
        "looks until the turns are used up, with a draft",
        (
            Turn('draft = "so far: 1"', 'draft("so far: 1")'),
            *(Turn(f"x{n} = context[{n}:{n + 9}]", f"x{n} = context[{n}:{n + 9}]") for n in range(9)),
        ),
        _answer,
    ),
)
"""Each with the turns of the controller. The last turn is repeated."""
