"""The settings of a run: one frozen struct, made once from Python keywords, or from flags, variables and a file.

`RunSettings` is the one table of settings. Each field has its name, its default, what it means and which values it
accepts, in one place. The command line, the documentation and all entry points (`run`, `arun`, `stream`, `Session`,
`execute`, `execute_async`) go by it. `SettingKeywords` has the same names with the types that a caller may write.

    limits={"turns": "9"}, max_cost="0.50"   ->   RunSettings(limits=Limits(turns=9, cost_nano=500_000_000), ...)

A value is checked here and nowhere else, so a run that has begun has no bad setting. Not here: making clients of model
strings, reading the policy file, importing tools (see `setup`): a command that only needs to know how inputs are read
must not fail for want of an API key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias, TypedDict, get_args

import msgspec

from rlmlite.clients.interface import keys as key_checks
from rlmlite.clients.interface import model_checks
from rlmlite.clients.interface.cost_permit import Permit
from rlmlite.clients.interface.options import WORKERS, Calling, Decode
from rlmlite.clients.interface.prices import Price, nano
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.interface.roles import RoleOptions, roles_of
from rlmlite.errors import SettingError, checks
from rlmlite.errors.limit_checks import limits_of
from rlmlite.guard.folder_rules import ANY, LOWER, NEVER, TRUST, FolderRule
from rlmlite.guard.memory import memory_of
from rlmlite.guard.places import without_links
from rlmlite.guard.trust import PinnedFile
from rlmlite.inputs import READING, Reading
from rlmlite.inputs import reading as reading_of
from rlmlite.runs.events import Tell, unheard
from rlmlite.runs.log import DEFAULT_STORE, run_key
from rlmlite_kernel.engines import MAX_THREADS
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Limits, Policy

if TYPE_CHECKING:  # what few runs need: spending, and tools, which import pydantic
    from rlmlite.clients.bounds.spending import SpendLimits
    from rlmlite.tools.approvals import Approver
    from rlmlite.tools.functions import Function, PythonTool
    from rlmlite.tools.tool_names import PinnedTool

Model: TypeAlias = str | Client
"""What plays a role: a model string, or a client."""

PATIENCE = 4
"""Turns of nothing but mistakes before a controller is told that it is stuck; twice as many without anything new."""


class Setting(NamedTuple):
    """What a setting means, which values it accepts, what a folder may do with it, and whether text cannot say it."""

    doc: str
    check: checks.ValueCheck
    folder: FolderRule
    python_only: bool = False


def _python_setting(doc: str, check: checks.ValueCheck) -> Setting:
    """A setting that only Python can say."""
    return Setting(doc, check, NEVER, python_only=True)


# Checks of values of types of this room. The others are beside their types, and in `rlmlite.errors`.


def _trace(name: str, value: object) -> Path | bool:
    return value if isinstance(value, bool) else checks.path(name, value)


def _run_key(name: str, value: object) -> str:
    key = checks.text(name, value)
    run_key(key)  # raises for anything else
    return key


def _policy(name: str, value: object) -> Path | Policy | PinnedFile:
    return value if isinstance(value, Policy | PinnedFile) else checks.path(name, value)


def _approve(name: str, value: object) -> object:
    return value if isinstance(value, str) else checks.function(name, value)


def _reading(name: str, value: object) -> Reading:
    # A `Reading(...)` is taken apart and made again: its own constructor checks nothing.
    options = msgspec.structs.asdict(value) if isinstance(value, Reading) else checks.table(name, value)
    return reading_of(options)


def _spend(name: str, value: object) -> "SpendLimits":
    from rlmlite.clients.bounds.spending import spend_limits  # most users have no such limits

    return spend_limits(name, value)


def _calling(name: str, value: object) -> Calling:
    if not isinstance(value, Calling):
        raise checks.wrong(name, "a Calling", value)
    # Its parts are settings of their own, and checked as those are.
    for part in Calling.__struct_fields__:
        part_value = getattr(value, part)
        if part_value is not None:
            SETTINGS[part].check(part, part_value)
    return value


_CALLING = Calling()


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
            _spend,
            NEVER,
        ),
    ] = None
    confirm_above: Annotated[
        Decimal | None,
        Setting("dollars; before calls that may cost more, the person at the terminal is asked", checks.dollars, LOWER),
    ] = None
    permit: Annotated[
        Permit | None,
        _python_setting(
            "asked before every fan-out, with the number of its calls and the most that they cost", checks.function
        ),
    ] = None
    answer_type: Annotated[
        Any,
        _python_setting("a Python or pydantic type that the answer must have; nothing is converted", checks.unchanged),
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
        _python_setting(
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
        Setting("a new folder for the receipts; by default `.rlmlite/DATE/RUN.rlm`; `False` keeps none", _trace, TRUST),
    ] = None
    run_key: Annotated[str | None, Setting("64 hex digits, for the same trace each time", _run_key, TRUST)] = None
    scope: Annotated[
        Mapping[str, str], Setting("labels of the host, which the trace records", checks.labels, TRUST)
    ] = {}
    on_event: Annotated[Tell, _python_setting("called with every [event](python-api.md#events)", checks.function)] = (
        unheard
    )
    tools: Annotated[
        "tuple[Function | PythonTool | PinnedTool | str, ...]",
        Setting("tools that programs may call, each a function, `MODULE:NAME` or `FILE.py:NAME`", checks.listed, TRUST),
    ] = ()
    policy: Annotated[
        Path | Policy | PinnedFile | None,
        Setting("what is permitted: a policy file (see [policy files](policy.md)) or a `Policy`", _policy, TRUST),
    ] = None
    approve: Annotated[
        "Approver | str | None",
        Setting(
            "who approves calls that need it: `terminal`, `mailbox:DIR`, `never`, or a function of an `Approval`",
            _approve,
            TRUST,
        ),
    ] = None
    reading: Annotated[
        Reading,
        Setting(
            "how inputs are read: see [inputs](inputs.md#how-inputs-are-read); outside Python it is called `read`",
            _reading,
            LOWER,
        ),
    ] = READING
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
        _python_setting("called with each warning, as text; by default the logger `rlmlite`", checks.function),
    ] = _CALLING.tell
    calling: Annotated[
        Calling,
        _python_setting(
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

# `temperature=None` leaves the temperature out of the call. Anywhere else `None` stands for a value that is not given.
_NONE_SAYS_SOMETHING = frozenset({"temperature"})


class SettingKeywords(TypedDict, total=False):
    """The settings as keywords of `run`, `Session`, `execute` and their twins. `RunSettings` says what each means."""

    controller: Model | Sequence[Model] | None
    sub: Model | None
    nested: Model | Sequence[Model] | None
    roles: Mapping[str, Model | RoleOptions | Mapping[str, object]] | None
    limits: Limits | Mapping[str, int | str | None] | None
    max_cost: str | int | float | Decimal | None
    spend: "SpendLimits | Mapping[str, str | int | float | Decimal] | None"
    confirm_above: str | int | float | Decimal | None
    permit: Permit | None
    answer_type: Any
    last_answer: bool | None
    require_evidence: bool | None
    accept: Callable[[Any], str | Iterable[str] | None] | None
    patience: int | None
    trace: str | PathLike[str] | bool | None
    run_key: str | None
    scope: Mapping[str, str] | None
    on_event: Tell | None
    tools: "Sequence[Function | PythonTool | str] | None"
    policy: str | PathLike[str] | Policy | None
    approve: "Approver | str | None"
    reading: Reading | Mapping[str, object] | None
    copy_inputs: bool | None
    store: str | PathLike[str] | None
    copy_to: str | PathLike[str] | None
    threads: int | None
    max_memory: int | str | None
    workers: int | None
    timeout: float | None
    max_time: float | str | None
    retries: int | None
    stream: bool | None
    decode: Decode | None
    temperature: float | None
    max_output_tokens: int | None
    prices: Mapping[str, Price | str] | None
    keys: Mapping[str, str] | None
    tell: Callable[[str], None] | None
    calling: Calling | None


def from_keywords(function: str, keywords: Mapping[str, object]) -> RunSettings:
    """The settings that a Python caller gives `function`.

    Raises `TypeError` for a keyword that is not a setting, as Python does, and `SettingError` for a bad value.
    """
    for name in keywords:
        if name not in SETTINGS:
            raise TypeError(f"{function}() got an unknown setting `{name}`; {hint_for(name)}")
    return make_settings(keywords)


def hint_for(name: str, known: Iterable[str] = SETTINGS) -> str:
    """What to write instead of a name that is not a setting."""
    return did_you_mean(name, known) or f"settings: {', '.join(known)}"


def make_settings(values: Mapping[str, object], explicit: Iterable[str] | None = None) -> RunSettings:
    """The settings of these values by name; `None` stands for a value that was not given. Raises `SettingError`.

    `explicit` are the names that the caller gave, if not all values come from there.
    """
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if value is not None or name in _NONE_SAYS_SOMETHING:
            fields[name] = SETTINGS[name].check(name, value)
    names = frozenset(fields)
    if explicit is not None:
        names &= frozenset(explicit)
    _check_together(fields, names)

    # `max_cost` is the limit `cost_nano` as people write it. From here on there is only the limit.
    if "max_cost" in fields:
        limits = fields.get("limits", Limits())
        fields["limits"] = msgspec.structs.replace(limits, cost_nano=nano(fields["max_cost"]))

    # The parts of `calling` are settings of their own. A part that is given by itself takes precedence, so that a host
    # can share one `Calling` and still say `timeout=5` for one run.
    whole: Calling = fields.get("calling", _CALLING)
    parts = msgspec.structs.asdict(whole)
    parts |= {part: fields[part] for part in parts if part in fields}
    # Both are set, the parts and the whole, so that whoever reads either sees the same.
    fields |= parts
    fields["calling"] = Calling(**parts)
    return RunSettings(**fields, explicit=names)


def _check_together(fields: Mapping[str, Any], explicit: frozenset[str]) -> None:
    """Refuse settings that contradict each other. If one of them won, a caller could not see which."""
    has_cost_limit = "limits" in fields and fields["limits"].cost_nano is not None
    if "max_cost" in fields and has_cost_limit:
        raise SettingError("max_cost and the limit cost_nano say the same thing; give one of them")
    sub = fields.get("roles", {}).get("sub")
    if "sub" in fields and sub is not None and sub.model is not None:
        raise SettingError("sub and roles.sub both name the model that reads chunks; give one of them")
    if "permit" in fields and "confirm_above" in fields:
        raise SettingError("permit and confirm_above both say who is asked before calls; give one of them")
    if "copy_to" in fields and ("copy_inputs" in explicit or "store" in explicit):
        raise SettingError("copy_to says where inputs are copied to; leave out copy_inputs and store")
    # A settings file may name the store for all commands without having every run copy into it; a caller who names it
    # means this run.
    if "store" in explicit and not fields.get("copy_inputs"):
        raise SettingError("store says where copies go; add copy_inputs (--copy)")
