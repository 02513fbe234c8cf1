"""From settings to what a run is begun with: the client of each role, tools, the policy, and the kernel's settings.

    RunSettings(controller=("openai:gpt-5",), tools=(look_up,))
        ->  Setup(clients={"controller": <client>, "sub": <client>}, services=<look_up>, ...)
        ->  kernel Settings(roles={"controller": Role(prices, ...), ...}, tools={...})

Here model strings become clients, the policy file is read, and tools are imported, each once. Nothing is written and no
call is made, so a mistake in any of them is raised before the run begins.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from rlmlite.clients.bounds.deadline import Deadline
from rlmlite.clients.bounds.slots import Slots
from rlmlite.clients.interface.cost_permit import Permit, check_prices, permit_all
from rlmlite.clients.interface.keys import check_shared_key
from rlmlite.clients.interface.options import WORKERS
from rlmlite.clients.interface.placeholders import BY_HAND, ByHand
from rlmlite.clients.interface.prices import nano
from rlmlite.clients.interface.protocol import Client, Preparable, Window, Windowed, role
from rlmlite.clients.interface.roles import options_of
from rlmlite.errors import ModelError
from rlmlite.guard.memory import limit_memory
from rlmlite.guard.trust.trusted import PinnedFile
from rlmlite.inputs.formats.recipes import REDACT
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.settings import Model, RunSettings
from rlmlite.runs.settings.setting import run_key
from rlmlite.tools.approvals import make_approval_service
from rlmlite.tools.services import HostServices
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE, nested_role
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.records.evolution import FLAGS
from rlmlite_kernel.records.settings import ACCEPT, REQUIRE_EVIDENCE, SUB_ROLE, Limits, Policy, Role, Settings

if TYPE_CHECKING:
    from rlmlite.clients.bounds.spending import Spending
    from rlmlite.runs.run import Run

Nest: TypeAlias = Callable[["Run", Request], Awaitable[Result]]
"""Makes the nested run that answers a request, in this run."""

CONTROLLER_TOKENS = 8_192
"""Tokens that a controller may answer with: thoughts and a program."""

_LAST_PROMPT = 32_000  # bytes of the prompt of the last turn, as it is provided for


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is begun with: its settings, and what has been made of them.

    `clients` is the client behind each role. `services` is what it may reach besides models, `policy` what is permitted
    of all that. `permit` is asked before every fan-out. `scope` holds the labels for the genesis. `nest` makes nested
    runs; without it they are not available. A run that is nested itself has a `parent`: the call that it answers, and
    must be over `within` that run's time; its `level` is 1, or more. `slots` and `spending` are shared by all runs of a
    tree, and so are `flags`, the changes of meaning that hold in it.
    `fixed` are the settings of the kernel, if they are not to be made of these: those of a fork.
    """

    settings: RunSettings
    run_key: bytes
    clients: Mapping[str, Client]
    windows: Mapping[str, Window] = {}
    asks_models: bool = True
    permit: Permit = permit_all
    policy: Policy = Policy()
    services: HostServices = HostServices()
    scope: Mapping[str, str] = {}
    nest: Nest | None = None
    parent: Request | None = None
    fixed: Settings | None = None
    slots: Slots = msgspec.field(default_factory=lambda: Slots(WORKERS))
    spending: "Spending | None" = None
    within: Deadline | None = None
    level: int = 0
    flags: Collection[int] = tuple(FLAGS)

    def deadline(self) -> Deadline:
        """The time of a run that begins now."""
        if self.within is not None:
            return self.within.within()
        settings = self.settings
        answers = bool(settings.controller) and settings.last_answer
        return Deadline.after(settings.max_time, answers=answers)

    def with_windows(self) -> "Setup":
        """The same, with the windows of its models as far as they can be found out: see `rlmlite.clients.windows`."""
        unknown = self._without_window()
        if not unknown:
            return self
        from rlmlite.clients.windows.find import find_windows  # only where a model has a server

        found = find_windows(unknown.values(), self.settings.tell)
        windows = {name: found[id(client)] for name, client in unknown.items() if id(client) in found}
        return msgspec.structs.replace(self, windows=windows)

    async def with_windows_async(self) -> "Setup":
        """`with_windows` for a caller with an event loop, which goes on meanwhile."""
        if not self._without_window():
            return self
        import asyncio

        return await asyncio.to_thread(self.with_windows)

    def _without_window(self) -> dict[str, Client]:
        """The clients, by role, whose window nobody has said and which can find it out."""
        if not self.asks_models:
            return {}
        roles = _roles(self.clients, self.settings)
        clients = {name: client for name, client in self.clients.items() if isinstance(client, Windowed)}
        return {name: client for name, client in clients.items() if roles[name].window is None}

    def labelled(self, labels: Mapping[str, str]) -> "Setup":
        """The same with more labels for the genesis."""
        return msgspec.structs.replace(self, scope={**self.scope, **labels})


