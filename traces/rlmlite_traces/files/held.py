"""`HeldFile`: a file that stays open, and is read through its descriptor alone.

A cache may lose any of its files while a run reads one: another process makes room, or the user empties the folder. So
what is taken from a cache is held open. Its name may go; the bytes stay until nobody holds it. A file of a cache is
never changed in place, only written under another name and then renamed.
"""

import mmap
import os
import weakref

from rlmlite_kernel.values.blobs import Content
from rlmlite_traces.files.mapped import SMALL


class HeldFile:
    """An open plain file of `size` bytes. The descriptor is closed with this object."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        self.size = os.fstat(descriptor).st_size

    def status(self) -> os.stat_result:
        """What the system says of the file now."""
        return os.fstat(self._descriptor)

    def content(self) -> Content:
        """The bytes: read if they are few, otherwise mapped."""
        if self.size < SMALL:
            return os.pread(self._descriptor, self.size, 0)
        return memoryview(mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ))
