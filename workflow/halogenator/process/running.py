"""Running tasks: their names, their declared memory and the memory that they use.

A running task has a note in a folder, a file named after its process id. An observer finds the processes as descendants
of the workflow's process, and their names in the notes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halogenator.units import MB

if TYPE_CHECKING:
    import psutil

# The folder of notes, below a run's working directory.
NOTES = Path(".snakemake", "halogenator.tasks")
SERVER = "serve-tasks"  # name in the note of the process that forks the tasks


@dataclass(frozen=True)
class Worker:
    """A task of a running workflow at one moment, or the workflow's own process.

    Attributes:
        pid: id of its first process.
        name: its verb with library, transform and chunk; "snakemake" for the workflow itself, with those of its child
            processes that wait for tasks; ``SERVER``.
        declared_mb: memory that it declared, in MB; 0 if it declared nothing.
        unique_mb: memory that would be free if it and its child processes ended, in MB; the resident size where the
            system does not tell, and of the task server, whose memory its tasks share.
    """

    pid: int
    name: str
    declared_mb: int
    unique_mb: float


@contextmanager
def announced(folder: Path, name: str, declared_mb: int) -> Iterator[None]:
    """Keep a note of this process in a folder, with its name and its declared memory in MB, until the block ends."""
    note = folder / str(os.getpid())
    with suppress(OSError):  # a task works without its note
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps([name, declared_mb]), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink()


def end_all(processes: Iterable[subprocess.Popen[Any]], patience: float = 10) -> None:
    """End child processes, even stopped ones; kill those that go on for ``patience`` seconds."""
    processes = list(processes)
    for process in processes:
        process.terminate()
        if hasattr(signal, "SIGCONT"):
            process.send_signal(signal.SIGCONT)  # a stopped process would not notice
    deadline = time.monotonic() + patience
    for process in processes:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def workers(root: int, folder: Path) -> list[Worker]:
    """Return a workflow's process and its child processes, without this process; empty once the workflow has ended.

    Args:
        root: id of the workflow's process.
        folder: folder of notes.
    """
    import psutil

    try:
        process = psutil.Process(root)
        if process.status() == psutil.STATUS_ZOMBIE:
            return []
        own_mb = _unique_bytes(process) / MB
        children = _by_parent(process.children(recursive=True))
    except psutil.Error:
        return []
    started = children[root]
    servers = [child for child in started if _note(folder, child.pid)[0] == SERVER]
    found = []
    for server in servers:
        with suppress(psutil.Error):
            found.append(Worker(server.pid, SERVER, 0, server.memory_info().rss / MB))
        started = started + children[server.pid]
    for child in started:
        if child.pid == os.getpid() or child in servers:
            continue
        for worker in _look(child, children, folder):
            if servers and not worker.declared_mb:  # the client of a task, which waits for it
                own_mb += worker.unique_mb
            else:
                found.append(worker)
    return [Worker(root, "snakemake", 0, own_mb), *found]


def _by_parent(processes: Iterable[psutil.Process]) -> defaultdict[int, list[psutil.Process]]:
    """Return processes by the id of their parent: looking for the children of each would look at all there are."""
    import psutil

    found = defaultdict(list)
    for process in processes:
        with suppress(psutil.Error):
            found[process.ppid()].append(process)
    return found


def _look(first: psutil.Process, children: Mapping[int, Sequence[psutil.Process]], folder: Path) -> Iterator[Worker]:
    """Yield a process and its descendants as one worker, if it still runs."""
    import psutil

    with suppress(psutil.Error):
        name, declared_mb, size = first.name(), 0, 0
        family = [first]
        for process in family:
            family += children.get(process.pid, ())
            with suppress(psutil.Error):
                size += _unique_bytes(process)
            noted, declared = _note(folder, process.pid)
            name, declared_mb = (noted, declared) if noted else (name, declared_mb)
        if size:
            yield Worker(first.pid, name, declared_mb, size / MB)


def _note(folder: Path, pid: int) -> tuple[str, int]:
    """Return the name and the memory in a process's note; "" and 0 if there is none, or only a part of it yet."""
    try:
        name, declared_mb = json.loads((folder / str(pid)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "", 0
    return str(name), int(declared_mb)


def _unique_bytes(process: psutil.Process) -> int:
    import psutil

    try:
        return int(process.memory_full_info().uss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)
