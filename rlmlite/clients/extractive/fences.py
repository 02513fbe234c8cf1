"""The data in a prompt: what stands between the kernel's fences, found in one pass.

    Is it?  <data 0123abcd from=log>     an opening; its end is the next `</data 0123abcd>`
    words
    </data 0123abcd>                     the data is "words", and outside of it stands "Is it?"

Not one regular expression: data is a stranger's, and with a thousand openings that nothing closes it would read the
rest of the prompt a thousand times.
"""

import re
from bisect import bisect_left
from collections import defaultdict

_OPENING = re.compile(r"<data ([0-9a-f]{8})\b")
_CLOSING = re.compile(r"</data ([0-9a-f]{8})>")


def split_data(prompt: str) -> tuple[tuple[str, ...], str]:
    """The data of each fence, and the prompt with a space in place of each fence."""
    closings: defaultdict[str, list[int]] = defaultdict(list)
    for closing in _CLOSING.finditer(prompt):
        closings[closing[1]].append(closing.start())
    data: list[str] = []
    outside: list[str] = []
    place, head_stop = 0, -1
    for opening in _OPENING.finditer(prompt):
        # Inside of the fence before.
        if opening.start() < place:
            continue
        # Asked for once, however many openings stand before it.
        if head_stop < opening.end():
            head_stop = prompt.find(">", opening.end())
        if head_stop < 0:
            break
        ends = closings[opening[1]]
        number = bisect_left(ends, head_stop + 1)
        if number == len(ends):
            continue
        outside.append(prompt[place : opening.start()])
        data.append(_without_line_ends(prompt[head_stop + 1 : ends[number]]))
        place = ends[number] + len(f"</data {opening[1]}>")
    outside.append(prompt[place:])
    return tuple(data), " ".join(outside)


def _without_line_ends(text: str) -> str:
    """Without the line end after the opening, and the one before the closing."""
    return text.removeprefix("\n").removesuffix("\n")
