"""Redaction afterwards: contents are removed from a finished trace, and all proofs hold. Start at `redact`."""
