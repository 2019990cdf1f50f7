"""The folder of a run: a lock that ends with the run that holds it, and a check for files dated in the future."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from halogenator.errors import UserError
from halogenator.process.ownership import SCRATCH, clear
from halogenator.process.running import NOTES

# Folders below .snakemake, which Snakemake makes at its start.
SNAKEMAKE_FOLDERS = (
    *("auxiliary", "conda", "conda-archive", "incomplete", "iocache", "locks", "log", "metadata", "shadow"),
    "singularity",
)
LOCK_NAME = "halogenator.lock"
_STALE, _NOTE = re.compile(r".+\.lock"), re.compile(r"\d+")  # names of Snakemake's locks, and of notes of tasks
_TOLERANCE = 60  # seconds by which clocks in a network may differ

_held: list[int] = []  # descriptors that stay open, and so locked, until the process ends


def claim_folder(snakemake_folder: Path, scratch: Path, *, cap_mb: int) -> None:
    """Lock a folder until this process ends, and remove what a killed run left: lock files, tasks' notes, scratch.

    Snakemake's own lock is a file, which a killed run leaves behind. This lock is the kernel's and ends with its
    process. The process that gets it knows that no other run is going on and that every lock file is stale.

    Args:
        snakemake_folder: ``.snakemake`` of the working directory.
        scratch: folder of the tasks' temporary files.
        cap_mb: memory that all tasks may declare together, in MB; written into the lock file for ``lock_holder``.

    Raises:
        UserError: another run holds the lock.
    """
    fix = "wait until it ends; to plan meanwhile use -n, to run beside it give another --directory"
    descriptor = _hold(snakemake_folder, cap_mb, fix)
    if descriptor is None:  # there is only Snakemake's own lock
        return
    _held.append(descriptor)
    clear(snakemake_folder / "locks", _STALE)
    clear(snakemake_folder / NOTES.name, _NOTE)
    clear(scratch, SCRATCH)


@contextmanager
def hold_folder(folder: Path, *, cap_mb: int, fix: str) -> Iterator[None]:
    """Lock a folder, which is made if necessary, until the block ends.

    Args:
        folder: the folder.
        cap_mb: as for ``claim_folder``.
        fix: advice for a user whose other run holds the lock.

    Raises:
        UserError: another run holds the lock.
    """
    descriptor = _hold(folder, cap_mb, fix)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def lock_holder(snakemake_folder: Path) -> tuple[int, int] | None:
    """Return (id of the process that holds a folder's lock, MB that its tasks may declare); None if no run does."""
    path = snakemake_folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
    except OSError:
        return None
    try:
        note = None if _lock(descriptor) else _read_note(descriptor)
    finally:
        os.close(descriptor)
    return note if note and psutil.pid_exists(note[0]) else None


def redate(folder: Path, names: Sequence[str] | None = None) -> int:
    """Set the times of files from the future to now, in the same order, and return their number.

    Of a folder that may hold other things, ``names`` are the entries to look at.

    After a clock was set back, no file made from them could be newer. Snakemake only compares which file is newer, so
    the order is kept: files of the same time get the same time again, others are a microsecond apart.
    """
    now = time.time_ns()
    found: dict[int, list[str]] = {}
    for parent, folders, files in os.walk(folder):
        if names is not None and parent == str(folder):
            folders[:], files = ([name for name in each if name in names] for each in (folders, files))
        for name in files:
            path = f"{parent}/{name}"
            try:
                dated = os.lstat(path).st_mtime_ns
            except FileNotFoundError:  # removed meanwhile by a task of a killed run
                continue
            if dated > now:
                found.setdefault(dated, []).append(path)
    for rank, dated in enumerate(sorted(found)):
        for path in found[dated]:
            os.utime(path, ns=(now, now + 1_000 * rank), follow_symlinks=False)
    return sum(map(len, found.values()))


def check_dates(paths: Iterable[Path]) -> None:
    """Check that no input file is dated in the future.

    Raises:
        UserError: one is.
    """
    for path in paths:
        ahead = path.stat().st_mtime - time.time() if path.exists() else 0
        if ahead > _TOLERANCE:
            raise UserError(
                f"an input file is dated {ahead:,.0f} seconds in the future, so that no result could be newer",
                where=path,
                fix="is the clock right? if it is, touch the file",
            )


def _hold(folder: Path, cap_mb: int, fix: str) -> int | None:
    """Lock a folder; return the descriptor that keeps the lock while open, or None if locks are not supported."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, locked = _open_locked(folder / LOCK_NAME)
    if locked:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "cap_mb": cap_mb}).encode(), 0)
        return descriptor
    holder = _read_note(descriptor)
    os.close(descriptor)
    if locked is None:
        return None
    raise UserError(
        "another run is going on in this folder",
        where=folder.resolve().parent,
        value=f"process {holder[0]}" if holder else None,
        fix=fix,
    )


def _open_locked(path: Path) -> tuple[int, bool | None]:
    """Open a lock file, made if necessary, for this user and those who share its folder; return it and ``_lock`` of it.

    Where another user's file may not be written, and nobody holds it, it is replaced by one of this user.
    """
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # less the umask
            return descriptor, _lock(descriptor)
        except PermissionError:
            descriptor = os.open(path, os.O_RDONLY)
        if _lock(descriptor) is not True:
            return descriptor, False
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                path.unlink()  # while it is locked, so that nobody else is about to do this
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Lock an open file; return whether that was possible, or None if locks are not supported."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def _read_note(descriptor: int) -> tuple[int, int] | None:
    """Return (process id, cap in MB) from a lock file."""
    try:
        found = json.loads(os.pread(descriptor, 200, 0))
        return int(found["pid"]), int(found["cap_mb"])
    except (ValueError, KeyError, TypeError):
        return None
