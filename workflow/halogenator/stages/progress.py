"""How far a run is: its stages, what it has made, its memory, and the time that is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from halogenator.results import Results
from halogenator.stages.plan import Plan
from halogenator.storage.statistics import read_object
from halogenator.units import duration

# Stage -> the rules whose tasks are its steps; what is in none belongs to the last.
STAGES = {
    "libraries": ("read_library", "standardize_chunk", "halogenate_chunk", "find_library_duplicates", "merge_library"),
    "transforms": ("transform_chunk",),
    "merges": ("find_duplicates", "merge_products", "keep_adopted"),
    "exports": ("export",),
    "overview": (),
}
_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
_LAST = list(STAGES)[-1]

# Share of the run from which on its own pace tells the time left; before, the plan does.
_TELLING = 0.02

Job = tuple[str, str | None]  # library, transform


@dataclass(frozen=True)
class Started:
    """A task that runs: its rule, and the wildcards of its files."""

    rule: str
    library: str | None
    transform: str | None
    chunk: str | None


class Progress:
    """Counts what has been done, as it is told of it.

    Args:
        tasks: {rule: tasks to run}.
        plan: what the run is expected to take; None where that is not known.
        results: the results folder, where the number of products of a finished task is looked up.
    """

    def __init__(self, tasks: Mapping[str, int], plan: Plan | None, results: Path) -> None:
        self.total: Counter[str] = Counter()
        for rule, count in tasks.items():
            self.total[_STAGE_OF.get(rule, _LAST)] += count
        self.done: Counter[str] = Counter()
        self.used_mb = 0.0
        self._plan = plan
        self._results = Results(results)
        self._began = time.monotonic()
        self._rules = frozenset(tasks)
        self._running: dict[int, Started] = {}
        self._products: Counter[Job] = Counter()
        self._merged: set[Job] = set()
        self._cost = _costs(plan) if plan else {}
        self._left_cost = sum(line.seconds for line in plan.waiting) if plan else 0.0
        self._all_cost = self._left_cost

    @property
    def cap_mb(self) -> int:
        """What all running tasks together may declare, in MB; 0 where it is not known."""
        return self._plan.cap_mb if self._plan and not self._plan.on_cluster else 0

    @property
    def products(self) -> int:
        """Products made in this run so far; those of a job that is not merged yet with its duplicates."""
        return self._products.total()

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.monotonic() - self._began

    def start(self, number: int, task: Started) -> None:
        """Take note of a task that has started under a number; one of a rule that was not announced is not counted."""
        if task.rule in self._rules:
            self._running[number] = task

    def finish(self, number: int) -> Started | None:
        """Take note that a task has finished; return it, or None for a number that did not start."""
        task = self._running.pop(number, None)
        if task is None:
            return None
        self.done[_STAGE_OF.get(task.rule, _LAST)] += 1
        if task.library is not None:
            job = task.library, task.transform
            self._left_cost -= self._cost.get(job, 0.0)
            self._count(job, task)
        return task

    def _count(self, job: Job, task: Started) -> None:
        library, transform = job
        if task.rule == "transform_chunk" and job not in self._merged:
            chunk = self._results.chunk(str(task.chunk), "products", library, transform)
            try:
                self._products[job] += pq.read_metadata(chunk).num_rows
            except (OSError, pa.ArrowException):  # merged and removed before this was asked
                return
        if task.rule == "merge_products":
            stats = read_object(self._results.stats(library, transform))
            if "products" in stats:
                self._products[job] = stats["products"]
                self._merged.add(job)

    @property
    def seconds_left(self) -> float | None:
        """Return the time that the rest will take by the plan and the pace so far; None without a plan."""
        if not self._plan or not self._all_cost:
            return None
        left = max(self._left_cost, 0.0)
        done = self._all_cost - left
        if done / self._all_cost < _TELLING:
            return left / self._plan.tasks_at_once
        return left * self.seconds / done


def _costs(plan: Plan) -> dict[Job, float]:
    """Return {library or job: expected processor time of each task of it}, in seconds."""
    return {(line.library, line.transform or None): line.seconds / line.tasks for line in plan.waiting}


def line(progress: Progress) -> str:
    """Return how far a run is, as one line of a log."""
    stages = ", ".join(f"{stage} {progress.done[stage]:,}/{total:,}" for stage, total in _stages(progress))
    return f"{time.strftime('%H:%M:%S')}  {stages}; {_figures(progress)}"


def bars(progress: Progress) -> Group:
    """Return how far a run is, as bars for a terminal, a line for each stage."""
    table = Table.grid(padding=(0, 2))
    for stage, total in _stages(progress):
        done = progress.done[stage]
        bar = ProgressBar(total=total, completed=done, width=40)
        table.add_row(Text(stage), bar, Text(f"{done:,}/{total:,}", justify="right"))
    return Group(table, Text(_figures(progress), "dim"))


def _stages(progress: Progress) -> list[tuple[str, int]]:
    return [(stage, total) for stage in STAGES if (total := progress.total[stage])]


def _figures(progress: Progress) -> str:
    rate = progress.products / progress.seconds if progress.seconds else 0.0
    parts = [f"{progress.products:,} products, {rate:,.0f}/s"]
    memory = f"{progress.used_mb:,.0f}"
    parts.append(f"memory {memory} of {progress.cap_mb:,} MB" if progress.cap_mb else f"memory {memory} MB")
    parts.append(f"{duration(progress.seconds)} so far")
    left = progress.seconds_left
    if left is not None and progress.done != progress.total:
        # What is not in the plan, such as the report, comes last.
        parts.append(f"about {duration(left)} left" if left >= 1 else "the last tasks")
    return "; ".join(parts)
