"""Settings: every entry point takes the same ones, by the same names; a wrong one is refused before anything begins."""

import inspect
from pathlib import Path
from typing import Any, ForwardRef, get_type_hints

import pytest

import rlmlite
from rlmlite import Limits, Scripted, SettingError
from rlmlite.clients import Calling
from rlmlite.prices import Price
from rlmlite.runs.settings import SETTINGS, RunSettings, SettingKeywords, from_keywords, make_settings
from rlmlite_kernel.records.settings import Role
from tests.rlmlite.runs.entry_points import ENTRY_POINTS, PROGRAM, TEXT, VALUES

ALONE: dict[str, dict[str, Any]] = {
    "store": {"copy_inputs": True},
    "max_cost": {"prices": {"": "0,0"}},
    "prices": {"max_cost": "0.50"},
}
"""What a setting needs beside it."""


def test_there_is_a_value_for_every_setting() -> None:
    """So that the tests below are over all of them, and a new one cannot be forgotten."""
    assert VALUES.keys() == SETTINGS.keys()


def test_keywords_and_fields_are_the_same_names() -> None:
    """What a caller may write is what there is, and each is documented."""
    late = dict.fromkeys(("Function", "PythonTool", "Approver", "SpendLimits"), Any)
    assert list(get_type_hints(SettingKeywords, localns=late)) == list(SETTINGS)
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
        ({"max_memory": "much"}, "setting max_memory: expected an amount of memory such as 4GiB"),
        ({"max_memory": "100MiB"}, "setting max_memory: rlmlite needs at least 256 MiB"),
        ({"stream": "perhaps"}, "setting stream: expected true or false, found 'perhaps'"),
        ({"decode": "json"}, 'setting decode: expected "auto" or "none" or "tool" or "lark" or "gbnf" or'),
        ({"max_cost": "-1"}, "setting max_cost: expected dollars"),
        ({"max_cost": "two"}, "setting max_cost: expected dollars"),
        ({"max_cost": float("inf")}, "setting max_cost: expected dollars"),
        ({"limits": {"turns": 1.5}}, "limit turns=1.5: expected a whole number, 0 or more"),
        ({"limits": {"turns": -1}}, "limit turns=-1: expected a whole number, 0 or more"),
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


def test_a_type_checker_knows_the_settings() -> None:
    """It refuses an unknown keyword and a value of another type; were it not so, these comments would be unused."""
    with pytest.raises(TypeError):
        rlmlite.run("?", TEXT, polcy="x.toml")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        rlmlite.execute(PROGRAM, TEXT, polcy="x.toml")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        rlmlite.Session("s.rlm", TEXT, polcy="x.toml")  # type: ignore[call-arg]
    with pytest.raises(SettingError):
        rlmlite.run("?", TEXT, controller="extractive:", workers=[])  # type: ignore[arg-type]
