"""Forty short mails that nobody wrote, each with its label, and a log with a known number of errors."""

import random
from typing import Final, NamedTuple

LABELS: Final = ("billing", "technical", "other")

_SENTENCES: Final = {
    "billing": (
        "Please refund invoice {n}, it was charged twice.",
        "My card was charged {n} EUR but I cancelled the plan.",
        "Where can I download the invoice of order {n}?",
        "The price on invoice {n} is not the one that we agreed on.",
    ),
    "technical": (
        "The app crashes with error {n} whenever I log in.",
        "Uploading a file stops at {n} percent and never ends.",
        "After the update the page shows error {n} and stays blank.",
        "The sync fails with a timeout on device {n}.",
    ),
    "other": (
        "Thank you, lunch in room {n} was lovely.",
        "Our office moves to building {n} next month.",
        "Could {n} of us visit you on Friday?",
        "Happy birthday from all {n} colleagues!",
    ),
}


class Mail(NamedTuple):
    """A mail and what it is about."""

    text: str
    label: str


def mails(count: int) -> list[Mail]:
    """So many mails, the same each time, every label about as often."""
    drawn = random.Random(7)
    made = []
    for number in range(count):
        label = LABELS[number % len(LABELS)]
        text = drawn.choice(_SENTENCES[label]).format(n=drawn.randint(10, 99))
        made.append(Mail(text, label))
    drawn.shuffle(made)
    return made


def log(lines: int) -> str:
    """A log in which every seventh line is an error."""
    levels = ("ERROR", "INFO", "WARN", "INFO", "INFO", "DEBUG", "INFO")
    return "".join(
        f"2026-03-01 08:{n // 60:02}:{n % 60:02} {levels[n % 7]} worker-{n % 5} job {1_000 + n}\n" for n in range(lines)
    )
