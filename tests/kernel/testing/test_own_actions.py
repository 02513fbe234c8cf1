"""The product's own actions keep the laws that hosts hold theirs to; none is left out."""

import pytest

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.testing import check_action
from tests.sizes import scale


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_keeps_the_laws(name: str) -> None:
    """Total and pure, and the same over columns as row by row."""
    check_action(ACTIONS, name, examples=scale(6))
