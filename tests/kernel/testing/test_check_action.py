"""`check_action` finds the law that an action breaks, and shows the smallest trial that breaks it."""

import pytest
from hypothesis import strategies as st

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.ast import Field
from rlmlite_kernel.table import Table
from rlmlite_kernel.testing import LAWS, LawBrokenError, check_action
from rlmlite_kernel.testing.laws.charges import resident_bytes
from tests.kernel.budgets.test_prices import judge
from tests.kernel.testing.broken_actions import BREAKS, TABLE

LISTS = st.lists(st.none() | st.integers(0, 9), max_size=3)


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_law_is_found(name: str) -> None:
    """By its name, with the trial."""
    with pytest.raises(LawBrokenError) as caught:
        check_action(TABLE, name, arguments={"values": LISTS}, examples=60)

    assert caught.value.law == BREAKS[name]
    assert name in str(caught.value)


def test_the_smallest_trial_is_shown_with_what_was_raised() -> None:
    """A list of one null, and the error of the action itself as the cause."""
    with pytest.raises(LawBrokenError) as caught:
        check_action(TABLE, "raise_for_null", arguments={"values": LISTS})

    assert caught.value.trial.inputs == {"values": [None]}
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("name", ["reverse", "scan"])
def test_an_action_that_keeps_the_laws_passes(name: str) -> None:
    """All of them, in another process too."""
    check_action(TABLE, name, examples=30)


def test_what_settles_calls_is_tried_with_calls_that_fail() -> None:
    """An action that reads the text of every result does not think of failures, which have none."""
    table = Table([*ACTIONS.values(), judge()])
    with pytest.raises(LawBrokenError) as caught:
        check_action(table, "judge", arguments={"rows": st.lists(st.text(), max_size=4)}, examples=60)

    assert caught.value.law == "total"
    assert isinstance(caught.value.__cause__, AttributeError)


def test_a_law_can_be_left_out() -> None:
    """The action breaks no other one."""
    check_action(TABLE, "use_more", examples=20, laws=[law for law in LAWS if law not in ("price", "elsewhere")])


def test_own_arguments_are_what_is_drawn() -> None:
    """Plain data becomes an input or a literal; a program node stands as it is."""
    check_action(TABLE, "reverse", arguments={"values": st.just([1, 2])}, examples=5, laws=["total"])
    check_action(TABLE, "sort", arguments={"by": st.just(Field("a"))}, examples=5, laws=["total"])


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("nothing", {}, "no action `nothing`"),
        ("reverse", {"laws": ["tidy"]}, "no law `tidy`; the laws are total"),
        ("reverse", {"arguments": {"value": st.none()}}, "no parameter `value`; it is reverse\\(values\\)"),
    ],
)
def test_a_wrong_name_is_said(name: str, more: dict[str, object], said: str) -> None:
    """With the names that there are."""
    with pytest.raises(ValueError, match=said):
        check_action(TABLE, name, **more)  # type: ignore[arg-type]


def test_a_table_of_no_module_cannot_be_tried_elsewhere() -> None:
    """The law is not left out in silence."""
    with pytest.raises(ValueError, match="in no module"):
        check_action(Table(TABLE.values()), "reverse", examples=1, laws=["elsewhere"])


def test_memory_is_counted_once_for_each_object() -> None:
    """And not at all for what is held already."""
    text = "x" * 1_000
    one = resident_bytes([text])

    assert one > 1_000
    assert resident_bytes([text, text]) - one < 50
    assert resident_bytes([text], held=[text]) < 100
