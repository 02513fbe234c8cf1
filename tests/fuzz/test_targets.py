"""Every target of `make fuzz` reads its honest files and a few edited ones."""

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.edits import examples
from tests.fuzz.targets import Target, targets

NAMES = (
    "arrow", "bz2", "csv", "docx", "duckdb-table", "eml", "gz", "html", "html-as-text", "jsonl", "mbox", "parquet",
    "pdf", "programs", "sqlite-query", "sqlite-table", "tar", "tar-gz", "traces", "traces-packed",
    "traces-recovered", "txt", "xlsx", "xz",
    "zip", "zst",
)  # fmt: skip


@cache
def all_targets() -> Mapping[str, Target]:
    return targets()


def target(name: str) -> Target:
    return all_targets()[name]


def test_every_target_is_tried() -> None:
    """The list of names above is whole."""
    assert sorted(all_targets()) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_honest_files_are_read(name: str) -> None:
    """Fuzzing begins at files that a reader takes."""
    for content in target(name).seeds:
        target(name).read(content)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_edited_files_are_read_or_refused(name: str, data: st.DataObject) -> None:
    """A target raises nothing but what it may."""
    target(name).read(data.draw(examples(target(name).seeds)))
