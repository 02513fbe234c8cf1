"""Actions of hosts: a guard around each, so that its mistakes are faults of its step and reach no variable."""
