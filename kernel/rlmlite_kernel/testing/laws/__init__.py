"""The laws of an action, by name. Each is a function of a `Case` that raises `LawBrokenError`.

    total       a value, or a fault out of `FAULTS`; never another exception
    arguments   nothing that the action is given is changed
    pure        the same trial gives the same bytes twice, and leaves the state before it as it was
    columns     rows processed as whole columns give what they give row by row
    replay      the records, with the recorded results of calls, give the same records
    price       what is used lies within the price before it ran
    memory      what the result takes in memory is at most four times the bytes that it is charged for
    elsewhere   another process, with another hash seed and number of threads, gives the same bytes

A trial that the checker refuses keeps them all. The last law needs a process of its own, so it is checked for all
trials of an action at once (`elsewhere`).
"""

from collections.abc import Mapping

from rlmlite_kernel.testing.laws.case import Case, Law, LawBrokenError
from rlmlite_kernel.testing.laws.charges import check_memory, check_price
from rlmlite_kernel.testing.laws.elsewhere import ELSEWHERE
from rlmlite_kernel.testing.laws.outcomes import check_arguments, check_columns, check_pure, check_replay, check_total

IN_PROCESS: Mapping[str, Law] = {
    "total": check_total,
    "arguments": check_arguments,
    "pure": check_pure,
    "columns": check_columns,
    "replay": check_replay,
    "price": check_price,
    "memory": check_memory,
}
"""Every law that is checked trial by trial."""

LAWS = (*IN_PROCESS, ELSEWHERE)
"""The names of all laws."""

__all__ = ["ELSEWHERE", "IN_PROCESS", "LAWS", "Case", "Law", "LawBrokenError"]
