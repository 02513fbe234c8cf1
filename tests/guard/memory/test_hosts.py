"""Memory that runs out outside of steps: in calls, threads, nested runs, the agent, and while a trace is written."""

import resource
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Scripted, Session, execute, run
from rlmlite.errors import OutOfMemoryError
from rlmlite.guard.memory.attempts import retry_once, survivors_result
from rlmlite.runs import calls, driver
from rlmlite_kernel import Answered, Request, Result
from rlmlite_kernel.effects.requests import Usage
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.run.steps import step
from rlmlite_kernel.run.turns import progress
from rlmlite_traces import Log, Verdict, replay, verify
from rlmlite_traces.writing.journal import Journal

TEXT = "one\ntwo\nthree\nfour\n"


def starve_action(monkeypatch: pytest.MonkeyPatch, op: str) -> None:
    """From here on an action runs out of memory."""
    real = step.run_action

    def run_action(planned: Any, *rest: Any) -> Any:
        if planned.op == op:
            raise MemoryError
        return real(planned, *rest)

    monkeypatch.setattr(progress, "run_action", run_action)


def codes(trace: Path) -> list[str]:
    """The code of each step, `ok` for what went well."""
    return [record.code or "ok" for record in verify(trace).records if isinstance(record, Step)]


def test_a_controller_is_told_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code and what to do are in its next prompt; it answers in another way."""
    starve_action(monkeypatch, "map")
    prompts: list[str] = []

    def reply(prompt: str, _request: Request) -> str:
        prompts.append(prompt)
        return "m = map(context.lines, upper(.text))" if len(prompts) == 1 else "final(4)"

    outcome = run("How many?", TEXT, controller=Scripted(reply), trace=tmp_path / "t.rlm")

    assert outcome.value == 4
    assert (outcome.status, outcome.reason) == ("partial", "out_of_memory")
    assert "m: failed (out_of_memory): this machine has not enough memory for it; work on less" in prompts[1]
    assert replay(verify(tmp_path / "t.rlm")).not_executed == {"out_of_memory": 1}


class ScarceModel:
    """A model whose n-th call runs out of memory."""

    model = "scripted:m"

    def __init__(self, failing: int) -> None:
        self.failing, self.asked = failing, 0

    async def complete(self, _prompt: str, _request: Request) -> Result:
        """See `Client.complete`."""
        self.asked += 1
        if self.asked == self.failing:
            raise MemoryError
        return Answered("yes", Usage(10, 1, 0))


@pytest.mark.parametrize("failing", [1, 3, 5])
def test_a_call_without_memory_is_a_failed_call(tmp_path: Path, failing: int) -> None:
    """The other calls of the fan-out have their answers, and the run goes on."""
    program = 'r = extract_over_chunks(chunk(context, size=4), "{chunk}?", min_ok=0)\nfinal(count(r))'
    execute(program, TEXT, sub=ScarceModel(failing), trace=tmp_path / "t.rlm", workers=1)
    trace = verify(tmp_path / "t.rlm")
    errors = [call.error for seq in range(trace.size) for call in trace.effects(seq)]

    assert errors.count("unavailable") == 1
    assert errors.count("") == len(errors) - 1
    assert replay(trace).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("place", [calls, driver])
def test_a_prompt_without_memory_is_a_call_that_was_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any
) -> None:
    """Nothing is charged for it, and the model is not asked."""
    model = ScarceModel(0)
    if place is calls:
        monkeypatch.setattr(calls, "render", starve)
        # As a request from elsewhere would be: without the text that the kernel has rendered.
        monkeypatch.setattr(Request, "text", "")
    else:
        from rlmlite_kernel.effects.calls import CallSet

        monkeypatch.setattr(CallSet, "__getitem__", starve)
    outcome = execute('final(sub_lm("yes?"))', TEXT, sub=model, trace=tmp_path / "t.rlm")
    monkeypatch.undo()

    assert outcome.status == "failed"
    assert model.asked == 0
    assert outcome.budget["tokens"]["used"] == 0
    assert replay(verify(tmp_path / "t.rlm")).verdict is Verdict.REPRODUCED


def starve(*_: object, **__: object) -> Any:
    """Run out of memory."""
    raise MemoryError


def test_a_tool_without_memory_is_a_failed_call(tmp_path: Path) -> None:
    """Its step fails as for any error of a tool."""

    def look(key: str) -> str:
        """Looks."""
        raise MemoryError("no room")

    execute('x = look(key="a")\nfinal(1)', TEXT, tools=[look], trace=tmp_path / "t.rlm", policy=None)

    assert codes(tmp_path / "t.rlm") == ["calls_failed", "ok"]


def test_a_nested_run_without_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the nested run fails there; the nested controller answers, and so does the parent."""
    starve_action(monkeypatch, "map")
    programs = iter(["m = map(context.lines, upper(.text))", "final(7)", "final(7)"])
    outcome = execute(
        'final(sub_rlm("How many?", context=context))',
        TEXT,
        controller=Scripted(lambda _prompt, _request: next(programs)),
        trace=tmp_path / "t.rlm",
    )
    (nested,) = (tmp_path / "t.rlm" / "nested").iterdir()

    assert outcome.value == 7
    assert "out_of_memory" in codes(nested)
    assert replay(verify(nested)).not_executed == {"out_of_memory": 1}
    assert replay(verify(tmp_path / "t.rlm")).not_executed == {}


