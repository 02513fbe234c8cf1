"""The words around evidence: from the trace, from the file that was read, and from no other."""

from pathlib import Path

import rlmlite
from rlmlite_traces.reading.story import open_story
from rlmlite_traces.viewer.contexts import Context, FileContexts, context_in_trace

TEXT = "first line\nan ERROR of the disk\nlast line, with é\n"
PROGRAM = 'final(search(context, "ERROR").match)'
WORDS = Context("first line\nan ", " of the disk\nlast line, with é\n")


def context(trace: Path, find: object = context_in_trace) -> Context | None:
    story = open_story(trace)
    assert story.ending is not None
    assert story.ending.answer is not None
    found: Context | None = find(story, story.ending.answer.evidence[0])  # type: ignore[operator]
    return found


def test_an_input_from_memory_is_in_the_trace(tmp_path: Path) -> None:
    """Its words are shown without any file."""
    rlmlite.execute(PROGRAM, TEXT, trace=tmp_path / "t.rlm")
    assert context(tmp_path / "t.rlm") == WORDS


def test_a_file_is_read_if_it_is_the_one(tmp_path: Path) -> None:
    """Where it was, or where it is now; and not if a byte of it changed, nor unasked of a stranger's trace."""
    file = tmp_path / "log.txt"
    file.write_text(TEXT)
    rlmlite.execute(PROGRAM, file, trace=tmp_path / "t.rlm")
    trace = tmp_path / "t.rlm"
    assert context(trace, FileContexts({}, looks_there=True)) == WORDS
    assert context(trace, FileContexts({})) is None
    moved = file.rename(tmp_path / "moved.txt")
    assert context(trace, FileContexts({"context": moved})) == WORDS
    moved.write_text(TEXT.replace("first", "other"))
    assert context(trace, FileContexts({"context": moved})) is None


def test_far_words_are_cut_and_it_is_said(tmp_path: Path) -> None:
    """Of a long input some hundred bytes on each side; half a character is left out."""
    rlmlite.execute(PROGRAM, "é" * 1000 + "xERROR" + "ü" * 1000, trace=tmp_path / "t.rlm")
    found = context(tmp_path / "t.rlm")
    assert found is not None
    assert found.is_cut == (True, True)
    assert set(found.before) == {"é", "x"}
    assert set(found.after) == {"ü"}
