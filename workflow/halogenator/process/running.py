"""Tasks that run now: what each says of itself, and the memory that each has.

A task leaves a note in a folder while it runs, named by its process. Who looks finds the processes by their parents,
and in the notes what they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from halogenator.units import MB

if TYPE_CHECKING:
    import psutil

# Of these notes, below a run's working directory.
NOTES = Path(".snakemake", "halogenator.tasks")


@dataclass(frozen=True)
class Worker:
    """A task of a running workflow at one moment, or the workflow's own process.

    Attributes:
        pid: its first process.
        name: what it does: a verb with library, transform and chunk; "snakemake" for the workflow itself.
        declared_mb: what the task declared; 0 where nothing was.
        unique_mb: memory, in MB, that would be free if it and the processes that it started ended (the resident size
            where the system does not tell).
    """

    pid: int
    name: str
    declared_mb: int
    unique_mb: float


@contextmanager
def announced(folder: Path, name: str, declared_mb: int) -> Iterator[None]:
    """Say in a folder what this process does and what memory it declared, in MB, as long as the block lasts."""
    note = folder / str(os.getpid())
    with suppress(OSError):  # no task fails for want of its note
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps([name, declared_mb]))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def workers(root: int, folder: Path) -> list[Worker]:
    """Return the process ``root`` and what it started, without this process; empty once it has ended.

    Args:
        root: a workflow's process.
        folder: of its tasks' notes.
    """
    import psutil

    try:
        process = psutil.Process(root)
        if process.status() == psutil.STATUS_ZOMBIE:
            return []
        found = [Worker(root, "snakemake", 0, _unique_bytes(process) / MB)]
        started = process.children()
    except psutil.Error:
        return []
    return found + [worker for child in started if child.pid != os.getpid() for worker in _look(child, folder)]


def _look(first: psutil.Process, folder: Path) -> Iterator[Worker]:
    """Yield what a process and its descendants are together, if it is still there."""
    import psutil

    with suppress(psutil.Error):
        name, declared_mb, size = first.name(), 0, 0
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.Error):
                size += _unique_bytes(process)
            with suppress(OSError, ValueError):  # it has none, or is about to write it
                name, declared_mb = json.loads((folder / str(process.pid)).read_text())
        if size:
            yield Worker(first.pid, name, declared_mb, size / MB)


def _unique_bytes(process: psutil.Process) -> int:
    import psutil

    try:
        return int(process.memory_full_info().uss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)
