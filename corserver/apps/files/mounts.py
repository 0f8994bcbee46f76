"""Mounts: whether a file is on a disk of this machine, whose names and times the system keeps in its own memory.

Other file systems ask somebody: a server (NFS, SMB, 9p), or a program (FUSE). Even what they answered a moment ago they
may have to ask for again, and nobody can say how long that takes, or whether it ends.
"""

import functools
import os
from typing import Final

_NEAR: Final = frozenset(
    b"bcachefs btrfs erofs exfat ext2 ext3 ext4 f2fs hfs hfsplus iso9660 jfs ntfs3 overlay ramfs reiserfs squashfs"
    b" tmpfs udf vfat xfs zfs".split()
)


@functools.lru_cache(maxsize=64)
def is_near(device: int) -> bool:
    """Whether *device*, a file's `st_dev`, is a disk of this machine; True where nobody can tell. May block."""
    number = b"%d:%d" % (os.major(device), os.minor(device))
    try:
        with open("/proc/self/mountinfo", "rb") as table:
            kinds = {kind for line in table for kind in _kind_of(line, number)}
    except OSError:  # another system than Linux
        return True
    return kinds <= _NEAR


def _kind_of(line: bytes, number: bytes) -> tuple[bytes, ...]:
    # proc_pid_mountinfo(5): id, parent, major:minor, root, place, options, any number of tags, "-", the kind, …
    fields = line.split(b" ")
    return (fields[fields.index(b"-", 6) + 1],) if fields[2] == number else ()
