"""What this machine has for this process: memory and cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from halogenator.units import MB


def machine_mb() -> int:
    """Return the memory of this machine, or the limit of the container, job or session of this process, in MB."""
    import psutil

    return min([psutil.virtual_memory().total, *_control_group_limits()]) // MB


def machine_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _control_group_limits() -> Iterator[int]:
    """Yield the limits, in bytes, of this process's control group and of those above it (Linux, versions 1 and 2)."""
    membership = Path("/proc/self/cgroup")
    for line in membership.read_text(encoding="utf-8").splitlines() if membership.exists() else ():
        _, controllers, group = line.split(":", 2)
        if controllers not in ("", "memory") and "memory" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup", "memory" if controllers else "")
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        path = root / group.lstrip("/")
        for folder in (path, *path.parents):
            limit = folder / name
            text = limit.read_text(encoding="utf-8").strip() if os.access(limit, os.R_OK) else ""
            if text.isdecimal():
                yield int(text)
            if folder == root:
                break
