"""Environment variables that the workflow's process sets at its start, for itself and for its tasks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path


def use_utf8(started_in: Callable[[], Path] = Path.cwd) -> None:
    """Start this program anew in Python's UTF-8 mode if its locale has another encoding.

    Files of the project are UTF-8, and so are the names of files for DuckDB and in YAML, whatever the locale says.

    Args:
        started_in: gives the folder in which the program was started.
    """
    if sys.getfilesystemencoding() != "utf-8":
        os.chdir(started_in())
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def prepare_tasks(environment: MutableMapping[str, str]) -> None:
    """Set in an environment what tasks need: this Python, this package, and one thread for numerical libraries.

    Tasks then use the same ``python -m halogenator`` as the Snakefile, whether its environment is activated or not. A
    task uses the one thread that its rule declares, which also saves the memory of more OpenBLAS threads. Whatever the
    locale, it reads and writes text as UTF-8, and it imports nothing from the working folder, such as a person's
    ``json.py``.
    """
    package = str(Path(__file__).resolve().parents[2])
    given = environment.get("PYTHONPATH", "").split(os.pathsep)
    environment["PYTHONPATH"] = os.pathsep.join([package, *filter(None, given)])  # an empty entry: the working folder
    environment["PYTHONSAFEPATH"] = "1"
    environment["PYTHONUTF8"] = "1"
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    environment.setdefault("OMP_NUM_THREADS", "1")
    # DuckDB's allocator would keep unused address space, which counts against the system's limit on a task.
    environment.setdefault("DUCKDB_JE_MALLOC_CONF", "retain:false")
    # Arrow's jemalloc, which nothing uses, would start a thread, and a process with threads cannot fork tasks.
    environment.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    take_memory_when_used(environment)


def preload_allocator(environment: MutableMapping[str, str]) -> str:
    """Let tasks of an environment run with mimalloc if it can be preloaded; return the name of their allocator.

    RDKit allocates many small blocks. With mimalloc, the same work takes up to a fifth less CPU time.
    """
    libraries = (Path(folder, "cmeel.prefix", "lib", "libmimalloc.so") for folder in sys.path)
    library = next((str(path.resolve()) for path in libraries if path.exists()), None)
    if library is None or sys.platform != "linux" or re.search(r"[\s:]", library):  # LD_PRELOAD splits at both
        return "the default"
    if library in environment.get("LD_PRELOAD", "").split(":"):
        return "mimalloc"
    if problem := _preloading_fails(library, environment):
        return f"the default, for mimalloc cannot be loaded ({problem})"
    environment["LD_PRELOAD"] = ":".join(filter(None, [library, environment.get("LD_PRELOAD")]))
    return "mimalloc"


def take_memory_when_used(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have mimalloc, which Arrow has as well, take memory from the system only when it is used; call before its import.

    Otherwise Arrow's allocator would reserve a gigabyte at once, which counts against the limit of a task: one that
    declared 1,500 MB had less to use than one with 1,000 MB, where the reservation is refused.
    """
    environment.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")


def _preloading_fails(library: str, environment: Mapping[str, str]) -> str:
    """Return the dynamic linker's message if a library cannot be preloaded; else an empty text.

    mimalloc needs libatomic, which slim images lack. Preloaded there, every command would fail or print a warning.
    """
    tried = subprocess.run(["true"], env={**environment, "LD_PRELOAD": library}, capture_output=True, text=True)
    return tried.stderr.strip()
