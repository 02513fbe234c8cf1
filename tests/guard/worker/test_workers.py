"""The worker: what it sends arrives, how it ends is told, and what it may not do it cannot."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlmlite.guard.worker import landlock, seccomp
from rlmlite.guard.worker.child import Job
from rlmlite.guard.worker.frames import Message
from rlmlite.guard.worker.limits import (
    JobError,
    WorkerCrashError,
    WorkerError,
    WorkerLimitError,
    WorkerLimits,
    WorkerProtocolError,
    WorkerStartError,
)
from rlmlite.guard.worker.report import protections
from rlmlite.guard.worker.running import run
from rlmlite.guard.worker.starting import NURSERIES
from tests.guard.worker import jobs

MB = 1024 * 1024
LIMITS = WorkerLimits(seconds=5)
LINUX = sys.platform.startswith("linux")


def answer(job: Job, argument: Any = None, limits: WorkerLimits = LIMITS, **more: Any) -> list[Any]:
    """Everything that a job sends, messages decoded."""
    items = run(job, argument, limits, **more)
    return [item.decode(object) if isinstance(item, Message) else item for item in items]


def is_gone(pid: int) -> bool:
    """Whether a process ends within a second, and its parent has taken note of that."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_argument_files_and_feed_arrive(tmp_path: Path) -> None:
    """A worker gets the caller's argument, reads the caller's descriptors, and a pipe that the caller feeds."""
    path = tmp_path / "file"
    path.write_bytes(b"the file")
    with path.open("rb") as file:
        items = answer(jobs.echo, {"a": [1, "b", None]}, files=[file.fileno()], feed=iter([b"fed ", b"", b"twice"]))

    assert items[:2] == [{"a": [1, "b", None]}, b"the file"]
    assert b"".join(items[2:]) == b"fed twice"


def test_much_passes_both_ways() -> None:
    """More than the pipes hold, in both directions at once, in blocks of any size."""
    blocks = [bytes([number]) * (number * 40_000) for number in range(60)]

    assert b"".join(answer(jobs.echo, feed=iter(blocks))[1:]) == b"".join(blocks)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (("abort", 0), "crashed: signal 6, SIGABRT"),
        (("null", 0), "crashed: signal 11, SIGSEGV"),
        (("null", 12345), "crashed: signal 11, SIGSEGV"),
        (("exit", 0), "ended by itself: status 0"),
        (("exit", 3), "ended by itself: status 3"),
    ],
)
def test_a_crash_is_an_error_that_says_how(how: tuple[str, int], message: str) -> None:
    """However a worker ends before its answer does, the caller hears of it; the next job finds a worker again."""
    with pytest.raises(WorkerCrashError, match=message):
        answer(jobs.die, how)

    assert answer(jobs.echo, 1) == [1]


def test_an_exception_keeps_its_class_and_words() -> None:
    """The words are the worker's: they come as text, cut at a length, and in no other form."""
    with pytest.raises(JobError) as caught:
        answer(jobs.fail, "x" * 100_000)

    assert (caught.value.kind, caught.value.text) == ("ValueError", "x" * 2_000)


@pytest.mark.skipif(not LINUX, reason="macOS takes no limit on memory")
def test_memory_is_limited() -> None:
    """A worker that uses more than it may is stopped by the system, and the error names the limit."""
    with pytest.raises(WorkerLimitError, match="104,857,600 bytes of memory") as caught:
        answer(jobs.use_memory, limits=WorkerLimits(seconds=5, memory=100 * MB))

    assert caught.value.limit == "memory"


@pytest.mark.parametrize("way", ["awake", "asleep"])
def test_time_is_limited(way: str) -> None:
    """Of the processor and of the clock: a worker that does nothing is stopped too."""
    seconds = 1 if way == "awake" else 0.1
    with pytest.raises(WorkerLimitError, match=f"{seconds:g} second") as caught:
        answer(jobs.use_time, way, WorkerLimits(seconds=seconds))

    assert caught.value.limit == "seconds"


