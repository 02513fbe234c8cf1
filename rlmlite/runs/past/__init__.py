"""The past of a run: from its trace (`reopen`), or sooner from what was kept beside that (`checkpoints`)."""