def prepare(settings: RunSettings, *, nest: Nest | None = None, otherwise: Client | None = None) -> Setup:
    """Make the clients, read the policy, import the tools. `otherwise` plays the roles that no model was given for.

    Raises `ModelError`, and `SettingError` for a policy, a tool or a price that is missing under a cost limit.
    """
    if settings.max_memory is not None:
        limit_memory(settings.max_memory)
    # The number of threads belongs to the process, not to the run: it changes how fast a search is, never its result.
    if settings.threads is not None:
        from rlmlite_kernel.engines import use_threads

        use_threads(settings.threads)
    clients = clients_of(settings, otherwise)
    check_prices(_roles(clients, settings), settings.limits, is_spend_limited=settings.spend is not None)
    services, policy, labels = _services(settings)
    # Last, since it starts work in the background, which a run that is refused does not need. One client may play
    # several roles.
    by_identity = {id(client): client for client in clients.values()}
    for client in by_identity.values():
        if isinstance(client, Preparable):
            client.get_ready()
    if settings.max_time is not None:
        labels = {**labels, "max_time": f"{settings.max_time:g} s"}
    redaction = settings.reading.redaction
    if redaction is not None:
        labels = {**labels, REDACT: redaction.spelling}
    return Setup(
        settings=settings,
        run_key=run_key(settings.run_key),
        clients=clients,
        permit=_permit(settings),
        policy=policy,
        services=services,
        scope={**settings.scope, **labels},
        nest=nest,
        slots=Slots(settings.workers),
        spending=_spending(settings),
    )


def controller_roles(count: int) -> tuple[str, ...]:
    """The roles of so many controllers, in the order in which they take over: `controller`, `controller_2`, ..."""
    return tuple(CONTROLLER if number == 1 else f"{CONTROLLER}_{number}" for number in range(1, count + 1))


def clients_of(settings: RunSettings, otherwise: Client | None = None) -> dict[str, Client]:
    """The client of each role. Raises `ModelError` for a model string that names none, or a key for two servers."""
    names = controller_roles(len(settings.controller))
    controllers = [_client(model, role, settings) for role, model in zip(names, settings.controller, strict=True)]
    if not controllers and otherwise is not None:
        controllers = [otherwise]
    # The order is that of the genesis: the controllers, nested ones by depth, the sub, the host's own.
    clients = dict(zip(controller_roles(len(controllers)), controllers, strict=True))
    for level, model in enumerate(settings.nested, 1):
        role = nested_role(level)
        clients[role] = _client(model, role, settings)
    sub = options_of(SUB_ROLE, settings.roles).model if settings.sub is None else settings.sub
    if sub is not None:
        clients[SUB_ROLE] = _client(sub, SUB_ROLE, settings)
    elif controllers:
        clients[SUB_ROLE] = controllers[0]
    for role, options in settings.roles.items():
        if role != SUB_ROLE and options.model is not None:
            clients[role] = _client(options.model, role, settings)
    # Calls by hand stop a session until somebody answers; whatever else makes a run has nobody to ask.
    if not isinstance(otherwise, ByHand):
        by_hand = next((role for role, client in clients.items() if isinstance(client, ByHand)), None)
        if by_hand is not None:
            raise ModelError(f"{BY_HAND} cannot play `{by_hand}` here; only sessions have calls by hand: `session new`")
    check_shared_key(clients.values())
    return clients


def _client(model: Model, role: str, settings: RunSettings) -> Client:
    if not isinstance(model, str):
        return model
    from rlmlite.clients.registry import client

    return client(model, settings.calling, role)


def _spending(settings: RunSettings) -> "Spending | None":
    if settings.spend is None:
        return None
    from rlmlite.clients.bounds.spending import Spending  # most users have no such limits

    return Spending(settings.spend)


def _permit(settings: RunSettings) -> Permit:
    if settings.permit is not None:
        return settings.permit
    if settings.confirm_above is None:
        return permit_all
    from rlmlite.clients.interface.confirm import CostConfirmation

    return CostConfirmation(nano(settings.confirm_above), settings.tell)  # it counts, so each run has one of its own


