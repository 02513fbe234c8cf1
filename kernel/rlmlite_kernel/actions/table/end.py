"""Actions that change the state, or end the run."""

from rlmlite_kernel.actions import end
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import SEARCH_WORK
from rlmlite_kernel.records.evolution import ANSWERS_ARE_HELD, FIELDS_OF_PROMPTS

ACTIONS = (
    Action(
        name="write_var",
        family="state",
        with_taint=True,
        params=(Param("name", "name", "the variable"), Param("value", "any", "its value")),
        run=end.write_var,
        result="the value",
        help="does the same as name = value",
        size=lambda call: call.extent("value"),
        example="12",
    ),
    Action(
        name="note",
        family="state",
        with_taint=True,
        params=(Param("text", "any", "the note, in your own words"),),
        run=end.note,
        result="nothing",
        help="keeps a note in your own words, such as a plan; every later turn shows it",
        example="noted",
    ),
    Action(
        name="forget",
        family="state",
        params=(Param("name", "name", "the variable"),),
        run=end.forget,
        result="nothing",
        help="deletes a variable",
        # The name is not read, so steps that use the variable would not be seen to depend on it.
        barrier=True,
        example="hits: forgotten",
    ),
    Action(
        name="require",
        family="state",
        with_taint=True,
        params=(Param("cond", "any", "what has to be true"), Param("why", "any", "what it means if it is not")),
        run=end.require,
        result="true",
        help='stops the program if the condition is false or null: require(count(hits) > 0, "no errors")',
        # What came before it has run, and what comes after it waits to see.
        barrier=True,
        gates=True,
        example="true",
        since=FIELDS_OF_PROMPTS,
    ),
    Action(
        name="draft",
        family="end",
        with_taint=True,
        params=(
            Param("value", "any", "the answer so far"),
            Param("evidence", "any", "what it is based on, as in final", default=None, named_only=True),
        ),
        run=end.draft,
        result="nothing",
        help="keeps an answer that stands, as partial, if a budget ends before final; a later one replaces it",
        cost=SEARCH_WORK,
        since=ANSWERS_ARE_HELD,
        example="draft: kept, 3 pieces of evidence (given)",
    ),
    Action(
        name="final",
        family="end",
        with_taint=True,
        params=(
            Param("value", "any", "the answer"),
            Param(
                "evidence",
                "any",
                "the spans, rows or quotes that the answer is based on",
                default=None,
                named_only=True,
            ),
        ),
        run=end.final,
        result="the end",
        help="ends the run with the answer",
        # Also after steps that the answer does not use: no call may be out when the run ends.
        barrier=True,
        ends=True,
        # Quotes that are given as evidence are looked up in the inputs.
        cost=SEARCH_WORK,
        example="final: answered, 3 pieces of evidence (given)",
    ),
)
