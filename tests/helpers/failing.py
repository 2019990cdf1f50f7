"""Many verbs, each with a call of the system that fails, each in a fork of one process that has imported everything.

Run as a program with ``calls.so`` preloaded, it does what ``failing`` has written down. A fork takes a fiftieth of the
time that a new process takes.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

TASKS = [
    f"halogenator.{name}"
    for name in (
        "export.write_molecules",
        "tasks.halogenate_chunk",
        "tasks.merge_library",
        "tasks.merge_products",
        "tasks.read_library",
        "tasks.standardize_chunk",
    )
]


@dataclass(frozen=True)
class Attempt:
    """A verb in a folder of its own: words, where {out} stands for the folder, and the variables of ``calls.c``."""

    words: Sequence[str]
    out: str
    variables: dict[str, str]

    @property
    def status(self) -> int:
        return int(Path(f"{self.out}.status").read_text())

    @property
    def output(self) -> str:
        return Path(f"{self.out}.txt").read_text()


def failing(attempts: Sequence[Attempt], library: Path, notes: Path) -> None:
    """Make the attempts."""
    plan = notes / "attempts.json"
    plan.write_text(json.dumps([asdict(attempt) for attempt in attempts]))
    environment = {**os.environ, "LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, __file__, plan], env=environment, check=True)


def _one(attempt: Attempt) -> int:
    """Be the process of a verb, as ``python -m halogenator`` is."""
    from halogenator.cli import program

    os.environ |= attempt.variables
    ctypes.CDLL(None).calls_begin()
    sys.argv = ["halogenator", *(word.replace("{out}", attempt.out) for word in attempt.words)]
    try:
        return program()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1


def _fork(attempt: Attempt) -> None:
    Path(attempt.out).mkdir()
    child = os.fork()
    if not child:
        log = os.open(f"{attempt.out}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        status = _one(attempt)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    Path(f"{attempt.out}.status").write_text(str(status))


if __name__ == "__main__":
    for module in ("duckdb", "pyarrow.parquet", "rdkit.Chem.AllChem", "halogenator.report.page", *TASKS):
        import_module(module)

    for entry in json.loads(Path(sys.argv[1]).read_text()):
        _fork(Attempt(**entry))
