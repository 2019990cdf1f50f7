"""A pool of task processes: as many run at a time as their declared memory allows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from halogenator.errors import UserError
from halogenator.process.environment import preload_allocator, prepare_tasks
from halogenator.process.guard import EXIT_MEMORY
from halogenator.process.running import end_all
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
        """Its name in messages."""
        return self.command.verb().replace("-", " ")


class MemoryShortageError(UserError):
    """A task needs more memory than all tasks may have together."""

    exit_status = EXIT_MEMORY


class Pool:
    """Runs tasks, each held to its memory by the guard of ``python -m halogenator``.

    Args:
        workers: how many may run at a time.
        memory_mb: memory that running tasks may declare together, in MB.
        tick: called some twenty times a second.
    """

    def __init__(self, workers: int, memory_mb: int, tick: Callable[[], None]) -> None:
        self.workers = workers
        self.memory_mb = memory_mb
        self._tick = tick
        self._running: dict[subprocess.Popen[bytes], PoolTask] = {}
        self._environment = dict(os.environ)
        prepare_tasks(self._environment)
        preload_allocator(self._environment)

    def run(self, tasks: Sequence[PoolTask], done: Callable[[], None]) -> None:
        """Run tasks in order until all are finished; ``done`` is called after each.

        Raises:
            UserError: a task failed, or needs more than ``memory_mb``. The other tasks have been ended.
        """
        waiting = list(tasks)
        try:
            while waiting or self._running:
                while waiting and self._has_room(waiting[0]):
                    self._start(waiting.pop(0))
                time.sleep(_INTERVAL)
                self._tick()
                for process in [process for process in self._running if process.poll() is not None]:
                    if retry := self._end(process):
                        waiting.insert(0, retry)
                    else:
                        done()
        finally:
            self._stop()

    def _has_room(self, task: PoolTask) -> bool:
        if task.mem_mb > self.memory_mb:
            raise _shortage(task, self.memory_mb, f"{task.name} needs {task.mem_mb:,} MB")
        taken = sum(running.mem_mb for running in self._running.values())
        return len(self._running) < self.workers and taken + task.mem_mb <= self.memory_mb

    def _start(self, task: PoolTask) -> None:
        task.log.parent.mkdir(parents=True, exist_ok=True)
        # The task itself asks to end with this process. A preexec_fn could ask sooner, but Python would lose a Ctrl-C
        # that comes while the preexec_fn runs.
        words = [*task.command.words, *declaration(task.mem_mb, ends_with=os.getpid())]
        with task.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "halogenator", *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._running[process] = task

    def _end(self, process: subprocess.Popen[bytes]) -> PoolTask | None:
        """Return the task with twice the memory if its process ran out of memory; None if it succeeded.

        Raises:
            UserError: the task failed otherwise, or has had all of ``memory_mb``.
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
        raise UserError(text.removeprefix(_PREFIX))  # the task's own message, already with its lines

    def _stop(self) -> None:
        end_all(self._running)
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
