"""Upgrade: a trace of an older format, executed again, as a new trace of today's format beside it.

The proofs of a trace are bound to its bytes, so nothing is converted: the new trace has other lines and another root,
and no signature or known root of the old one fits it. What it says was computed here and now, and every record of it
was compared with the old one first, as a replay does. It keeps the old meaning (`flags`), run, contents and salts, and
names what it stands for:

    old      v 1, root 5c2f…, 12 records                         stays as it is
    new      v 2, root e07a…, 12 records, flags as before        scope: upgraded.format 1, upgraded.root 5c2f…

That it stands for the old one is a claim, until somebody who has both does it again; texts that are worded anew have
salts of a new key, so the roots of two upgrades differ.

What cannot be said truly is refused. This version words observations in another way, and a trace says what its model
was shown: so a run with a controller stays in its format. So does one with nested runs, whose parents hold their roots,
and an open one, which the version that began it can still end.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rlmlite_kernel import Entry
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import FORMAT, KERNEL, RENDERING
from rlmlite_kernel.records.records import Blob, Genesis, Ref, Seal, Step, Turn
from rlmlite_kernel.records.refs import SALT_BYTES, commit
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import NotUpgradedError, TraceExistsError
from rlmlite_traces.files.installed import installed_version
from rlmlite_traces.format.reader import CheckedTrace, Level
from rlmlite_traces.format.verify import verify
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.replays.rebuild import Derive
from rlmlite_traces.replays.replay import replay
from rlmlite_traces.replays.verdicts import Verdict
from rlmlite_traces.writing.log import Log


class Upgraded(msgspec.Struct, frozen=True):
    """What an upgrade comes to: the root of the old trace and, once it is written, that of the new one."""

    old_root: str
    old_format: int
    records: int
    new_root: str = ""


class _SaltsOfBoth:
    """The salts of the old trace; for what it does not hold, such as texts that are worded anew, those of a new key."""

    def __init__(self, trace: CheckedTrace) -> None:
        self._known, self.run_id = dict(trace.salts()), trace.genesis.run
        self._key = secrets.token_bytes(32)

    def salt(self, digest: bytes) -> bytes:
        """See `Salts.salt`."""
        known = self._known.get(digest)
        return hmac.digest(self._key, digest, "sha256")[:SALT_BYTES] if known is None else known


def upgrade_trace(
    trace: CheckedTrace,
    path: Path,
    new: Path | None = None,
    places: Mapping[str, Path] | None = None,
    blobs: FileBlobs | None = None,
    derive: Derive | None = None,
    parser: Parser = NO_PARSER,
    limits: ReaderLimits = READER_LIMITS,
    recorded_paths: bool = False,
) -> Upgraded:
    """Execute a verified trace of an older format again and write it to the folder `new`; without one, only try.

    `path` is where the old one lies, for messages. The other arguments are those of `replay`.

    Raises:
        NotUpgradedError: it has today's format, or cannot be said truly in it, or does not replay.
        TraceExistsError: there is something at `new`.
        OverLimitError, UnknownFormatError: as `replay`.
    """
    _require_upgradable(trace, path)
    if new is not None and new.exists():
        raise TraceExistsError(new)
    entries: list[Entry] = []
    replayed = replay(
        trace,
        places,
        blobs,
        _SaltsOfBoth(trace),
        derive=derive,
        parser=parser,
        limits=limits,
        recorded_paths=recorded_paths,
        computed=entries,
    )
    if replayed.verdict is not Verdict.REPRODUCED or len(entries) != trace.size:
        missing = ", ".join(f"input {name}: {reason}" for name, reason in replayed.missing.items())
        raise NotUpgradedError(path, f"its replay is {replayed.verdict.value}" + (f" ({missing})" if missing else ""))
    upgraded = Upgraded(trace.root, trace.genesis.v, trace.size)
    if new is None:
        return upgraded
    entries[0] = _genesis_of(trace, entries[0], parser)
    with Log.create(new, secrets.token_bytes(32)) as log:
        log.extend(entries)
    return msgspec.structs.replace(upgraded, new_root=verify(new, at_least=Level.SEALED, limits=limits).root)


def _require_upgradable(trace: CheckedTrace, path: Path) -> None:
    records = trace.records
    if trace.genesis.v == FORMAT:
        raise NotUpgradedError(path, f"it has today's format, {FORMAT}")
    if not isinstance(records[-1], Seal):
        raise NotUpgradedError(path, "it is open: end its run with the version that began it")
    if any(isinstance(record, Turn) and record.call is not None for record in records):
        raise NotUpgradedError(path, "its controller was shown texts that this version words in another way")
    calls = (call for seq, record in enumerate(records) if isinstance(record, Step) for call in trace.effects(seq))
    if any(call.child is not None for call in calls):
        raise NotUpgradedError(path, "it has nested runs, whose roots its records hold")


def _genesis_of(trace: CheckedTrace, computed: Entry, parser: Parser) -> Entry:
    """The genesis of the new trace: today's versions, and in its scope what it stands for."""
    old = computed.record
    assert isinstance(old, Genesis)
    scope = {**old.scope, "upgraded.format": str(trace.genesis.v), "upgraded.root": trace.root}
    settings = msgspec.json.decode(trace.content(old.settings))
    content = value_bytes({**settings, "scope": scope})
    # Under the salt of the old settings: it is the key of the run's commitments, which stay as they are.
    salt = trace.contents.places[old.settings].salt
    blob = Blob(commit(salt, hashlib.sha256(content).digest()), salt, content)
    record = msgspec.structs.replace(
        old,
        v=FORMAT,
        rendering=RENDERING,
        kernel=KERNEL,
        engines={**engine_versions(installed_version), **parser.versions},
        scope=scope,
        settings=blob.ref,
    )
    return Entry(record, _instead_of(computed, old.settings, blob))


def _instead_of(entry: Entry, ref: Ref, blob: Blob) -> tuple[Blob, ...]:
    return tuple(blob if each.ref == ref else each for each in entry.blobs)
