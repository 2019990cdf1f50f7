"""How long one step of the work may take: a row in a task, a transform or a molecule while the run is planned.

RDKit's calls do not return to Python before they are done, and most hold the interpreter's lock, so neither a thread
nor a signal handler can end one. The work is therefore done in a forked child whose timer (``ITIMER_PROF``) the kernel
keeps: when a step has used up its processor time, SIGPROF ends the child. Which step it was stands in memory that both
share; a task is then started once more without it. Processor time, because a machine that is busy or asleep is no fault
of a molecule. Where there is no ``fork`` (Windows), nothing is limited.
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

# Seconds of processor time that a row of a task may take: all its products by one transform, or by all halogenation
# rules. The slowest molecule within the other limits (a chain of 1,000 carbons) takes a quarter of it.
ROW_SECONDS = 120
# The same for a step of planning: one molecule's matches of one query, or the examples of one transform.
PLAN_SECONDS = 10

NONE = -1
_NUMBER = struct.Struct("q")


T = TypeVar("T")


class StepError(Exception):
    """A step did not come to an end: it ran out of time, or RDKit crashed.

    Attributes:
        step: its number.
        reason: what happened.
    """

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"step {step}: {reason}")
        self.step = step
        self.reason = reason


class Watch:
    """What parent and child share: the number of the step that the child is at.

    Attributes:
        seconds: of processor time for a step; None: any.
        skipped: {number of a step to leave out: why}.
        step: the present one, or ``NONE``.
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
        """What is said of a step that took too long."""
        return f"more than {self.seconds:g} s of processor time"


_watch: Watch | None = None  # of this process, if it is such a child


def begin(step: int) -> str | None:
    """Give a step (a number from 0) its time; return why it is to be skipped if it did not come to an end before."""
    if _watch is None:
        return None
    if step in _watch.skipped:
        return _watch.skipped[step]
    _watch.step = step
    if _watch.seconds is not None:
        signal.setitimer(signal.ITIMER_PROF, _watch.seconds)
    return None


def end() -> None:
    """Say that the last step is over, and what comes now is not limited."""
    if _watch is not None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _watch.step = NONE


def in_child(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, done in a child; begun anew without each step that does not end.

    Args:
        work: calls ``begin`` before each step, which has ``PLAN_SECONDS`` and says which steps to skip.

    Raises:
        StepError: no step, or one that was to be skipped, ran out of time or ended the child.
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
    try:
        return work(), None
    except UserError as error:
        return None, error
    except Exception:
        return None, RuntimeError(traceback.format_exc())
    finally:
        end()


def start(work: Callable[[], int], watch: Watch) -> int:
    """Return the id of a forked child that does ``work``, exits with what it returns, and ends with this process."""
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
        os._exit(status)  # nothing that the parent will do, such as its exit handlers, is for the child to do
    raise AssertionError("unreachable")


def _wait(child: int) -> int:
    """Return the status of a child when it has ended; an interruption (Ctrl-C) is for the child to answer."""
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
    """Have the kernel (Linux only) kill this process when its parent is gone: nobody would use what it makes."""
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
