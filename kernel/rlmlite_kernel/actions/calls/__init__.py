"""Actions that call out: sub-models, tools, approvals, the clock, nested runs."""
