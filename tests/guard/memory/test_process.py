"""The limit on the data of a process: what it counts, what it does not, and what the command says of one too small."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rlmlite.guard import memory
from rlmlite.guard.memory import LEAST, UNLIMITED, TooLittleMemoryError, default_limit, machine, parse_size

ROOT = Path(__file__).parents[3]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the data of a process")


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own."""
    path = os.pathsep.join(str(ROOT / part) for part in (".", "grammar", "kernel", "traces"))
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        timeout=120,
        check=False,
        capture_output=True,
        text=True,
    )


def command(folder: Path, *arguments: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, after some Python."""
    lines = ["import os, sys", before, f"os.chdir({str(folder)!r})", "import rlmlite.cli", "rlmlite.cli.main()"]
    return run("\n".join(lines), *arguments, **environment)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GiB", 4 << 30),
        ("512MiB", 512 << 20),
        ("512 mib", 512 << 20),
        ("1.5GiB", 3 << 29),
        ("800MB", 800_000_000),
        ("2tib", 2 << 40),
        ("1000000000", 10**9),
        (10**9, 10**9),
        ("none", UNLIMITED),
        (" None ", UNLIMITED),
    ],
)
def test_sizes_are_read(text: object, size: int) -> None:
    """As people write them, in units of 1,024 and of 1,000."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GiB", "-1", "4 gigs", "1e9", "0x10", "4GiB4", "inf", "nan", "٤GiB", True, None, 1.5]
)
def test_what_is_no_size_is_refused(text: object) -> None:
    """With words that say what to write; no value turns the limit off by accident."""
    with pytest.raises(ValueError, match=r"expected an amount of memory|at least"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "1", "255MiB", 0, "1KB"])
def test_too_little_is_refused(text: object) -> None:
    """Less than the libraries take."""
    with pytest.raises(TooLittleMemoryError, match="needs at least 256 MiB"):
        parse_size(text)


def test_the_default_is_less_than_the_machine_has() -> None:
    """And at least what is needed to start."""
    total = min(machine.total_memory(), default=1 << 60)
    assert LEAST <= default_limit() <= max(LEAST, total)


@pytest.mark.parametrize(
    ("version", "files"),
    [
        ("0::/a/b\n", {"a/memory.max": "1073741824\n", "a/b/memory.max": "max\n"}),
        ("0::/a/b\n", {"a/b/memory.max": "1073741824\n"}),
        ("0::/not/here\n", {"memory.max": "1073741824\n"}),
        ("4:cpu:/\n3:memory:/a\n", {"memory/a/memory.limit_in_bytes": "1073741824\n"}),
        ("3:memory:/gone\n", {"memory/memory.limit_in_bytes": "1073741824\n"}),
    ],
)
def test_containers_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, files: dict[str, str]) -> None:
    """Of both versions of control groups, its own and those above it, also where a container hides the path."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    real = machine._text_of
    monkeypatch.setattr(machine, "_MOUNTS", (("", tmp_path), ("memory", tmp_path / "memory")))
    monkeypatch.setattr(machine, "_text_of", lambda path: version if path == Path("/proc/self/cgroup") else real(path))

    assert default_limit() <= 0.75 * (1 << 30)


def test_a_full_container_leaves_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others in it use is not there; what it has cached of files is."""
    for name, text in {
        "memory.max": "4294967296",
        "memory.current": "3758096384",
        "memory.stat": "inactive_file 0",
    }.items():
        (tmp_path / name).write_text(text + "\n")
    real = machine._text_of
    monkeypatch.setattr(machine, "_MOUNTS", (("", tmp_path),))
    monkeypatch.setattr(machine, "_text_of", lambda path: "0::/\n" if path == Path("/proc/self/cgroup") else real(path))
    own = machine.own_data()
    full = default_limit()
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {3 << 30}\n")

    assert full <= max(LEAST, own + (512 << 20))
    assert default_limit() > full


@LINUX
def test_mapped_files_do_not_count(tmp_path: Path) -> None:
    """A file of 1 GiB is mapped under a limit of 512 MiB; data of 600 MiB is not."""
    place = tmp_path / "big"
    with place.open("wb") as file:
        file.truncate(1 << 30)
    script = """
        import mmap, sys
        import rlmlite
        assert rlmlite.limit_memory("512MiB") == 512 << 20
        with open(sys.argv[1], "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        assert mapped[-1] == 0 and len(mapped) == 1 << 30
        try:
            bytearray(600 << 20)
        except MemoryError:
            print("held")
    """
    assert run(script, str(place)).stdout == "held\n"


