"""Progress on standard error: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from halogenator.stages.reporter import Reporter

_INTERVAL = 10.0  # seconds between two lines


class Progress(Reporter):
    """Shows progress while a ``with`` block lasts.

    Args:
        unit: what is counted: "rows", or "tasks", of which a step's number is said as it begins.
    """

    def __init__(self, unit: str = "rows") -> None:
        self._unit = unit
        self._bars: Any = None
        self._bar: Any = None
        self._what, self._total, self._done = "", 0, 0
        self._next = self._start = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich import progress as rich
            from rich.console import Console

            words = rich.TextColumn("{task.description:<18}")
            columns = (words, rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeRemainingColumn())
            # Drawn by what is told, not by a thread: processes are started from here, which a thread could disturb.
            self._bars = rich.Progress(*columns, console=Console(stderr=True), auto_refresh=False)
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def begin(self, what: str, total: int, done: int = 0) -> None:
        self._what, self._total, self._done = what, total, done
        self._start = time.monotonic()
        self._next = self._start + _INTERVAL
        if self._bars is not None:
            self._bar = self._bars.add_task(what, total=total, completed=done)
            self.tick()
        elif self._unit == "tasks":
            there = f", {done} of them there already" if done else ""
            self.note(f"{what}: {total} task{'s' * (total != 1)}{there}")

    def advance(self, count: int = 1) -> None:
        self._done += count
        if self._bars is not None:
            self._bars.advance(self._bar, count)
            self.tick()
        elif (now := time.monotonic()) >= self._next:
            self._next = now + _INTERVAL
            speed = f", {self._done / (now - self._start):,.0f}/s" if self._unit == "rows" else ""
            self.note(f"{self._what}: {self._done:,} of {self._total:,} {self._unit}{speed}")

    def tick(self) -> None:
        if self._bars is not None:
            self._bars.refresh()

    def note(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            print(f"halogenator: {text}", file=sys.stderr, flush=True)
