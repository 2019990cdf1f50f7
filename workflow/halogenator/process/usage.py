"""The time and memory that a process has used, for its record."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from halogenator.units import MB


def peak_mb() -> int:
    """Return this process's highest resident size so far, in MB.

    On Linux this is VmHWM. ``getrusage`` is for other systems: on Linux its value includes the process that started
    this one, since it survives ``exec``.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 // MB
    import resource
    import sys

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // MB


class Task:
    """A running task: when it started and what memory it declared, in MB."""

    def __init__(self, declared_mb: int) -> None:
        self.declared_mb = declared_mb
        self._start = time.monotonic()

    def usage(self) -> dict[str, float]:
        """Return seconds (since this object was made), cpu_seconds and peak_mb (of the process), and declared_mb."""
        return {
            "seconds": round(time.monotonic() - self._start, 3),
            "cpu_seconds": round(time.process_time(), 3),
            "peak_mb": peak_mb(),
            "declared_mb": self.declared_mb,
        }


def add_processor_time(log: Path, out: Path) -> None:
    """Add a line to a file of all tasks: the task's log, and the processor time of its processes in seconds.

    Snakemake's benchmark files are of the process that it starts itself. Where a server forks the task, that is only
    its client.

    Args:
        log: the line has its path below the folder of ``out``.
        out: the file, which has no header, since tasks add to it side by side. Of a task's lines the last one counts.
    """
    used = os.times()
    seconds = used.user + used.system + used.children_user + used.children_system
    with suppress(OSError), out.open("a", encoding="utf-8") as file:  # a task works without its line
        file.write(f"{os.path.relpath(log, out.parent)}\t{seconds:.2f}\n")


def combine(usages: list[dict[str, float]]) -> dict[str, float]:
    """Return the usage of several tasks as one: times added up, memory of the task that came nearest to its limit."""
    fullest = max(usages, key=lambda usage: usage["peak_mb"] / usage["declared_mb"])
    return {
        "seconds": round(sum(usage["seconds"] for usage in usages), 3),
        "cpu_seconds": round(sum(usage["cpu_seconds"] for usage in usages), 3),
        "peak_mb": fullest["peak_mb"],
        "declared_mb": fullest["declared_mb"],
        "peak_of_declared": round(fullest["peak_mb"] / fullest["declared_mb"], 3),
    }
