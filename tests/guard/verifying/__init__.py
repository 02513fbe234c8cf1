"""Attacks on verifying, replaying and showing traces."""
