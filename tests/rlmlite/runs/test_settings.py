"""Settings: one table over all entry points and the command line. What is not in it is refused; what is, holds."""

import asyncio
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ForwardRef, get_type_hints

import pytest

import rlmlite
from rlmlite import Limits, Scripted, SettingError
from rlmlite.cli.settings.config import FILE, load
from rlmlite.clients import Calling
from rlmlite.prices import Price
from rlmlite.runs.settings import SETTINGS, RunSettings, SettingKeywords, from_keywords, make_settings
from rlmlite_kernel import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Policy, Role

PROGRAM = "final(count(context.lines))"
TEXT = "a\nb\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def look_up(word: str) -> str:
    """Looks a word up."""
    return word


VALUES: dict[str, Any] = {
    "controller": Scripted(lambda _text, _request: PROGRAM),
    "sub": "extractive:",
    "nested": ["extractive:"],
    "limits": Limits(turns=9),
    "max_cost": "0.50",
    "confirm_above": 1,
    "permit": lambda _calls, _bound: True,
    "answer_type": int,
    "last_answer": False,
    "patience": 2,
    "trace": "t.rlm",
    "run_key": "ab" * 32,
    "scope": {"user": "ann"},
    "on_event": lambda _event: None,
    "tools": [look_up],
    "policy": Policy(),
    "approve": "never",
    "reading": {"encoding": "utf-8"},
    "copy_inputs": True,
    "store": "store",
    "copy_to": "copies",
    "threads": 1,
    "workers": 3,
    "timeout": 5,
    "retries": 0,
    "stream": True,
    "decode": "tool",
    "temperature": None,
    "max_output_tokens": 100,
    "prices": {"": "0,0"},
    "tell": lambda _text: None,
    "calling": Calling(workers=2),
}
"""A value for each setting."""

ALONE: dict[str, dict[str, Any]] = {
    "store": {"copy_inputs": True},
    "max_cost": {"prices": {"": "0,0"}},
    "prices": {"max_cost": "0.50"},
}
"""What a setting needs beside it."""


async def _streamed(*arguments: Any, **settings: Any) -> Any:
    return [event async for event in rlmlite.stream(*arguments, **settings)][-1].outcome  # type: ignore[union-attr]


def _in_session(text: str, inputs: str, **settings: Any) -> Any:
    with rlmlite.Session("session.rlm", inputs, **settings) as session:
        return session.exec(text)


ENTRY_POINTS: dict[str, Callable[..., Any]] = {
    "run": lambda **settings: rlmlite.run("How many?", TEXT, **settings),
    "arun": lambda **settings: asyncio.run(rlmlite.arun("How many?", TEXT, **settings)),
    "stream": lambda **settings: asyncio.run(_streamed("How many?", TEXT, **settings)),
    "Session": lambda **settings: _in_session(PROGRAM, TEXT, **settings),
    "execute": lambda **settings: rlmlite.execute(PROGRAM, TEXT, **settings),
    "execute_async": lambda **settings: asyncio.run(rlmlite.execute_async(PROGRAM, TEXT, **settings)),
}


def test_there_is_a_value_for_every_setting() -> None:
    """So that the tests below are over all of them, and a new one cannot be forgotten."""
    assert VALUES.keys() == SETTINGS.keys()


def test_keywords_and_fields_are_the_same_names() -> None:
    """What a caller may write is what there is, and each is documented."""
    assert list(get_type_hints(SettingKeywords, localns={"Function": Any, "PythonTool": Any, "Approver": Any})) == list(
        SETTINGS
    )
    assert [*SETTINGS, "explicit"] == list(RunSettings.__struct_fields__)
    assert all(setting.doc for setting in SETTINGS.values())


@pytest.mark.parametrize("entry", ENTRY_POINTS)
@pytest.mark.parametrize("name", VALUES)
def test_every_setting_is_accepted_everywhere(entry: str, name: str) -> None:
    """In each entry point, with the same outcome. A session is its own trace, and says so."""
    settings = {"controller": Scripted([PROGRAM]), **ALONE.get(name, {}), name: VALUES[name]}
    if entry == "Session" and name == "trace":
        with pytest.raises(SettingError, match="trace of a session is the session itself"):
            ENTRY_POINTS[entry](**settings)
        return
    if name in ("max_cost", "nested", "confirm_above"):
        settings["controller"] = Free([PROGRAM])

    assert ENTRY_POINTS[entry](**settings).value == 2


