"""How a replay begins: the recorded settings, within what the reader allows, and the versions that wrote the trace.

A replay obeys the limits in the genesis, whoever wrote them. So a limit that permits more than this reader is willing
to spend ends the replay before anything is executed; it is never lowered in silence, since that would be another run.
"""

from collections.abc import Mapping

import msgspec

from rlmlite_kernel import Done, Entry, Input, begin
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.evaluation.work import Meter
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.evolution import KERNEL
from rlmlite_kernel.records.records import Addition, Genesis
from rlmlite_kernel.records.refs import Salts
from rlmlite_kernel.records.settings import Limits, Settings
from rlmlite_kernel.values.parsers import Parser
from rlmlite_traces.files.installed import installed_version
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import CLAIMS, READER_LIMITS, ReaderLimits
from rlmlite_traces.replays.rules.engines import is_plausible
from rlmlite_traces.replays.rules.no_parser import parser_engines

_settings = msgspec.json.Decoder(Settings)

BASE = ("google-re2", "numpy", "stringzilla", "unicode")
"""The engines that every kernel has: no genesis is without them."""

_ANY = 2**63 - 1

Versions = dict[str, tuple[str, str]]
"""By the name of an engine, the recorded version and the one here."""


def _may_be(recorded: str, installed: str) -> bool:
    """Whether a recorded version is the installed one, or may be another."""
    return recorded == installed or is_plausible(recorded, installed)


def read_settings(trace: CheckedTrace) -> Settings | str:
    """The settings of a run, or why its blob holds none. Raises `OverLimitError`."""
    try:
        return _settings.decode(trace.contents.read_json(trace.genesis.settings))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return str(error)


def check_claims(claimed: Limits, allowed: ReaderLimits) -> None:
    """Raise `OverLimitError` if a run may use more of a budget than the reader lets its replay use."""
    for name in CLAIMS:
        allowed.check(name, getattr(claimed, name), f"the settings of the run permit {name} up to")


def allow_claims(trace: CheckedTrace, limits: ReaderLimits = READER_LIMITS) -> ReaderLimits:
    """The limits, raised to what a run claims: for a reader who began it, and so has set its limits.

    Settings that cannot be read raise nothing; the replay says so.
    """
    settings = read_settings(trace)
    if isinstance(settings, str):
        return limits
    # A run of an older version may do again what it did then without a charge.
    uncharged = {"uncharged_work": _ANY, "uncharged_bytes": _ANY}
    raised = [record.limits for record in trace.records if isinstance(record, Addition)]
    claims = {name: [getattr(settings.limits, name), *(more.get(name) or 0 for more in raised)] for name in CLAIMS}
    claimed = {name: max(getattr(limits, name), *amounts) for name, amounts in claims.items()}
    # A program has as many statements as it has steps at most.
    return msgspec.structs.replace(limits, **claimed, **uncharged, statements=max(limits.statements, claimed["steps"]))


def begin_again(
    trace: CheckedTrace,
    inputs: Mapping[str, Input],
    settings: Settings,
    salts: Salts,
    table: Table,
    parser: Parser,
    meter: Meter,
) -> Done:
    """The run at its beginning, under the rules that the trace names. Raises `SettingsError`."""
    return begin(
        inputs,
        settings,
        salts,
        grammar=trace.genesis.grammar,
        table=table,
        engines={**engine_versions(installed_version), **parser.versions},
        flags=trace.genesis.flags,
        recorded=trace.content(trace.genesis.settings),
        meter=meter,
    )


def other_versions(genesis: Genesis, begun: Done, has_no_parser: bool) -> tuple[Versions, Versions]:
    """Which versions wrote the trace, where they are not today's; of parsers apart, if there is none here."""
    here = begun.entries[0].record
    assert isinstance(here, Genesis)
    return compare_versions(genesis, here.engines, has_no_parser)


def compare_versions(genesis: Genesis, engines: Mapping[str, str], has_no_parser: bool) -> tuple[Versions, Versions]:
    """The same for the `engines` that are installed."""
    recorded = {"kernel": genesis.kernel, **genesis.engines}
    installed = {"kernel": KERNEL, **engines}
    of_parsers: Versions = {}
    if has_no_parser:
        of_parsers = parser_engines(recorded, installed)
        recorded = {name: version for name, version in recorded.items() if name in installed}
    names = sorted({*recorded, *installed})
    others = {name: (recorded.get(name, ""), installed.get(name, "")) for name in names}
    return {name: pair for name, pair in others.items() if pair[0] != pair[1]}, of_parsers


def adopt_recorded_versions(genesis: Genesis, entry: Entry) -> Entry:
    """The computed genesis with the recorded versions and numbers in it: they may differ in an honest trace.

    What another kernel may have written beside them is adopted as well. Within one release it must be the same: the
    digest of the action table changes with every release, and the reserved fields are not written by this one.
    A version that cannot be one is not adopted, and so differs.
    """
    here = entry.record
    assert isinstance(here, Genesis)
    record = msgspec.structs.replace(here, v=genesis.v, rendering=genesis.rendering)
    if all(_may_be(genesis.engines.get(name, ""), here.engines.get(name, "")) for name in {*BASE, *genesis.engines}):
        record = msgspec.structs.replace(record, engines=genesis.engines)
    if _may_be(genesis.kernel, here.kernel):
        record = msgspec.structs.replace(record, kernel=genesis.kernel)
    if record.kernel != here.kernel:
        names = ("actions", "strategy", "compiled", "signature")
        record = msgspec.structs.replace(record, **{name: getattr(genesis, name) for name in names})
    return Entry(record, entry.blobs)
