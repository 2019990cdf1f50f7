"""Progress of long work: library code, which never prints, reports it here; it is shown as bars or as lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, Group

_REFRESH_SECONDS = 0.1  # between two drawings of the bars


class Progress:
    """A display of progress that shows nothing; the base of those that do. It ends with its ``with`` block."""

    def begin(self, step: str, total: int, done: int = 0, unit: str = "row") -> None:
        """Begin a step of ``total`` units, of which an earlier run did ``done``."""

    def advance(self, count: int = 1, step: str | None = None) -> None:
        """Count more finished units of a step; None: of the step that began last."""

    def tick(self, status: str = "") -> None:
        """Show ``status``, a text about the whole work, if it is time to; called now and then."""

    def note(self, text: str) -> None:
        """Show a text that the user should read."""

    def show(self, status: str = "") -> None:
        """Show the present state at once, with ``status`` if it is not empty."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *of_error: object) -> None:
        return None


@dataclass
class _Step:
    total: int
    done: int
    unit: str
    began: float = field(default_factory=time.monotonic)
    made: int = 0  # units done since it began

    def __str__(self) -> str:
        return f"{self.done:,}/{self.total:,}" + (f" {self.unit}s" if self.unit else "")

    @property
    def rate(self) -> str:
        return f"{self.made / max(time.monotonic() - self.began, 1e-3):,.0f}/s" if self.made else ""


class _Display(Progress):
    """The common part of displays: the status, and the decision when it is time to show it."""

    _last = _status = ""  # the step that began last; the text about the whole work
    _shown = 0.0  # when the display was last shown, in seconds of the monotonic clock

    def tick(self, status: str = "") -> None:
        self._status = status
        self._show_now_and_then()

    def _show_now_and_then(self) -> None:
        if time.monotonic() - self._shown >= self._pause:
            self.show()

    @property
    def _pause(self) -> float:
        """Seconds between two times that the display is shown."""
        return _REFRESH_SECONDS


class Lines(_Display):
    """Progress as lines, for a file: one when a step begins, and one now and then.

    Args:
        say: writes a line.
        every: the least time between two lines, in seconds.
        share: the least time between two lines, as a share of the time so far.
        announce: whether to write a line when a step begins.
    """

    def __init__(
        self, say: Callable[[str], object], *, every: float = 10.0, share: float = 0.0, announce: bool = True
    ) -> None:
        self._say, self._every, self._share, self._announce = say, every, share, announce
        self._steps: dict[str, _Step] = {}
        self._began = self._shown = time.monotonic()

    def begin(self, step: str, total: int, done: int = 0, unit: str = "row") -> None:
        self._steps = {name: other for name, other in self._steps.items() if other.done < other.total}
        self._steps[step] = _Step(total, done, unit)
        self._last = step
        if self._announce:
            there = f", {done:,} of them there already" if done else ""
            self._say(f"{step}: {total:,} {unit}{'s' * (total != 1)}{there}")

    def advance(self, count: int = 1, step: str | None = None) -> None:
        advanced = self._steps[step or self._last]
        advanced.done += count
        advanced.made += count
        self._show_now_and_then()

    def note(self, text: str) -> None:
        self._say(text)

    def show(self, status: str = "") -> None:
        self._status = status or self._status
        self._shown = time.monotonic()
        steps = ", ".join(f"{name} {step}" for name, step in self._steps.items())
        more = self._status or (self._steps[self._last].rate if self._steps else "")
        self._say(f"{steps}; {more}" if more else steps)

    @property
    def _pause(self) -> float:
        return max(self._every, self._share * (time.monotonic() - self._began))


class Bars(_Display):
    """Progress as bars, for a terminal: one for each step, and the status below them.

    No thread refreshes the bars, because the process forks while they are shown.

    Args:
        console: the terminal.
        remaining: whether to show the remaining time of each step.
        stays: whether the last state stays on the terminal at the end.
    """

    def __init__(self, console: Console, *, remaining: bool = True, stays: bool = True) -> None:
        from rich import progress
        from rich.live import Live

        columns = [progress.TextColumn("{task.description:<18}"), progress.BarColumn(), progress.MofNCompleteColumn()]
        self._bars = progress.Progress(*columns, *([progress.TimeRemainingColumn()] if remaining else []))
        self._numbers: dict[str, Any] = {}
        self._live = Live(
            get_renderable=self._render,
            console=console,
            auto_refresh=False,
            redirect_stdout=False,
            transient=not stays,
        )

    def __enter__(self) -> Bars:
        self._live.start()
        return self

    def __exit__(self, *of_error: object) -> None:
        self.show()
        self._live.stop()

    def begin(self, step: str, total: int | None, done: int = 0, unit: str = "row") -> None:
        """Begin a step, as every display does; here ``total`` may be unknown: None."""
        self._numbers[step] = self._bars.add_task(step, total=total, completed=done)
        self._last = step
        self.show()

    def advance(self, count: int = 1, step: str | None = None) -> None:
        self._bars.advance(self._numbers[step or self._last], count)
        self._show_now_and_then()

    def note(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False)

    def show(self, status: str = "") -> None:
        self._status = status or self._status
        self._shown = time.monotonic()
        self._live.refresh()

    def _render(self) -> Group:
        from rich.console import Group
        from rich.text import Text

        return Group(self._bars.get_renderable(), *([Text(self._status, "dim")] if self._status else []))


def on_stderr() -> Progress:
    """Return a display of progress on standard error: bars on a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        return _bars()
    return Lines(lambda text: print(f"halogenator: {text}", file=sys.stderr, flush=True))


def while_on_terminal() -> Progress:
    """Return a display of progress on standard error: bars on a terminal until the end, and nothing elsewhere."""
    return _bars(stays=False) if sys.stderr.isatty() else Progress()


def _bars(*, stays: bool = True) -> Bars:
    from rich.console import Console

    return Bars(Console(stderr=True), stays=stays)