class Free(Scripted):
    """A scripted model that says it is free."""

    def role(self) -> Role:
        return Role(model=self.model, input_price=0, output_price=0)


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_an_unknown_keyword_is_a_type_error_with_a_hint(entry: str) -> None:
    """And nothing has begun."""
    with pytest.raises(TypeError, match=rf"{entry}\(\) got an unknown setting `polcy`; did you mean `policy`\?"):
        ENTRY_POINTS[entry](controller=Scripted([]), polcy="x.toml")
    with pytest.raises(TypeError, match="did you mean `limits`"):
        ENTRY_POINTS[entry](controller=Scripted([]), limit=3)
    assert list(Path().iterdir()) == []


class Dear:
    """A model that charges 5 dollars a call, whatever its price is said to be."""

    model = "dear:"

    def __init__(self, price: int | None) -> None:
        self._price, self.calls = price, 0

    def role(self) -> Role:
        return Role(model=self.model, input_price=self._price, output_price=self._price)

    async def complete(self, text: str, request: Request) -> Result:
        self.calls += 1
        return Answered(PROGRAM, Usage(1, 1, 5_000_000_000))


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_a_model_of_unknown_price_is_refused_under_a_cap(entry: str) -> None:
    """Before any call, with what to do."""
    model = Dear(None)
    with pytest.raises(SettingError, match=r"price of dear: is unknown.*prices="):
        ENTRY_POINTS[entry](controller=model, max_cost="0.01")
    assert model.calls == 0


@pytest.mark.parametrize("entry", ["run", "arun", "stream"])
def test_what_does_not_fit_the_cap_is_not_called(entry: str) -> None:
    """A call that may cost more than the whole cap."""
    model = Dear(1_000_000_000)
    outcome = ENTRY_POINTS[entry](controller=model, max_cost="0.01", trace=False)

    assert (outcome.status, outcome.reason, model.calls) == ("partial", "budget", 0)


@pytest.mark.parametrize("entry", ["run", "arun", "stream"])
def test_a_model_that_charges_more_than_its_price_does_not_complete(entry: str) -> None:
    """Its first call could not be foreseen; there is no second, and the run is not what was agreed to."""
    model = Dear(1)
    outcome = ENTRY_POINTS[entry](controller=model, max_cost="0.01", trace=False)

    assert (outcome.status, outcome.reason, model.calls) == ("partial", "budget", 1)
    assert outcome.budget["cost_nano"] == {"used": 5_000_000_000, "limit": 10_000_000}


def test_a_sub_that_charges_more_than_its_price_does_not_complete() -> None:
    """In a program without a controller as well, and in a session."""
    program = 'final(sub_lm("?"))'
    alone = rlmlite.execute(program, sub=Dear(1), max_cost="0.01", trace=False)
    inside = _in_session(program, TEXT, sub=Dear(1), max_cost="0.01")

    assert [(outcome.status, outcome.reason) for outcome in (alone, inside)] == [("partial", "budget")] * 2


