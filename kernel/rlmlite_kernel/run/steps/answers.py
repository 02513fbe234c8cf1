"""Answers as a run holds them: one that was given, those that were held back, and what speaks against a variable.

    final(hits[0].text)      given, and held back, since `hits` was made in the same turn and nobody has seen it
    HeldAnswer               the answer with the turn and the reasons
    Lineage                  of `hits`: its search found nothing, in turn 3

Data only. Why an answer is held back, and which one stands in the end, is decided in `run.holding`.
"""

import msgspec

from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.program.ast import Scalar
from rlmlite_kernel.records.canonical import Json, value_bytes
from rlmlite_kernel.records.remarks import StepRemark


class Answer(msgspec.Struct, frozen=True):
    """What `final` gave: the value as JSON, its evidence, how many pieces there are in all, and on what they rest.

    `unshown` lists the variables that it was made of and that no observation had shown before the turn of `final`: the
    controller has answered with what it had not seen.
    """

    value: Json
    evidence: tuple[Evidence, ...]
    evidence_total: int
    basis: str
    unshown: tuple[str, ...]

    def recorded(self) -> bytes:
        """The answer as its blob holds it: what pieces of evidence share (input, file, how they were found) once.

            {"basis": "given", "evidence": [{"how": "verbatim", "input": "log", "path": "app.log",
             "spans": [[6, 11, 1, 1, "ERROR"], ...]}], "evidence_total": 5, "unshown": [], "value": 5}

        A span is `[start, stop, line, times, text]`. Of evidence that the program did not name (`derived`) the words
        are left out: a fan-out over 1,000 chunks would copy its input into the trace. The place says where they are.
        """
        names = ("how", "input", "path", "digest", "original")
        groups: dict[tuple[str, ...], list[list[Json]]] = {}
        for each in self.evidence:
            place: tuple[str, ...] = (each.how, each.input, each.path, each.digest, each.original)
            is_elsewhere = self.basis == "derived" and each.how == "verbatim"
            text = "" if is_elsewhere else each.text
            span: list[Json] = [each.start, each.stop, each.line, each.times, text]
            groups.setdefault(place, []).append(span)
        evidence: list[dict[str, Json]] = []
        for place, spans in groups.items():
            # An empty word is left out: most inputs have no path, no digest of their own and no original.
            shared = {name: word for name, word in zip(names, place, strict=True) if word}
            evidence.append({**shared, "spans": spans})
        answer: dict[str, Json] = {
            "basis": self.basis,
            "evidence": evidence,
            "evidence_total": self.evidence_total,
            "unshown": list(self.unshown),
            "value": self.value,
        }
        return value_bytes(answer)


class HeldAnswer(msgspec.Struct, frozen=True):
    """An answer that was not taken in the turn that gave it, with the reasons. Each reason is said as a warning."""

    turn: int
    answer: Answer
    reasons: tuple[StepRemark, ...]

    @property
    def code(self) -> str:
        """The code of the first reason, which an outcome names."""
        return self.reasons[0].code


class Offer(msgspec.Struct, frozen=True, eq=False):
    """An answer, or a draft, as the value that it was, with what it brings along and the codes of its losses.

    So a later question finds it as a variable (`run.holding.earlier`). `of` is the SHA-256 of the answer's blob.
    """

    of: str
    is_draft: bool
    data: TaintedValue
    lineage: "Lineage"
    lost: tuple[str, ...] = ()


class Doubt(msgspec.Struct, frozen=True):
    """What speaks against a value: the code of the reason, the step that it comes from, and that step's turn."""

    code: str
    name: str
    turn: int


class Lineage(msgspec.Struct, frozen=True):
    """What a variable brings along: doubts of all steps behind it, and literals that its expressions were written with.

    `literals` are those that may stand in the value as they were written: `x = "disk: 999"`, `pick(ok, 1, 0)`.
    `claimed`: it may be what a model or a tool said, as it was said.
    """

    doubts: tuple[Doubt, ...] = ()
    literals: tuple[Scalar, ...] = ()
    claimed: bool = False
