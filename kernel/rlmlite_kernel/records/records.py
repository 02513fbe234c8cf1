"""Receipts: the records of a run, as data.

Records hold no free text. Programs, replies, observations and results are refs to blobs; prompts are recipes. So a
content can be removed from a trace later without breaking a single hash.
A field that has its default is left out of the line. What a run does not use takes no space, and a record can gain a
field without a new format number (see `evolution`). `Log` in `rlmlite_traces` fills in `seq` and `prev`; everything
else in a record is computed by the kernel.
"""

from typing import TypeAlias

import msgspec

from rlmlite_kernel.records.evolution import UNNAMED_RENDERING

ZERO = "0" * 64
"""`prev` of the first record, which has none before it."""

Ref: TypeAlias = str
"""64 hex digits: a salted commitment to a blob or a value (see `refs`)."""

Counts: TypeAlias = dict[str, int]
"""Amounts by the name of a budget (see `Limits`)."""

Usage3: TypeAlias = tuple[int | None, int | None, int | None]
"""Input tokens, output tokens, nano-dollars, as a provider reported them; null is unknown."""


class Record(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True, omit_defaults=True
):
    """What every line of `trace.jsonl` has: its place and the leaf hash of the line before."""

    seq: int = 0
    prev: str = ZERO


class InputEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One input: its value's ref, its size in bytes, and a blob (`source`) that says where it came from.

    `sha256` is the plain digest of a single file's content, which an auditor wants to compare; else `None`.
    """

    name: str
    kind: str
    ref: Ref
    size: int
    source: Ref | None = None
    sha256: str | None = None


class Genesis(Record, tag="genesis", frozen=True, kw_only=True):
    """How a run began. `settings` is a blob with limits, roles, tools and policy.

    `v` is the trace format, `flags` the numbered changes of meaning that hold in this run, `rendering` the wording
    and layout of its texts (all in `evolution`). `strategy` names how the question was answered where that was not
    the agent loop, `compiled` the digest of what it was compiled to, `signature` a blob with the typed contract.
    """

    v: int
    run: str
    flags: tuple[int, ...] = ()
    rendering: int = UNNAMED_RENDERING
    kernel: str
    engines: dict[str, str]
    grammar: str = ""
    actions: str
    settings: Ref
    inputs: tuple[InputEntry, ...] = ()
    scope: dict[str, str] = {}
    state: str
    parent: str | None = None
    strategy: str = ""
    compiled: str = ""
    signature: Ref | None = None


class Remark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A remark on a step or a turn: a code, how often it applied, and one example (a blob) with its place.

    A warning says that a value may be wrong; a note says what was read or limited as requested.
    """

    code: str
    n: int = 1
    example: Ref | None = None
    input: str = ""
    line: int = 0


class Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The controller's call that gave a turn's reply.

    `prompt` commits to the prompt's text (`State.commit`), which is not stored; it can be rendered from the trace.
    `usage` is input tokens, output tokens and nano-dollars as reported; null is unknown. `error` says why there is no
    reply, if there is none, with more in the blob `detail`. `sampling` says how it was asked where the role does
    not: the form that held the program (`decode`).
    """

    role: str
    model: str
    prompt: Ref
    prompt_bytes: int
    max_output_tokens: int
    usage: Usage3
    cached: bool = False
    error: str = ""
    detail: Ref | None = None
    sampling: dict[str, str] = {}


class Question(Record, tag="question", frozen=True, kw_only=True):
    """A question of the host: `text` is a blob with the question, `writes` the variable that holds it for programs.

    It takes no turn and no step. The question is open until a turn answers it or another one is asked.
    `form` is a blob with the JSON schema that its answer must match, if it must match one. `earlier` is the variable
    that holds the answer before it.
    """

    text: Ref
    writes: "Written"
    state: str
    form: Ref | None = None
    earlier: "Written | None" = None


class Addition(Record, tag="addition", frozen=True, kw_only=True):
    """What a host has added between two turns: inputs, as the genesis names its own, and limits that are higher now.

    It takes no turn and no step. `kept` is how much of the new limits is held back for the last answer.
    """

    inputs: tuple[InputEntry, ...] = ()
    limits: dict[str, int | None] = {}
    kept: Counts = {}
    state: str


class Turn(Record, tag="turn", frozen=True, kw_only=True):
    """A reply of the controller, and what was read from it: a program (`ast`), or the reason why there is none.

    Both blobs hold the text that was read (`program.recorded`); format 1 had it in `program`. `call` is the
    controller's own call, if a model spoke; `used` is what turn and call were charged. `clock_ms` is the time that was
    compared with a deadline. `held_back` is the reason why the answer of the turn before was not accepted. `earlier` is
    the variable that holds the answer before it, if a program of the host's came after one.
    """

    turn: int
    origin: str
    reply: Ref | None = None
    program: Ref | None = None
    ast: Ref | None = None
    diagnostics: Ref | None = None
    call: Spoken | None = None
    used: Counts = {}
    state: str
    clock_ms: int | None = None
    held_back: Remark | None = None
    earlier: "Written | None" = None
    warnings: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()


class Observed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a step shows the controller: `size` bytes, with content from `origins`; `cut` bytes were left out.

    `ref` is the blob with the text, `None` where nothing is shown.
    """

    ref: Ref | None = None
    size: int = 0
    origins: tuple[str, ...] = ()
    cut: int = 0


