"""Settings that hold from a turn on: what a fork does otherwise than the run that it was forked from.

    genesis    roles {sub: small}, changes: from turn 3 on {sub: large}
    turn 1, 2  `sub` is small: as in the run that was forked, so its results still apply
    turn 3     `sub` is large

A change is named in the genesis, so whoever replays a fork needs nothing else. It takes no record of its own. Between
two turns the state already has what holds in the next one, since a controller's prompt is made of it.
"""

import msgspec

from rlmlite_kernel.effects.policy import Egress, barred_from_controllers
from rlmlite_kernel.records.settings import Change, Settings
from rlmlite_kernel.run.steps.state import State


def with_changes(state: State) -> State:
    """The state between two turns, with the settings of the next one."""
    changes = [change for change in state.settings.changes if change.turn == state.turn + 1]
    for change in changes:
        settings = change_settings(state.settings, change)
        egress = Egress(settings.policy, state.run.sources)
        barred = barred_from_controllers(settings, egress)
        run = msgspec.structs.replace(state.run, settings=settings, egress=egress, barred=barred)
        state = msgspec.structs.replace(state, run=run)
    return state


def change_settings(settings: Settings, change: Change) -> Settings:
    """The settings after a change."""
    return msgspec.structs.replace(
        settings,
        roles={**settings.roles, **change.roles},
        limits=msgspec.structs.replace(settings.limits, **change.limits),
        kept=settings.kept if change.kept is None else change.kept,
        policy=settings.policy if change.policy is None else change.policy,
    )
