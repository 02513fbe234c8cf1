"""The parts of `docs/reference/command-line.md`: what each command says of itself."""

from docs.transcripts import console
from rlmlite.cli.output.exits import exit_code_table

COMMANDS = (
    "ask",
    "exec",
    "session",
    "session new",
    "session exec",
    "session add",
    "session pending",
    "session resume",
    "session show",
    "session abandon",
    "session seal",
    "trace",
    "trace ls",
    "trace show",
    "trace view",
    "trace why",
    "trace egress",
    "trace audit",
    "trace diff",
    "trace gc",
    "trace verify",
    "trace replay",
    "trace prove",
    "trace check",
    "trace fork",
    "trace pack",
    "trace unpack",
    "trace sign",
    "trace witness",
    "trace redact",
    "store",
    "store ls",
    "store gc",
    "store verify",
    "grammar",
    "demo",
    "trust",
    "doctor",
    "keygen",
    "upgrade",
)
"""Every command, in the order of the page. A test compares them with the application."""


def helps() -> str:
    """The help of the program and of every command."""
    parts = [console("rlmlite --help")]
    for command in COMMANDS:
        parts.append(f"## rlmlite {command}\n\n{console(f'rlmlite {command} --help')}")
    return "\n\n".join(parts)


def exit_codes() -> str:
    """The exit codes, from the table in the code."""
    return exit_code_table()
