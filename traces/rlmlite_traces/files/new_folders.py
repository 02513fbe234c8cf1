"""New folders, each for its user alone (0700), whatever the umask."""

import stat
from pathlib import Path

from rlmlite_traces.files.guarded import PRIVATE_FOLDER, Folder, split_nested


def make_trace_folder(path: Path) -> Folder:
    """The new folder of a trace, open. Raises `FileExistsError` if anything is there, and `OSError`."""
    outermost, names = split_nested(path)
    if not names:
        make_folders(path, exist_ok=False)
        return Folder.open(path)
    folder = Folder.open(outermost)
    for name in names:
        with folder:
            folder = folder.make_below(name, exist_ok=name != names[-1])
    return folder


def make_folders(path: Path, exist_ok: bool = True) -> None:
    """Make a folder, and those above it that are missing, each for its user alone. Raises `OSError`."""
    missing = [path]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        is_above = folder != path
        try:
            folder.mkdir(PRIVATE_FOLDER)
        except FileExistsError:
            if is_above or (exist_ok and folder.is_dir()):
                continue  # another process made it just now, or it was there before
            raise
        if stat.S_IMODE(folder.stat().st_mode) != PRIVATE_FOLDER:
            folder.chmod(PRIVATE_FOLDER)  # the umask had taken away what its user needs
