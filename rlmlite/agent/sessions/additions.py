"""Adding to an open session: when it may be done, and which limits are higher.

    under way                                   may inputs and limits be added?
    nothing, or a question between two turns    yes
    a program that something stopped            no: its steps were priced and checked without them
    a call that somebody is to answer by hand   no: with them its prompt would be another call
    the result of a call, in the journal        no: it was paid for, and the same
    an input has changed                        no: the session can only be sealed

What is refused here was not loaded, and leaves the session as it was. Not here: what is added (`rlmlite_kernel`).
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias

from rlmlite.errors import SettingError
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.run import Run
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import reserve_for_last_turn
from rlmlite_kernel.effects.requests import Request
from rlmlite_kernel.records.settings import Limits, Settings
from rlmlite_kernel.run.additions import check_addition, raise_limits
from rlmlite_kernel.run.status import INPUT_CHANGED

HigherLimits: TypeAlias = Limits | Mapping[str, int | str | None]
"""Limits by name, as the setting `limits` has them."""


def check_can_add(run: Run, inputs: Collection[str], limits: Mapping[str, int | None]) -> None:
    """Raise `SettingError` or `SettingsError` where these cannot be added to a run as it stands."""
    if run.unfinished is not None:
        raise SettingError("a program is under way: resume it, or abandon it, and add then")
    if INPUT_CHANGED in run.state.partial:
        raise SettingError("an input has changed under the session, so it can only be sealed; begin a new one")
    if run.known():
        raise SettingError("a call has ended, and its turn has not: resume the session, and add then")
    check_addition(run.state, inputs, limits)


def check_nobody_is_asked(waiting: Collection[Request]) -> None:
    """Raise `SettingError` if somebody is to answer calls by hand: with more inputs they would be others."""
    if waiting:
        raise SettingError(f"calls wait for answers ({len(waiting):,}): answer them, resume the session, and add then")


def limits_to_raise(limits: HigherLimits | None, max_cost: object) -> dict[str, int | None]:
    """Limits by name, checked as those of a new session. Raises `SettingError`."""
    made = make_settings({"limits": limits, "max_cost": max_cost}).limits
    default = Limits()
    if isinstance(limits, Limits):
        # It has all fields, and those that nobody has set are not meant.
        names = {name for name in Limits.__struct_fields__ if getattr(limits, name) != getattr(default, name)}
    else:
        names = {*(limits or ())}
    if max_cost is not None:
        names.add("cost_nano")
    return {name: getattr(made, name) for name in Limits.__struct_fields__ if name in names}


def kept_under(settings: Settings, limits: Mapping[str, int | None]) -> dict[str, int]:
    """What is held back for the last answer under higher limits, if the session holds anything back."""
    controller = settings.roles.get(CONTROLLER)
    if not limits or not settings.kept or controller is None:
        return {}
    return reserve_for_last_turn(raise_limits(settings, limits, {}).limits, controller)
