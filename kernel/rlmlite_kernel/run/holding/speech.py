"""What a turn is besides its program: who speaks, and what else the reply says.

The grammar reads a reply, and notes what stands in it besides one program: a second fence, a result that was made up.
Those notes are part of the reading, which the trace holds; so a replay finds the same reasons without a grammar.
"""

import msgspec

from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.records.reasons import RESULT_WRITTEN, SEVERAL_FENCES

CONTROLLER = "controller"

_NOTES = (SEVERAL_FENCES, RESULT_WRITTEN)


class Speech(msgspec.Struct, frozen=True):
    """Who speaks in a turn, and the codes of reasons that hold of the whole reply.

    `recorded` are the codes of the reasons that a trace has, where they cannot be found again: they go by texts of
    observations, and another version worded those. None where they are found here.
    """

    is_controller: bool = False
    codes: tuple[str, ...] = ()
    recorded: tuple[str, ...] | None = None


def speech_of(said: Parsed, origin: str, recorded: tuple[str, ...] | None = None) -> Speech:
    """What is to be known of a turn."""
    noted = {note.code for note in said.notes}
    return Speech(origin == CONTROLLER, tuple(code for code in _NOTES if code in noted), recorded)
