"""`rlmlite exec --dry-run`: what is wrong with a program, and what it may use, before anything runs.

How much a program uses depends on what it finds, so each amount is a range. The price of prompts is a lower bound,
because their size is known only when they go out; the price of answers is an upper bound, as each reserves its longest.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.clients.interface.prices import dollars
from rlmlite.runs.program import problems_of, read_habits, read_program
from rlmlite.runs.run import Run
from rlmlite_kernel import Price, price
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.costs import Range
from rlmlite_kernel.program.problems import Problem, explain
from rlmlite_kernel.records.settings import Role


def dry_run(text: str, run: Run, *, as_json: bool) -> Exit:
    """Check and price a program in a run that has just begun."""
    said = read_habits(read_program(text), run.state)
    problems = problems_of(said, run) if isinstance(said, Parsed) else said.problems
    if problems or not isinstance(said, Parsed):
        _print_problems(text, problems, as_json)
        return Exit.REFUSED
    estimate = price(run.state, said)
    status = "refused" if estimate.refused else "completed"
    if as_json:
        print_json(status=status, **_document(estimate, run))
    else:
        _print(estimate, run)
    return STATUSES[status]


def _print_problems(text: str, problems: Iterable[Problem], as_json: bool) -> None:
    log.error("the program was refused\n" + explain(problems, text))
    if as_json:
        print_json(status="refused", reason="problems", problems=msgspec.to_builtins(tuple(problems)))


def _document(estimate: Price, run: Run) -> dict[str, Any]:
    return {
        "value": {name: [used.low, used.high] for name, used in estimate.total.items()},
        "budget": {name: run.state.left(name) for name in estimate.total if name != "cost_nano"},
        "steps": [{"step": words, "uses": msgspec.to_builtins(uses)} for words, uses in estimate.steps],
        "over_budget": list(estimate.refused),
        "free": _is_free(run),
        "windows": {name: [role.window, role.window_source] for name, role in run.state.settings.roles.items()},
    }


def _print(estimate: Price, run: Run) -> None:
    print_heading("price")
    for words, uses in estimate.steps:
        amounts = [f"{name} {_range(used)}" for name, used in uses.items() if name != "steps"]  # each step is one
        listed = ", ".join(amounts)
        print_indented(f"{words}: {listed}")
    for name, used in estimate.total.items():
        left = run.state.left(name)
        over = " (more than is left)" if name in estimate.refused else ""
        print_indented(f"total {name}: {_range(used)} of {left:,} left{over}")
    # A program without calls costs nothing, whatever its models are.
    if "sub_calls" in estimate.total:
        cost = _cost(estimate, run)
        say(f"cost: {cost}")
        for name, role in run.state.settings.roles.items():
            say(f"{name}: {role.model}, {window_words(role)}")
    say("nothing was run")


def window_words(role: Role) -> str:
    """What a role's model reads and answers with in all, and who says so."""
    if role.window is None:
        return "a window that nobody knows; say it with --role NAME.window=TOKENS"
    return f"a window of {role.window:,} tokens ({role.window_source})"


def _cost(estimate: Price, run: Run) -> str:
    """What the calls may cost. Nobody knows which role makes them, so the cheapest and the dearest stand for all."""
    if _is_free(run):
        return "nothing, these models are free"
    roles = run.state.settings.roles.values()
    prompt_prices = [role.input_price for role in roles if role.input_price is not None]
    answer_prices = [role.output_price for role in roles if role.output_price is not None]
    are_all_known = len(prompt_prices) == len(answer_prices) == len(roles)
    if not are_all_known:
        return "unknown; give the price with --price IN,OUT"

    prompt_bytes = estimate.total["prompt_bytes"].low
    # Rounded up, as calls are reserved: `-(-a // b)` is a / b rounded up.
    prompt_tokens = min(-(-prompt_bytes * 1_000 // role.bytes_per_1000_tokens) for role in roles)
    least = dollars(prompt_tokens * min(prompt_prices) // 1_000)  # prices are for 1,000 tokens
    answer_tokens = estimate.total["output_tokens"].high
    if answer_tokens is None:
        most = "unknown"
    else:
        highest = answer_tokens * max(answer_prices) // 1_000
        most = f"up to {dollars(highest)}"
    return f"prompts at least {least}, answers {most}, as calls are reserved"


def _is_free(run: Run) -> bool:
    roles = run.state.settings.roles.values()
    return all(role.input_price == 0 and role.output_price == 0 for role in roles)


def _range(used: Range) -> str:
    if used.high is None:
        return f"at least {used.low:,}"
    return f"{used.low:,}" if used.low == used.high else f"{used.low:,} to {used.high:,}"
