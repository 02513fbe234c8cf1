"""What a run used, as lines for people: what models reported, and what it was charged of each limit.

usage
  calls: 3 (1 controller, 2 sub)
  output_tokens: 6 (2 of 3 known)
  cost_nano: unknown
budget used
  output_tokens: 6 of 10,000,000, and 3,066 reserved
"""

from collections.abc import Iterator, Mapping

from rlmlite.cli.output.printing import print_heading, print_indented
from rlmlite.runs.outcome import Outcome


def print_usage(outcome: Outcome) -> None:
    """Print both. Of a run without calls there is no usage to tell."""
    lines = list(_usage_lines(outcome))
    if lines:
        print_heading("usage")
    for line in lines:
        print_indented(line)
    print_heading("budget used")
    for name, budget in outcome.budget.items():
        line = budget_line(budget)
        if line:
            print_indented(f"{name}: {line}")


def _usage_lines(outcome: Outcome) -> Iterator[str]:
    """The calls by kind, and each amount with how many calls it is known of, if it is not known of all."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in outcome.calls.items() if count)
    if not kinds:
        return
    yield f"calls: {outcome.usage['calls']:,} ({kinds})"
    models = outcome.known["calls"]
    for name, amount in outcome.usage.items():
        if name == "calls" or not models:
            continue
        known = outcome.known[name]
        share = "" if known == models else f" ({known:,} of {models:,} known)"
        yield f"{name}: {_amount(amount)}{share}"


def budget_line(budget: Mapping[str, int | None]) -> str:
    """What was used and what is reserved of a limit; empty if it is nothing, which the JSON object has as well."""
    used, reserved, limit = budget["used"], budget["reserved"], budget["limit"]
    if not used and not reserved:
        return ""
    most = "no limit" if limit is None else f"{limit:,}"
    beside = f", and {reserved:,} reserved" if reserved else ""
    return f"{_amount(used)} of {most}{beside}"


def _amount(amount: int | None) -> str:
    return "unknown" if amount is None else f"{amount:,}"
