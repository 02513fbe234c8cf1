"""The agent: a controller model at the wheel of the kernel. Start at `loop`; `ask` is how it is called.

A turn is: prompt, reply, program, `advance`, observation. All that decides is a function of the state and the history.
Nothing is imported here, so that `execute` starts without the agent.
"""
