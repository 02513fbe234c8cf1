"""Signatures of traces: who vouches for a root. `sign` makes one, a `PublicKey` given to `verify` demands one."""
