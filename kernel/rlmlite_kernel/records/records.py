"""Receipts: the records of a run, as data.

Records hold no free text. Programs, replies, observations and results are refs to blobs; prompts are recipes.
`Log` in `rlmlite_traces` fills in `seq` and `prev`; nothing else of a record is made outside the kernel.
"""

from typing import TypeAlias

import msgspec

VERSION = 1
"""The trace format. A changed digest or field raises it."""

SEMANTICS = 1
"""What actions mean. A trace of another number is refused, never replayed "probably"."""

KERNEL = "0.1.0"
"""The version of this kernel, as the genesis record names it."""

ZERO = "0" * 64

Ref: TypeAlias = str
"""64 hex digits: a salted commitment to a blob or a value (see `refs`)."""


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every line of `trace.jsonl` has: its place and the leaf hash of the line before."""

    v: int = VERSION
    seq: int = 0
    prev: str = ZERO


class InputEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One input: its value's ref, its size in bytes, and a blob (`source`) that says where it came from.

    `sha256` is the plain digest of a single file's content, which an auditor wants to compare; else `None`.
    """

    name: str
    kind: str
    ref: Ref
    size: int
    source: Ref | None
    sha256: str | None


class Genesis(Record, tag="genesis", frozen=True, kw_only=True):
    """How a run began. `settings` is a blob: limits, policy, roles."""

    run: str
    semantics: int
    kernel: str
    engines: dict[str, str]
    grammar: str
    actions: str
    settings: Ref
    inputs: tuple[InputEntry, ...]
    scope: dict[str, str]
    state: str
    parent: str | None


class Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The controller's call that gave a turn's reply.

    `prompt` commits to the prompt's text (`State.commit`), which can be made again from the trace; it is not stored.
    `usage` is input tokens, output tokens and nano-dollars as reported; null is unknown. `error` says why there is no
    reply, if there is none.
    """

    role: str
    model: str
    prompt: Ref
    prompt_bytes: int
    max_output_tokens: int
    usage: tuple[int | None, int | None, int | None]
    cached: bool = False
    error: str = ""


class Turn(Record, tag="turn", frozen=True, kw_only=True):
    """What the controller said: its reply, the text that was read as a program, the AST or the diagnostics.

    `call` is the controller's own call, if a model spoke; `used` is what it was charged with.
    """

    turn: int
    origin: str
    reply: Ref | None
    program: Ref | None
    ast: Ref | None
    diagnostics: Ref | None
    call: Spoken | None
    used: dict[str, int]
    state: tuple[str, str]


class Observed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a step shows the controller: `size` bytes, of which content of `origins`; `cut` bytes were left out."""

    ref: Ref
    size: int
    origins: tuple[str, ...]
    cut: int


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variable that a step wrote."""

    name: str
    kind: str
    ref: Ref
    size: int


class Effects(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calls of a step: their number and the tree head over their lines in `effects.jsonl`, by index."""

    n: int
    root: str
    ok: int
    failed: int


class Step(Record, tag="step", frozen=True, kw_only=True):
    """One action: what it read, wrote, showed, cost and changed.

    `status` is `ok`, `failed` or `skipped`; `code` names the fault (`docs/reference/faults.md`), empty when ok.
    `priced` is what was reserved before any call, `used` what was charged. `state` is the digest before and after.
    """

    turn: int
    step: int
    statement: int
    op: str
    ast: Ref
    reads: tuple[tuple[str, Ref], ...]
    writes: tuple[Written, ...]
    effects: Effects | None
    observation: Observed
    coverage: dict[str, tuple[int, int, int]]
    priced: dict[str, int]
    used: dict[str, int]
    status: str
    code: str
    state: tuple[str, str]


class Seal(Record, tag="seal", frozen=True, kw_only=True):
    """The end of a run: `outcome` is `completed`, `partial`, `refused` or `failed`, with a `reason` code.

    `result` is a blob: the answer's value and its evidence.
    """

    steps: int
    outcome: str
    reason: str
    result: Ref | None
    state: str


AnyRecord: TypeAlias = Genesis | Turn | Step | Seal


class Span(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`start:stop` (bytes) of a content, committed to by a ref, and the `source` that its fence names ("" for none)."""

    blob: Ref
    start: int
    stop: int
    source: str


class Child(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a nested run: the root of its sealed trace, how it ended, and what it used of its allowance."""

    root: str
    status: str
    reason: str
    used: dict[str, int]


class EffectRecord(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="effect", forbid_unknown_fields=True
):
    """One call, as a line of `effects.jsonl` under its step's root.

    `effect` is the kind of call. `recipe` lists the parts of the prompt: refs of literal parts, spans of content;
    `rendered` commits to the text. `result` is the ref of the reply's blob, or `None` with the `error`, of which
    `detail` is the ref of a blob with more, if there is more to say. Of a nested run `inputs` are the refs of what
    it was given, and `child` is what came of it.
    Unknown usage is null.
    """

    v: int = VERSION
    step: int
    index: int
    id: str
    effect: str = "lm"
    role: str
    model: str
    max_output_tokens: int
    recipe: tuple[Ref | Span, ...]
    rendered: Ref
    prompt_bytes: int
    result: Ref | None
    error: str
    detail: Ref | None = None
    usage: tuple[int | None, int | None, int | None]
    cached: bool
    inputs: dict[str, Ref] = {}
    child: Child | None = None


class Blob(msgspec.Struct, frozen=True):
    """Content to keep in the trace, with its salt (16 bytes) and ref."""

    ref: Ref
    salt: bytes
    content: bytes


class Entry(msgspec.Struct, frozen=True):
    """One record with what must be durable before it: its blobs, its calls' lines in index order.

    Blobs may repeat earlier ones; a log keeps each ref once.
    """

    record: AnyRecord
    blobs: tuple[Blob, ...] = ()
    effects: tuple[EffectRecord, ...] = ()