def test_a_price_that_is_given_counts_for_a_client_that_knows_none() -> None:
    """So that it can run under a cap."""
    model = Dear(None)
    outcome = rlmlite.run("?", TEXT, controller=model, prices={"dear:": "1,2"}, max_cost="9", trace=False)

    assert (outcome.status, outcome.budget["cost_nano"]["used"]) == ("completed", 5_000_000_000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "setting workers: expected a whole number from 1 to 1,000, found 0"),
        ({"workers": True}, "setting workers: expected a whole number"),
        ({"workers": 2.0}, "setting workers: expected a whole number"),
        ({"retries": -1}, "setting retries: expected a whole number from 0 to 20, found -1"),
        ({"timeout": 0}, "setting timeout: expected a number above 0"),
        ({"timeout": float("nan")}, "setting timeout: expected a number above 0"),
        ({"temperature": 3}, "setting temperature: expected a number from 0 to 2"),
        ({"patience": 0}, "setting patience: expected a whole number"),
        ({"threads": 0}, "setting threads: expected a whole number"),
        ({"stream": "perhaps"}, "setting stream: expected true or false, found 'perhaps'"),
        ({"decode": "json"}, 'setting decode: expected "tool" or "grammar", found \'json\''),
        ({"max_cost": "-1"}, "setting max_cost: expected dollars"),
        ({"max_cost": "two"}, "setting max_cost: expected dollars"),
        ({"max_cost": float("inf")}, "setting max_cost: expected dollars"),
        ({"limits": Limits(turns=1.5)}, "limit turns=1.5: expected a whole number, 0 or more"),  # type: ignore[arg-type]
        ({"limits": Limits(turns=-1)}, "limit turns=-1: expected a whole number, 0 or more"),
        ({"limits": {"turns": None}}, "limit turns=None: expected a whole number, 0 or more"),
        ({"limits": {"turn": 1}}, "no limit `turn`; did you mean `turns`"),
        ({"limits": 3}, "setting limits: expected values by name, found 3"),
        ({"limits": Limits(cost_nano=1), "max_cost": 1}, "say the same thing"),
        ({"controller": 3}, "setting controller: expected a model string or a client, found 3"),
        ({"controller": ["extractive:", None]}, "setting controller: expected a model string or a client"),
        ({"sub": object()}, "setting sub: expected a model string or a client"),
        ({"on_event": 1}, "setting on_event: expected a function, found 1"),
        ({"approve": 1}, "setting approve: expected a function, found 1"),
        ({"scope": {"user": 1}}, "setting scope: expected texts by name"),
        ({"run_key": "ab"}, "a run key is 64 hex digits"),
        ({"run_key": 7}, "setting run_key: expected text, found 7"),
        ({"trace": 7}, "setting trace: expected a path, found 7"),
        ({"policy": 7}, "setting policy: expected a path, found 7"),
        ({"prices": {"m": "1"}}, "price m=1: expected IN,OUT"),
        ({"prices": {"m": 1}}, "price m=1: expected IN,OUT"),
        ({"reading": {"encodin": "utf-8"}}, "did you mean `encoding`"),
        ({"calling": 1}, "setting calling: expected a Calling, found 1"),
        ({"calling": Calling(workers=0)}, "setting workers: expected a whole number"),
        ({"copy_to": "a", "copy_inputs": True}, "leave out copy_inputs and store"),
        ({"store": "a"}, "add copy_inputs"),
        ({"permit": lambda _calls, _bound: True, "confirm_above": 1}, "give one of them"),
    ],
)
def test_a_bad_value_is_a_setting_error_that_says_what_is_expected(settings: dict[str, Any], message: str) -> None:
    """The package's own error, with the name, what is expected and what was found."""
    with pytest.raises(SettingError) as raised:
        from_keywords("run", settings)
    assert message in str(raised.value)


def test_settings_have_one_form() -> None:
    """However they are written."""
    texts = make_settings(
        {"limits": {"turns": "1_0"}, "max_cost": "2", "workers": "8", "stream": "yes", "timeout": "3", "nested": "a:"}
    )
    values = make_settings(
        {"limits": Limits(turns=10), "max_cost": 2.0, "workers": 8, "stream": True, "timeout": 3.0, "nested": ["a:"]}
    )

    assert (texts.limits, texts.calling, texts.nested) == (values.limits, values.calling, values.nested)
    assert texts.limits == Limits(turns=10, cost_nano=2_000_000_000)


def test_parts_go_before_the_whole_calling() -> None:
    """What is not said besides comes from it."""
    settings = make_settings({"calling": Calling(workers=7, retries=1, prices={"m": Price(1, 2)}), "retries": 2})

    assert (settings.workers, settings.retries, settings.prices) == (7, 2, {"m": Price(1, 2)})
    assert settings.calling == Calling(workers=7, retries=2, prices={"m": Price(1, 2)})


def test_settings_are_frozen() -> None:
    """So that a run has one set of them from its beginning to its end."""
    with pytest.raises(AttributeError):
        RunSettings().workers = 1  # type: ignore[misc]


