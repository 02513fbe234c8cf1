"""May these calls go out? A permit is asked before every fan-out, with the most that it can cost."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from rlmlite.errors import SettingError
from rlmlite_kernel.effects.requests import Failed, Request, Usage
from rlmlite_kernel.records.settings import Limits, Role

Permit: TypeAlias = Callable[[int, int | None], bool]
"""Takes the number of calls and the most that they cost in nano-dollars, `None` where a price is unknown."""

NOT_PERMITTED = Failed("cancelled", Usage(input_tokens=0, output_tokens=0, cost_nano=0))
"""The result of a call that was not permitted: it was not made and cost nothing."""


def permit_all(_calls: int, _bound: int | None) -> bool:
    """Permit every call, and ask nobody."""
    return True


def cost_bound(requests: Iterable[Request], roles: Mapping[str, Role]) -> int | None:
    """The most that these calls can cost: the sum of what they reserve, `None` if a price is unknown."""
    total: int | None = 0
    # To the end, also where the sum is unknown: whoever counts the requests on the way gets the right number.
    for request in requests:
        # Tools, approvals and the clock have no role with a price: they cost nothing here.
        role = roles.get(request.role)
        cost = 0 if role is None else role.reserved_cost(request.prompt_bytes)
        # One unknown part makes the sum unknown. It is not 0: a person would agree to what nobody has counted.
        total = None if total is None or cost is None else total + cost
    return total


def check_prices(roles: Mapping[str, Role], limits: Limits, *, is_spend_limited: bool = False) -> None:
    """Raise `SettingError` for a model of unknown price under a limit of cost, which could not be kept.

    `is_spend_limited`: what all runs may cost is limited.
    """
    if limits.cost_nano is None and not is_spend_limited:
        return
    for role in roles.values():
        if role.input_price is None or role.output_price is None:
            raise SettingError(
                f"the price of {role.model} is unknown, so a cost limit cannot be kept; give it with --price IN,OUT, "
                'in Python prices={"MODEL": "IN,OUT"}, in dollars for a million tokens (0,0 if it is free), '
                "or drop the limit"
            )
