"""Attacks by source code on whatever reads it for `symbols`."""
