"""A stranger's folder: opening a trace, a session or a store of somebody else's does no harm."""
