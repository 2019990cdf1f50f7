"""Tasks as processes: as many at a time as the memory that they declare allows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from halogenator.errors import UserError
from halogenator.process.environment import preload_allocator, prepare_tasks
from halogenator.process.guard import EXIT_MEMORY
from halogenator.tasks.commands import Command, declaration

_INTERVAL = 0.05  # seconds between two looks at the processes
_PREFIX = "halogenator: "


@dataclass(frozen=True)
class PoolTask:
    """A task to run.

    Attributes:
        command: the task.
        mem_mb: memory to declare, in MB; twice as much is tried where that was too little.
        log: file for what it prints.
    """

    command: Command
    mem_mb: int
    log: Path

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.command.verb().replace("-", " ")


class TaskError(UserError):
    """A task failed.

    Args:
        text: what it said of that, in the form that user errors have.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)


class MemoryShortageError(UserError):
    """A task needs more memory than all may have together."""

    exit_status = EXIT_MEMORY


class Pool:
    """Runs tasks, each held to its memory by the guard of ``python -m halogenator``.

    Args:
        workers: how many may run at a time.
        memory_mb: what those that run at a time may declare together, in MB.
        tick: called some twenty times a second.
    """

    def __init__(self, workers: int, memory_mb: int, tick: Callable[[], None]) -> None:
        self.workers = workers
        self.memory_mb = memory_mb
        self._tick = tick
        self._running: dict[subprocess.Popen[bytes], PoolTask] = {}
        prepare_tasks()
        preload_allocator()

    def run(self, tasks: Sequence[PoolTask], done: Callable[[], None]) -> None:
        """Run tasks to their ends, in order as far as there is room; ``done`` is called after each.

        Raises:
            UserError: one failed, or needs more memory than there may be; the others have then been ended.
        """
        waiting = list(tasks)
        try:
            while waiting or self._running:
                while waiting and self._has_room(waiting[0]):
                    self._start(waiting.pop(0))
                time.sleep(_INTERVAL)
                self._tick()
                for process in [process for process in self._running if process.poll() is not None]:
                    again = self._end(process)
                    if again is None:
                        done()
                    else:
                        waiting.insert(0, again)
        finally:
            self._stop()

    def _has_room(self, task: PoolTask) -> bool:
        if task.mem_mb > self.memory_mb:
            raise _shortage(task, self.memory_mb, f"{task.name} needs {task.mem_mb:,} MB")
        taken = sum(running.mem_mb for running in self._running.values())
        return len(self._running) < self.workers and taken + task.mem_mb <= self.memory_mb

    def _start(self, task: PoolTask) -> None:
        task.log.parent.mkdir(parents=True, exist_ok=True)
        # The task ties itself to this process: a preexec_fn would do it sooner, but what Python runs around one
        # swallows a Ctrl-C that comes just then.
        words = [*task.command.words, *declaration(task.mem_mb, ends_with=os.getpid())]
        with task.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "halogenator", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._running[process] = task

    def _end(self, process: subprocess.Popen[bytes]) -> PoolTask | None:
        """Return the task to run again, with more memory, if a process ended for want of it.

        Raises:
            UserError: it failed otherwise, or has had all the memory that there is.
        """
        task = self._running.pop(process)
        code = process.returncode
        if code == 0:
            return None
        text = task.log.read_text(encoding="utf-8", errors="replace").strip()
        if code == EXIT_MEMORY:
            if task.mem_mb >= self.memory_mb:
                raise _shortage(task, self.memory_mb, text.removeprefix(_PREFIX).partition("\n")[0])
            return replace(task, mem_mb=min(2 * task.mem_mb, self.memory_mb))
        if not text.startswith(_PREFIX):
            ended = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
            raise UserError(f"{task.name} {ended}", where=task.log, value=text[-1_000:] or None, fix="run it again")
        raise TaskError(text.removeprefix(_PREFIX))

    def _stop(self) -> None:
        for process in self._running:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._running:
            process.wait()
        self._running.clear()


def _shortage(task: PoolTask, memory_mb: int, what: str) -> UserError:
    enough = task.mem_mb if task.mem_mb > memory_mb else 2 * memory_mb
    return MemoryShortageError(
        what,
        where=task.name,
        value=f"--memory-mb {memory_mb}",
        allowed=f"at least {enough:,}" if enough == task.mem_mb else None,
        fix=f"give it more: --memory-mb {enough}",
    )
