"""Effects: what the kernel asks for and may not do itself.

The kernel returns `Request`s and is resumed with one `Result` for each, in the same order.

    Request(kind="lm", role="sub", prompt=("Is ", Piece(span of the log), " an error?"), ...)
    Answered("yes", Usage(input_tokens=52, output_tokens=1))       or       Failed("timeout")

A result without an answer is a value of its own class, never text that looks like one. Unknown usage is `None`, not 0.

Not here: retries, timeouts, rate limits, connections. They belong to the driver; the kernel never sees an attempt.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from rlmlite_kernel.program.schemas import Schema
from rlmlite_kernel.records.records import Child
from rlmlite_kernel.records.settings import Sampling, Settings
from rlmlite_kernel.values.blobs import Blobs, Content, digest_of_name
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import TAG_DIGITS, closing_tag, opening_tag
from rlmlite_kernel.values.values import Value

if TYPE_CHECKING:
    from rlmlite_kernel.values.tables.excerpts import Excerpts  # most runs nest none


class Piece(msgspec.Struct, frozen=True):
    """Content put into a prompt: a span that is not copied, or a string that the program made.

    `source` says where it came from, and fences it as data. It is empty for what cannot carry untrusted instructions:
    numbers, and words of the controller. That stands bare.
    """

    content: Text | str
    source: str

    def raw(self, blobs: Blobs) -> Content:
        """The content's bytes."""
        if isinstance(self.content, str):
            return self.content.encode()
        # A view, so that a prompt over a large input is copied only once, when its parts are joined.
        whole = memoryview(blobs.read(digest_of_name(self.content.blob)))
        return whole[self.content.start : self.content.stop]

    def size(self) -> int:
        """The bytes that it takes in the prompt."""
        content = self.content
        body = len(content) if isinstance(content, Text) else len(content.encode())
        if not self.source:
            return body
        # A tag's length does not depend on which digits it has, so the content's digest need not be computed.
        digits = "0" * TAG_DIGITS
        return len(opening_tag(digits, self.source)) + body + len(closing_tag(digits))


Part: TypeAlias = str | Piece
"""A piece of a prompt: words of the program or the kernel, or content."""

EffectKind: TypeAlias = Literal["lm", "tool", "approve", "rlm", "clock"]
"""What a call is made to: a model, a host's tool, whoever may approve of a tool's call, a nested run, a clock."""

Failure: TypeAlias = Literal[
    "timeout",
    "rate",
    "quota",
    "unauthorized",
    "forbidden",
    "unknown_model",
    "wrong_address",
    "filtered",
    "refused",
    "schema",
    "malformed",
    "window",
    "unreachable",
    "dns",
    "tls",
    "cancelled",
    "too_long",
    "budget",
    "unavailable",
    "raised",
    "unknown",
    "no_answer",
    "deadline",
]
"""Why a call has no answer. `raised` is a tool's own error, `unknown` a tool's call whose end nobody saw, `no_answer` a
nested run that ended without one, `deadline` a call that the time of the run ended or did not let begin."""


DEADLINE: Final = "deadline"
"""The failure of calls that the time of the run ended."""


Form: TypeAlias = Literal[
    "response_format", "text.format", "json_object", "json_schema", "guided_json", "grammar", "words"
]
"""How a client asked for the form of an answer: by which field of a request, or in the words of the prompt only."""

FORM = "form"
"""The key of a result's `sampling` that says which `Form` it was."""

ProgramForm: TypeAlias = Literal["tool", "lark", "gbnf", "json-schema", "words"]
"""The form in which a controller was asked for its program: held to one, or in the words of the prompt only."""

DECODE = "decode"
"""The key of a result's `sampling` that says which `ProgramForm` it was."""

NOT_SENT = "not sent"
"""What a result's `sampling` says of a setting of the role that the server refused, and so was left out."""


