"""What a story consists of, as data: the beginning, questions, turns with their steps, calls, the ending.

    Beginning              who ran what, under which limits and roles, on which inputs
    QuestionStory          what the host asked
    AdditionStory          inputs and limits that it added
    TurnStory              what a controller or the host said, the program, and what became of it
        StepStory          a statement, or a part of one: what it read, wrote, showed and cost
            CallStory      a call of a model, a tool, a nested run, an approval, a clock
    Ending                 the outcome with the answer

Nothing here reads a trace: that is `story`. Texts are passages, which may be absent. All of it is JSON by
`msgspec.to_builtins`.
"""

from typing import Any, TypeAlias

import msgspec

from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.inputs import FileNote, SourceFile
from rlmlite_traces.reading.parts.passages import Passage

Usage: TypeAlias = tuple[int | None, int | None, int | None]
"""Input tokens, output tokens, nano-dollars; null is unknown."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base: a field that has its default is left out of the JSON."""


class RemarkStory(_Part, frozen=True, kw_only=True):
    """A warning or a note: its code and what that means, how often it applied, an example with its place."""

    code: str
    meaning: str
    n: int = 1
    example: Passage | None = None
    input: str = ""
    line: int = 0
    is_note: bool = False


class InputStory(_Part, frozen=True, kw_only=True):
    """An input: its kind and size in bytes, and where it came from.

    `content` is the ref of the blob that holds an input from memory. `part` is the range of a file that it is.
    `absence` says why its source is not known; then there are no paths.
    """

    name: str
    kind: str
    size: int
    ref: str
    sha256: str = ""
    path: str = ""
    files: tuple[SourceFile, ...] = ()
    part: tuple[int, int] | None = None
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[FileNote, ...] = ()
    is_incomplete: bool = False
    content: str = ""
    absence: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether it was fetched from an address."""
        return "://" in self.path


class Beginning(_Part, frozen=True, kw_only=True):
    """The genesis. `settings` are limits, roles, tools, policy and gates; `None` if they are not here (`absence`).

    `inputs` are those that the run began with; `Story.inputs` has those that were added, too.
    """

    run: str
    format: int
    kernel: str
    rendering: int
    flags: tuple[int, ...]
    engines: dict[str, str]
    grammar: str
    actions: str
    scope: dict[str, str]
    parent: str | None
    strategy: str
    inputs: tuple[InputStory, ...]
    settings: Settings | None = None
    absence: str = ""


class VariableStory(_Part, frozen=True, kw_only=True):
    """A variable that was written: name, kind, size in bytes, the commitment to its value, and how it begins.

    Values are not kept. `preview` is the beginning of what the step showed.
    """

    name: str
    kind: str
    size: int
    ref: str
    preview: str = ""


class QuestionStory(_Part, frozen=True, kw_only=True):
    """A question of the host, the variable that holds it, and the JSON schema of its answer, if there is one.

    `earlier` is the variable that holds the answer before it.
    """

    seq: int
    text: Passage
    variable: VariableStory
    form: Passage | None = None
    earlier: str = ""


class AdditionStory(_Part, frozen=True, kw_only=True):
    """What the host added between two turns: inputs, and limits that are higher from then on (`None` is no limit)."""

    seq: int
    inputs: tuple[InputStory, ...] = ()
    limits: dict[str, int | None] = {}


class SpeakerStory(_Part, frozen=True, kw_only=True):
    """The controller's call that gave a turn's reply. Its prompt is not kept: `prompt` commits to it."""

    role: str
    model: str
    prompt: str
    prompt_bytes: int
    max_output_tokens: int
    usage: Usage
    is_cached: bool = False
    error: str = ""
    detail: Passage | None = None
    sampling: dict[str, str] = {}


class ProblemStory(_Part, frozen=True, kw_only=True):
    """What was wrong with a reply, with its line in it (0 is unknown)."""

    code: str
    message: str
    hint: str = ""
    line: int = 0


class StepStory(_Part, frozen=True, kw_only=True):
    """A step. `text` is its statement, which begins on `line` of the program (0 is unknown).

    A statement may be several steps, one for each action in it. `coverage` is bytes of inputs shown, read by models and
    scanned so far. `calls` are how many calls it made, of which `failed` have no result; `Story.calls` tells them.
    """

    seq: int
    turn: int
    step: int
    statement: int
    line: int
    text: str
    op: str
    reads: tuple[str, ...]
    writes: tuple[VariableStory, ...]
    status: str
    code: str = ""
    meaning: str = ""
    observation: Passage | None = None
    origins: tuple[str, ...] = ()
    cut: int = 0
    calls: int = 0
    failed: int = 0
    coverage: dict[str, tuple[int, int, int]] = {}
    priced: dict[str, int] = {}
    used: dict[str, int] = {}
    remarks: tuple[RemarkStory, ...] = ()


class TurnStory(_Part, frozen=True, kw_only=True):
    """A turn: who spoke (`controller` or `host`), the reply as it came, the program read from it, its steps.

    `speaker` is the call of a model; a host may have another way to a reply. `held_back` is what spoke against the
    answer of the turn before. `clock_ms` is the time that was compared with a deadline.
    """

    seq: int
    turn: int
    origin: str
    speaker: SpeakerStory | None = None
    reply: Passage | None = None
    program: Passage | None = None
    problems: tuple[ProblemStory, ...] = ()
    reading: tuple[ProblemStory, ...] = ()
    held_back: RemarkStory | None = None
    earlier: str = ""
    used: dict[str, int] = {}
    clock_ms: int | None = None
    remarks: tuple[RemarkStory, ...] = ()
    steps: tuple[StepStory, ...] = ()


class RedactionStory(_Part, frozen=True, kw_only=True):
    """Contents that were removed on purpose: how many, why, and by whom."""

    seq: int
    contents: int
    reason: str
    who: str = ""


class PromptPart(_Part, frozen=True, kw_only=True):
    """A part of a prompt: words that the trace holds, or content of `size` bytes from elsewhere.

    `source` is what its fence names, empty for what stands bare. Where the content was found, `input` and `path` name
    it, and it is its bytes `start:stop`. `is_words`: it is the program's or the kernel's own text.
    """

    text: Passage
    size: int
    is_words: bool = False
    source: str = ""
    input: str = ""
    path: str = ""
    start: int = 0
    stop: int = 0


class NestedStory(_Part, frozen=True, kw_only=True):
    """What came of a nested run: the root of its trace, how it ended, what it used, and what it said of its work."""

    root: str
    status: str
    reason: str = ""
    used: dict[str, int] = {}
    calls: dict[str, int] = {}
    remarks: tuple[RemarkStory, ...] = ()


class CallStory(_Part, frozen=True, kw_only=True):
    """A call: of whom, what it was asked, what came back, what it used.

    `kind` is `lm`, `tool`, `approve`, `rlm` or `clock`. `same_as` is the id of the call whose result it took, without
    being made; `round` is above 0 for one that was asked again.
    """

    id: str
    index: int
    round: int
    kind: str
    role: str
    model: str
    max_output_tokens: int
    prompt: tuple[PromptPart, ...]
    prompt_bytes: int
    usage: Usage
    answer: Passage | None = None
    error: str = ""
    detail: Passage | None = None
    is_cached: bool = False
    same_as: str = ""
    trial: int = 0
    sampling: dict[str, str] = {}
    nested: NestedStory | None = None


class EvidenceStory(_Part, frozen=True, kw_only=True):
    """One piece of evidence: how it was found, and its place (bytes, 1-based line). `text` is empty if not kept."""

    how: str
    input: str = ""
    path: str = ""
    start: int = 0
    stop: int = 0
    line: int = 0
    times: int = 1
    text: str = ""


class AnswerStory(_Part, frozen=True, kw_only=True):
    """The answer: its value as JSON, the evidence, how many pieces there are in all, and on what they rest."""

    value: Any = None
    basis: str = "none"
    evidence: tuple[EvidenceStory, ...] = ()
    evidence_total: int = 0
    unshown: tuple[str, ...] = ()
    absence: str = ""


class Ending(_Part, frozen=True, kw_only=True):
    """The seal: the outcome, why it is not completed, the answer."""

    seq: int
    outcome: str
    reason: str
    steps: int
    answer: AnswerStory | None = None
    remarks: tuple[RemarkStory, ...] = ()


Chapter: TypeAlias = QuestionStory | AdditionStory | TurnStory | RedactionStory
"""What stands between the beginning and the ending."""
