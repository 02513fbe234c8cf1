"""Random texts that are tables, or nearly: of every kind of cell and row that is easily read wrongly."""

import random
from collections.abc import Callable

NUMBERS = (
    *("0", "1", "-7", "12", "300", "-0", "9007199254740993", "99999999999999999999", "1.5", "2.50", "3.10", "7.0"),
    *("0.25", "-0.5", "1e5", "4E2", "1e999", ".5", "+3", "007", "5.", "0.30000001192092896", "0.1234567890123456789"),
)
WORDS = (
    *("", "", "x", "NA", "null", "true", "FALSE", "True", "2024-01-02", "03/02/2024"),
    *("é✓", "a b", " ", " 5", "6 ", "1,5"),
)
ODD = (
    *('"', 'a"b', '"a"b', '""', '"x,y"', '"x\ny"', '"he ""so"" x"', "a\rb"),
    *("\ufeffz", "\x00", "\x1f", "n/k", "--1", "1.2.3"),
)


def _int(chance: random.Random) -> str:
    return str(chance.randrange(-(10 ** chance.randrange(1, 18)), 10 ** chance.randrange(1, 18)))


def _fixed(chance: random.Random) -> str:
    return f"{chance.randrange(100_000) / 100:.2f}"


def _float(chance: random.Random) -> str:
    return repr(chance.random() * 10 ** chance.randrange(0, 9))


def _one_of(*choices: str) -> Callable[[random.Random], str]:
    return lambda chance: chance.choice(choices)


COLUMNS: tuple[Callable[[random.Random], str], ...] = (
    _int,
    _fixed,
    _float,
    _one_of("1", "2.5", "3"),
    _one_of("true", "false", ""),
    _one_of("north", "south", "", "a b"),
    _one_of("", "NA", "5"),
    _one_of(*NUMBERS),
    _one_of(*WORDS),
    _one_of('"x,y"', '"x\ny"', '"he ""so"" x"', "plain", '""'),
)


def random_csv(seed: int) -> bytes:
    """A file of some columns, in which one cell in many is of another kind, and one row in many is odd."""
    chance = random.Random(seed)
    columns = [chance.choice(COLUMNS) for _ in range(chance.randrange(1, 6))]
    sign = chance.choice(",,,;\t|")
    end = chance.choice(("\n", "\n", "\r\n"))
    oddness = chance.choice((0.0, 0.0, 0.002, 0.02))
    lines = [sign.join(f"c{number}" for number in range(len(columns)))] if chance.random() < 0.8 else []
    for _ in range(chance.randrange(0, 200)):
        cells = [make(chance) for make in columns]
        if chance.random() < oddness:
            cells[chance.randrange(len(cells))] = chance.choice((*NUMBERS, *WORDS, *ODD))
        if chance.random() < oddness:
            cells = chance.choice((cells[:-1], [*cells, ""], [*cells, "5"], [], ["  "]))
        lines.append(sign.join(cells))
    text = end.join(lines) + end * chance.choice((0, 1, 1, 2))
    return (chance.choice(("", "", "\ufeff", "\n", f"sep={sign}\n")) + text).encode()
