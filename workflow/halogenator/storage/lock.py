"""One run at a time in a folder, and no lock that outlives its run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from halogenator.errors import UserError

LOCK_NAME = "halogenator.lock"

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
    try:
        import fcntl
    except ImportError:  # no such lock on this platform: Snakemake's own has to do
        return
    snakemake_folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(snakemake_folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(os.read(descriptor, 200))
        os.close(descriptor)
        raise UserError(
            "another run is going on in this folder",
            where=snakemake_folder.resolve().parent,
            value=f"process {holder}" if holder else None,
            fix="wait until it ends; to plan meanwhile use -n, to run beside it give another --directory",
        ) from None
    except OSError:  # a file system without locks: Snakemake's own has to do
        os.close(descriptor)
        return
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "cap_mb": cap_mb}).encode(), 0)
    _held.append(descriptor)
    for stale in (snakemake_folder / "locks").glob("*"):
        stale.unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)


def _holder(note: bytes) -> int | None:
    try:
        return int(json.loads(note)["pid"])
    except (ValueError, KeyError, TypeError):
        return None
