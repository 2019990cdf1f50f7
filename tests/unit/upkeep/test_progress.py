"""Progress: what is shown of it in a file, and on a terminal."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from halogenator.process.progress import Bars, Lines, Progress
from halogenator.upkeep.run_progress import RunProgress, Started


def test_a_file_has_a_line_for_each_step_and_one_now_and_then() -> None:
    said: list[str] = []
    with Lines(said.append, every=0) as lines:
        lines.begin("reading", 1, 1, "task")
        lines.begin("transforming", 1_200, 200, "task")
        lines.advance(1_000)
        lines.note("that was fast")
    assert said[:2] == [
        "reading: 1 task, 1 of them there already",
        "transforming: 1,200 tasks, 200 of them there already",
    ]
    assert said[2].startswith("transforming 1,200/1,200 tasks; ")
    assert said[2].endswith("/s")
    assert said[3:] == ["that was fast"]


def test_between_two_lines_passes_some_time() -> None:
    said: list[str] = []
    lines = Lines(said.append, every=1_000, announce=False)
    for stage in ("libraries", "transforms"):
        lines.begin(stage, 2, unit="")
    lines.advance(step="libraries")
    lines.tick("3 products")
    assert said == []
    lines.show()
    assert said == ["libraries 1/2, transforms 0/2; 3 products"]


def test_a_terminal_has_a_bar_for_each_step_and_the_status_below() -> None:
    terminal = io.StringIO()
    with Bars(Console(file=terminal, force_terminal=True, width=100), remaining=False) as bars:
        bars.begin("libraries", 2)
        bars.begin("transforms", 4)
        bars.advance(step="libraries")
        bars.note("a word [of warning]")
        bars.tick("3 products")
    last = terminal.getvalue()
    assert "a word [of warning]" in last
    assert "libraries" in last and "1/2" in last and "0/4" in last
    assert last.rindex("3 products") > last.rindex("0/4")


def test_time_left_goes_down_while_a_task_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before the first is finished, then at its pace; a task that overruns is never taken for done."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Plan:
        on_cluster, cap_mb, tasks_at_once = False, 1000, 1

        class _Line:
            library, transform, seconds, tasks = "mine", "T", 200.0, 2

        lines = waiting = (_Line,)
        fingerprints = ()
        work_seconds = _Line.seconds

    progress = RunProgress({"transform_chunk": 2}, Plan, Path("nowhere"), Progress())  # type: ignore[arg-type]
    task = Started("transform_chunk", "mine", "T", "000of002")
    told = []
    progress.start(1, task)
    for now[0] in (0.0, 30.0, 60.0, 2_000.0):
        told.append(round(progress.seconds_left or 0))
    assert told[:3] == [200, 170, 140] and told[3] > 110
    now[0] = 50.0
    progress.finish(1)  # twice as fast as planned
    assert progress.seconds_left == 50
    progress.start(2, task)
    now[0] = 75.0
    assert progress.seconds_left == 25


def test_time_left_is_never_nothing() -> None:
    class Plan:
        on_cluster, cap_mb, tasks_at_once = False, 1000, 1

        class _Line:
            library, transform, seconds, tasks = "mine", "T", 10.0, 1

        lines = waiting = (_Line,)
        fingerprints = ()
        work_seconds = _Line.seconds

    progress = RunProgress({"merge_products": 1, "report": 1}, Plan, Path(), Progress())  # type: ignore[arg-type]
    assert "about 10 s left" in progress.figures()
    progress.start(1, Started("merge_products", "mine", "T", None))
    progress.finish(1)
    assert "left" not in progress.figures()
    assert "the last tasks" in progress.figures()
    progress.start(2, Started("report", None, None, None))
    progress.finish(2)
    assert "the last tasks" not in progress.figures()
