"""Opening a session again: what may be given anew, and what must be as it was when the session was begun.

    fixed       roles with their models and prices, limits, policy, labels, inputs: they are in the genesis
    anew        tools, clients and `accept`, which must be those that the genesis names; where inputs are now
    checked     that this user began it here, or may go on: what a stranger's trace names is neither called nor read

What is refused releases the trace, and leaves it as it was. Not here: the past of a trace (`rlmlite.runs.past`), what
an open session does (`session`).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from rlmlite.agent.ask import prepare_agent
from rlmlite.agent.loop import Agent
from rlmlite.clients.interface.keys import check_shared_key
from rlmlite.clients.interface.placeholders import ByHand
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.interface.roles import RoleOptions
from rlmlite.clients.recorded import ClientRebuilder, make_no_client
from rlmlite.errors import SettingError
from rlmlite.guard.trust.access import Access
from rlmlite.guard.trust.origin import is_begun_from_here, is_begun_here
from rlmlite.inputs import Data, Url
from rlmlite.inputs.formats.recipes import REDACT
from rlmlite.inputs.names import ALONE
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.run import Run
from rlmlite.runs.settings import RunSettings
from rlmlite.runs.setup import Setup, controller_roles
from rlmlite.tools.services import HostServices
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.records.settings import ACCEPT, Role, Tool

FIXED_SETTINGS = ("limits", "max_cost", "run_key", "policy", "scope", "copy_inputs", "copy_to", "require_evidence")
"""Settings that a session has from its beginning on."""


def places_of(path: Path, inputs: Data | Mapping[str, Data]) -> dict[str, str]:
    """Where the inputs of a session that is opened again are now. Raises `SettingError` for any other value."""
    if inputs is None:
        return {}
    named = inputs if isinstance(inputs, Mapping) else {ALONE: inputs}
    places: dict[str, str] = {}
    for name, place in named.items():
        if not isinstance(place, Path | Url):
            raise SettingError(
                f"the session {path} exists already; its inputs cannot be changed, but a Path or a Url says where one "
                "of them is now"
            )
        places[name] = place.url if isinstance(place, Url) else str(place)
    return places


def reopen_session(
    path: Path, settings: RunSettings, access: Access, makes_calls: bool, lock_seconds: float
) -> tuple[Run, Agent, str]:
    """The run of a session that is there, the agent that goes on in it, and why it may not, if it may not."""
    from rlmlite.runs.past.reopen import (  # with the way back into a trace, which a new session does not need
        refusal_to_go_on,
        reopen,
    )

    fixed = next((name for name in FIXED_SETTINGS if name in settings.explicit), None)
    if fixed is not None:
        raise SettingError(f"the session {path} exists already; its {fixed} cannot be changed")
    for role, options in settings.roles.items():
        if "roles" in settings.explicit and options != RoleOptions(model=options.model):
            raise SettingError(f"the session {path} exists already; how `{role}` is asked cannot be changed")
    agent, setup = prepare_agent(settings, ByHand())
    past = reopen(path, settings.reading, access, lock_seconds=lock_seconds)
    if past.refusal:
        settings.tell(f"the checkpoint of {path} is not used, and the session is executed again: {past.refusal}")
    # From here on the log is open and locked: whatever is refused must release it.
    try:
        recorded = past.state.settings
        if settings.accept is not None and ACCEPT not in recorded.gates:
            raise SettingError(f"the session {path} was begun without accept=; begin a new one")
        _check_tools(setup.services, recorded.tools)
        setup = with_redaction(setup, recorded.scope.get(REDACT, ""), path)
        explicit = explicit_clients(setup)
        # Who names a model names it for all roles that it plays: `sub` plays with the controller, if nobody said more.
        models = access.models | {client.model for client in explicit.values()}
        assert past.log.recovered is not None
        is_own = is_begun_here(path, past.log.recovered)
        refusal = refusal_to_go_on(path, past.log.recovered, is_own)
        if refusal and makes_calls:
            raise SettingError(refusal)
        is_from_here = is_begun_from_here(path, past.log.recovered)
        rebuild = ClientRebuilder(models, is_own, is_from_here, settings.calling) if makes_calls else make_no_client
        clients = _clients_of(recorded.roles, explicit, rebuild)
        check_shared_key(clients.values())
    except BaseException:
        past.log.close()
        raise
    # The controllers are those that the session was begun with, however many were named now.
    count = sum(name.startswith(CONTROLLER) for name in clients)
    agent = msgspec.structs.replace(agent, controllers=controller_roles(count))
    setup = msgspec.structs.replace(setup, clients=clients)
    return Run(past.inputs, past.blobs, setup, past), agent, refusal


def with_redaction(setup: Setup, spelling: str, path: Path) -> Setup:
    """The setup with what the session redacts since it was begun. Raises `SettingError` for anything else."""
    settings = setup.settings
    own = settings.reading.redaction
    if own is not None and own.spelling != spelling:
        raise SettingError(f"the session {path} redacts {spelling or 'nothing'}, not {own.spelling}; begin a new one")
    if not spelling:
        return setup
    from rlmlite.guard.redaction.spelling import recorded_redaction  # few sessions redact

    reading = msgspec.structs.replace(settings.reading, redaction=recorded_redaction(spelling, own))
    return msgspec.structs.replace(setup, settings=msgspec.structs.replace(settings, reading=reading))


def explicit_clients(setup: Setup) -> dict[str, Client]:
    """The clients that the caller gave, without those that play a role because nobody else was named."""
    prefixes = {"controller": CONTROLLER, "nested": NESTED_ROLE, "sub": "sub"}
    named = tuple(prefixes[name] for name in prefixes if name in setup.settings.explicit)
    of_roles = {role for role, options in setup.settings.roles.items() if options.model is not None}
    return {role: client for role, client in setup.clients.items() if role in of_roles or role.startswith(named)}


def _check_tools(services: HostServices, declared: Mapping[str, Tool]) -> None:
    """Raise `SettingError` for a tool that the session was not begun with, or that is another one now."""
    for name, tool in services.tools.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise SettingError(f"this session was begun without the tool `{name}`; it has: {known}")
        recorded, declaration = declared[name], tool.declaration
        # All but the side effects must be the same. To declare fewer of those is harmless: the recorded ones count, and
        # calls are made with more care than is needed. To declare new ones is not: calls may have been made twice.
        if msgspec.structs.replace(declaration, side_effects=recorded.side_effects) != recorded:
            raise SettingError(f"the tool `{name}` is not what it was when this session was begun; begin a new one")
        if declaration.side_effects and not recorded.side_effects:
            raise SettingError(f"the tool `{name}` has side effects now; begin a new session")


def _clients_of(
    roles: Mapping[str, Role], explicit: Mapping[str, Client], rebuild: Callable[[str, str], Client]
) -> dict[str, Client]:
    """The client of each role that the session has. Raises `SettingError` for another model."""
    # Roles and prices are in the genesis. With another model, replay would not reserve what the run did.
    for name, client in explicit.items():
        recorded = roles[name].model if name in roles else None
        if recorded != client.model:
            player = "nobody" if recorded is None else recorded
            raise SettingError(f"in this session {player} plays the role `{name}`, not {client.model}")
    return {name: explicit.get(name) or rebuild(name, role.model) for name, role in roles.items()}
