"""What is to happen in tasks of a run, at a moment that no machine is too slow for: they are held, killed or swell.

A test plans it, starts the run with the plan's variables, and waits until a task has come so far. A task that is held
stands still until the test lets it go, so nothing has to be quick.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.samples import SAFETY_NET


@dataclass(frozen=True)
class Planned:
    """One thing, which happens once.

    Attributes:
        verb: of the task.
        does: "hold", "swell", "kill the task", "kill Snakemake", or "kill all", which is its process group.
        name: end of the name of the output whose rename is the moment; for "at its start" of no meaning.
        when: "before" or "after" that rename, or "at its start".
    """

    verb: str
    does: str = "hold"
    name: str = ""
    when: str = "before"


class EndedTooEarlyError(AssertionError):
    """A run was over before a task had come to what was planned."""


class Plan:
    """Things that are to happen in the tasks of one start of a run; its files are in a folder that the tasks reach."""

    def __init__(self, folder: Path, planned: Sequence[Planned]) -> None:
        self._path = folder / f"planned-{time.monotonic_ns()}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps([asdict(each) for each in planned]))
        self._count = len(planned)

    def _file(self, number: int, kind: str) -> Path:
        return Path(f"{self._path}.{number}.{kind}")

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that hand the plan to tasks."""
        path = os.pathsep.join(filter(None, [str(Path(__file__).parent / "in_tasks"), os.environ.get("PYTHONPATH")]))
        return {"PLANNED_IN_TASKS": str(self._path), "PYTHONPATH": path}

    @property
    def happened(self) -> int:
        """How many of the things have happened."""
        return sum(self._file(number, "reached").exists() for number in range(self._count))

    def reached(self, run: subprocess.Popen[str], number: int = 0) -> int:
        """Wait until a task is where the numbered thing happens; return its process id.

        Raises:
            EndedTooEarlyError: the run ended before.
        """
        wait_until(self._file(number, "reached").exists, run)
        return int(self._file(number, "reached").read_text())

    def let_go(self, number: int = 0) -> None:
        """Let a held task go on."""
        self._file(number, "let-go").touch()


def wait_until(true: Callable[[], object], run: subprocess.Popen[str] | None = None) -> None:
    """Wait for what stays true once it is so; ``run`` has to be on meanwhile.

    Raises:
        EndedTooEarlyError: the run ended before.
    """
    deadline = time.monotonic() + SAFETY_NET
    while not true():
        if run is not None and run.poll() is not None and not true():
            raise EndedTooEarlyError
        assert time.monotonic() < deadline
        time.sleep(0.02)
