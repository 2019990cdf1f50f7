"""Processes measured by what the kernel of the system counted for them, and figures beside their targets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from halogenator.environment import preload_allocator, prepare_tasks

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "results" / "work" / "bench"
MB = 1_000_000
_SAMPLE_SECONDS = 0.2
_ENVIRONMENT = threading.Lock()  # of this process, changed for a moment


@dataclass(frozen=True)
class Figure:
    """A measured value and what it should be.

    Attributes:
        value: the median of ``rounds``, where there are any.
        target: the bound, or None for a figure that only informs.
        at_least: whether the target is a lower bound.
        rounds: the raw values, in the order measured.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    rounds: Sequence[Any] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the value keeps the target; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def middle(name: str, rounds: Iterable[float], unit: str, target: float | None = None, **settings: Any) -> Figure:
    """Return the figure whose value is the median of its rounds."""
    values = [round(value, 4) for value in rounds]
    return Figure(name, median(values), unit, target, rounds=values, **settings)


@dataclass(frozen=True)
class Used:
    """What a finished command used, all its descendants included.

    Attributes:
        cpu_seconds: user and system time.
        peak_mb: highest sum of their unique set sizes (memory that would be freed if they ended), sampled five times a
            second, in MB; 0 unless it was asked for.
        output: standard output and error.
    """

    cpu_seconds: float
    peak_mb: float
    output: str

    @property
    def record(self) -> dict[str, Any]:
        """The JSON object in the last line of the output."""
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


def environment(*, mimalloc: bool = True) -> dict[str, str]:
    """Return the environment that the workflow gives its tasks; without ``mimalloc``, with the default allocator."""
    with _ENVIRONMENT:
        kept = dict(os.environ)
        try:
            prepare_tasks()
            if mimalloc:
                preload_allocator()
            return dict(os.environ)
        finally:
            os.environ.clear()
            os.environ.update(kept)


def run(command: Sequence[object], *, mimalloc: bool = True, sample: bool = False) -> Used:
    """Run a command to its end. See ``run_together``."""
    return run_together([command], mimalloc=mimalloc, sample=sample)[0]


def run_together(commands: Sequence[Sequence[object]], *, mimalloc: bool = True, sample: bool = False) -> list[Used]:
    """Run commands side by side in the repository; return what each used.

    Args:
        commands: programs with their arguments.
        mimalloc: whether they run under the tasks' allocator or the default one.
        sample: whether to sample their memory.

    Raises:
        RuntimeError: if one fails, with the end of what it printed.
    """
    started = [
        subprocess.Popen(
            [str(word) for word in command],
            cwd=REPOSITORY,
            env=environment(mimalloc=mimalloc),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    samplers = [_Sampler(process.pid) for process in started] if sample else []
    outputs = [""] * len(started)

    def drain(index: int) -> None:
        stream = started[index].stdout
        outputs[index] = stream.read() if stream else ""

    readers = [threading.Thread(target=drain, args=(index,)) for index in range(len(started))]
    for thread in (*samplers, *readers):
        thread.start()
    for reader in readers:
        reader.join()
    used = []
    for index, process in enumerate(started):
        # Of this process and of all those it has waited for.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = samplers[index].stop() if sample else 0.0
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, commands[index]))}\n{outputs[index][-4000:]}")
        used.append(Used(usage.ru_utime + usage.ru_stime, peak, outputs[index]))
    return used


def halogenator(verb: str, *words: object) -> list[object]:
    """Return the command line of a verb of the package."""
    return [sys.executable, "-m", "halogenator", verb, *words]


def progress(text: str) -> None:
    """Say on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


class _Sampler(threading.Thread):
    """Follows the memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._peak = 0.0

    def run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, self._size() / MB)

    def stop(self) -> float:
        """Return the highest size seen, in MB."""
        self._ended.set()
        self.join()
        return round(self._peak)

    def _size(self) -> int:
        total = 0
        with suppress(psutil.Error):
            for process in [self._process, *self._process.children(recursive=True)]:
                with suppress(psutil.Error):
                    total += process.memory_full_info().uss
        return total
