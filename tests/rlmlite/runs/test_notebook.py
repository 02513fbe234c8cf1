"""A notebook's cells: plain calls and awaited ones, Ctrl-C, context variables, what is shown. In a real kernel."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.guard.notebook import ThreadRunner, is_loop_of_cells

CELLS = {
    "set up": """
import asyncio, contextvars, os, signal, sys, threading
import rlmlite
from rlmlite_kernel.effects.requests import NO_USE, Answered
READER = contextvars.ContextVar("READER", default="nobody")
class Model(rlmlite.Scripted):
    name = "model"
    seen = []
    async def complete(self, text, request):
        self.seen.append((READER.get(), threading.current_thread().name))
        await asyncio.sleep(60 if "wait" in text else 0)
        return Answered("yes", NO_USE)
model = Model([])
QUESTION = dict(controller=rlmlite.Scripted(['final(sub_lm("?"))'] * 2), sub=model, trace=False)
""",
    "a plain run": """
READER.set("ann")
outcome = rlmlite.run("Is it?", "text", **QUESTION)
assert (outcome.status, outcome.value) == ("completed", "yes"), outcome
assert model.seen[-1] == ("ann", "rlmlite-calls"), model.seen
assert "rlmlite-calls" not in [thread.name for thread in threading.enumerate()]
""",
    "an awaited run": """
again = dict(QUESTION, controller=rlmlite.Scripted(['final(sub_lm("?"))'] * 2))
outcome = await rlmlite.arun("Is it?", "text", **again)
assert (outcome.status, model.seen[-1]) == ("completed", ("ann", "MainThread")), model.seen
""",
    "a program and a session": """
assert rlmlite.execute('a = sub_lm("a")\\nfinal(a)', sub=model, trace=False).value == "yes"
with rlmlite.Session("s.rlm", "text", sub=model) as session:
    assert session.exec('final(sub_lm("?"))').value == "yes"
""",
    "Ctrl-C": """
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    rlmlite.execute('final(sub_lm("wait"))', sub=model, trace=False)
except KeyboardInterrupt:
    print("stopped")
assert "rlmlite-calls" not in [thread.name for thread in threading.enumerate()]
""",
    "what is shown": "outcome",
}


def test_everything_works_in_a_cell(tmp_path: Path) -> None:
    """Plain and awaited calls, a session, Ctrl-C while a model is waited for; an outcome is shown as a table."""
    pytest.importorskip("ipykernel", reason="ipykernel is not installed; it is in the group `dev`")
    nbformat = pytest.importorskip("nbformat", reason="nbclient is not installed; it is in the group `dev`")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed; it is in the group `dev`")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])

    nbclient.NotebookClient(book, timeout=30, resources={"metadata": {"path": str(tmp_path)}}).execute()

    outputs: dict[str, Any] = dict(zip(CELLS, (cell.outputs for cell in book.cells), strict=True))
    assert outputs["Ctrl-C"][0]["text"] == "stopped\n"
    shown = outputs["what is shown"][0]["data"]
    assert shown["text/plain"].startswith("Outcome(completed, answer='yes'")
    assert shown["text/html"].startswith("<table")


def test_a_loop_that_runs_no_cells_is_refused() -> None:
    """A server's loop has others to serve, and the message names what to await."""

    async def serve() -> None:
        assert not is_loop_of_cells(asyncio.get_running_loop())
        rlmlite.execute("final(1)", trace=False)

    with pytest.raises(RuntimeError, match=r"await rlmlite\.execute_async\(\.\.\.\) instead"):
        asyncio.run(serve())


def test_the_thread_raises_what_the_work_raises_and_leaves_nothing() -> None:
    """An error is that of the work itself; what still runs is cancelled when the thread is closed."""
    cancelled = []

    async def go_on() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def fail() -> None:
        tasks.append(asyncio.ensure_future(go_on()))
        await asyncio.sleep(0)
        raise LookupError("its own")

    tasks: list[asyncio.Task[None]] = []
    runner = ThreadRunner()
    with pytest.raises(LookupError, match="its own"):
        runner.run(fail())
    runner.close()

    assert cancelled
    assert "rlmlite-calls" not in [thread.name for thread in threading.enumerate()]
