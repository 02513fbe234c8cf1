"""The agent: a controller model at the wheel of the kernel. Start at `loop`; `front` is how it is called.

A turn is: prompt, reply, program, `advance`, observation. All that decides is a function of the state and the history.
"""

from rlmlite.agent.ask import Asking, arun, run, stream

__all__ = ["Asking", "arun", "run", "stream"]
