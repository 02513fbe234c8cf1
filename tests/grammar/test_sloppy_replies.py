"""Replies as sloppy controllers write them: each statement has a meaning, or a sentence that shows what to write."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_grammar import parse, read_reply, reread
from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.checker import Scope, all_problems, check
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.settings import Policy
from tests.grammar.programs import corpus

REPLIES = corpus("sloppy")
SHARED = Path(__file__).parents[3] / "shared"
NAMES = frozenset(
    (
        *("logs", "log", "context", "history", "transcript", "code_tree", "repo", "docs", "question", "feature"),
        *("rows", "labeled", "counts", "hits", "chunks", "conv"),
    )
)


def problems(reply: str, names: frozenset[str]) -> list[Problem]:
    """What a controller is told of its reply."""
    said = read_reply(reply)
    if not isinstance(said, Parsed):
        return list(said.problems)
    return all_problems(check(reread(said, ACTIONS, names), Scope(names, frozenset(), ACTIONS, Policy())))


def is_of_use(problem: Problem) -> bool:
    """Whether a message shows what to write, or which names there are."""
    return bool(problem.hint) or "missing" in problem.message


@pytest.mark.parametrize("reply", REPLIES)
def test_a_sloppy_reply_is_read(reply: str) -> None:
    """A reply of the corpus has no problem; one that begins with `# refused: WORDS` has one, whose hint says that."""
    refused = re.match(r"# refused: (.*)\n", reply)
    told = problems(reply, NAMES)

    if refused is None:
        assert told == []
    else:
        assert len(told) == 1
        assert refused[1] in told[0].hint


@given(st.lists(st.sampled_from(REPLIES), min_size=2, max_size=4))
def test_sloppy_statements_do_not_disturb_one_another(parts: list[str]) -> None:
    """Statements of several replies in one have no problems but those that each has alone."""
    parts = [part for part in parts if "```" not in part and not re.search("final|answer", part.lower())]
    alone = {problem.message for part in parts for problem in problems(part, NAMES)}
    together = {problem.message for problem in problems("\n".join(parts), NAMES)}

    # A loop begins no statement, so what follows a mistake at once may be told as part of it.
    assert together <= alone or not parts


@pytest.mark.parametrize("text", corpus("valid"))
def test_what_is_right_is_not_touched(text: str) -> None:
    """A program of the grammar's own that checks is the very same after it is read again."""
    parsed = parse(text)
    assert isinstance(parsed, Parsed)
    is_sound = not check(parsed, Scope(NAMES, frozenset(), ACTIONS, Policy()))
    again = reread(parsed, ACTIONS, NAMES)

    assert parsed.notes == ()
    assert again is parsed or not is_sound or again.notes
    assert not is_sound or {note.message for note in again.notes} <= {'`r"..."` was read as `/.../`'}


def shared_replies() -> Iterator[str]:
    """Replies of a trial that lie beside the repository, if they do."""
    path = SHARED / "cases" / "sloppy-replies.jsonl"
    if path.is_file():
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)["reply"]


def trial_programs() -> Iterator[tuple[str, frozenset[str]]]:
    """Programs of a trial of the language, each with the variables that those before it wrote."""
    for folder in sorted((SHARED / "design" / "prototypes" / "grammar").glob("trial-*")):
        names: dict[str, set[str]] = {}
        for path in sorted(folder.glob("*.act"), key=lambda path: [int(part) for part in path.stem.split("-")]):
            text = path.read_text("utf-8")
            known = names.setdefault(path.stem.split("-")[0], set(NAMES))
            yield text, frozenset(known)
            known.update(re.findall(r"^(\w+) = ", text, re.MULTILINE))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the trials do not lie beside this repository")
def test_replies_and_programs_of_the_trials_run_or_get_the_right_message() -> None:
    """Of 65 sloppy replies 57 have no problem; every problem of theirs, and of 104 programs, shows what to write."""
    replies = list(shared_replies())
    programs = list(trial_programs())
    told = [problems(reply, NAMES) for reply in replies]
    of_programs = [problems(text, names) for text, names in programs]

    assert (len(replies), len(programs)) == (65, 104)
    assert all(is_of_use(problem) for found in (*told, *of_programs) for problem in found)
    assert sum(not found for found in told) >= 55
    assert sum(not found for found in of_programs) >= 85