def test_an_iterator_that_is_closed_kills_its_worker() -> None:
    """As it is when the caller has enough, or is interrupted. No zombie is left."""
    items = run(jobs.stay)
    first = next(items)
    assert isinstance(first, Message)
    pid = first.decode(int)
    items.close()  # type: ignore[attr-defined]  # it is a generator

    assert is_gone(pid)


def test_an_interrupt_kills_the_worker() -> None:
    """Ctrl-C while this process waits for a worker."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
    begun = time.monotonic()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            answer(jobs.stay, limits=WorkerLimits(seconds=30))
    finally:
        signal.signal(signal.SIGINT, before)

    assert time.monotonic() - begun < 5


def test_a_worker_that_ends_as_it_is_let_go_disturbs_nobody() -> None:
    """The end of the child and that of its lifeline may be noticed in one round, in either order."""
    answer(jobs.echo, 1)
    assert NURSERIES.handle is not None
    nursery = NURSERIES.handle.pid
    for number in range(100):
        items = run(jobs.echo, number)
        next(items)
        # Some are closed before their end, some at it, some after.
        time.sleep(0.0005 * (number % 7))
        items.close()  # type: ignore[attr-defined]  # it is a generator

    assert answer(jobs.echo, 2) == [2]
    assert NURSERIES.handle.pid == nursery


def test_what_the_feed_raises_reaches_the_caller() -> None:
    """An error of what is fed is not the worker's."""

    def broken() -> Iterator[bytes]:
        yield b"some"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        answer(jobs.echo, feed=broken())


def test_a_worker_may_leave_its_feed_unread() -> None:
    """The end of the job is the end, however much is left to feed."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * MB

    with pytest.raises(JobError):
        answer(jobs.fail, "enough", feed=endless())


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense that is no frame",
        b"B\xff\xff\xff\xff",
        b"B\x00\x00\x10\x00short",
        b"Z\x00\x00\x00\x00",
        b"X\x00\x00\x00\x01\xc1",
        b"X\x00\x00\x00\x03\x93\x01\x02",
        b"M\x00\x00",
        b"B",
    ],
)
def test_what_is_not_a_frame_is_refused(raw: bytes) -> None:
    """A worker in other hands can write anything into its pipe: it is an error of this job."""
    with pytest.raises((WorkerProtocolError, WorkerCrashError)):
        answer(jobs.write_raw, raw)


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\xa4\xff\xff\xff\xff", b"\x91" * 3_000])
def test_a_message_is_decoded_into_its_type_or_refused(body: bytes) -> None:
    """No length, nesting or byte in a message raises anything else."""
    with pytest.raises(WorkerProtocolError):
        Message(body).decode(dict[str, int])


@pytest.mark.skipif(not seccomp.available() or not landlock.version(), reason="needs Landlock and libseccomp")
@pytest.mark.parametrize("what", jobs.ATTEMPTS)
def test_a_worker_can_do_nothing_but_answer(what: str) -> None:
    """No network, no other file, no other process, no way out of its limits, even for root."""
    assert answer(jobs.attempt, what)[0].startswith("refused: ")


def test_a_worker_has_what_libraries_need_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads and time zones work; the environment has no key; four descriptors are open; the folder is the root."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    NURSERIES.end()
    zone, environment, folder, descriptors = answer(jobs.harmless)

    assert zone == "UTC"
    assert not {"OPENAI_API_KEY", "HOME", "PATH", "PYTHONPATH"} & environment.keys()
    assert folder == "/"
    assert len(descriptors) == 4


def test_many_threads_and_a_loop_use_one_nursery() -> None:
    """Jobs run side by side, from threads and from asyncio."""
    answers: list[list[Any]] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(answer(jobs.echo, n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def both() -> list[list[Any]]:
        return list(await asyncio.gather(*(asyncio.to_thread(answer, jobs.echo, n) for n in range(2))))

    assert sorted(answers) == [[0], [1], [2], [3]]
    assert asyncio.run(both()) == [[0], [1]]


def test_a_nursery_that_was_killed_is_replaced() -> None:
    """The system may kill it for want of memory; its workers go with it, and the next job starts another."""
    items = run(jobs.stay, limits=WorkerLimits(seconds=20))
    first = next(items)
    assert isinstance(first, Message)
    assert NURSERIES.handle is not None
    os.kill(NURSERIES.handle.pid, signal.SIGKILL)
    with pytest.raises(WorkerCrashError):
        list(items)

    assert answer(jobs.echo, 1) == [1]
    # Nobody may be there to take note of an orphan's end, so that a zombie of it remains.
    state = Path(f"/proc/{first.decode(int)}/stat")
    assert not LINUX or not state.exists() or state.read_text().split()[2] == "Z"


def test_a_fork_of_this_process_has_a_nursery_of_its_own() -> None:
    """A host that forks keeps its nursery, and so does the fork: neither ends the other's."""
    answer(jobs.echo, 1)
    before = NURSERIES.handle
    NURSERIES.forget()

    assert answer(jobs.echo, 2) == [2]
    NURSERIES.end()
    NURSERIES.handle = before


