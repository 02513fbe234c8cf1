"""The command `rlmlite`. `main` is where it begins; each command has a module of its own, imported when it runs."""

from rlmlite.cli.main import main

__all__ = ["main"]
