"""Aggregation and categorisation through extract_over_chunks, with a sub-model that is always right."""

from pathlib import Path

import pytest

from benchmarks.score_tasks import PROGRAMS, Task, oracle_of, scored, scorer, tasks

USE_CASES = ("aggregation", "categorization")
KINDS = sorted(
    (use_case, path.stem)
    for use_case in USE_CASES
    for path in (PROGRAMS / use_case).glob("*.act")
    if path.stem != "labelled"
)


@pytest.mark.parametrize(("use_case", "kind"), KINDS)
def test_right_labels_give_the_right_answer(shared: Path, use_case: str, kind: str) -> None:
    """Nothing is lost between the chunks and the answer, whatever the question."""
    data = shared / "data"
    score = scorer(data)
    found = [scored(task, score) for task in tasks(data, use_case) if task.kind == kind]

    assert {(figures.score, figures.evidence) for figures in found} == {(1.0, 1.0)}


@pytest.mark.parametrize(("use_case", "count"), [("aggregation", 19), ("categorization", 14)])
def test_every_kind_has_a_program(shared: Path, use_case: str, count: int) -> None:
    """No question is left out."""
    every = tasks(shared / "data", use_case)

    assert len(every) == count
    assert {(use_case, task.kind) for task in every} == {kind for kind in KINDS if kind[0] == use_case}


def test_the_oracle_knows_only_the_lines_it_is_shown(tmp_path: Path) -> None:
    """It answers for the numbers in its prompt, so that a chunk that was not asked about has no labels."""
    labels = tmp_path / "labels.json"
    labels.write_text('{"1": "ham", "2": "spam"}', "utf-8")
    task = Task("aggregation", "count_label", "x", "?", {}, labels, {})

    assert oracle_of(task)("Label these.\n2 | Date: ...") == '[{"id": "2", "label": "spam"}]'
