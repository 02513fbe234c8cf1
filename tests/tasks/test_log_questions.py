"""The log questions of the shared task set, answered by search and row actions alone."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from benchmarks.score_tasks import PROGRAMS, Figures, scored, scorer, tasks

ROUGH = {"distinct_templates": 0.875, "rare_events": 0.96}
"""Kinds that hang on which words of a message a person called variable: `patterns` comes near, and no more."""

EXACT = sorted(path.stem for path in (PROGRAMS / "log_qa").glob("*.act") if path.stem not in ROUGH)

Asked = Callable[[str], list[Figures]]


@pytest.fixture(scope="module")
def asked(shared: Path) -> Asked:
    """The figures of every question of a kind."""
    data = shared / "data"
    score, every = scorer(data), tasks(data, "log_qa")
    return cache(lambda kind: [scored(task, score) for task in every if task.kind == kind])


def test_every_kind_has_a_program(shared: Path) -> None:
    """115 questions of 24 kinds."""
    every = tasks(shared / "data", "log_qa")

    assert len(every) == 115
    assert {task.kind for task in every} == {*EXACT, *ROUGH}


@pytest.mark.parametrize("kind", EXACT)
def test_every_question_is_answered_exactly_with_evidence_that_is_right(asked: Asked, kind: str) -> None:
    """The answer is the expected one, and every line named as evidence is among the expected lines."""
    assert {(figures.score, figures.evidence) for figures in asked(kind)} == {(1.0, 1.0)}


@pytest.mark.parametrize("kind", sorted(ROUGH))
def test_templates_come_near(asked: Asked, kind: str) -> None:
    """The mean score does not fall below what it was."""
    scores = [figures.score for figures in asked(kind)]

    assert sum(scores) / len(scores) >= ROUGH[kind]
