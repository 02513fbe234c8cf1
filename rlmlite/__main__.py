"""`python -m rlmlite` is `rlmlite`."""

from rlmlite.cli import main

main()
