"""Circumstances of a step: learned from the moment before it was recorded, and pared down to what its record needs.

No hash commits to them, so each of them has to show in the record. What changes nothing is left out when a proof is
made, and refused when it is checked; `room`, of which many values may do, is the least that does.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from rlmlite_kernel.effects.memo import key_of
from rlmlite_kernel.program.ast import Call
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.run.snapshots.alone import BY_PROVENANCE, Circumstances
from rlmlite_kernel.run.steps.step import FinalAnswer
from rlmlite_kernel.run.turns.aftermath import first_aftermath
from rlmlite_kernel.run.turns.moment import Moment
from rlmlite_kernel.values.fences import is_plain

_NONE = Circumstances()
_NO_ORIGINS = hex(0)
_SEVERAL = ("broken", "meanwhile", "said", "doubts")
"""Fields with several parts, of which each has to be needed."""

VERBATIM = frozenset({"verbatim", "cell", "row"})


def learn(moment: Moment) -> Circumstances:
    """All circumstances of a step, needed or not."""
    planned, before = moment.step.planned, moment.before
    effect = moment.step.outcome.effect
    evidence = effect.evidence if isinstance(effect, FinalAnswer) and effect.evidence.basis == "derived" else None
    is_controller, verdict = moment.speech.is_controller, moment.verdict
    found = moment.surroundings
    always = first_aftermath(before).broken
    broken = {name: hex(found.broken[name]) for name in planned.reads & found.broken.keys() if name not in always}
    learned = Circumstances(
        place=found.place,
        broken=broken,
        over=found.over,
        meanwhile=_meanwhile(found.ledger, before.used),
        spoken=hex(found.spoken or 0),
        seen=_seen(found.names or (), planned.reads),
        room=moment.layout.room,
        is_brief=moment.layout.is_brief,
        tells_failure=moment.layout.tells_failure,
        written=planned.written if planned.written != planned.call else None,
        problems=planned.problems,
        text=moment.text,
        is_controller=is_controller,
        said=moment.speech.codes,
        doubts=_doubts(moment),
        pieces=0 if evidence is None else evidence.total,
        is_verbatim=evidence is not None and any(each.how in VERBATIM for each in evidence.items),
        insists=is_controller and bool(verdict.reasons) and not verdict.is_held,
        notes=_notes(moment),
    )
    return canonical(learned)


def canonical(found: Circumstances) -> Circumstances:
    """The circumstances without what cannot show in a record: other lines of the program, codes of further problems,
    names of variables that no message lists.

    Raises `ValueError` for origins that are no hex digits.
    """
    first, rest = found.problems[:1], found.problems[1:]
    problems = (*first, *(msgspec.structs.replace(each, code="") for each in rest))
    return msgspec.structs.replace(
        found,
        broken={name: hex(int(origins, 16)) for name, origins in found.broken.items()},
        spoken=hex(int(found.spoken, 16)) if found.spoken else "",
        seen=_seen(found.seen),
        problems=problems,
        text=_lines_named(found.problems, found.text),
    )


def _seen(names: Sequence[str], reads: Collection[str] = ()) -> tuple[str, ...]:
    """The names of variables as a message lists them: of those that are not plain, it says how many there are.

    What is read is there in any case.
    """
    plain = [name for name in names if is_plain(name)]
    others = sum(1 for name in names if not is_plain(name) and name not in reads)
    return (*plain, *map(str, range(others)))


def _lines_named(problems: Sequence[Problem], text: str) -> str:
    """The text of a program with nothing but the lines in which there are problems; empty if there are none."""
    offsets = [problem.offset for problem in problems if problem.offset is not None]
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    named = {sum(start <= offset for start in starts) - 1 for offset in offsets}
    # Blanks of the same length, so that every offset stays where it was; nothing after the last of these lines.
    kept = [line if number in named else " " * len(line) for number, line in enumerate(lines)]
    return "\n".join(kept[: max(named) + 1]) if named else ""


def _meanwhile(then: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    changes = {name: then.get(name, 0) - now.get(name, 0) for name in sorted({*then, *now})}
    return {name: change for name, change in changes.items() if change}


def _notes(moment: Moment) -> tuple[tuple[int, str, str, int], ...]:
    remarks = enumerate(moment.step.outcome.context.remarks)
    return tuple((place, each.code, each.message, each.n) for place, each in remarks if each.code in BY_PROVENANCE)


def _doubts(moment: Moment) -> tuple[tuple[str, str], ...]:
    before = moment.before
    read = [before.lineage[name] for name in sorted(moment.step.planned.reads) if name in before.lineage]
    counts = [
        (doubt.code, doubt.name)
        for each in read
        for doubt in each.doubts
        if doubt.turn == before.turn or not moment.speech.is_controller
    ]
    return tuple(dict.fromkeys(counts))


def known_calls(moment: Moment) -> dict[str, str]:
    """The calls of earlier steps whose results this one took: the id of each by its key."""
    entries = moment.before.memo.entries
    keys = (key_of(each.ask.calls, index) for each in moment.step.outcome.calls for index in each.same_as)
    return {key: entries[key].id for key in sorted(set(keys)) if key in entries}


def lesser(found: Circumstances, call: Call | None) -> Iterator[tuple[str, Circumstances]]:
    """The circumstances with less in them, in each way in which there could be less, by the name of that part.

    `call` is that of the step. If one of these does as well, there is more than is needed.
    """
    for name in Circumstances.__struct_fields__:
        value = getattr(found, name)
        if value == getattr(_NONE, name):
            continue
        if name in _SEVERAL and len(value) > 1:
            yield from ((name, msgspec.structs.replace(found, **{name: part})) for part in _parts_less(value))
        elif name == "problems":
            yield name, msgspec.structs.replace(found, problems=(), text="")
        else:
            yield name, msgspec.structs.replace(found, **{name: getattr(_NONE, name)})
    yield from _plainer(found, call)
    for name, amount in amounts(found).items():
        if amount:
            yield name, with_amount(found, name, amount - (1 if amount > 0 else -1))


def _plainer(found: Circumstances, call: Call | None) -> Iterator[tuple[str, Circumstances]]:
    """The same without names and origins that may not show."""
    for name, origins in found.broken.items():
        if origins != _NO_ORIGINS:
            yield "broken", msgspec.structs.replace(found, broken={**found.broken, name: _NO_ORIGINS})
    for at, (code, name) in enumerate(found.doubts):
        if name:
            doubts = (*found.doubts[:at], (code, ""), *found.doubts[at + 1 :])
            yield "doubts", msgspec.structs.replace(found, doubts=doubts)
    if found.written is not None and call is not None and found.written.name != call.name:
        written = msgspec.structs.replace(found.written, name=call.name)
        yield "written", msgspec.structs.replace(found, written=written)


_ROOM = "room"


def amounts(found: Circumstances) -> dict[str, int]:
    """The amounts of which the least has to be given that does: `room`, and what was used meanwhile."""
    room = {} if found.room is None else {_ROOM: found.room}
    return {**room, **{f"meanwhile.{name}": amount for name, amount in found.meanwhile.items()}}


def with_amount(found: Circumstances, name: str, amount: int) -> Circumstances:
    """The circumstances with another amount of this name."""
    if name == _ROOM:
        return msgspec.structs.replace(found, room=amount)
    _, _, budget = name.partition(".")
    return msgspec.structs.replace(found, meanwhile={**found.meanwhile, budget: amount})


def _parts_less(value: "Mapping[str, object] | tuple[object, ...]") -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from ({other: value[other] for other in value if other != name} for name in value)
    else:
        yield from (value[:at] + value[at + 1 :] for at in range(len(value)))
