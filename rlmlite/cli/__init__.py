"""The command `rlmlite`: `main` is its entry point. Start at `app`, which puts the commands together."""

import gc
import os


def main() -> None:
    """The entry point, and `python -m rlmlite`."""
    # A start makes some 100,000 objects that stay, and the garbage collector would look through them a dozen times:
    # a tenth of a small run. `exit_code_of` turns it on again before the command works.
    gc.disable()
    # NumPy's OpenBLAS starts a thread for every processor, and each spins for 50 ms. Nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rlmlite.guard.import_path import leave_working_folder

    leave_working_folder()
    from rlmlite.cli.app import run_command_line

    run_command_line()
