"""What all processes of a user may spend, by day and by month, over all projects and in each.

One SQLite file holds it, so that processes that run at the same time cannot pass a limit together:

    a fan-out may cost up to $0.40      is that left, today, this month, here and in all? then it is set aside
    its calls have cost $0.31           $0.31 is added to what was spent, and the $0.40 is free again

    day = 5.00     spent today 4.20, set aside 0.30     room 0.50

What a process has set aside when it is killed counts as spent: its calls may have been billed. Days and months are
those of UTC, by when a fan-out begins. Not here: limits of a single run (`max_cost`), which the kernel keeps.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rlmlite.clients.interface.prices import dollars, nano
from rlmlite.errors import SettingError, checks
from rlmlite.guard.places import make_private_folder, state_folder
from rlmlite_kernel.program.problems import did_you_mean

if TYPE_CHECKING:
    import sqlite3  # where there are limits to keep

FILE: Final = "spending.sqlite"
_WAIT_SECONDS: Final = 30.0
"""How long to wait for another process; each holds the file for a few milliseconds."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spent (day TEXT, project TEXT, nano INTEGER NOT NULL, PRIMARY KEY (day, project));
CREATE TABLE IF NOT EXISTS held (id INTEGER PRIMARY KEY, day TEXT, project TEXT, nano INTEGER NOT NULL);
"""
_SUM: Final = """
SELECT coalesce(sum(nano), 0) FROM (SELECT day, project, nano FROM spent UNION ALL SELECT day, project, nano FROM held)
WHERE day LIKE ? AND (? IS NULL OR project = ?)
"""


class SpendLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Nano-dollars by period, over all projects or in this one; `None` is no limit. `project` is the name of this one.

    By default a project is the folder in which the process was started.
    """

    day: int | None = None
    month: int | None = None
    project_day: int | None = None
    project_month: int | None = None
    project: str = ""


_PERIODS: Final = tuple(name for name in SpendLimits.__struct_fields__ if name != "project")


def spend_limits(name: str, value: object) -> SpendLimits:
    """The check of the setting `spend`: dollars by period."""
    if isinstance(value, SpendLimits):
        return value
    fields: dict[str, Any] = {}
    for period, amount in checks.table(name, value).items():
        if period == "project":
            fields[period] = checks.text(f"{name}.{period}", amount)
        elif period in _PERIODS:
            fields[period] = nano(checks.dollars(f"{name}.{period}", amount))
        else:
            known = (*_PERIODS, "project")
            hint = did_you_mean(period, known) or f"there are: {', '.join(known)}"
            raise SettingError(f"setting {name}: no period `{checks.cut(period)}`; {hint}")
    return SpendLimits(**fields)


class Held(msgspec.Struct):
    """What was set aside for a fan-out: the most that it can cost, and what calls that have ended did cost.

    `under_way` is what calls that have begun may cost.
    """

    id: int
    spent: int = 0
    under_way: int = 0

    def begin(self, most: int) -> None:
        """A call begins that can cost so much."""
        self.under_way += most

    def end(self, most: int, cost: int | None) -> None:
        """It has ended; a cost that nobody knows counts as the most."""
        self.under_way -= most
        self.spent += most if cost is None else cost


class Spending:
    """The file of what was spent, and the limits that hold here."""

    def __init__(self, limits: SpendLimits, path: Path | None = None) -> None:
        self._limits = limits
        self._path = path or make_private_folder(state_folder()) / FILE
        self._project = limits.project or os.path.realpath(os.curdir)

    @contextlib.contextmanager
    def hold(self, most: int) -> Iterator[Held | str]:
        """Set aside the most that a fan-out can cost, or say in a sentence which limit it would pass.

        At the end what its calls have cost is added to what was spent, also if they were broken off.
        """
        # The day on which it begins, so that a fan-out over midnight is counted once.
        day = datetime.now(UTC).date().isoformat()
        with self._transaction() as database:
            held = self._refusal(database, day, most) or self._set_aside(database, day, most)
        if isinstance(held, str):
            yield held
            return
        try:
            yield held
        finally:
            self._settle(held, day)

    def totals(self) -> Mapping[str, tuple[int, int | None]]:
        """For each period the nano-dollars that are spent or set aside, and the limit."""
        day = datetime.now(UTC).date().isoformat()
        with self._transaction() as database:
            return {period: (self._sum(database, period, day), getattr(self._limits, period)) for period in _PERIODS}

    def _set_aside(self, database: "sqlite3.Connection", day: str, most: int) -> Held:
        cursor = database.execute("INSERT INTO held VALUES (NULL, ?, ?, ?)", (day, self._project, most))
        assert cursor.lastrowid is not None  # that of a row that has just been inserted
        return Held(cursor.lastrowid)

    def _refusal(self, database: "sqlite3.Connection", day: str, most: int) -> str:
        for period in _PERIODS:
            limit: int | None = getattr(self._limits, period)
            if limit is None:
                continue
            spent = self._sum(database, period, day)
            if spent + most > limit:
                amounts = [dollars(amount) for amount in (most, spent, limit)]
                return (
                    f"calls of up to {amounts[0]} are more than is left of spend.{period}: {amounts[1]} of {amounts[2]}"
                )
        return ""

    def _sum(self, database: "sqlite3.Connection", period: str, day: str) -> int:
        project = self._project if period.startswith("project") else None
        # A day is `2026-11-28`, the days of its month `2026-11-%`.
        days = day if period.endswith("day") else f"{day[:7]}-%"
        (total,) = database.execute(_SUM, (days, project, project)).fetchone()
        return int(total)

    def _settle(self, held: Held, day: str) -> None:
        amount = held.spent + held.under_way
        with self._transaction() as database:
            database.execute("DELETE FROM held WHERE id = ?", (held.id,))
            database.execute(
                "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET nano = nano + excluded.nano",
                (day, self._project, amount),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator["sqlite3.Connection"]:
        """The file, to this process alone. A file that cannot be used is an error: the limits could not be kept."""
        import sqlite3

        try:
            # Opened each time: a connection may not be used in another thread, or after a fork.
            with contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)) as opened:
                opened.executescript(_SCHEMA)
                opened.execute("BEGIN IMMEDIATE")
                yield opened
                opened.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise SettingError(
                f"{self._path} cannot be used, so the limits of [spend] cannot be kept: {error}; "
                "remove the file to begin to count anew, or take the limits out"
            ) from None
