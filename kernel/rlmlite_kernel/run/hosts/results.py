"""Results as a host hands them back: by index, or by the ids of their requests.

    turn.requests                    [id 1, id 2, id 3]
    resume(turn, [a, b, c])          one for each, in their order
    resume(turn, {2: b, 1: a, 3: c}) the same, in any order

A host that mixes them up would have answers recorded under questions that nobody asked. What can be noticed is refused
before anything changes. Not here: what becomes of results (`turns.turn`).
"""

from collections.abc import Mapping, Sequence

import msgspec

from rlmlite_kernel.effects.requests import Answered, Failed, Requests, Result


class NotSuspendedError(RuntimeError):
    """`resume` was called with a turn that is over. Nothing changed; `advance` its state by the next program."""


class ResultsError(RuntimeError):
    """Results that do not fit the requests of a turn. Nothing changed; resume the same turn with the right ones.

    `missing` are the ids of requests without a result, `unknown` ids that no request has.
    """

    def __init__(self, message: str, missing: Sequence[str] = (), unknown: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing, self.unknown = tuple(missing), tuple(unknown)


def in_order(requests: Requests, results: Sequence[Result] | Mapping[str, Result]) -> Sequence[Result]:
    """The results by index. Raises `ResultsError`."""
    if isinstance(results, Mapping):
        ids = [request.id for request in requests]
        missing = [id_ for id_ in ids if id_ not in results]
        unknown = sorted(results.keys() - set(ids))
        if missing or unknown:
            raise ResultsError(_by_id(missing, unknown), missing, unknown)
        results = [results[id_] for id_ in ids]
    if len(results) != len(requests):
        raise ResultsError(
            f"{len(requests)} requests need as many results, not {len(results)}: one for each of `turn.requests`, in "
            "their order, or a mapping by their ids"
        )
    for index, result in enumerate(results):
        if not isinstance(result, Answered | Failed):
            raise ResultsError(
                f"result {index} is a {type(result).__name__}; expected Answered(text), or Failed(why) if there is none"
            )
    return [_with_valid_text(result) for result in results]


def _with_valid_text(result: Result) -> Result:
    """A result whose text is valid Unicode: half a surrogate pair is spelled out."""
    field = "text" if isinstance(result, Answered) else "detail"
    text: str = getattr(result, field)
    # Nearly every result is settled by this, without a copy of its text.
    if text.isascii():
        return result
    valid = text.encode("utf-8", "backslashreplace").decode()
    return result if valid == text else msgspec.structs.replace(result, **{field: valid})


def _by_id(missing: Sequence[str], unknown: Sequence[str]) -> str:
    parts = []
    if unknown:
        parts.append(f"no request of this turn has the id {unknown[0]}: it is of another turn, or was answered already")
    if missing:
        parts.append(f"{len(missing)} requests have no result, the first is {missing[0]}; give Failed(why) for none")
    return "; ".join(parts)
