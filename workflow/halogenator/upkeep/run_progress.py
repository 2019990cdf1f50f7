"""The progress of a Snakemake run: its stages, its products, its memory and the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.planning.fingerprints import is_of_fingerprints
from halogenator.planning.plan import Plan
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.tables.statistics import read_object
from halogenator.units import duration

# {stage: its rules}; rules of no stage belong to the last one.
STAGES = {
    "libraries": (
        *("read_library", "standardize_chunk", "halogenate_chunk"),
        *("find_library_duplicates", "find_library_repeats", "merge_library"),
    ),
    "transforms": ("transform_chunk",),
    "merges": ("find_duplicates", "merge_products", "remake_products", "keep_adopted"),
    "fingerprints": (
        *("fingerprint_molecules_chunk", "fingerprint_molecules"),
        *("fingerprint_products_chunk", "fingerprint_products"),
    ),
    "exports": ("export",),
    "overview": (),
}
_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
_LAST = list(STAGES)[-1]

# Rules that finish a job.
MERGES = ("merge_products", "remake_products")

# Share of the run from which on the time left is told from its own pace, and no longer from the plan.
_PACE_SHARE = 0.02
# Most of a running task that counts as done, however long it runs already.
_MOST_UNDER_WAY = 0.9
# What the report takes for each library and job, in seconds: the only long task that is not in a plan.
_REPORT_SECONDS = 0.05

Subject = tuple[str, str | None]  # library, transform; a library alone has None


@dataclass(frozen=True)
class Started:
    """A running task: its rule and its wildcards."""

    rule: str
    library: str | None
    transform: str | None
    chunk: str | None


class RunProgress:
    """Counts the tasks of a run as they start and finish, and shows the progress.

    Args:
        tasks: {rule: number of tasks to run}.
        plan: the expected cost of the run; None if it is not known.
        results: the results folder, in which the products of finished tasks are counted.
        shown: the display, with a step for each stage.

    Attributes:
        tasks: the number of tasks to run.
        tasks_left: the number of those that are not finished.
        used_mb: memory of the run's processes, in MB.
    """

    def __init__(self, tasks: Mapping[str, int], plan: Plan | None, results: Path, shown: Progress) -> None:
        self.shown = shown
        self.tasks = self.tasks_left = sum(tasks.values())
        total: Counter[str] = Counter()
        for rule, count in tasks.items():
            total[_STAGE_OF.get(rule, _LAST)] += count
        for stage in filter(total.__getitem__, STAGES):
            shown.begin(stage, total[stage], unit="")
        self.used_mb = 0.0
        self._plan = plan
        self._results = Results(results)
        self._began = time.monotonic()
        self._rules = frozenset(tasks)
        self._running: dict[int, tuple[Started, float]] = {}  # with the moment of its start
        self._products: Counter[Subject] = Counter()
        self._merged: set[Subject] = set()
        # {(library or job, whether of its fingerprints): expected processor time of each of these tasks, in seconds}
        self._cost: dict[tuple[Subject, bool], float] = {}
        for of_fingerprints, lines in ((False, plan.waiting), (True, plan.fingerprints)) if plan else ():
            for line in lines:
                self._cost[(line.library, line.transform or None), of_fingerprints] = line.seconds / line.tasks
        self._report_cost = _REPORT_SECONDS * len(plan.lines) if plan else 0.0
        self._all_cost = plan.work_seconds + tasks.get("report", 0) * self._report_cost if plan else 0.0
        self._left_cost = self._all_cost
        self._task_seconds = 0.0  # how long finished tasks of the plan took, added up

    def look(self, used_mb: float) -> None:
        """Update the display; ``used_mb``: memory of the run's processes, in MB."""
        self.used_mb = used_mb
        self.shown.tick(self.figures())

    def close(self) -> None:
        """Show the last state, if anything was done, and end the display."""
        if self.tasks_left < self.tasks:
            self.shown.show(self.figures())
        self.shown.__exit__(None, None, None)

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def start(self, number: int, task: Started) -> None:
        """Record a started task under a number; tasks of other rules than announced are not counted."""
        if task.rule in self._rules:
            self._running[number] = task, time.monotonic()

    def finish(self, number: int) -> Started | None:
        """Record that a task has finished; return it, or None for an unknown number."""
        task, began = self._running.pop(number, (None, 0.0))
        if task is None:
            return None
        self.tasks_left -= 1
        if cost := self._cost_of(task):
            self._left_cost -= cost
            self._task_seconds += time.monotonic() - began
        if task.library is not None:
            self._count((task.library, task.transform), task)
        self.shown.advance(step=_STAGE_OF.get(task.rule, _LAST))
        self.shown.tick(self.figures())
        return task

    def _cost_of(self, task: Started) -> float:
        """Return the expected processor time of a task in seconds; 0 for one that is not in the plan."""
        if task.rule == "report":
            return self._report_cost
        if task.library is None:
            return 0.0
        return self._cost.get(((task.library, task.transform), is_of_fingerprints(task.rule)), 0.0)

    def _under_way(self) -> float:
        """Return what running tasks have done of their cost, at the pace of those that are finished."""
        done, now = self._all_cost - self._left_cost, time.monotonic()
        pace = done / self._task_seconds if self._task_seconds else 1.0
        running = ((self._cost_of(task), now - began) for task, began in self._running.values())
        return sum(min(_MOST_UNDER_WAY * cost, pace * seconds) for cost, seconds in running)

    def _count(self, job: Subject, task: Started) -> None:
        """Add the products of a finished task."""
        library, transform = job
        if task.rule == "transform_chunk" and job not in self._merged:
            chunk = self._results.chunk(str(task.chunk), "products", library, transform)
            try:
                self._products[job] += pq.read_metadata(chunk).num_rows
            except (OSError, pa.ArrowException):  # the chunk is merged and removed already
                return
        if task.rule in MERGES:
            stats = read_object(self._results.stats(library, transform))
            if "products" in stats:
                self._products[job] = stats["products"]
                self._merged.add(job)

    @property
    def seconds_left(self) -> float | None:
        """The time left in seconds, from the plan and the pace so far, running tasks included; None without a plan."""
        if not self._plan or not self._all_cost:
            return None
        left = max(self._left_cost - self._under_way(), 0.0)
        done = self._all_cost - left
        if done / self._all_cost < _PACE_SHARE:
            return left / self._plan.tasks_at_once
        return left * self.seconds / done

    def figures(self) -> str:
        """Return products, memory and time in words."""
        products = self._products.total()  # duplicates of jobs that are not merged yet are included
        parts = [f"{products:,} products, {products / self.seconds if self.seconds else 0.0:,.0f}/s"]
        cap_mb = self._plan.cap_mb if self._plan and not self._plan.on_cluster else 0
        parts.append(f"memory {self.used_mb:,.0f}" + (f" of {cap_mb:,} MB" if cap_mb else " MB"))
        parts.append(f"{duration(self.seconds)} so far" if self.tasks_left else f"in {duration(self.seconds)}")
        left = self.seconds_left
        if left is not None and self.tasks_left:
            # Tasks that are not in the plan, such as the report, come last.
            parts.append(f"about {duration(left)} left" if left >= 1 else "the last tasks")
        return "; ".join(parts)
