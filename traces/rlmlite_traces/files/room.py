"""Room in a folder that is only a cache: what was used longest ago is deleted, until the rest fits.

Files of one name before the suffix belong together and go together:

    k1.json k1.columns (6 GB, used yesterday), k2.json k2.columns (4 GB, used today), room for 8 GB: both of k1 go
"""

import stat
from pathlib import PurePath

from rlmlite_traces.files.guarded import Folder


def make_room(folder: Folder, room: int) -> None:
    """Delete the least recently used files until the others have at most `room` bytes. Raises `OSError`."""
    # Names with a dot are files that some process is still writing; what is no plain file is not ours.
    statuses = {name: folder.status(name) for name in folder.names() if not name.startswith(".")}
    groups: dict[str, list[str]] = {}
    for name, status in statuses.items():
        if stat.S_ISREG(status.st_mode):
            groups.setdefault(PurePath(name).stem, []).append(name)
    sizes = {stem: sum(statuses[name].st_size for name in names) for stem, names in groups.items()}
    used = {stem: max(statuses[name].st_mtime_ns for name in names) for stem, names in groups.items()}
    total = sum(sizes.values())
    # By name as well, so that the choice does not depend on the order in which the folder lists its files.
    for stem in sorted(groups, key=lambda stem: (used[stem], stem)):
        if total <= room:
            return
        for name in groups[stem]:
            folder.remove(name)
        total -= sizes[stem]
