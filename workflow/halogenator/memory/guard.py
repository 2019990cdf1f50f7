"""A task held to its declared memory from outside, where nothing that it does can delay the guard.

The task runs in a forked child. Its parent, a few megabytes of Python, looks at the child's resident size twenty times
a second and ends it when it has more than was declared. What a single call allocates faster than that meets a limit of
the system (``RLIMIT_DATA``). Either way the task alone ends, its unfinished files go, and one message says how far it
came.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB = 1_000_000
EXIT_MEMORY = 3

# Where the workflow tells its tasks what all of them together may use, for the message's advice.
CAP_VARIABLE = "HALOGENATOR_CAP_MB"

_INTERVAL = 0.05  # seconds
# Address space that stacks of threads and allocators set aside and do not use; the system's limit counts it.
_RESERVED_MB = 100


class Progress:
    """The row that a task is working on, in memory that it shares with its guard."""

    def __init__(self) -> None:
        self._rows = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")

    @property
    def row(self) -> int:
        """1-based row of the input; 0 before the first."""
        return self._rows[0]

    @row.setter
    def row(self, row: int) -> None:
        self._rows[0] = row


@dataclass(frozen=True)
class Limits:
    """What a task declared and what to say of it.

    Attributes:
        declared_mb: memory, in MB (10^6 bytes).
        name: what the task is, for messages.
        outputs: its files; unfinished ones stand beside them under ``<name>.tmp.<pid>``.
    """

    declared_mb: int
    name: str
    outputs: tuple[Path, ...] = ()

    def overstepped(self, reached_mb: float | None, row: int) -> str:
        """Return the message for a task that needed more."""
        reached = f"reached {reached_mb:,.0f} MB" if reached_mb is not None else "was refused more"
        place = f" at row {row:,}" if row else ""
        cap = int(os.environ.get(CAP_VARIABLE, "0"))
        if not cap:  # not a task of a workflow
            advice = f"give it more: --mem-mb {2 * self.declared_mb}"
        elif self.declared_mb >= cap:
            advice = f"raise memory.cap_mb of the configuration, now {cap:,} MB, or use a machine with more memory"
        else:
            advice = "nothing: it is tried again with twice the declaration, as often as the profile's retries say"
        return f"declared {self.declared_mb:,} MB, {reached}{place} of {self.name}\n  fix:     {advice}"


def run_guarded(work: Callable[[Progress], int], limits: Limits) -> int:
    """Run a task in a guarded child and return its exit status; ``EXIT_MEMORY`` if it needed more than it declared.

    ``work`` must not have threads started before it: the child is a fork.
    """
    progress = Progress()
    if not hasattr(os, "fork"):  # no such guard on this platform
        return work(progress)
    _flush()
    guard = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until it is known whom to send it on to
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _hold(limits.declared_mb, guard)
        status = 1
        try:
            status = work(progress)
        except SystemExit as request:
            status = request.code if isinstance(request.code, int) else 1
        except KeyboardInterrupt:
            status = 128 + signal.SIGINT
        finally:
            _flush()
            os._exit(status)  # what the guard has to do at its end is not the child's to do
    return _watch(child, limits, progress)


def is_refusal(error: BaseException) -> bool:
    """Return whether an exception says that memory was refused: Python's and Arrow's do, and DuckDB's by its name."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"


def _watch(child: int, limits: Limits, progress: Progress) -> int:
    signal.signal(signal.SIGTERM, lambda number, _: _send(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the child as well
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    import psutil

    process = psutil.Process(child)
    peak = 0.0
    overstepped = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        with suppress(psutil.Error):
            peak = max(peak, process.memory_info().rss / MB)
        if peak > limits.declared_mb and not overstepped:
            overstepped = True
            _send(child, signal.SIGKILL)
        _wait_for_child()
    code = os.waitstatus_to_exitcode(status)
    # mimalloc ends the process where it is refused memory; an allocator that reports it leads to EXIT_MEMORY.
    refused = code == -signal.SIGABRT and peak > limits.declared_mb / 2
    if overstepped or refused or code == EXIT_MEMORY:
        reached = peak if overstepped else None
        print(f"halogenator: {limits.overstepped(reached, progress.row)}", file=sys.stderr)
        code = EXIT_MEMORY
    if code:
        _clear(limits.outputs, child)
    return code if code >= 0 else 128 - code


def _wait_for_child() -> None:
    if hasattr(signal, "sigtimedwait"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        signal.sigtimedwait({signal.SIGCHLD}, _INTERVAL)
    else:
        import time

        time.sleep(_INTERVAL)


def _hold(declared_mb: int, guard: int) -> None:
    """Set this process's limit, and have it end when its guard is killed."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit = _data_bytes() + (declared_mb + _RESERVED_MB) * MB
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)


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


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
