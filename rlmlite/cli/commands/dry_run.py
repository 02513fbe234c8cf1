"""`rlmlite exec --dry-run`: what is wrong with a program, and what it may use, before anything runs."""

from collections.abc import Iterable
from typing import Any

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import emit, heading, indented, say
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
        _say_problems(text, problems, as_json)
        return Exit.REFUSED
    found = price(run.state, said)
    if as_json:
        emit(status="refused" if found.refused else "completed", **_document(found, run))
    else:
        _print(found, run)
    return Exit.REFUSED if found.refused else Exit.COMPLETED


def _say_problems(text: str, problems: Iterable[Problem], as_json: bool) -> None:
    log.error("the program was refused\n" + explain(problems, text))
    if as_json:
        emit(status="refused", reason="problems", problems=msgspec.to_builtins(tuple(problems)))


def _document(found: Price, run: Run) -> dict[str, Any]:
    spans = {name: [used.low, used.high] for name, used in found.total.items()}
    steps = [{"step": words, "uses": msgspec.to_builtins(uses)} for words, uses in found.steps]
    left = {name: run.state.left(name) for name in found.total if name != "cost_nano"}
    return {"value": spans, "budget": left, "steps": steps, "over_budget": list(found.refused), "free": _is_free(run)}


def _print(found: Price, run: Run) -> None:
    heading("price")
    for words, uses in found.steps:
        indented(f"{words}: " + ", ".join(f"{name} {_spelled(used)}" for name, used in uses.items() if name != "steps"))
    for name, used in found.total.items():
        over = " (more than is left)" if name in found.refused else ""
        indented(f"in all {name}: {_spelled(used)} of {run.state.left(name):,} left{over}")
    if "sub_calls" in found.total:
        say(f"cost: {_cost(found, run)}")
    say("nothing was run")


def _cost(found: Price, run: Run) -> str:
    """What the calls may cost: prompts at the least, as their whole size is known when they go out, answers at most."""
    roles = run.state.settings.roles.values()
    if _is_free(run):
        return "nothing, these models are free"
    inputs = [role.input_price for role in roles if role.input_price is not None]
    outputs = [role.output_price for role in roles if role.output_price is not None]
    if min(len(inputs), len(outputs)) < len(roles):
        return "unknown; give the price with --price IN,OUT"
    tokens = min(-(-found.total["prompt_bytes"].low * 1_000 // role.bytes_per_1000_tokens) for role in roles)
    answers = found.total["output_tokens"].high
    most = "unknown" if answers is None else f"up to {dollars(answers * max(outputs) // 1_000)}"
    return f"prompts at least {dollars(tokens * min(inputs) // 1_000)}, answers {most}, as calls are reserved"


def _is_free(run: Run) -> bool:
    roles = run.state.settings.roles.values()
    return all(role.input_price == 0 and role.output_price == 0 for role in roles)


def _spelled(used: Range) -> str:
    if used.high is None:
        return f"at least {used.low:,}"
    return f"{used.low:,}" if used.low == used.high else f"{used.low:,} to {used.high:,}"