@LINUX
def test_an_input_larger_than_the_limit_is_searched(tmp_path: Path) -> None:
    """300 MB of text under 256 MiB: it is mapped, so it does not count."""
    line = b"a line of text without much in it, over and over again\n" * 20_000
    with (tmp_path / "big.txt").open("wb") as file:
        for _ in range(300_000_000 // len(line)):
            file.write(line)
        file.write(b"the one ERROR\n")
    done = command(
        tmp_path, "exec", "-e", 'final(count(search(context, "ERROR")))', "big.txt", "--max-memory", "256MiB", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert '"value":1' in done.stdout.replace(" ", "")


@LINUX
def test_a_program_that_needs_more_fails_at_that_step(tmp_path: Path) -> None:
    """A copy of every line as Python text: the step fails, the next one answers, and the trace replays."""
    (tmp_path / "log.txt").write_text("a line that is copied, and copied once more\n" * 600_000)
    # Sorted, as the lines of a large text are not held unless something needs all of them.
    program = "l = sort(map(context.lines, upper(.text)))\nfinal(1)"
    flags = ("--max-memory", "256MiB", "--limit", "value_bytes=2000000000", "--trace", "t.rlm")
    done = command(tmp_path, "exec", "-e", program, "log.txt", *flags)
    replayed = command(tmp_path, "trace", "replay", "t.rlm")

    assert done.returncode == 3, done.stderr  # an answer, and a step that the machine could not do
    assert "l: failed (out_of_memory): " in done.stdout
    assert "Traceback" not in done.stderr
    assert replayed.returncode == 0
    assert "steps not re-executed, since by the record the machine failed there: out_of_memory 1" in replayed.stdout


@LINUX
@pytest.mark.parametrize(
    ("before", "environment", "code", "message"),
    [
        ("", {"RLMLITE_MAX_MEMORY": "8MiB"}, 1, "rlmlite needs at least 256 MiB of memory, not 8 MiB"),
        ("", {"RLMLITE_MAX_MEMORY": "plenty"}, 2, "expected an amount of memory such as 4GiB"),
        (
            "import resource; resource.setrlimit(resource.RLIMIT_DATA, (90 << 20, 90 << 20))",
            {},
            1,
            "this process may take only 90 MiB of memory (ulimit -d); rlmlite needs 256 MiB",
        ),
        (
            "import resource; resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20))",
            {},
            1,
            "this process may take only 120 MiB of memory (ulimit -v); rlmlite needs 256 MiB",
        ),
    ],
)
def test_too_little_at_the_start_is_one_message(
    tmp_path: Path, before: str, environment: dict[str, str], code: int, message: str
) -> None:
    """One line and an exit code, before anything is imported that could not be."""
    done = command(tmp_path, "exec", "-e", "final(1)", before=before, **environment)

    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@LINUX
def test_a_limit_of_the_process_is_never_passed() -> None:
    """Neither by a larger one nor by `none`; and the hard limit stays, so that workers can have their own."""
    script = """
        import resource, rlmlite
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (400 << 20, hard))
        print(*(rlmlite.limit_memory(size) >> 20 for size in ("4GiB", "300MiB", "none")))
        print(resource.getrlimit(resource.RLIMIT_DATA)[1] == hard)
    """
    assert run(script).stdout == "400 300 400\nTrue\n"


@LINUX
def test_a_library_sets_no_limit_unasked() -> None:
    """A host that runs a program is not limited; with `max_memory` it is."""
    script = """
        import resource, rlmlite
        before = resource.getrlimit(resource.RLIMIT_DATA)
        rlmlite.execute("final(1)", trace=False)
        assert resource.getrlimit(resource.RLIMIT_DATA) == before
        rlmlite.execute("final(1)", trace=False, max_memory="700MiB")
        print(resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20)
    """
    assert run(script).stdout == "700\n"


def test_other_systems_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no such limit, none is claimed."""
    monkeypatch.setattr(sys, "platform", "darwin")

    assert memory.limit_memory("4GiB") == UNLIMITED
    holds, sentence = memory.memory_report()
    assert not holds
    assert "takes no limit" in sentence
