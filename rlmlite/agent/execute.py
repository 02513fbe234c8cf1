"""Running a program from Python, without a controller: `execute`, and `execute_async` for a caller with an event loop.

It is in this room for the sake of `sub_rlm`: a program may ask a question of its own, which an agent answers.
What a run needs is imported with the first program: `import rlmlite; rlmlite.execute` does not wait for NumPy.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from rlmlite.inputs import Data
    from rlmlite.runs.driver import FanOuts
    from rlmlite.runs.outcome import Outcome
    from rlmlite.runs.run import Run
    from rlmlite.runs.settings import SettingKeywords
    from rlmlite.runs.setup import Setup
    from rlmlite_kernel.effects.requests import Request, Result


def execute(
    program: str, inputs: "Data | Mapping[str, Data]" = None, **settings: Unpack["SettingKeywords"]
) -> "Outcome":
    """Run a program over inputs and seal its trace.

    `inputs` is one input, which is then called `context`, or several by name. Every setting is documented in
    `rlmlite.runs.settings.RunSettings`. `controller` and `nested` are for nested runs here.

    Raises:
        TypeError: a keyword is not a setting.
        InputError: an input cannot be taken, or the program is not valid text.
        ModelError: there is no such model.
        SettingError: a setting has a value that it cannot have.
        StoreError: there is something else where the store should be.
        RuntimeError: an event loop is running in this thread, and it is not a notebook's; await `execute_async` there.
    """
    from rlmlite.runs.driver import drive_turn, refuse_running_loop

    refuse_running_loop("rlmlite.execute_async(...)")
    setup, begin = _prepare("execute", program, inputs, settings)
    run, calls = begin(setup.with_windows())
    with run:
        return drive_turn(run, calls)


async def execute_async(
    program: str, inputs: "Data | Mapping[str, Data]" = None, **settings: Unpack["SettingKeywords"]
) -> "Outcome":
    """`execute` in the running event loop. A cancellation leaves an open, valid trace."""
    from rlmlite.runs.driver import drive_turn_async

    setup, begin = _prepare("execute_async", program, inputs, settings)
    run, calls = begin(await setup.with_windows_async())
    with run:
        return await drive_turn_async(run, calls)


def _prepare(
    function: str, program: str, inputs: "Data | Mapping[str, Data]", keywords: "SettingKeywords"
) -> "tuple[Setup, Callable[[Setup], tuple[Run, FanOuts[Outcome]]]]":
    """What the run is begun with, and what begins it: the run, and the work that executes the program in it."""
    import msgspec

    from rlmlite.agent.loading import take_inputs
    from rlmlite.runs.program import may_ask_models, read_program, run_program
    from rlmlite.runs.run import begin_run
    from rlmlite.runs.settings import from_keywords
    from rlmlite.runs.setup import prepare

    settings = from_keywords(function, keywords)
    settings = msgspec.structs.replace(settings, last_answer=False)  # no controller, so no last turn to provide for
    setup = prepare(settings, nest=_nested_run)
    # The program is read before the inputs: it is quick, and they may take long.
    said = read_program(program)
    setup = msgspec.structs.replace(setup, asks_models=may_ask_models(said))
    loaded, blobs, settings = take_inputs(inputs, settings)
    setup = msgspec.structs.replace(setup, settings=settings)

    def begin(setup: "Setup") -> "tuple[Run, FanOuts[Outcome]]":
        run = begin_run(loaded, blobs, setup)
        return run, run_program(run, said)

    return setup, begin


async def _nested_run(parent: "Run", request: "Request") -> "Result":
    """The agent is imported with the first nested run: most programs have none, and start sooner."""
    from rlmlite.agent.nested import nested_run

    return await nested_run(parent, request)