def test_a_nested_run_that_cannot_begin_is_a_failed_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory runs out in the host of the nested run: the parent's call fails, and the parent goes on."""
    from rlmlite.agent import nested

    monkeypatch.setattr(nested, "_child", starve)
    outcome = execute(
        'x = sub_rlm("?", context=context)\nfinal(1)', TEXT, controller=Scripted(["final(1)"]), trace=tmp_path / "t.rlm"
    )

    assert outcome.value == 1
    assert codes(tmp_path / "t.rlm") == ["calls_failed", "ok"]


@pytest.mark.parametrize("lost", range(1, 6))
def test_a_trace_that_cannot_be_written_on_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    """Memory runs out while a record is written: what is on disk is a session that goes on."""
    appended, count = Log.append, 0

    def append(log: Log, entry: Any) -> Any:
        nonlocal count
        count += 1
        return starve() if count == lost else appended(log, entry)

    with Session(tmp_path / "s.rlm", TEXT, sub=ScarceModel(0)) as session:
        monkeypatch.setattr(Log, "append", append)
        with pytest.raises((MemoryError, OutOfMemoryError)):
            session.exec('a = sub_lm("?")\nb = count(context.lines)\nc = [a, b]\nd = 1')
    monkeypatch.undo()
    with Session(tmp_path / "s.rlm", sub=ScarceModel(0)) as session:
        session.resume()
        assert session.exec("e = 1").failures == ()

    assert replay(verify(tmp_path / "s.rlm")).verdict is Verdict.REPRODUCED


def test_a_journal_line_is_tried_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment without memory does not lose an answer that was paid for."""
    add, count = Journal.add, 0

    def scarce_add(journal: Journal, id_: str, result: Result) -> None:
        nonlocal count
        count += 1
        if count == 1:
            raise MemoryError
        add(journal, id_, result)

    monkeypatch.setattr(Journal, "add", scarce_add)
    model = ScarceModel(0)

    assert execute('final(sub_lm("?"))', TEXT, sub=model, trace=tmp_path / "t.rlm").value == "yes"
    assert model.asked == 1


def test_a_dry_run_without_memory_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says so and what to do; there is no traceback."""
    from rlmlite.cli.commands import dry_run
    from tests.rlmlite.cli.commands import rlmlite as command

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dry_run, "price", starve)
    done = command("exec", "-e", "final(1)", "--dry-run", "--json")

    assert done.exit_code == 1
    assert "memory ran out; free some, or raise --max-memory" in done.stderr
    assert '"reason": "out_of_memory"' in done.stdout


@pytest.fixture
def _two_threads() -> Iterator[None]:
    use_threads(2)
    yield
    use_threads(1)


@pytest.mark.usefixtures("_two_threads")
def test_a_thread_without_memory_is_the_callers_error() -> None:
    """The error of one piece of work is raised where its result is taken, and nothing hangs."""

    def work(number: int) -> int:
        if number == 3:
            raise MemoryError
        return number

    found: list[int] = []
    with pytest.raises(MemoryError):
        found.extend(map_in_order(work, range(10)))
    assert found == [0, 1, 2]


@pytest.mark.usefixtures("_two_threads")
def test_a_thread_that_cannot_start_is_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python says `RuntimeError` where there is no memory for a stack."""

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(MemoryError, match="can't start new thread"):
        list(map_in_order(len, ["a", "b", "c"]))


def test_work_is_tried_twice() -> None:
    """And then it is an error of the host."""
    tries: list[int] = []

    def scarce() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise MemoryError
        return "done"

    assert retry_once(scarce) == "done"
    with pytest.raises(OutOfMemoryError, match="raise --max-memory"):
        retry_once(starve)


DEATHS: dict[str, Callable[[], bytes]] = {
    "memory": starve,
    "exit": lambda: sys.exit(4),
    "killed": lambda: bytes(signal_self(9)),
    "segfault": lambda: bytes(signal_self(11)),
}


def signal_self(number: int) -> int:
    """End this process by a signal, without a report of where it was."""
    import faulthandler
    import os

    faulthandler.disable()
    os.kill(os.getpid(), number)
    return number


def test_what_a_copy_of_the_process_survives() -> None:
    """Its result, also one larger than a pipe holds."""
    assert survivors_result(lambda: b"x" * 1_000_000) == b"x" * 1_000_000


@pytest.mark.parametrize("how", ["memory", "killed", "segfault"])
def test_what_a_copy_of_the_process_does_not_survive(how: str) -> None:
    """Nothing, and this process is still there."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    assert survivors_result(DEATHS[how]) is None


def test_an_error_in_a_copy_of_the_process_is_raised_here() -> None:
    """So that its caller sees it."""
    nothing: dict[str, bytes] = {}
    with pytest.raises(KeyError):
        survivors_result(lambda: nothing["a"])


def test_the_memory_of_the_library_is_its_hosts() -> None:
    """The function is part of the API."""
    assert "limit_memory" in rlmlite.__all__
