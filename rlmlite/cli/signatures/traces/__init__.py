"""`rlmlite trace`: the options of its commands, one file per family.

A command joins the group when its file is imported; help lists them in that order.
"""

from rlmlite.cli.signatures.traces import reading, replaying, sharing
from rlmlite.cli.signatures.traces.group import trace_app

__all__ = ["reading", "replaying", "sharing", "trace_app"]
