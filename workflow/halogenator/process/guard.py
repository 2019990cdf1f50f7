"""A task held to its declared memory from outside, where nothing that it does can delay the guard.

The task runs in a forked child. Its parent, a few megabytes of Python, looks at the child's resident size twenty times
a second and ends it when it has more than was declared. What a single call allocates faster than that meets a limit of
the system (``RLIMIT_DATA``). Either way the task alone ends, its unfinished files go, and one message says how far it
came. The same parent starts a task again without a row that takes too long (``process.limits``).
"""

from __future__ import annotations

import math
import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from halogenator.process import limits
from halogenator.units import MB

EXIT_MEMORY = 3

_INTERVAL = 0.05  # seconds
# Address space that stacks of threads and allocators set aside and do not use; the system's limit counts it.
_RESERVED_MB = 100


@dataclass(frozen=True)
class Declaration:
    """What a task declared and what to say of it.

    Attributes:
        declared_mb: memory, in MB (10^6 bytes).
        name: what the task is, for messages.
        outputs: its files; unfinished ones stand beside them under ``<name>.tmp.<pid>``.
        cap_mb: what a task of the workflow may declare at most, in MB, for the message's advice; 0 outside a workflow.
        beside_mb: what the task's allocation holds beside it, in MB.
    """

    declared_mb: int
    name: str
    outputs: tuple[Path, ...] = ()
    cap_mb: int = 0
    beside_mb: int = 0

    def overstepped(self, reached_mb: float | None, row: int) -> str:
        """Return the message for a task that needed more."""
        reached = f"reached {math.ceil(reached_mb):,} MB" if reached_mb is not None else "was refused more"
        place = f" at row {row:,}" if row != limits.NONE else ""
        if not self.cap_mb:
            advice = f"give it more: --mem-mb {2 * self.declared_mb}"
        elif self.declared_mb + self.beside_mb >= self.cap_mb:
            advice = (
                f"raise memory.cap_mb of the configuration, now {self.cap_mb:,} MB, or use a machine with more memory"
            )
        else:
            advice = "nothing: it is tried again with twice the declaration, as often as the profile's retries say"
        return f"declared {self.declared_mb:,} MB, {reached}{place} of {self.name}\n  fix:     {advice}"


def run_guarded(work: Callable[[], int], task: Declaration, *, step_seconds: float | None = None) -> int:
    """Run a task in a guarded child and return its exit status; ``EXIT_MEMORY`` if it needed more than it declared.

    A task whose step (``process.limits.begin``) takes longer than ``step_seconds`` of processor time is started once
    more, without that step. ``work`` must not have threads started before it: the child is a fork.
    """
    if not hasattr(os, "fork"):  # no such guard on this platform
        return work()
    slow: dict[int, str] = {}
    while True:
        watch = limits.Watch(step_seconds, slow)
        code = _attempt(work, task, watch)
        if code != -getattr(signal, "SIGPROF", 0) or watch.step == limits.NONE:
            return code if code >= 0 else 128 - code
        slow[watch.step] = watch.overrun
        print(f"halogenator: row {watch.step:,} takes too long: starting again without it", file=sys.stderr)


def _attempt(work: Callable[[], int], task: Declaration, watch: limits.Watch) -> int:
    def limited() -> int:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _limit_data(task.declared_mb)
        return work()

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until it is known whom to send it on to
    sys.stdout.flush()
    sys.stderr.flush()
    return _wait(limits.start(limited, watch), task, watch)


def is_refusal(error: BaseException) -> bool:
    """Return whether an exception says that memory was refused: Python's and Arrow's do, and DuckDB's by its name."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"


def _wait(child: int, task: Declaration, watch: limits.Watch) -> int:
    """Return how a child ended: its exit status, or minus the signal; no unfinished file of it is left."""
    signal.signal(signal.SIGTERM, lambda number, _: _send(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the child as well
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    resident = _resident(child)
    peak = 0.0
    overstepped = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        with suppress(Exception):  # it has ended meanwhile
            peak = max(peak, resident() / MB)
        if peak > task.declared_mb and not overstepped:
            overstepped = True
            _send(child, signal.SIGKILL)
        _wait_for_child()
    code = os.waitstatus_to_exitcode(status)
    # mimalloc ends the process where it is refused memory; an allocator that reports it leads to EXIT_MEMORY.
    refused = code == -signal.SIGABRT and peak > task.declared_mb / 2
    if overstepped or refused or code == EXIT_MEMORY:
        print(f"halogenator: {task.overstepped(peak if overstepped else None, watch.step)}", file=sys.stderr)
        code = EXIT_MEMORY
    if code:
        _clear(task.outputs, child)
    return code


def _wait_for_child() -> None:
    if hasattr(signal, "sigtimedwait"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        signal.sigtimedwait({signal.SIGCHLD}, _INTERVAL)
    else:
        import time

        time.sleep(_INTERVAL)


def _limit_data(declared_mb: int) -> None:
    # Arrow's allocator would take a gigabyte at once, of which the limit then leaves nothing: with 1,500 MB declared
    # there was less to use than with 1,000 MB, where it is refused that and takes memory as it needs it.
    os.environ.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit = _data_bytes() + (declared_mb + _RESERVED_MB) * MB
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _resident(pid: int) -> Callable[[], int]:
    """Return a function that tells a process's resident size in bytes; 0 once it has ended."""
    pages = Path(f"/proc/{pid}/statm")
    if pages.exists():  # Linux, where loading psutil would take longer than all the looking
        return lambda: int(pages.read_text().split()[1]) * mmap.PAGESIZE

    import psutil

    process = psutil.Process(pid)
    return lambda: int(process.memory_info().rss)


def _data_bytes() -> int:
    """Return what ``RLIMIT_DATA`` counts of this process so far: allocators reserve more than they use."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[5]) * mmap.PAGESIZE
    except OSError:
        return 0


def _clear(outputs: Iterable[Path], child: int) -> None:
    for path in outputs:
        path.with_name(f"{path.name}.tmp.{child}").unlink(missing_ok=True)


def _send(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)
