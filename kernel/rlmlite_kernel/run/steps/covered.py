"""What the calls of a step have looked at: the texts in prompts that were answered, and those of nested runs.

Not here: what the step itself has scanned, which its context knows, and what is made of all of it
(`observation.coverage`).
"""

from rlmlite_kernel.effects.holdings import HoldingReader
from rlmlite_kernel.effects.requests import Answered
from rlmlite_kernel.observation.coverage import KINDS
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE, EVIDENCE_OF_NESTED_RUNS
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import StepOutcome
from rlmlite_kernel.values.columns import Text


def texts_read_by(outcome: StepOutcome, state: State) -> list[Text]:
    """The texts of inputs that models and tools have read: those in prompts that were answered."""
    spans: list[Text] = []
    reader = HoldingReader(outcome.context.blobs, state.coverage.layout.has)
    for each in outcome.calls:
        calls = each.ask.calls
        # A call that failed may have been read as well, but nobody can say so; coverage never claims too much.
        # One that took the answer of another was not made, and nobody read its prompt.
        made = ((index, result) for index, result in enumerate(each.results) if index not in each.same_as)
        answered = [index for index, result in made if isinstance(result, Answered)]
        if EVIDENCE_BY_PLACE in state.run.flags:
            calls.texts_held(answered, reader)
        else:
            spans.extend(calls.read_spans(answered))
    if reader.is_exhausted:
        what = "not all strings in the prompts of this step were compared with the inputs"
        outcome.context.note(f"{what}: coverage `read` may be too low", code="coverage_bounded")
    return spans + reader.texts


def covered_below(outcome: StepOutcome, state: State) -> dict[str, list[Text]]:
    """The texts of inputs that nested runs have shown, read and scanned, whether they had an answer or not."""
    covered: dict[str, list[Text]] = {kind: [] for kind in KINDS}
    if EVIDENCE_OF_NESTED_RUNS not in state.run.flags:
        return covered
    blobs, is_input = outcome.context.blobs, state.coverage.layout.has
    for each in outcome.calls:
        for index, result in enumerate(each.results):
            if result is not None and result.findings:
                from rlmlite_kernel.actions.calls.nested_findings import coverage_of  # most runs nest none

                call = each.ask.calls.nested[index]
                for kind, texts in coverage_of(result, call, blobs, is_input).items():
                    covered[kind] += texts
    return covered
