"""The lists of fixes that can be taken out stay true while the code moves on. `make mutations` runs them."""

import re

import pytest

from tests.mutations.entries import ROOT, Mutation, read_mutations


@pytest.mark.parametrize("mutation", read_mutations(), ids=lambda mutation: f"{mutation.row} {mutation.test_file}")
def test_every_entry_changes_its_file_and_names_a_test(mutation: Mutation) -> None:
    """The text to replace occurs once, its replacement differs, and the test is defined in its file."""
    text = (ROOT / mutation.file).read_text("utf-8")
    name = re.sub(r"\[.*", "", mutation.test.rpartition("::")[2])

    assert mutation.mutate(text) != text
    assert re.search(rf"def {name}\b", (ROOT / mutation.test_file).read_text("utf-8"))