HOST = """
import os, signal, sys
os.closerange(0, 3)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGXCPU, signal.SIGTERM})
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
from rlmlite.guard.worker.limits import WorkerCrashError, WorkerLimitError, WorkerLimits
from rlmlite.guard.worker.running import run
from tests.guard.worker import jobs
said = [list(run(jobs.echo, 1))[0].decode(int)]
for job, argument in ((jobs.die, ("abort", 0)), (jobs.use_time, "awake")):
    try:
        list(run(job, argument, WorkerLimits(seconds=1)))
    except (WorkerCrashError, WorkerLimitError) as error:
        said.append(str(error))
open(sys.argv[1], "w").write(repr(said))
"""


def test_an_odd_host_has_workers_too(tmp_path: Path) -> None:
    """One without standard streams, with signals blocked and ignored, as daemons and servers have them."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    path = tmp_path / "said"
    subprocess.run([sys.executable, "-c", HOST, str(path)], env=environment, cwd=tmp_path, check=True)

    assert path.read_text() == "[1, 'crashed: signal 6, SIGABRT', 'took more than 1 seconds']"


KILLED = """
import os, signal, sys
from rlmlite.guard.worker.limits import WorkerLimits
from rlmlite.guard.worker.running import run
from tests.guard.worker import jobs
items = run(jobs.stay, None, WorkerLimits(seconds=60))
print(next(items).decode(int), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_death_of_the_host_ends_its_workers(tmp_path: Path) -> None:
    """Also when it is killed and can say nothing."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, cwd=tmp_path, capture_output=True)

    assert done.returncode == -signal.SIGKILL
    assert is_gone(int(done.stdout))


def test_a_missing_function_is_an_error_of_the_start() -> None:
    """The module is imported in the nursery; what goes wrong there comes back in its words."""

    def inner(assignment: object) -> Iterator[bytes]:
        yield b""

    with pytest.raises(WorkerStartError, match="AttributeError"):
        answer(inner)


def test_every_error_is_a_worker_error() -> None:
    """So that a caller can catch them all."""
    kinds = (JobError, WorkerCrashError, WorkerLimitError, WorkerProtocolError, WorkerStartError)

    assert all(issubclass(kind, WorkerError) for kind in kinds)


def test_protections_say_what_holds_here() -> None:
    """Each with a reason, whether it holds or not."""
    said = {protection.name: protection for protection in protections()}

    assert said["Landlock"].holds is bool(landlock.version())
    assert said["seccomp"].holds is seccomp.available()
    assert all(protection.why for protection in said.values())
