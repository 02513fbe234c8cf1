"""Deterministic functions from bytes to integers: search, positions, cuts, ranking, templates. Start at `search.find`.

No clock, no files, no locale; no result depends on a machine's speed or on which engine ran.
"""

from rlmlite_kernel.engines.bytes.threads import MAX_THREADS, use_threads

__all__ = ["MAX_THREADS", "use_threads"]
