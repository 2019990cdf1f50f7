"""Time limits of single steps: a row of a task, or a transform or molecule while a run is planned.

A call of RDKit cannot be interrupted: it holds the interpreter's lock, so that neither a thread nor a signal handler
runs. The work is therefore done in a forked child with a timer of the kernel (``ITIMER_PROF``). When a step has used up
its processor time, SIGPROF ends the child. The parent reads the number of the step from shared memory and starts the
work again without it. Processor time is limited, and not time of the clock, because a machine may be busy or asleep.
Without ``fork`` (Windows) nothing is limited.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from halogenator.errors import UserError

# Seconds of processor time for a row of a task: all its products by one transform, or by all halogenation rules. The
# slowest molecule within the other limits, a chain of 1,000 carbons, takes a quarter of it.
ROW_SECONDS = 120
# The same for a step of planning: the matches of one query in one molecule, or the examples of one transform.
PLAN_SECONDS = 10

NONE = -1  # the number of no step
_NUMBER = struct.Struct("q")

T = TypeVar("T")


class StepError(Exception):
    """A step that did not end: it ran out of time, or RDKit crashed.

    Attributes:
        step: its number.
        reason: what happened, in words.
    """

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"step {step}: {reason}")
        self.step = step
        self.reason = reason


class Watch:
    """The limits of a child's steps, and the number of its present step in memory shared with its parent.

    Attributes:
        seconds: processor time of a step; None: no limit.
        skipped: {number of a step to leave out: reason}.
        step: number of the present step, or ``NONE``.
    """

    def __init__(self, seconds: float | None, skipped: Mapping[int, str]) -> None:
        self.seconds = seconds
        self.skipped = skipped
        self.shared = mmap.mmap(-1, _NUMBER.size)
        self.step = NONE

    @property
    def step(self) -> int:
        return int(_NUMBER.unpack_from(self.shared)[0])

    @step.setter
    def step(self, number: int) -> None:
        _NUMBER.pack_into(self.shared, 0, number)

    @property
    def overrun(self) -> str:
        """The reason for a step that took too long."""
        return f"more than {self.seconds:g} s of processor time"


_watch: Watch | None = None  # of this process, if it is such a child


def begin(step: int) -> str | None:
    """Begin a step (a number from 0) and start its timer; return a reason if the step is to be skipped, else None."""
    if _watch is None:
        return None
    if step in _watch.skipped:
        return _watch.skipped[step]
    _watch.step = step
    if _watch.seconds is not None:
        signal.setitimer(signal.ITIMER_PROF, _watch.seconds)
    return None


def again() -> None:
    """Give the present step its whole time once more, for what is limited by itself."""
    if _watch is not None and _watch.seconds is not None and _watch.step != NONE:
        signal.setitimer(signal.ITIMER_PROF, _watch.seconds)


def end() -> None:
    """End the last step: what follows has no limit."""
    if _watch is not None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _watch.step = NONE


def in_child(work: Callable[[], T]) -> T:
    """Do work in a forked child and return its result; after a step that does not end, start again without that step.

    Args:
        work: calls ``begin`` before each step, which may take ``PLAN_SECONDS``, and leaves out steps to be skipped.

    Raises:
        StepError: the child ended outside of a step, or in one that was to be skipped.
        UserError: ``work`` raised it.
    """
    if not hasattr(os, "fork"):
        return work()
    skipped: dict[int, str] = {}
    while True:
        try:
            return _attempt(work, Watch(PLAN_SECONDS, skipped))
        except StepError as error:
            if error.step == NONE or error.step in skipped:
                raise
            skipped[error.step] = error.reason


def _attempt(work: Callable[[], T], watch: Watch) -> T:
    reading, writing = os.pipe()

    def reply() -> int:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(_outcome(work), pipe)
        return 0

    sys.stdout.flush()
    sys.stderr.flush()
    child = start(reply, watch)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    status = _wait(child)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        late = number == signal.SIGPROF
        raise StepError(watch.step, watch.overrun if late else f"RDKit ended the process with signal {number}")
    result: T
    result, error = pickle.loads(data)
    if error is not None:
        raise error
    return result


def _outcome(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """Return (result, None) or (None, exception); of unexpected exceptions the traceback as text."""
    try:
        return work(), None
    except UserError as error:
        return None, error
    except Exception:
        return None, RuntimeError(traceback.format_exc())
    finally:
        end()


def start(work: Callable[[], int], watch: Watch) -> int:
    """Fork a child that does ``work``, exits with the status it returns, and ends with this process; return its id."""
    global _watch
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        die_with(parent)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        _watch = watch
        status = work()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 1
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # the parent's exit handlers must not run in the child
    raise AssertionError("unreachable")


def _wait(child: int) -> int:
    """Return the status of a child when it has ended. Meanwhile Ctrl-C is left to the child."""
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread
        return os.waitpid(child, 0)[1]
    try:
        return os.waitpid(child, 0)[1]
    finally:
        signal.signal(signal.SIGINT, before)


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends (Linux only): nobody would use its results."""
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
