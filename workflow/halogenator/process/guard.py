"""The guard of a task's declared memory. It is a process of its own, so that nothing in the task can delay it.

The task runs in a forked child. The guard is its parent, a few megabytes of Python. It looks at the child's resident
size twenty times a second and ends the child when it has more than declared. A single call that allocates faster meets
a limit of the system (``RLIMIT_DATA``). In both cases only this task ends, its unfinished files are removed, and one
message says at which row. The guard also starts a task again without a row that takes too long (``process.limits``).
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from halogenator.errors import UserError
from halogenator.process import limits
from halogenator.process.environment import take_memory_when_used
from halogenator.process.ownership import unfinished
from halogenator.units import MB

EXIT_MEMORY = 3

# How a task may end that is refused memory and cannot say so: an allocator aborts it, nobody handles an exception of
# C++, or code uses the null pointer that it was given. A fault of a library may end it so as well.
_CRASHES = {
    getattr(signal, name): name
    for name in ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGTRAP")
    if hasattr(signal, name)
}
# What libraries say of memory that they were refused, in exceptions of other kinds.
_REFUSED = re.compile(
    r"bad.alloc|out of memory|not enough memory|cannot allocate|failed to allocate"
    r"|alloc of size \d+ failed|can't start new thread",
    re.IGNORECASE,
)

_INTERVAL = 0.05  # seconds
# Address space that the system's limit counts, although threads and allocators only reserve it.
_RESERVED_MB = 100


@dataclass(frozen=True)
class Declaration:
    """What a task declared, and what messages need to know of it.

    Attributes:
        declared_mb: memory, in MB (10^6 bytes).
        name: the task's name.
        outputs: its files; unfinished ones have the names of ``process.ownership``.
        cap_mb: the most that a task of the workflow may declare, in MB; 0 outside a workflow.
        beside_mb: memory of other processes in the task's allocation, in MB.
        attempt: the attempt that this is, from 1.
        attempts: how often a task of the workflow is tried in all; 0: unknown.
    """

    declared_mb: int
    name: str
    outputs: tuple[Path, ...] = ()
    cap_mb: int = 0
    beside_mb: int = 0
    attempt: int = 0
    attempts: int = 0

    def overstepped(self, reached_mb: float | None, row: int, crash: str = "") -> str:
        """Return the message for a task that needed more memory.

        Args:
            reached_mb: its resident size, in MB; None: the system refused more.
            row: its present row, or ``limits.NONE``.
            crash: name of the signal that ended it, where the system refused more.
        """
        reached = f"reached {math.ceil(reached_mb):,} MB" if reached_mb is not None else "was refused more"
        if crash and reached_mb is None:
            reached += f", or a library failed, and ended by {crash}"
        place = f" at row {row:,}" if row != limits.NONE else ""
        if not self.cap_mb:
            advice = f"give it more: --mem-mb {2 * self.declared_mb}"
        elif self.declared_mb + self.beside_mb >= self.cap_mb:
            advice = (
                f"raise memory.cap_mb of the configuration, now {self.cap_mb:,} MB, or use a machine with more memory"
            )
        elif self.attempt < self.attempts:
            advice = f"nothing: it is tried again with twice the declaration, attempt {self.attempt} of {self.attempts}"
        elif self.attempts:
            more = f"add --retries {self.attempts + 1} to snakemake, where each has twice the memory of the one before"
            advice = f"this was the last attempt; {more}"
        else:
            advice = "nothing, if the retries of the profile are not used up: then it is tried again with twice as much"
        return f"declared {self.declared_mb:,} MB, {reached}{place} of {self.name}\n  fix:     {advice}"


def run_guarded(work: Callable[[], int], task: Declaration, *, step_seconds: float | None = None) -> int:
    """Run a task in a guarded child and return its exit status; ``EXIT_MEMORY`` if it needed more than it declared.

    If a step (``process.limits.begin``) takes longer than ``step_seconds`` of processor time, the task is started again
    without that step. No thread may run when this is called, because it forks.
    """
    if not hasattr(os, "fork"):  # Windows
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

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until there is a child to pass it on to
    sys.stdout.flush()
    sys.stderr.flush()
    return _wait(limits.start(limited, watch), task, watch)


def is_refusal(error: BaseException | None) -> bool:
    """Return whether an exception says that memory was refused, or has such a one as its cause.

    Code that met the refusal may have taken it for a damaged file, and said so.
    """
    while error is not None:
        named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"
        if named or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        if not isinstance(error, UserError) and _REFUSED.search(str(error)):  # a UserError quotes what users write
            return True
        error = error.__cause__
    return False


def _wait(child: int, task: Declaration, watch: limits.Watch) -> int:
    """Wait for a child, guard its memory, and remove its unfinished files if it fails.

    Returns:
        Its exit status, or minus the number of the signal that ended it.
    """
    signal.signal(signal.SIGTERM, lambda number, _: _send(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the terminal signals the child as well
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    size = resident(child)
    peak = 0.0
    overstepped = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        with suppress(Exception):  # the child may have ended meanwhile
            peak = max(peak, size() / MB)
        if peak > task.declared_mb and not overstepped:
            overstepped = True
            _send(child, signal.SIGKILL)
        _wait_for_child()
    code = os.waitstatus_to_exitcode(status)
    crash = _CRASHES.get(-code, "")
    if overstepped or crash or code == EXIT_MEMORY:
        print(f"halogenator: {task.overstepped(peak if overstepped else None, watch.step, crash)}", file=sys.stderr)
        code = EXIT_MEMORY
    if code:
        for path in task.outputs:
            with suppress(OSError):  # what stays is removed by the next run
                unfinished(path, child).unlink()
    return code


def _wait_for_child() -> None:
    """Wait for ``_INTERVAL``, or less if a child ends."""
    if hasattr(signal, "sigtimedwait"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        signal.sigtimedwait({signal.SIGCHLD}, _INTERVAL)
    else:
        import time

        time.sleep(_INTERVAL)


def _limit_data(declared_mb: int) -> None:
    """Set the system's limit on this process's memory."""
    take_memory_when_used()
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit = _data_bytes() + (declared_mb + _RESERVED_MB) * MB
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def resident(pid: int, *, own: bool = False) -> Callable[[], int]:
    """Return a function that returns the resident size of a process in bytes; it may raise once that has ended.

    Args:
        pid: the process.
        own: whether to leave out what it shares with others, such as libraries, where the system tells.
    """
    pages = Path(f"/proc/{pid}/statm")
    if pages.exists():  # on Linux, psutil would only add the time to import it

        def read() -> int:
            _, size, shared, *_ = map(int, pages.read_text(encoding="utf-8").split())
            return (size - own * shared) * mmap.PAGESIZE

        return read

    import psutil

    process = psutil.Process(pid)
    return lambda: int(process.memory_info().rss)


def _data_bytes() -> int:
    """Return the bytes of this process that ``RLIMIT_DATA`` counts already; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[5]) * mmap.PAGESIZE
    except OSError:
        return 0


def _send(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)
