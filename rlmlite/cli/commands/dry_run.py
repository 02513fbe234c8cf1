"""`rlmlite exec --dry-run`: what is wrong with a program, and what it may use, before anything runs.

How much a program uses depends on what it finds, so each amount is a range. The price of prompts is a lower bound,
because their size is known only when they go out; the price of answers is an upper bound, as each reserves its longest.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.clients.interface.prices import dollars
from rlmlite.runs.program import problems_of, read_program
from rlmlite.runs.run import Run
from rlmlite_kernel import Price, price
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.costs import Range
from rlmlite_kernel.program.problems import Problem, explain


def dry_run(text: str, run: Run, *, as_json: bool) -> Exit:
    """Check and price a program in a run that has just begun."""
    said = read_program(text)
    problems = problems_of(said, run) if isinstance(said, Parsed) else said.problems
    if problems or not isinstance(said, Parsed):
        _print_problems(text, problems, as_json)
        return Exit.REFUSED
    estimate = price(run.state, said)
    if as_json:
        print_json(status="refused" if estimate.refused else "completed", **_document(estimate, run))
    else:
        _print(estimate, run)
    return Exit.REFUSED if estimate.refused else Exit.COMPLETED


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
    }


def _print(estimate: Price, run: Run) -> None:
    print_heading("price")
    for words, uses in estimate.steps:
        amounts = [f"{name} {_range(used)}" for name, used in uses.items() if name != "steps"]  # each step is one
        print_indented(f"{words}: {', '.join(amounts)}")
    for name, used in estimate.total.items():
        over = " (more than is left)" if name in estimate.refused else ""
        print_indented(f"total {name}: {_range(used)} of {run.state.left(name):,} left{over}")
    if "sub_calls" in estimate.total:
        say(f"cost: {_cost(estimate, run)}")
    say("nothing was run")


def _cost(estimate: Price, run: Run) -> str:
    """What the calls may cost. Nobody knows which role makes them, so the cheapest and the dearest stand for all."""
    if _is_free(run):
        return "nothing, these models are free"
    roles = run.state.settings.roles.values()
    inputs = [role.input_price for role in roles if role.input_price is not None]
    outputs = [role.output_price for role in roles if role.output_price is not None]
    if min(len(inputs), len(outputs)) < len(roles):
        return "unknown; give the price with --price IN,OUT"
    prompt_bytes, answer_tokens = estimate.total["prompt_bytes"].low, estimate.total["output_tokens"].high
    prompt_tokens = min(-(-prompt_bytes * 1_000 // role.bytes_per_1000_tokens) for role in roles)
    least = dollars(prompt_tokens * min(inputs) // 1_000)
    most = "unknown" if answer_tokens is None else f"up to {dollars(answer_tokens * max(outputs) // 1_000)}"
    return f"prompts at least {least}, answers {most}, as calls are reserved"


def _is_free(run: Run) -> bool:
    roles = run.state.settings.roles.values()
    return all(role.input_price == 0 and role.output_price == 0 for role in roles)


def _range(used: Range) -> str:
    if used.high is None:
        return f"at least {used.low:,}"
    return f"{used.low:,}" if used.low == used.high else f"{used.low:,} to {used.high:,}"
