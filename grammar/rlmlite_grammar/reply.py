"""A model's reply, read as a program: the whole reply when it parses, else its fenced blocks, else nothing.

Models are asked for statements only, but many think aloud first, or put a fence around the program:

    <think>the log is large, so ...</think>      thoughts are dropped
    I will search for errors.                    prose outside of fences is dropped
    ```rlm
    hits = search(logs, /ERROR/)                 the blocks, joined, are the program
    ```

Never a guess and never a repair: no line is picked out of prose, no bracket is added, no open fence is closed. A reply
whose fence stays open was most likely cut off, so what it holds may be half a program, and it is refused. A statement
that cannot be read costs itself and those that need its variable; the others run (`parser.parse_around`).
Offsets refer to the text that was parsed, which the result holds.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from rlmlite_grammar.diagnosis.asides import OUTPUTS, notes_of_reply
from rlmlite_grammar.parser import parse_around, try_parse
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed

_TAGS: Final = ("think", "thinking", "reasoning")
"""Tags between which models of several makers write their thoughts."""

_THINK: Final = re.compile(rf"\s*<({'|'.join(_TAGS)})>")
"""Matches an opening tag at the beginning of a text."""

_FENCE: Final = re.compile(r"[ \t]*(`{3,}|~{3,})([^`]*)$")
"""Matches a line that opens a fence, and what follows the mark (a language, most often), as in Markdown."""


class _FencedBlocks(msgspec.Struct):
    """The fenced blocks of a reply with their languages, the prose, and where a fence begins that is never closed."""

    texts: list[str]
    languages: list[str]
    prose: list[str]
    open_at: int | None = None

    def program(self) -> str:
        """The blocks that are the program, joined: models split one over several, and use variables of earlier ones."""
        # What is said to be output would overwrite what the program computes: `n = 42`. If there is nothing else, the
        # language was a slip.
        programs = [text for text, language in zip(self.texts, self.languages, strict=True) if language not in OUTPUTS]
        return "\n".join(programs or self.texts)


def read_reply(reply: str) -> Parsed | Unparsed:
    """Read a model's reply; the hints of an `Unparsed` say what to write instead."""
    # First as it is: a program may hold `</think>` or a line of ``` inside a text.
    whole = try_parse(reply)
    if isinstance(whole, Parsed):
        return whole
    reply_text = _drop_thoughts(reply)
    if not reply_text.strip():
        return Unparsed(reply, (_empty_reply(reply),))
    # Without any thoughts it is the text that did not parse above.
    if reply_text != reply:
        without_thoughts = try_parse(reply_text)
        if isinstance(without_thoughts, Parsed):
            return without_thoughts
    blocks = _find_blocks(reply_text)
    # Also when other blocks are whole: the cut-off one may have been the program that counts.
    if blocks.open_at is not None:
        hint = "if the reply was cut off, write a shorter program; close every fence"
        return Unparsed(reply_text, (Problem("fence", "this fence is never closed", blocks.open_at, hint),))
    if not blocks.texts:
        return _read_without_fences(reply_text)
    return _note_asides(parse_around(blocks.program()), len(blocks.texts), blocks.languages, blocks.prose)


def _note_asides(
    read: Parsed | Unparsed, fences: int, languages: Sequence[str], prose: Sequence[str]
) -> Parsed | Unparsed:
    """The reading, with notes on what the reply says besides its program."""
    if isinstance(read, Unparsed):
        return read
    return msgspec.structs.replace(read, notes=(*read.notes, *notes_of_reply(fences, languages, prose)))


def _empty_reply(reply: str) -> Problem:
    if reply.strip():
        return Problem("empty", "the reply ended while thinking", None, "think less, then write statements")
    return Problem("empty", "the reply is empty", None, "write statements, such as x = search(logs, /ERROR/)")


def _read_without_fences(reply_text: str) -> Parsed | Unparsed:
    """A reply without fences is a program with mistakes if a line begins like a statement, else only prose."""
    result = parse_around(reply_text)
    if isinstance(result, Parsed):
        skipped = [note.offset for note in result.notes if note.code == "prose" and note.offset is not None]
        return _note_asides(result, 0, (), [reply_text[at:].partition("\n")[0] for at in skipped])
    if re.search(r"^[ \t]*[A-Za-z_]\w*[ \t]*(=|\()", reply_text, re.MULTILINE):
        return result
    first_word_at = len(reply_text) - len(reply_text.lstrip())
    hint = "write statements, such as x = search(logs, /ERROR/); answer with final(value)"
    prose = Problem("prose", "the reply contains no statement", first_word_at, hint)
    # Of prose the first mistake is enough: the others would be about English.
    return Unparsed(reply_text, (prose, *result.problems[:1]))


def _drop_thoughts(reply: str) -> str:
    """The reply after the thoughts that it begins with. Servers may strip the opening tag, so a closing one will do."""
    reply_text = reply
    while match := _THINK.match(reply_text):
        tag = match[1]
        _, closing, reply_text = reply_text.partition(f"</{tag}>")
        # Thoughts that never end were cut off, and the program with them.
        if not closing:
            return ""
    # A closing tag without its opening one: everything before it was a thought.
    for tag in _TAGS:
        before, closing, after = reply_text.partition(f"</{tag}>")
        if closing and f"<{tag}>" not in before:
            return after
    return reply_text


def _find_blocks(reply_text: str) -> _FencedBlocks:
    """The blocks between lines of ``` or ~~~, whatever their language; those inside thoughts do not count."""
    blocks = _FencedBlocks([], [], [])
    inside: list[str] = []
    fence = thought = ""
    position = 0
    for line in reply_text.split("\n"):
        # Inside a block only its own fence means something: a program may hold a text with ``` or <think> in it.
        if fence:
            if _closes(line, fence):
                blocks.texts.append("\n".join(inside))
                blocks.open_at, fence, inside = None, "", []
            else:
                inside.append(line)
        # A fence among thoughts is a draft of the program, not the program.
        elif thought or _THINK.match(line):
            thought = _still_thinking(line, thought)
        elif match := _FENCE.match(line):
            fence, blocks.open_at = match[1], position
            blocks.languages.append(match[2].strip().lower())
        else:
            blocks.prose.append(line)
        # 1 for the newline that `split` took away.
        position += len(line) + 1
    return blocks


def _closes(line: str, fence: str) -> bool:
    """Whether a line closes a fence: the same mark, at least as long, and nothing else."""
    mark = line.strip()
    return len(mark) >= len(fence) and set(mark) == {fence[0]}


def _still_thinking(line: str, thought: str) -> str:
    """The tag of the thoughts that go on after a line, or `""`."""
    if not thought:
        match = _THINK.match(line)
        thought = match[1] if match else ""
    return "" if f"</{thought}>" in line else thought
