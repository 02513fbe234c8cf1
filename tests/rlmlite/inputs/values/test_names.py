"""Names of inputs: whatever a program cannot say is refused at every door, and whatever is taken can be used."""

import re
import string
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite.cli.commands.sessions.view import session_document
from rlmlite.errors import InputError
from rlmlite.inputs import Data
from rlmlite.inputs.names import check_name, name_paths
from rlmlite_kernel import ACTIONS, MemoryBlobs, Settings, begin
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.testing.play.turns import KEY, make_input
from tests.sizes import scale

REFUSED = {
    "_1": "the kernel uses such names itself",
    "_20": "the kernel uses",
    "a" * 65: "at most 64 characters, and this one 65",
    "A" * 9_000: "at most 64 characters, and this one 9,000",
    "true": "a word of the language",
    "None": "a word of the language",
    "In": "a word of the language",
    "CONTAINS": "a word of the language",
    "my-log": "letters",
    "1a": "no digit",
    "": "letters",
    "a\n": "letters",
    "größe": "letters",
    "a b": "letters",
}
TAKEN = ["_", "__1", "_1a", "_a", "a" * 64, "none", "Log", "question", "inputs", "text", "len"]


@pytest.mark.parametrize(("name", "why"), REFUSED.items(), ids=lambda word: word[:12])
def test_what_no_program_can_say_is_refused(name: str, why: str, tmp_path: Path) -> None:
    """By each call of Python alike, before anything is loaded, with the reason and what to do, in a few words."""
    (tmp_path / "replies.jsonl").write_text('{"text": "final(1)"}\n')
    model = f"scripted:{tmp_path / 'replies.jsonl'}"
    inputs: Mapping[str, Data] = {"ok": Path("nosuch"), name: "x"}
    doors: tuple[Callable[[], object], ...] = (
        lambda: rlmlite.execute("final(1)", inputs, trace=False),
        lambda: rlmlite.run("?", inputs, controller=model, trace=False),
        lambda: rlmlite.Session(tmp_path / "s.rlm", inputs),
    )
    for door in doors:
        with pytest.raises(InputError, match=re.escape(why)) as refusal:
            door()
        assert "choose another key" in str(refusal.value)
        assert len(str(refusal.value)) < 300
    assert not (tmp_path / "s.rlm").exists()


@pytest.mark.parametrize("key", [1, None, b"log", ("a",)])
def test_a_name_is_text(key: object) -> None:
    """A key of another kind is a message too."""
    with pytest.raises(InputError, match=f"is text, not {type(key).__name__}; choose another key"):
        rlmlite.execute("final(1)", {key: "x"}, trace=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["_1.txt", "_2.txt"], "`_1` cannot be one; write name=_1.txt .the kernel uses such names itself"),
        ([f"{'b' * 65}.log", "c.log"], "write name=b+.log .a name has at most 64 characters, and this one 65"),
        (["_3=_1.txt"], "cannot be called `_3`.*write name=_1.txt"),
        (["my-log=_1.txt"], "cannot be called `my-log`.*write name=_1.txt"),
        (["1=_1.txt"], "begins with no digit; write name=_1.txt"),
        ([f"{'b' * 65}=_1.txt"], "cannot be called `b.*write name=_1.txt"),
        (["in=_1.txt"], "a word of the language; write name=_1.txt"),
    ],
)
def test_the_command_line_says_how_to_name_an_input(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is in the message, ready to be named; so is one whose name could not be meant as a path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_1.txt").write_text("x")

    with pytest.raises(InputError, match=message):
        name_paths(arguments)


def test_a_file_called_like_a_named_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`a-b=c` that exists is read, also beside a file `c`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-b=c").write_text("x")
    (tmp_path / "c").write_text("x")

    assert name_paths(["a-b=c"]) == {"context": "a-b=c"}


def test_a_kernel_refuses_names_of_its_own() -> None:
    """Whoever drives it: it would overwrite and drop such an input."""
    blobs = MemoryBlobs()
    with pytest.raises(SettingsError, match="`_1`"):
        begin({"_1": make_input(blobs, "x")}, Settings(), KEY)


def test_a_nested_run_refuses_them_too() -> None:
    """Its call fails with the reason; the run that asked goes on."""
    program = 'r = sub_rlm("?", _1=context)\nfinal(1)'
    outcome = rlmlite.execute(program, "x", controller="extractive:", sub="extractive:", trace=False)

    assert "an input cannot be called `_1`" in outcome.observation


names = st.one_of(
    st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=70),
    st.sampled_from([*TAKEN, *REFUSED, *ACTIONS]),
    st.text(max_size=5),
)


@settings(max_examples=scale(60))
@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_every_name_that_is_taken_can_be_used(inputs: list[str]) -> None:
    """In programs and templates, beside its twins in other cases and actions of its name; a session shows it."""
    taken = []
    for name in inputs:
        try:
            taken.append(check_name(name))
        except InputError:
            continue
    assume(taken)
    program = "\n".join(
        f'n{at} = count(search({name}, "text"))\nall{at} = render([{{a: 1}}], "{{{name}}}")'
        for at, name in enumerate(taken)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.rlm"
        with rlmlite.Session(path, {name: f"{name} text" for name in taken}) as session:
            outcome = session.exec(
                f"{program}\nfinal(count({taken[0]}) + count(where({taken[0]}.lines, .text != null)))"
            )
            assert (outcome.status, outcome.value) == ("completed", len(taken[0]) + 6), outcome.problems
        with rlmlite.Session(path) as session:
            shown = {variable["name"]: variable for variable in session_document(session)["variables"]}
            assert {*taken} <= shown.keys()
            assert all(session.run.state.variables[name].turn == 0 for name in taken)
