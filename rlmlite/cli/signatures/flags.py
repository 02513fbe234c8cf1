"""From a command line to a `Job`: flags by the names of their settings, `None` for a flag that was left out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlmlite.cli.settings.job import Job
    from rlmlite.cli.settings.places import Places


def permission_flags(
    tools: list[str] | None, policy: Path | None, approve: str | None, redact: list[str] | None
) -> dict[str, Any]:
    """What a run may reach and what may reach it, as settings."""
    return {"tools": tools, "policy": policy, "approve": approve, "redact": redact}


def calling_flags(workers: int | None, timeout: float | None, stream: bool | None) -> dict[str, Any]:
    """How models are called, as settings."""
    return {"workers": workers, "timeout": timeout, "stream": stream}


def job_of(
    paths: list[str] | None = None,
    controller: list[str] | None = None,
    sub: str | None = None,
    limit: list[str] | None = None,
    run_key: str | None = None,
    trace: Path | None = None,
    yes: bool = False,
    *,
    text: str | None = None,
    path: str | None = None,
    read: list[str] | None = None,
    price: list[str] | None = None,
    input: list[str] | None = None,
    **flags: object,
) -> "Job":
    """The job of a command; what a command has no flag for stays unset."""
    from rlmlite.cli.settings.job import Job

    settings = {
        "limits": limit,
        "prices": price,
        "reading": read,
        "controller": controller,
        "sub": sub,
        "trace": trace,
        "run_key": run_key,
    }
    return Job(
        text=text,
        path=path,
        inputs=tuple(paths or []),
        flags={**settings, **flags},
        yes=yes,
        places=places_of(input),
    )


def places_of(input: list[str] | None, store: Path | None = None) -> "Places":
    """Where the inputs of a session that is there are now."""
    from rlmlite.cli.settings.places import Places

    return Places(tuple(input or []), store)