TEXTS: dict[str, Any] = {
    "controller": "extractive:",
    "policy": "policy.toml",
    "tools": ["tools.py:look_up"],
    "approve": "never",
    "trace": "t.rlm",
    "answer_type": None,
}
"""The values of settings as a file has them, where they are others than in Python."""


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if not setting.python_only])
def test_the_file_and_the_environment_have_the_same_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the same names, with the same meaning."""
    value = {"limits": {"turns": 9}, "temperature": 1.0}.get(name, TEXTS.get(name, VALUES[name]))
    expected = getattr(make_settings({name: value, "copy_inputs": True} if name == "store" else {name: value}), name)
    monkeypatch.setenv(f"RLMLITE_{name.upper()}", value if isinstance(value, str) else json.dumps(value))
    assert getattr(load({}), name) == expected
    monkeypatch.delenv(f"RLMLITE_{name.upper()}")
    FILE.write_text(f"{name} = {_toml(value)}\n")
    assert getattr(load({}), name) == expected


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(item)}' for key, item in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.python_only])
def test_what_only_python_can_say_is_refused_elsewhere(name: str) -> None:
    """With the reason."""
    FILE.write_text(f'{name} = "x"\n')
    with pytest.raises(SettingError, match=f"`{name}` .*can only be given in Python"):
        load({})


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("RLMLITE_WORKER", "there is no setting `worker` .*RLMLITE_WORKER.*did you mean `workers`"),
        ("RLMLITE_LIMITS__TURN", "no limit `turn`; did you mean `turns`"),
        ("RLMLITE_WORKERS", "setting workers: expected a whole number"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what there is instead."""
    monkeypatch.setenv(variable, "many")
    with pytest.raises(SettingError, match=message):
        load({})


def test_a_wrong_key_of_the_file_is_named() -> None:
    """With what there is instead."""
    FILE.write_text('polcy = "x.toml"\n')
    with pytest.raises(SettingError, match=r"there is no setting `polcy` \(in rlmlite.toml\); did you mean `policy`"):
        load({})


def test_the_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that reads it twice could see two versions of it."""
    from typer.testing import CliRunner

    from rlmlite.cli.app import app

    FILE.write_text("workers = 2\n")
    Path("a.txt").write_text(TEXT)
    reads: list[Path] = []
    read_bytes = Path.read_bytes

    def counted(path: Path) -> bytes:
        reads.append(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    for command in (["exec", "-e", PROGRAM, "a.txt"], ["ask", "?", "a.txt", "--controller", "extractive:"]):
        reads.clear()
        CliRunner().invoke(app, [*command, "--trace", f"{command[0]}.rlm"])
        assert reads.count(FILE) == 1, command


FLAGS_WITHOUT_SETTING = {
    "json", "session", "dry_run", "yes", "program", "arguments", "paths", "path", "question", "answers",
}  # fmt: skip
NAMES = {"limit": "limits", "price": "prices", "tool": "tools", "read": "reading", "copy": "copy_inputs"}
"""Flags that may be given more than once are called by the singular."""


def test_every_flag_is_a_setting() -> None:
    """Of the commands that run something: by the same name, or the singular of it."""
    import typer

    from rlmlite.cli.app import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    sessions = commands["session"].commands
    for command in (commands["ask"], commands["exec"], sessions["new"], sessions["exec"], sessions["resume"]):
        for parameter in command.params:
            name = NAMES.get(parameter.name, parameter.name)
            assert name in SETTINGS or name in FLAGS_WITHOUT_SETTING, (command.name, name)


def test_every_entry_point_takes_the_same_settings() -> None:
    """By one type, so that a type checker knows them too."""
    functions = (rlmlite.run, rlmlite.arun, rlmlite.stream, rlmlite.execute, rlmlite.execute_async, rlmlite.Session)
    for function in functions:
        last = list(inspect.signature(function).parameters.values())[-1]
        (keywords,) = last.annotation.__args__
        if isinstance(keywords, ForwardRef):  # where the type is imported for type checkers alone
            assert keywords.__forward_arg__ == SettingKeywords.__name__
        else:
            assert keywords is SettingKeywords
        assert last.kind is inspect.Parameter.VAR_KEYWORD


def test_a_program_may_begin_a_nested_run_with_a_controller() -> None:
    """The controller of `execute` is for `sub_rlm`; it writes no program of the run itself."""
    controller = Scripted(lambda _text, _request: "final(count(context.lines) + 40)")
    program = 'final(sub_rlm("How many, and forty?", context=context))'
    outcome = rlmlite.execute(program, TEXT, controller=controller, trace=False)

    assert (outcome.status, outcome.value) == ("completed", 42)


def test_reading_has_a_short_name_outside_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """`read`, as the flag is called; both names mean the same."""
    FILE.write_text('[read]\nencoding = "cp1252"\n')
    monkeypatch.setenv("RLMLITE_READ__IGNORE", "false")

    reading = load({"reading": {"html": "text"}}).reading
    assert (reading.encoding, reading.ignore, reading.html) == ("cp1252", False, "text")
