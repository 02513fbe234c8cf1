"""`rlmlite doctor`: what protects the user here, as facts with a yes or a no, and what to do about a no.

It reads settings and asks the system; nothing is written, no model is called, no key is printed or sent. A server whose
model the settings name is asked what it reads. What is wrong is a line and not an error, so that one bad file does not
hide the rest.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from rlmlite.cli.commands.dry_run import window_words
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_heading, print_indented, print_json
from rlmlite.cli.settings.config import load
from rlmlite.cli.settings.environment import PREFIX
from rlmlite.cli.settings.files import FILE, read_folder_file, read_user_file, user_path
from rlmlite.cli.settings.folder import settings_of_folder
from rlmlite.clients.bounds.spending import Spending
from rlmlite.clients.interface.keys import OPENAI_KEY, OPENAI_ORIGIN, SHARED_KEY, without_keys
from rlmlite.clients.interface.prices import dollars
from rlmlite.errors import SettingError
from rlmlite.guard.memory.limit import memory_report
from rlmlite.guard.places import HOME_VARIABLE, is_mine, state_folder
from rlmlite.guard.trust.trusted import state_of, trusted_files
from rlmlite.guard.worker.report import protections
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import kernel_settings, prepare
from rlmlite_traces.errors import words_of

_EXTRAS = {
    "tables": ("duckdb", "pyarrow"),
    "aiohttp": ("aiohttp",),
    "documents": ("mammoth", "markdownify", "pypdf"),
    "remote": ("fsspec",),
    "fast": ("hyperscan",),
    "code": ("tree-sitter",),
}
"""The extras, by the distributions that show that they are there."""


class Fact(msgspec.Struct, frozen=True):
    """Something that holds or does not, or (None) only is so. `text` says it, and what to do where it does not hold."""

    about: str
    name: str
    holds: bool | None
    text: str


def run(*, as_json: bool) -> Exit:
    """The command."""
    return exit_code_of(lambda: _run(as_json), as_json=as_json)


def _run(as_json: bool) -> Exit:
    facts = [fact for part in _PARTS for fact in _facts(part)]
    if as_json:
        print_json(value=msgspec.to_builtins(facts))
        return Exit.COMPLETED
    about = ""
    for fact in facts:
        if fact.about != about:
            about = fact.about
            print_heading(about)
        mark = {True: "yes", False: "NO ", None: "-  "}[fact.holds]
        print_indented(f"{mark} {fact.name}: {fact.text}")
    return Exit.COMPLETED


def _facts(part: Callable[[], Iterator[Fact]]) -> Iterator[Fact]:
    try:
        yield from part()
    except (SettingError, OSError) as error:
        yield Fact(part.__name__.strip("_"), "error", False, words_of(error))


def _settings() -> Iterator[Fact]:
    own = read_user_file()
    yield Fact("settings", "yours", None, f"{user_path()}, {'none' if own is None else 'counts everywhere'}")
    folder = read_folder_file()
    if folder is None:
        yield Fact("settings", "this folder's", None, "none")
    else:
        found = settings_of_folder(folder, make_settings({} if own is None else own.values))
        ignored = f"; ignored: {', '.join(found.ignored)}" if found.ignored else ""
        is_all = found.trusted or not found.ignored
        text = "trusted" if found.trusted else "not trusted, so only what is harmless counts"
        yield Fact("settings", "this folder's", is_all, f"{Path(FILE).absolute()}, {text}{ignored}")
    names = sorted(name for name in os.environ if name.upper().startswith(PREFIX))
    yield Fact("settings", "variables", None, ", ".join(names) or "none")


def _trust() -> Iterator[Fact]:
    for trusted in trusted_files():
        state = state_of(trusted)
        yield Fact("trust", trusted.path, state == "counts", state)


def _keys() -> Iterator[Fact]:
    bound = dict(load({}).keys)
    bound.setdefault(OPENAI_ORIGIN, OPENAI_KEY)
    for origin, variable in bound.items():
        yield _key(origin, variable)
    if SHARED_KEY not in bound.values():
        yield _key("the one server of a run that has no key of its own", SHARED_KEY)


def _key(server: str, variable: str) -> Fact:
    is_there = "which is set" if os.environ.get(variable) else "which is not set"
    return Fact("keys", server, None, f"the key in {variable}, {is_there}")


def _models() -> Iterator[Fact]:
    settings = load({})
    with without_keys():
        setup = prepare(msgspec.structs.replace(settings, trace=False, tools=(), policy=None)).with_windows()
    for name, role in kernel_settings(setup).roles.items():
        yield Fact("models", name, None, f"{role.model}, {window_words(role)}")


def _spending() -> Iterator[Fact]:
    limits = load({}).spend
    if limits is None:
        yield Fact("spending", "limits", None, "none; [spend] in your settings limits a day or a month")
        return
    for period, (amount, limit) in Spending(limits).totals().items():
        if limit is not None:
            text = f"{dollars(amount)} of {dollars(limit)} is spent or set aside"
            yield Fact("spending", period, amount < limit, text)


def _folders() -> Iterator[Fact]:
    folder = state_folder()
    home = f" (by {HOME_VARIABLE})" if os.environ.get(HOME_VARIABLE) else ""
    if not folder.exists():
        yield Fact("folders", f"{folder}{home}", True, "not there yet; it is made for you alone")
        return
    status = folder.stat()
    is_private = is_mine(status) and not (os.name == "posix" and status.st_mode & 0o077)
    mode = stat.S_IMODE(status.st_mode)
    text = f"only yours ({mode:o})" if is_private else f"open to others ({mode:o}); chmod 700 it"
    yield Fact("folders", f"{folder}{home}", is_private, text)


def _parsers() -> Iterator[Fact]:
    for protection in protections():
        yield Fact("parsers of strangers' files", protection.name, protection.holds, protection.why)


def _memory() -> Iterator[Fact]:
    holds, text = memory_report()
    yield Fact("this process", "memory", holds, text)


def _python() -> Iterator[Fact]:
    from importlib.metadata import PackageNotFoundError, version

    def versions(names: tuple[str, ...]) -> str | None:
        try:
            return ", ".join(f"{name} {version(name)}" for name in names)
        except PackageNotFoundError:
            return None

    yield Fact("installation", "version", None, versions(("rlmlite",)) or "not installed: run from a checkout")
    yield Fact("installation", "Python", None, f"{sys.version.split()[0]}, {sys.executable}")
    by_module = "-m" in sys.orig_argv[:-1] and not sys.flags.safe_path
    how = "Python looked in this folder for its first modules; use `rlmlite` or `python -P -m rlmlite`"
    text = how if by_module else "nothing is imported from the working folder"
    yield Fact("installation", "import path", not by_module, text)
    for extra, names in _EXTRAS.items():
        missing = f"not there; pip install 'rlmlite[{extra}]'"
        yield Fact("installation", f"extra {extra}", None, versions(names) or missing)


_PARTS = (_settings, _trust, _keys, _models, _spending, _folders, _parsers, _memory, _python)
