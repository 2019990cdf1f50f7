"""What each kind of task declares it needs, in MB (10^6 bytes), from what was measured of its parts."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

MB = 1_000_000

# Python with RDKit, Arrow and NumPy loaded, one parent with its products, one batch of output and its encoding. The
# same for every size of library: chunk tasks stream. Measured: 180-260 MB.
STREAM_MB = 500
# DuckDB plans with half of a merge's declaration and spills beyond it.
MERGE_MB = 1_000
SMALL_MERGE_MB = 500
SMALL_MERGE_ROWS = 1_000_000
LIGHT_MB = 500


def merge_mb(rows: int) -> int:
    """Return the declaration of a merge of about ``rows`` rows."""
    return SMALL_MERGE_MB if rows < SMALL_MERGE_ROWS else MERGE_MB


def machine_mb() -> int:
    """Return the memory of this machine, or of the container or job that this process is confined to."""
    limits = [psutil.virtual_memory().total]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = Path(path).read_text().strip() if os.access(path, os.R_OK) else ""
        if text.isdecimal():
            limits.append(int(text))
    return min(limits) // MB
