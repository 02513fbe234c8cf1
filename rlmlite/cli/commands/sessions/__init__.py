"""Commands on sessions: `session new`, `exec`, `pending`, `resume`, `show`, `seal`."""