class Written(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A variable that a step wrote: `[name, kind, size, ref]`."""

    name: str
    kind: str
    size: int
    ref: Ref


class Effects(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The calls of a step: `n` in all, of which `failed` have no result, made in `rounds` rounds.

    `root` is the tree head over their lines in `effects.jsonl`: for each round its head, then its calls by index.
    """

    n: int
    root: str
    failed: int = 0
    rounds: int = 1

    @property
    def ok(self) -> int:
        """How many calls have a result."""
        return self.n - self.failed


class Step(Record, tag="step", frozen=True, kw_only=True):
    """One action: what it read, wrote, showed and cost.

    `reads` names variables; the value of each is the one last written under that name. `coverage` holds the inputs
    whose totals changed, each with the bytes shown, read by a model and scanned so far.
    `status` is `ok`, `failed` or `skipped`; `code` names the fault (`docs/reference/faults.md`), empty when ok.
    `priced` is what was reserved before any call, `used` what was charged. `state` is the digest after the step; the
    record before has the one before it.
    """

    turn: int
    step: int
    statement: int = 0
    op: str
    ast: Ref
    reads: tuple[str, ...] = ()
    writes: tuple[Written, ...] = ()
    effects: Effects | None = None
    observation: Observed = Observed()
    coverage: dict[str, tuple[int, int, int]] = {}
    priced: Counts = {}
    used: Counts = {}
    status: str = "ok"
    code: str = ""
    state: str
    warnings: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()


class Checkpoint(Record, tag="checkpoint", frozen=True, kw_only=True):
    """A point from which a run can be continued without executing what came before.

    `variables` is a blob: the variable table that `state` commits to.
    """

    variables: Ref
    state: str


class Redact(Record, tag="redact", frozen=True, kw_only=True):
    """Blobs that were removed on purpose. Records that name them can still be verified; the content is gone."""

    refs: tuple[Ref, ...]
    reason: str
    who: str = ""


class Seal(Record, tag="seal", frozen=True, kw_only=True):
    """The end of a run: `outcome` is `completed`, `partial`, `refused` or `failed`, with a `reason` code.

    `result` is a blob: the answer's value and its evidence. `findings` is one that a nested run has for its parent (see
    `Child.evidence`).
    """

    steps: int
    outcome: str
    reason: str = ""
    result: Ref | None = None
    state: str
    warnings: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()
    findings: Ref | None = None


AnyRecord: TypeAlias = Genesis | Question | Addition | Turn | Step | Checkpoint | Redact | Seal


class Span(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Bytes `start:stop` of a content, which `blob` commits to; `source` is what its fence names ("" for none)."""

    blob: Ref
    start: int
    stop: int
    source: str


class Child(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The outcome of a nested run: the root of its sealed trace, how it ended, and what it used of its budgets.

    `calls` counts the calls below it, and what is known of their use (`records.usage`).
    `evidence` is a blob with its findings (`records.findings`), the same that its seal names: the spans that its answer
    rests on, and what it has shown, read and scanned of its inputs. `coverage` is not written.
    `warnings` and `notes` are those of its seal, without the examples, which its own trace has.
    """

    root: str
    status: str
    reason: str
    used: Counts
    evidence: Ref | None = None
    coverage: dict[str, tuple[int, int, int]] = {}
    warnings: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()
    calls: Counts = {}


class EffectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a step, whole. On disk a round's calls share one head line (see `call_lines`).

    `effect` is the kind of call, `round` the step's round that made it, `first` the index at which that round began.
    `recipe` lists the parts of the prompt: refs of literal parts, spans of content; `rendered` commits to the text.
    `result` is the ref of the reply's blob. If there is no reply it is `None`, `error` says why, and `detail` may be
    the ref of a blob with more. Of a nested run, `inputs` are the refs of its inputs and `child` is its outcome.
    `same_as` is the id of the call whose result this one took, without being made, `trial` counts repetitions of one
    prompt, `sampling` says how it was asked where the role does not say it: the `form` (`effects.requests.Form`).
    Unknown usage is null.
    """

    step: int
    index: int
    first: int = 0
    round: int = 0
    id: str
    effect: str = "lm"
    role: str
    model: str
    max_output_tokens: int
    recipe: tuple[Ref | Span, ...]
    rendered: str
    prompt_bytes: int
    result: Ref | None
    error: str
    detail: Ref | None = None
    usage: Usage3
    cached: bool
    inputs: dict[str, Ref] = {}
    child: Child | None = None
    same_as: str = ""
    trial: int = 0
    sampling: dict[str, str] = {}


class Blob(msgspec.Struct, frozen=True):
    """Content to write to the trace, with its salt (16 bytes) and ref."""

    ref: Ref
    salt: bytes
    content: bytes


class Entry(msgspec.Struct, frozen=True):
    """One record with what must be durable before it: its blobs, its calls in index order.

    Blobs may repeat earlier ones; a log writes each ref once.
    """

    record: AnyRecord
    blobs: tuple[Blob, ...] = ()
    effects: tuple[EffectRecord, ...] = ()
