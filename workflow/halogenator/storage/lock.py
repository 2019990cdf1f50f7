"""One run at a time in a folder, and no lock that outlives its run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from halogenator.errors import UserError

_LOCK_NAME = "halogenator.lock"

_held: list[int] = []  # descriptors stay open, and so locked, until the process ends


def claim_folder(snakemake_folder: Path, scratch: Path, *, cap_mb: int) -> None:
    """Hold a folder for this process, and clear what a killed run left in it: Snakemake's lock files, and scratch.

    Snakemake's own lock is a file, which a killed run leaves behind. This one is the kernel's and ends with the
    process, so whoever gets it knows that no other run is alive here and that any lock file is stale.

    Args:
        snakemake_folder: ``.snakemake`` of the working directory.
        scratch: folder of the tasks' temporary files.
        cap_mb: what the run's tasks together may use; written into the lock, with the process, for who asks.

    Raises:
        UserError: if another run holds the folder.
    """
    fix = "wait until it ends; to plan meanwhile use -n, to run beside it give another --directory"
    descriptor = _hold(snakemake_folder, cap_mb, fix)
    if descriptor is None:  # Snakemake's own lock has to do
        return
    _held.append(descriptor)
    for stale in (snakemake_folder / "locks").glob("*"):
        stale.unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def hold_folder(folder: Path, *, cap_mb: int, fix: str) -> Iterator[None]:
    """Hold a folder, which is made if it is not there, until the block ends.

    Args:
        folder: what to hold.
        cap_mb: as for ``claim_folder``.
        fix: what to do where another run holds it.

    Raises:
        UserError: if another run does.
    """
    descriptor = _hold(folder, cap_mb, fix)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _hold(folder: Path, cap_mb: int, fix: str) -> int | None:
    """Return the descriptor that holds a folder while it is open; None where the system or the disk has no locks."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read_note(os.read(descriptor, 200))
        os.close(descriptor)
        raise UserError(
            "another run is going on in this folder",
            where=folder.resolve().parent,
            value=f"process {holder[0]}" if holder else None,
            fix=fix,
        ) from None
    except OSError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "cap_mb": cap_mb}).encode(), 0)
    return descriptor


def lock_holder(snakemake_folder: Path) -> tuple[int, int] | None:
    """Return the process that holds a folder and what its tasks together may use, in MB; None if no run does."""
    lock = snakemake_folder / _LOCK_NAME
    try:
        note = _read_note(lock.read_bytes())
    except OSError:
        return None
    return note if note and psutil.pid_exists(note[0]) and _is_held(lock) else None


def _is_held(lock: Path) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read_note(note: bytes) -> tuple[int, int] | None:
    """Return the process and the cap that a lock names."""
    try:
        found = json.loads(note)
        return int(found["pid"]), int(found["cap_mb"])
    except (ValueError, KeyError, TypeError):
        return None
