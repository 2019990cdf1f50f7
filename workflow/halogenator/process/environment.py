"""What the workflow's process settles once, when it starts, for itself and for the tasks that it starts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def prepare_tasks() -> None:
    """Settle the environment of every task: this Python, this package, and one thread in libraries that start more.

    So ``python -m halogenator`` is the one that reads the Snakefile, in an activated environment or not; and a task
    whose rule declares one thread has one, which also saves the memory and the start of OpenBLAS's others.
    """
    package = str(Path(__file__).resolve().parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # DuckDB's allocator keeps address space that it has no use for, and the system's limit on a task counts it.
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "retain:false")


def preload_allocator() -> str:
    """Make tasks run under mimalloc where it is installed and can be preloaded; return which allocator they have.

    RDKit allocates small blocks all the time: under mimalloc the same work takes up to a fifth less CPU time.
    """
    libraries = (Path(folder, "cmeel.prefix", "lib", "libmimalloc.so") for folder in sys.path)
    library = next((str(path.resolve()) for path in libraries if path.exists()), None)
    if library is None or sys.platform != "linux" or re.search(r"[\s:]", library):  # LD_PRELOAD splits at both
        return "the default"
    if library in os.environ.get("LD_PRELOAD", "").split(":"):
        return "mimalloc"
    if problem := _preloading_fails(library):
        return f"the default, for mimalloc cannot be loaded ({problem})"
    # Memory is taken from the system as it is used: a limit on it then means what it says.
    os.environ.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")
    os.environ["LD_PRELOAD"] = ":".join(filter(None, [library, os.environ.get("LD_PRELOAD")]))
    return "mimalloc"


def _preloading_fails(library: str) -> str:
    """Return what the dynamic linker says against a library; nothing where it loads.

    mimalloc needs libatomic, which slim images lack. Preloaded nevertheless, it would end every command that tasks
    start, or have each complain.
    """
    tried = subprocess.run(["true"], env={**os.environ, "LD_PRELOAD": library}, capture_output=True, text=True)
    return tried.stderr.strip()
