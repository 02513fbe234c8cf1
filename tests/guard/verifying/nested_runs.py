"""A run with a nested one, on disk, for attacks on what binds the two."""

from pathlib import Path

import rlmlite
from rlmlite_kernel import Answered, Request, Usage

KEY = "11" * 32
LOG = "".join(f"{n:03} {'ERROR disk' if n % 7 == 0 else 'INFO ok'}\n" for n in range(70))


def counted(*replies: str) -> rlmlite.Scripted:
    """A model that says these in turn, and reports what it used."""
    left = iter(replies)

    def reply(prompt: str, request: Request) -> Answered:
        return Answered(next(left), Usage(len(prompt), 7, 11))

    return rlmlite.Scripted(reply)


def nested_run(folder: Path) -> Path:
    """A run over a file, in which one nested run answers over a part of it."""
    log = folder / "app.log"
    log.write_text(LOG)
    outer = ('n = sub_rlm("How many errors?", part=log[0:400], share=0.5)\nshow(n)', "final(n)")
    inner = ('n = count(search(part, "ERROR"))\nshow(n)', 'x = sub_lm("Say {n}")\nshow(x)', "final(n)")
    place = folder / "run.rlm"
    rlmlite.run(
        "Errors?",
        {"log": log},
        controller=counted(*outer),
        nested=counted(*inner),
        sub=counted("five"),
        trace=place,
        run_key=KEY,
    )
    return place
