"""The table of settings: `RunSettings` has each with its name, its default, what it means and which values it accepts.

Not here: how values become settings (`making`), and which of them a folder's file may set (`guard.trust.folder_rules`).
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

import msgspec

from rlmlite.clients.interface import keys as key_checks
from rlmlite.clients.interface import model_checks
from rlmlite.clients.interface.cost_permit import Permit
from rlmlite.clients.interface.options import WORKERS, Calling, Decode
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.interface.roles import RoleOptions, roles_of
from rlmlite.errors import checks
from rlmlite.errors.limit_checks import limits_of
from rlmlite.guard.memory import memory_of
from rlmlite.guard.places import without_links
from rlmlite.guard.trust.folder_rules import ANY, LOWER, NEVER, TRUST
from rlmlite.guard.trust.trusted import PinnedFile
from rlmlite.inputs import READING, Reading
from rlmlite.runs.settings.setting import (
    DEFAULT_STORE,
    Setting,
    approver_of,
    policy_of,
    python_setting,
    reading_options,
    redaction_setting,
    run_key_of,
    spend_of,
    trace_of,
)
from rlmlite_kernel.engines import MAX_THREADS
from rlmlite_kernel.records.settings import Limits, Policy

if TYPE_CHECKING:  # what few runs need: spending, and tools, which import pydantic
    from rlmlite.clients.bounds.spending import SpendLimits
    from rlmlite.guard.redaction.redaction import Redaction
    from rlmlite.tools.approvals import Approver
    from rlmlite.tools.functions import Function, PythonTool
    from rlmlite.tools.tool_names import PinnedTool

Model: TypeAlias = str | Client
"""What plays a role: a model string, or a client."""

PATIENCE = 4
"""Turns of nothing but mistakes before a controller is told that it is stuck; twice as many without anything new."""

_CALLING = Calling()


def unheard(_event: object) -> None:
    """Nobody watches."""


def _calling(name: str, value: object) -> Calling:
    if not isinstance(value, Calling):
        raise checks.wrong(name, "a Calling", value)
    # Its parts are settings of their own, and checked as those are.
    for part in Calling.__struct_fields__:
        part_value = getattr(value, part)
        if part_value is not None:
            SETTINGS[part].check(part, part_value)
    return value


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of a run, checked. `explicit` names those that the caller gave, not the file or a default."""

    controller: Annotated[
        tuple[Model, ...],
        Setting(
            "the model that writes programs; of several, the next takes over when one is stuck",
            model_checks.models,
            TRUST,
        ),
    ] = ()
    sub: Annotated[
        Model | None, Setting("the model that reads chunks; by default the first controller", model_checks.model, TRUST)
    ] = None
    nested: Annotated[
        tuple[Model, ...],
        Setting(
            "the models that control nested runs, one per level; by default the first controller",
            model_checks.models,
            TRUST,
        ),
    ] = ()
    roles: Annotated[
        Mapping[str, RoleOptions],
        Setting("by role its model, and how that is asked: see [roles](#roles)", roles_of, TRUST),
    ] = {}
    limits: Annotated[Limits, Setting("limits by name: see [limits](limits.md)", limits_of, LOWER)] = Limits()
    max_cost: Annotated[
        Decimal | None,
        Setting(
            "dollars that all calls of a run may cost; the prices of the models must be known", checks.dollars, LOWER
        ),
    ] = None
    spend: Annotated[
        "SpendLimits | None",
        Setting(
            "dollars that all runs of this user may cost in a day or a month: see [spending](limits.md#spending)",
            spend_of,
            NEVER,
        ),
    ] = None
    confirm_above: Annotated[
        Decimal | None,
        Setting("dollars; before calls that may cost more, the person at the terminal is asked", checks.dollars, LOWER),
    ] = None
    permit: Annotated[
        Permit | None,
        python_setting(
            "asked before every fan-out, with the number of its calls and the most that they cost", checks.function
        ),
    ] = None
    answer_type: Annotated[
        Any,
        python_setting("a Python or pydantic type that the answer must have; nothing is converted", checks.unchanged),
    ] = None
    last_answer: Annotated[
        bool,
        Setting("whether the last turn, when a budget ends, is for an answer from what there is", checks.truth, ANY),
    ] = True
    require_evidence: Annotated[
        bool,
        Setting("whether an answer without verbatim evidence is `partial (no_evidence)`", checks.truth, ANY),
    ] = False
    accept: Annotated[
        Callable[[Any], str | Iterable[str] | None] | None,
        python_setting(
            "called with every answer of a controller, as a `ProposedAnswer`; what it returns are reasons against it",
            checks.function,
        ),
    ] = None
    patience: Annotated[
        int,
        Setting(
            "turns of nothing but mistakes before a controller is told that it is stuck", checks.whole(1, 1_000), LOWER
        ),
    ] = PATIENCE
    trace: Annotated[
        Path | bool | None,
        Setting(
            "a new folder for the receipts; by default `.rlmlite/DATE/RUN.rlm`; `False` keeps none", trace_of, TRUST
        ),
    ] = None
    run_key: Annotated[str | None, Setting("64 hex digits, for the same trace each time", run_key_of, TRUST)] = None
    scope: Annotated[
        Mapping[str, str], Setting("labels of the host, which the trace records", checks.labels, TRUST)
    ] = {}
    on_event: Annotated[
        Callable[[Any], None], python_setting("called with every [event](python-api.md#events)", checks.function)
    ] = unheard
    tools: Annotated[
        "tuple[Function | PythonTool | PinnedTool | str, ...]",
        Setting("tools that programs may call, each a function, `MODULE:NAME` or `FILE.py:NAME`", checks.listed, TRUST),
    ] = ()
    policy: Annotated[
        Path | Policy | PinnedFile | None,
        Setting("what is permitted: a policy file (see [policy files](policy.md)) or a `Policy`", policy_of, TRUST),
    ] = None
    approve: Annotated[
        "Approver | str | None",
        Setting(
            "who approves calls that need it: `terminal`, `mailbox:DIR`, `never`, or a function of an `Approval`",
            approver_of,
            TRUST,
        ),
    ] = None
    reading: Annotated[
        Reading,
        Setting(
            "how inputs are read: see [inputs](inputs.md#how-inputs-are-read); outside Python it is called `read`",
            reading_options,
            LOWER,
        ),
    ] = READING
    redact: Annotated[
        "Redaction | None",
        Setting(
            "what is replaced in inputs and in results of calls before anything sees them: "
            "[names](../how-to/keep-secrets-out.md) such as `keys` and `mail`, or functions, each `FILE.py:NAME`",
            redaction_setting,
            TRUST,
        ),
    ] = None
    copy_inputs: Annotated[
        bool,
        Setting(
            "whether files are copied into the store first, so that nothing can change them under a run",
            checks.truth,
            TRUST,
        ),
    ] = False
    store: Annotated[
        Path | None,
        Setting("the folder of the store that they are copied to; by default `.rlmlite/store`", checks.path, TRUST),
    ] = None
    copy_to: Annotated[
        Path | None, Setting("`copy_inputs` and `store` in one: the folder of the store to copy to", checks.path, TRUST)
    ] = None
    threads: Annotated[
        int | None,
        Setting(
            "threads that searches and indexes of this process may use; the command takes one per processor",
            checks.whole(1, MAX_THREADS),
            LOWER,
        ),
    ] = None
    max_memory: Annotated[
        int | None,
        Setting(
            "memory for the data of this process, such as `4GiB`, or `none`; mapped files are free", memory_of, TRUST
        ),
    ] = None
    workers: Annotated[int, Setting("calls at a time, and connections to a server", checks.whole(1, 1_000), LOWER)] = (
        WORKERS
    )
    timeout: Annotated[
        float,
        Setting(
            "seconds for an attempt, from its start to the last byte of the reply; with `stream`, for a silence",
            checks.number(0, 86_400, above=True),
            LOWER,
        ),
    ] = _CALLING.timeout
    max_time: Annotated[
        float | None,
        Setting(
            "seconds for a question or a program with its nested runs, or `5m`: see [time](limits.md#time)",
            checks.duration,
            LOWER,
        ),
    ] = None
    retries: Annotated[int, Setting("attempts after the first", checks.whole(0, 20), LOWER)] = _CALLING.retries
    stream: Annotated[
        bool, Setting("whether answers come in pieces, so that a long one meets no timeout", checks.truth, TRUST)
    ] = _CALLING.stream
    decode: Annotated[
        Decode | None,
        Setting(
            "how controllers are held to the language: `auto` is as their server says it can, `none` by words only; "
            "[the others](#decode) hold",
            checks.one_of(*get_args(Decode)),
            TRUST,
        ),
    ] = _CALLING.decode
    temperature: Annotated[
        float | None,
        Setting("sent with each call; a model that refuses it is asked without", model_checks.temperature, TRUST),
    ] = _CALLING.temperature
    max_output_tokens: Annotated[int, Setting("tokens that an answer may have", checks.whole(1, 10_000_000), LOWER)] = (
        _CALLING.max_output_tokens
    )
    prices: Annotated[
        Mapping[str, Price],
        Setting(
            'prices by model string, `IN,OUT` in dollars for a million tokens; `""` is for all others',
            model_checks.prices,
            TRUST,
        ),
    ] = {}
    keys: Annotated[
        Mapping[str, str],
        Setting("by host, the variable that holds the key for it: see [keys](#keys)", key_checks.bindings, NEVER),
    ] = {}
    tell: Annotated[
        Callable[[str], None],
        python_setting("called with each warning, as text; by default the logger `rlmlite`", checks.function),
    ] = _CALLING.tell
    calling: Annotated[
        Calling,
        python_setting(
            "`workers` to `tell` in one `Calling(...)`; a part that is given by itself takes precedence", _calling
        ),
    ] = _CALLING
    explicit: frozenset[str] = frozenset()

    @property
    def copies(self) -> Path | None:
        """The folder of the store that inputs are copied to, if they are. Raises `SettingError` for a link."""
        if self.copy_to is not None:
            return self.copy_to
        if self.copy_inputs:
            return self.store or without_links(DEFAULT_STORE)
        return None


SETTINGS: Mapping[str, Setting] = {
    name: annotation.__metadata__[0]
    for name, annotation in RunSettings.__annotations__.items()
    if hasattr(annotation, "__metadata__")
}
"""Every setting by name."""
