"""How far a run of Snakemake is: its stages, what it has made, its memory, and the time that is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.planning.plan import Plan
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.tables.statistics import read_object
from halogenator.units import duration

# Stage -> the rules whose tasks are its steps; what is in none belongs to the last.
STAGES = {
    "libraries": ("read_library", "standardize_chunk", "halogenate_chunk", "find_library_duplicates", "merge_library"),
    "transforms": ("transform_chunk",),
    "merges": ("find_duplicates", "merge_products", "remake_products", "keep_adopted"),
    "exports": ("export",),
    "overview": (),
}
_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
_LAST = list(STAGES)[-1]

# The rules that finish a job.
MERGES = ("merge_products", "remake_products")

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


class RunProgress:
    """Counts what a run has done, as it is told of it, and has it shown.

    Args:
        tasks: {rule: tasks to run}.
        plan: what the run is expected to take; None where that is not known.
        results: the results folder, where the number of products of a finished task is looked up.
        shown: what shows it, a step for each stage.
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
        self._running: dict[int, Started] = {}
        self._products: Counter[Job] = Counter()
        self._merged: set[Job] = set()
        self._cost = _costs(plan) if plan else {}
        self._left_cost = sum(line.seconds for line in plan.waiting) if plan else 0.0
        self._all_cost = self._left_cost

    def look(self, used_mb: float) -> None:
        """Show how far it is now and then, with what the run's processes use."""
        self.used_mb = used_mb
        self.shown.tick(self.figures())

    def close(self) -> None:
        """Show how far it has come, if anything was done, and end what is shown."""
        if self.tasks_left < self.tasks:
            self.shown.show(self.figures())
        self.shown.__exit__(None, None, None)

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
        self.tasks_left -= 1
        if task.library is not None:
            job = task.library, task.transform
            self._left_cost -= self._cost.get(job, 0.0)
            self._count(job, task)
        self.shown.advance(step=_STAGE_OF.get(task.rule, _LAST))
        self.shown.tick(self.figures())
        return task

    def _count(self, job: Job, task: Started) -> None:
        library, transform = job
        if task.rule == "transform_chunk" and job not in self._merged:
            chunk = self._results.chunk(str(task.chunk), "products", library, transform)
            try:
                self._products[job] += pq.read_metadata(chunk).num_rows
            except (OSError, pa.ArrowException):  # merged and removed before this was asked
                return
        if task.rule in MERGES:
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

    def figures(self) -> str:
        """Return products, memory and time in words."""
        products = self._products.total()  # those of a job that is not merged yet with its duplicates
        parts = [f"{products:,} products, {products / self.seconds if self.seconds else 0.0:,.0f}/s"]
        cap_mb = self._plan.cap_mb if self._plan and not self._plan.on_cluster else 0
        parts.append(f"memory {self.used_mb:,.0f}" + (f" of {cap_mb:,} MB" if cap_mb else " MB"))
        parts.append(f"{duration(self.seconds)} so far")
        left = self.seconds_left
        if left is not None and self.tasks_left:
            # What is not in the plan, such as the report, comes last.
            parts.append(f"about {duration(left)} left" if left >= 1 else "the last tasks")
        return "; ".join(parts)


def _costs(plan: Plan) -> dict[Job, float]:
    """Return {library or job: expected processor time of each task of it}, in seconds."""
    return {(line.library, line.transform or None): line.seconds / line.tasks for line in plan.waiting}
