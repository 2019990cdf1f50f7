"""What survives a loss of power: a new, renamed or removed entry of a folder does once that folder is synced."""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from pathlib import Path

# Of file systems that sync folders by themselves or not at all, and of folders that may be entered but not read.
_NOT_TO_BE_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EPERM)


# Folders that are on the disk, with all folders above them: (path, device, inode).
_lasting: set[tuple[Path, int, int]] = set()


def sync_folders(path: Path) -> None:
    """Bring onto the disk that ``path`` was made, renamed or removed, and all folders on the way to it.

    These may be as new as the file, and made by a process that did not sync them. This process does so once for each:
    a sync takes milliseconds, and small jobs are full of them. Those above the working directory are left out if the
    path is relative.

    Raises:
        OSError: the disk does not take it.
    """
    if os.name == "nt":
        return
    synced = []
    for folder in path.parents:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
                status = os.fstat(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in _NOT_TO_BE_SYNCED:
                raise
            continue
        synced.append((folder.absolute(), status.st_dev, status.st_ino))
        if synced[-1] in _lasting:
            break
    _lasting.update(synced)


def sync_file_system(folder: Path) -> None:
    """Bring onto the disk all that any program has written into the file system of a folder; Linux only."""
    with suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            ctypes.CDLL(None).syncfs(descriptor)
        finally:
            os.close(descriptor)
