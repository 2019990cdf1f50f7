"""Progress on standard error: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from halogenator.stages.reporter import Reporter

_INTERVAL = 10.0  # seconds between two lines


class Progress(Reporter):
    """Shows progress while a ``with`` block lasts."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._what, self._total, self._done = "", 0, 0
        self._next = self._start = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich import progress as bars
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                SpinnerColumn,
                TextColumn,
                TimeRemainingColumn,
            )

            words = TextColumn("{task.description:<12}")
            columns = (SpinnerColumn(), words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = bars.Progress(*columns, console=Console(stderr=True))
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._start = time.monotonic()
        self._next = self._start + _INTERVAL
        if self._bar is not None:
            self._task = self._bar.add_task(what, total=total)

    def advance(self, rows: int) -> None:
        self._done += rows
        if self._bar is not None:
            self._bar.advance(self._task, rows)
        elif (now := time.monotonic()) >= self._next:
            self._next = now + _INTERVAL
            speed = self._done / (now - self._start)
            self.note(f"{self._what}: {self._done:,} of {self._total:,} rows, {speed:,.0f}/s")

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            print(f"halogenator: {text}", file=sys.stderr, flush=True)
