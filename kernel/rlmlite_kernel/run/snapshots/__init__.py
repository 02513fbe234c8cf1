"""Snapshots: a state as data, so that a host need not execute a run again to go on with it."""