def _services(settings: RunSettings) -> tuple[HostServices, Policy, dict[str, str]]:
    """What a run may reach besides models, under which policy, and the label for the policy's file in the genesis."""
    if not settings.tools and not isinstance(settings.policy, Path | PinnedFile):
        approve = make_approval_service(settings.approve, settings.tell)
        return HostServices(approve=approve), settings.policy or Policy(), {}
    from rlmlite.tools.loading import load_tools
    from rlmlite.tools.permissions import grant  # with pydantic, which a run without tools does not need

    permissions = grant(load_tools(settings.tools), settings.policy, settings.approve, settings.tell)
    return permissions.services, permissions.policy, dict(permissions.scope)


def kernel_settings(setup: Setup) -> Settings:
    """The settings of a run as its genesis records them; those of a nested run are what its parent gave it."""
    if setup.fixed is not None:
        return setup.fixed
    if setup.parent is not None and setup.parent.nested is not None:
        return setup.parent.nested.settings
    settings = setup.settings
    roles = _roles(setup.clients, settings, setup.windows)
    controller = roles.get(CONTROLLER)
    reserve: dict[str, int] = {}
    if settings.last_answer and controller is not None:
        reserve = reserve_for_last_turn(settings.limits, controller)
    return Settings(
        limits=settings.limits,
        kept=reserve,
        roles=roles,
        tools={name: tool.declaration for name, tool in setup.services.tools.items()},
        policy=setup.policy,
        scope=dict(setup.scope),
        gates=_gates(settings),
    )


def _gates(settings: RunSettings) -> tuple[str, ...]:
    """What an answer has to pass, by name."""
    gates = {REQUIRE_EVIDENCE: settings.require_evidence, ACCEPT: settings.accept is not None}
    return tuple(name for name, is_armed in gates.items() if is_armed)


def reserve_for_last_turn(limits: Limits, controller: Role) -> dict[str, int]:
    """Tokens and cost held back for the controller's last turn: a call with a 32 kB prompt, at most 1/4 of the limit.

    Without it a fan-out could use up the budget, and the run would end with all that was read and no answer.
    With `tokens=40_000` and a controller that reserves 19,192 tokens for such a call, 10,000 are held back: the calls
    of programs can use 30,000.
    """
    last_call = {
        "tokens": controller.reserved_tokens(_LAST_PROMPT),
        "cost_nano": controller.reserved_cost(_LAST_PROMPT) or 0,
    }
    reserve: dict[str, int] = {}
    for name, amount in last_call.items():
        limit: int | None = getattr(limits, name)
        if limit is not None:
            # Of a small limit a call may be most; then three quarters of it are for the work that is to be answered.
            reserve[name] = min(amount, limit // 4)
    return reserve


def _roles(
    clients: Mapping[str, Client], settings: RunSettings, windows: Mapping[str, Window] | None = None
) -> dict[str, Role]:
    found = windows or {}
    return {name: role_of(name, client, settings, found.get(name)) for name, client in clients.items()}


def role_of(name: str, client: Client, settings: RunSettings, window: Window | None = None) -> Role:
    """How the calls of a role are reserved. The price of a client that does not know its own is that of `prices`.

    `window` is what was found out of its model; it counts where neither the host nor the client says one.
    """
    known = role(client)
    if known.window is not None:
        known = msgspec.structs.replace(known, window_source="client")
    elif window is not None:
        known = msgspec.structs.replace(known, window=window.tokens, window_source=window.source)
    # Controllers write programs, which are longer than answers over a chunk.
    if name.startswith((CONTROLLER, NESTED_ROLE)):
        known = msgspec.structs.replace(known, max_output_tokens=CONTROLLER_TOKENS)
    known = options_of(name, settings.roles).apply(known)
    if options_of(name, settings.roles).max_output_tokens is None:
        known = _leave_room(known)
    price = settings.calling.price(client.model, None)
    knows_its_price = known.input_price is not None
    if price is None or knows_its_price:
        return known
    return msgspec.structs.replace(known, input_price=price.input, output_price=price.output)


def _leave_room(known: Role) -> Role:
    """A role whose longest answer, which the host has not said, leaves the prompt three quarters of the window.

    A controller may answer with 8,192 tokens; with a window of 8,192 there would be no room for a prompt at all, so its
    answers have 2,048.
    """
    if known.window is None:
        return known
    most = max(1, known.window // 4)
    return msgspec.structs.replace(known, max_output_tokens=min(known.max_output_tokens, most))