def is_way_of_asking(said: Mapping[str, str], form: str, forms: Collection[str]) -> bool:
    """Whether what a call says of how it was asked is all that a record may say, since records hold no free text.

    That is under the name `form` one of some forms, and of other settings that they were not sent.
    """
    others = {name: value for name, value in said.items() if name != form}
    is_form = form not in said or said[form] in forms
    return is_form and all(name in Sampling.__struct_fields__ and value == NOT_SENT for name, value in others.items())


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider reports of one call. `None` is unknown, never 0. Cost is in nano-dollars."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano: int | None = None


NO_USE = Usage(input_tokens=0, output_tokens=0, cost_nano=0)
"""What a call uses that no model answered."""


class Nested(msgspec.Struct, frozen=True, eq=False):
    """What a nested run is begun with: its inputs by reference, and settings within its parent's allowance."""

    inputs: "Mapping[str, Value | Excerpts]"
    settings: Settings


class Request(msgspec.Struct, frozen=True):
    """One call. `kind` says of what, `role` of whom: a model's role, the name of a tool, `rlm`, `clock`.

    `id` names it for good: the same run, turn, statement, round and index give the same id.
    `prompt` is a recipe; `render` turns it into text: a model's prompt, a tool's arguments as JSON, for an approval
    the tool, its arguments, their origins and the reasons as JSON, a nested run's question (the inputs follow as
    pieces). `text` is what it renders to, if the request comes from the kernel. `prompt_bytes` and `digest` (SHA-256,
    hex) are of that text.
    `schema` is the form that the answer must have, which the prompt asks for in words. A client that can hold a model
    to it sends it, and says so in the result's `sampling`. `None`: any text will do, or the form's words are data.
    `bears` is how many failed calls its `step` can bear, if that is known: after more of them no other is of use.
    `sampling` is that of the role.
    """

    id: str
    role: str
    model: str
    max_output_tokens: int
    prompt: tuple[Part, ...]
    prompt_bytes: int
    digest: str
    kind: EffectKind = "lm"
    nested: Nested | None = None
    text: str = ""
    schema: Schema | None = None
    step: int = 0
    bears: int | None = None
    sampling: Sampling = Sampling()


class Answered(msgspec.Struct, frozen=True, tag_field="is", tag="answered", omit_defaults=True):
    """An answer, whole: a model's reply, a tool's or a nested run's value as JSON, milliseconds since 1970 of a clock.

    An approval's is JSON, `{"approved": true}`; whatever else it says is a refusal.
    `sampling` says how the call was asked where its role does not: the `form` (`Form`) of an answer, the form
    of a program (`decode`, a `ProgramForm`), settings that were `not sent`.
    `findings` are what a nested run has found beside its answer, as text (`records.findings`).
    """

    text: str
    usage: Usage = Usage()
    cached: bool = False
    child: Child | None = None
    sampling: dict[str, str] = {}
    findings: str = ""


class Failed(msgspec.Struct, frozen=True, tag_field="is", tag="failed", omit_defaults=True):
    """No answer, and why. An error is never a string that looks like an answer; `detail` is what was said of it.

    A nested run without an answer has `findings` all the same.
    """

    error: Failure
    usage: Usage = Usage()
    detail: str = ""
    child: Child | None = None
    sampling: dict[str, str] = {}
    findings: str = ""


Result: TypeAlias = Answered | Failed
Requests: TypeAlias = Sequence[Request]
"""Requests by index; a fan-out's are built when they are read, not kept."""


def render(prompt: tuple[Part, ...], blobs: Blobs) -> str:
    """The text of a prompt."""
    return b"".join(render_parts(prompt, blobs)).decode()


def render_parts(prompt: tuple[Part, ...], blobs: Blobs) -> Iterator[Content]:
    """The bytes of a prompt, part by part.

    Data is fenced by a tag that carries the first 8 hex digits of its own SHA-256, so that it cannot close its fence.
    """
    for part in prompt:
        if isinstance(part, str):
            yield part.encode()
        elif not part.source:
            yield part.raw(blobs)
        else:
            # A tag of the content's own digest cannot stand in the content, and is the same in a replay.
            content = part.raw(blobs)
            tag = hashlib.sha256(content).hexdigest()[:TAG_DIGITS]
            yield opening_tag(tag, part.source)
            yield content
            yield closing_tag(tag)
