"""Calls as a story tells them: the prompt put together from its recipe, what came back, what it used.

    recipe      ["97d9…", ["1302…", 0, 35, "chunk"], "f97c…"]
    prompt      words "Is this an error?\n\n", content 35 bytes of app.log from 0 on, words "\n\nAnswer yes or no."

Words are in the trace. Content of inputs is not: the part says which bytes of which input it is (`known_contents`), and
has them as text only where the trace holds that input, as it does for one from memory.
"""

from collections.abc import Iterator

import msgspec

from rlmlite_kernel.records.records import Child, EffectRecord, Ref, Span, Step
from rlmlite_kernel.values.fences import fenced
from rlmlite_kernel.values.values import DOCUMENTS
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.reading.parts.chapters import CallStory, InputStory, NestedStory, PromptPart
from rlmlite_traces.reading.parts.known_contents import KnownContent, KnownContents
from rlmlite_traces.reading.parts.passages import ABSENT, UNREADABLE, Passage, Passages
from rlmlite_traces.reading.parts.remarks import tell_remarks

_documents = msgspec.json.Decoder(dict[str, str])


class CallReader:
    """Reads the calls of one trace."""

    def __init__(self, trace: CheckedTrace, inputs: tuple[InputStory, ...], passages: Passages) -> None:
        self._trace, self._passages = trace, passages
        self.known = KnownContents(trace, inputs)
        self._folders = {each.name: each.content for each in inputs if each.content and each.kind == DOCUMENTS}
        self._last_folder: tuple[Ref, dict[str, str]] = ("", {})

    def calls(self, seq: int, kind: str = "") -> Iterator[CallStory]:
        """The calls of the record `seq`, by index; with `kind`, those of that kind alone."""
        step = self._trace.records[seq]
        if isinstance(step, Step):
            for call in self._trace.effects(seq):
                if kind in ("", call.effect):
                    yield self._tell(call, step)

    def prompt(self, call: EffectRecord, step: Step) -> Iterator[PromptPart]:
        """The parts of a call's prompt."""
        for part in call.recipe:
            if isinstance(part, Span):
                yield self._content(part, step)
            else:
                text = self._passages.read(part)
                yield PromptPart(text=text, size=text.size, is_words=True)

    def _tell(self, call: EffectRecord, step: Step) -> CallStory:
        return CallStory(
            id=call.id,
            index=call.index,
            round=call.round,
            kind=call.effect,
            role=call.role,
            model=call.model,
            max_output_tokens=call.max_output_tokens,
            prompt=tuple(self.prompt(call, step)),
            prompt_bytes=call.prompt_bytes,
            answer=self._passages.read_if(call.result),
            error=call.error,
            detail=self._passages.read_if(call.detail),
            usage=call.usage,
            is_cached=call.cached,
            same_as=call.same_as,
            trial=call.trial,
            sampling=call.sampling,
            nested=None if call.child is None else self._nested(call.child),
        )

    def _content(self, span: Span, step: Step) -> PromptPart:
        known = self.known.find(step, span.blob) or KnownContent()
        return PromptPart(
            text=self._text(span, known),
            size=max(0, span.stop - span.start),
            source=span.source,
            input=known.input,
            path=known.path,
            start=span.start,
            stop=span.stop,
        )

    def _text(self, span: Span, known: KnownContent) -> Passage:
        """The bytes of a span, where the trace holds the content that it is of."""
        whole = self._passages.read_bytes(known.blob) if known.blob else self._document(known)
        if whole is None:
            return Passage(absence=self._passages.absence(known.blob) if known.blob else ABSENT)
        if not 0 <= span.start <= span.stop <= len(whole):
            return Passage(absence=UNREADABLE)  # a stranger's span, which is of no such content
        raw = whole[span.start : span.stop]
        return Passage(raw.decode("utf-8", "backslashreplace"), len(raw))

    def _document(self, known: KnownContent) -> bytes | None:
        """A document of an input from memory: these are held together, as JSON by their paths."""
        ref = self._folders.get(known.input)
        if ref is None:
            return None
        if self._last_folder[0] != ref:
            documents, _ = self._passages.decode(ref, _documents.decode)
            self._last_folder = (ref, documents or {})
        text = self._last_folder[1].get(known.path)
        return None if text is None else text.encode("utf-8", "backslashreplace")

    def _nested(self, child: Child) -> NestedStory:
        return NestedStory(
            root=child.root,
            status=child.status,
            reason=child.reason,
            used=child.used,
            calls=child.calls,
            remarks=tell_remarks(child.warnings, child.notes, self._passages),
        )


def prompt_text(parts: tuple[PromptPart, ...]) -> str:
    """A prompt as one text. Where content is not in the trace, its fence says what stood there."""
    return "".join(map(_part_text, parts))


def _part_text(part: PromptPart) -> str:
    shown = f"[{describe_part(part)}]" if part.text.absence else part.text.text
    if not part.source:
        return shown
    # The tag is that of the content, or, where that is not here, of the words in its place: no less closed.
    return fenced(shown.encode("utf-8", "backslashreplace"), part.source).decode()


def describe_part(part: PromptPart) -> str:
    """Content that is not in the trace, in words: `140 bytes of app.log, from byte 0 on`."""
    if part.is_words:
        return f"{part.text.absence} text"
    if not part.input:
        return (
            f"{part.size:,} bytes that a program made" if part.source else f"{part.size:,} bytes, {part.text.absence}"
        )
    place = f"{part.input}:{part.path}" if part.path else part.input
    return f"{part.size:,} bytes of {place}, from byte {part.start:,} on"
