"""Nothing that a stranger wrote reaches the terminal as it is: of every command, option and error."""

import importlib
import io
import json
import pkgutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

import rlmlite
import rlmlite_grammar
import rlmlite_kernel
import rlmlite_traces
from rlmlite.cli import app as command_line
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.guard.terminal import HarmlessStream, harmless, harmless_json, make_streams_harmless, one_line, own_stream

HOSTILE = "\x1b[2J\x1b]8;;mailto:x\x07link\x1b]8;;\x07\u202e\u2066\r\x9b31m\U000e0041\u2028\ufffa\x08\udcff"
"""A cleared screen, a link, reversed and hidden text, a return to the start of the line, a byte that is not UTF-8."""


class Output(io.TextIOWrapper):
    """A stream of bytes, as that of a process."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", errors="strict", write_through=True)

    def text(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode("utf-8")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, as a user of its own; this process keeps its memory."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "RLMLITE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(command_line, "_limit_memory", lambda: None)


def shown_by(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What `rlmlite WORDS` writes, on both streams; a bug's traceback as well."""
    out, err = Output(), Output()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        patch.setattr(sys, "argv", ["rlmlite", *words])
        try:
            command_line.run_command_line()
        except SystemExit:
            pass
        except BaseException:
            sys.excepthook(*sys.exc_info())
    return out.text() + err.text()


def assert_harmless(output: str) -> None:
    assert harmless(output) == output


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))
    yield path, command


COMMANDS = dict(_commands(get_command(command_line.app)))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "rlmlite")
def test_every_command_shows_its_words_harmlessly(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile name as an argument, as the value of every option, and as an option that there is not."""
    Path(HOSTILE).write_text("words\n")
    Path("p.act").write_text("final(count(context))")
    values = [[HOSTILE], [f"--{HOSTILE}"], [HOSTILE, HOSTILE], ["p.act", HOSTILE]]
    for parameter in COMMANDS[path].params:
        if parameter.param_type_name == "option" and not parameter.is_flag:
            values.append([parameter.opts[-1], HOSTILE])
            values.append([parameter.opts[-1], f"{HOSTILE}={HOSTILE}", "p.act"])
    for words in values:
        assert_harmless(shown_by([*path, *words], monkeypatch))


def _error_classes() -> list[type[BaseException]]:
    found: dict[str, type[BaseException]] = {}
    for package in (rlmlite, rlmlite_grammar, rlmlite_kernel, rlmlite_traces):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, BaseException) and "rlmlite" in value.__module__:
                    found[f"{value.__module__}.{value.__qualname__}"] = value
    return [found[name] for name in sorted(found)]


OTHERS: list[type[BaseException]] = [ValueError, LookupError, OSError, RecursionError, ZeroDivisionError, SyntaxError]


@pytest.mark.parametrize("kind", [*_error_classes(), *OTHERS], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_error_is_shown_harmlessly(
    kind: type[BaseException], as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a message, as JSON, or as the traceback of a bug, with a note and a cause."""
    error = kind.__new__(kind, HOSTILE)
    error.args = (HOSTILE,)
    error.add_note(HOSTILE)
    error.__cause__ = ValueError(HOSTILE)

    def fail() -> Exit:
        raise error

    out, err = Output(), Output()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        make_streams_harmless()
        # Some errors have words of their own, which their arguments do not fill.
        with suppress(AttributeError):
            try:
                exit_code_of(fail, as_json=as_json)
            except BaseException:
                sys.excepthook(*sys.exc_info())

    assert_harmless(out.text() + err.text())


WRITERS: dict[str, Callable[[], object]] = {
    "print": lambda: print(HOSTILE),  # noqa: T201
    "print to stderr": lambda: print(HOSTILE, file=sys.stderr),  # noqa: T201
    "lines": lambda: sys.stdout.writelines([HOSTILE, HOSTILE]),
    "echo": lambda: typer.echo(HOSTILE),
    "echo to stderr": lambda: typer.echo(HOSTILE, err=True),
    "a traceback": lambda: sys.excepthook(ValueError, ValueError(HOSTILE), None),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_whoever_writes_is_harmless(writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also libraries, and Python itself."""
    out, err = Output(), Output()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        for stream in (out, err):
            stream.reconfigure(errors="backslashreplace")
        make_streams_harmless()
        WRITERS[writer]()
    shown = out.text() + err.text()

    # The whole sequence is gone where `echo` takes styles out.
    assert "\\x07" in shown
    assert_harmless(shown)


def test_styles_of_ours_stay() -> None:
    """They go to the stream itself; bytes have no way around it."""
    out = Output()
    stream = HarmlessStream(out)
    own_stream(stream).write("\x1b[1mbold\x1b[0m")  # type: ignore[arg-type]
    stream.write("\x1b[1mbold")

    assert out.text() == "\x1b[1mbold\x1b[0m\\x1b[1mbold"
    assert own_stream(out) is out
    assert not hasattr(stream, "buffer")
    assert stream.encoding == "utf-8"


def test_characters_that_control_are_spelled_out() -> None:
    """All that do, and no letter; JSON means the same."""
    for code in (*range(0x300), 0x61C, *range(0x2000, 0x2070), 0xD800, 0xDFFF, 0xFFF9, *range(0xE0000, 0xE0080)):
        char = chr(code)
        shown = harmless(char)
        is_control = unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or 0xE0000 <= code < 0xE0080

        assert (shown != char) >= (is_control and char not in "\t\n")
        assert (shown == char) >= (unicodedata.category(char)[0] in "LNPSM")
        assert harmless(shown) == shown
        assert one_line(one_line(char)) == one_line(char)
        assert json.loads(harmless_json(json.dumps(char, ensure_ascii=False))) == char
