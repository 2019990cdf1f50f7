"""The whole matrix of 118 jobs at full size and above, on paper: its tasks are scheduled, not run.

    python benchmarks/matrix_on_paper.py

prints the tables of docs/scale.md that are extrapolated. What a task takes is measured elsewhere and stands below.
Tasks start in the order of the configuration as soon as what they need is there and a core is free; one process starts
them all, one after another. Left out: retries, summary, catalog and report, a network file system slower than a disk
and, but for the table of chunk sizes, waiting for a cluster's queue.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import ceil, log10

from halogenator.config import read_config
from halogenator.model import Config
from halogenator.planning.resources import SNAKEMAKE_MB, merge_mb, stream_mb
from harness import REPOSITORY, Figure

# Molecules of the libraries (those that are known; the other classes share the rest of 63 million equally).
KNOWN = {"polyphenol-1X": 0.5e6, "polyphenol-2X": 13.8e6, "terpenoid-1X": 1.2e6, "terpenoid-2X": 40.2e6}
MOLECULES, PRODUCTS = 63e6, 750e6
CORES = (16, 256, 4096)
# (products, chunk.products); the second of a size suits 4,096 cores or a small number of files better.
SIZES = ((PRODUCTS, 3e6), (PRODUCTS, 3e5), (1e10, 3e6), (1e10, 1e7))
WORKSTATION = 16  # cores, above which tasks run on nodes

# Seconds of a core, measured: all in docs/scale.md but the start of a task on a node. A row is a product, or a
# molecule of a library. A merge by one task is one part and the merge of it; a part of four looks through all rows, and
# finds the duplicates of a quarter.
TASK = 0.3
TASK_ON_NODE = 7.0  # on a cluster: Snakemake is started twice in its allocation (`make test-slurm`, a busy machine)
PRODUCT = 51e-6
MOLECULE = 104e-6
STANDARDIZED = 190e-6  # as plans reckon
READ = 4e-6
MERGE, MERGE_LIBRARY, MERGE_FILE = 1.9e-6, 3.1e-6, 4.5e-6
PART_SCANNED, PART_OWN, MERGE_OF_PARTS = 0.27e-6, 0.63e-6, 1.0e-6
REPEATS, MERGE_FILE_OF_PARTS = 1.3, 3.2e-6  # of a file: by as many tasks again, in times of a part's seconds; the merge

# Seconds of Snakemake's process, of each task that it starts; on a cluster as profiles/slurm limits them: ten
# submissions a second, four chunks of a transform in one.
START = 0.013
SUBMISSION = 0.1
SUBMITTED_TOGETHER = 4

# Bytes a row: products by library, molecules, and what a merge by one task spills.
PRODUCT_BYTES, MOLECULE_BYTES = (7.3, 14.0), 9.0
SPILL_BYTES = 26

# Files that stay of a task, counted in finished runs: its results, log and benchmark, and Snakemake's record of each of
# its outputs, of those too that are removed.
CHUNK_FILES, PART_FILES, MERGE_FILES, READ_FILES = 4, 3, 8, 3
RUN_FILES = 17

# For the table of chunk sizes: minutes of a chunk, and of waiting for each allocation.
CHUNK_MINUTES = (1, 3, 5, 10, 20)
WAITS = (0, 1, 10)
CLUSTER, ALLOCATIONS = 256, 200  # cores; `jobs` of profiles/slurm
FILE_ROWS = (10e6, 100e6, 200e6, 1e9)


@dataclass
class Task:
    """A task: how long, memory in MB, files that stay, how long Snakemake takes to start it, after which others."""

    seconds: float
    megabytes: int
    files: int
    start: float
    after: list[Task] = field(default_factory=list)
    then: list[Task] = field(default_factory=list)
    left: int = 0


@dataclass(frozen=True)
class Outcome:
    """What comes of a matrix on so many cores.

    Attributes:
        wall: seconds until the last task ends.
        cpu: seconds of all tasks.
        megabytes: the most memory that is declared at once.
        tasks: how many.
        files: how many stay.
        largest: products of the largest job.
    """

    wall: float
    cpu: float
    megabytes: int
    tasks: int
    files: int
    largest: float


def measure(*, quick: bool = False) -> list[Figure]:
    """Return what comes of every size on every number of cores."""
    figures = []
    for products, chunk in SIZES[:1] if quick else SIZES:
        for cores in CORES:
            found = outcome(products, chunk, cores)
            name = f"model_{products:.3g}_products_{chunk:.0e}_a_chunk_{cores}_cores".replace("+", "")
            figures += [
                Figure(f"{name}_wall", round(found.wall / 3600, 2), "h"),
                Figure(f"{name}_cpu", round(found.cpu / 3600, 1), "CPU h"),
                Figure(f"{name}_busy", round(found.cpu / found.wall / cores, 2), "of cores"),
                Figure(f"{name}_tasks", found.tasks, ""),
                Figure(f"{name}_files", found.files, ""),
                Figure(f"{name}_memory", round(found.megabytes / 1000, 1), "GB declared at once"),
                Figure(f"{name}_largest_job", round(found.largest / 1e6), "million products"),
            ]
    return figures


def outcome(products: float, chunk: float, cores: int, wait: float = 0, allocations: int = 0) -> Outcome:
    """Return what comes of so many products in chunks of a size, on so many cores.

    Args:
        products: of all jobs.
        chunk: products of a chunk.
        cores: how many tasks run at once.
        wait: seconds in a cluster's queue, of each task.
        allocations: how many may wait or run at once; 0: a task for each core.
    """
    tasks, largest = matrix(products, chunk, on_nodes=cores > WORKSTATION)
    wall, megabytes = schedule(tasks, cores, wait, allocations)
    cpu = sum(task.seconds for task in tasks)
    return Outcome(wall, cpu, megabytes, len(tasks), RUN_FILES + sum(task.files for task in tasks), largest)


def matrix(products: float, chunk: float, *, on_nodes: bool) -> tuple[list[Task], float]:
    """Return all tasks of the shipped configuration with so many products, and the products of its largest job.

    Args:
        products: of all jobs.
        chunk: products of a chunk.
        on_nodes: whether tasks run on a cluster's nodes.
    """
    config = _config()
    built = [library for library in config.libraries.values() if library.k]
    others = [library.name for library in built if library.name not in KNOWN]
    second = [name for name in others if name.endswith("2X")]
    rest = MOLECULES - sum(KNOWN.values())
    sizes = {**KNOWN, **{name: rest * (0.95 if name in second else 0.05) / len(second) for name in others}}
    sizes = {name: size * products / PRODUCTS for name, size in sizes.items()}
    shares = [sizes[library] for library, _ in config.jobs]
    tasks: list[Task] = []
    done: dict[str, Task] = {}
    add = _Adder(tasks, on_nodes=on_nodes)
    for library in config.libraries.values():
        rows = sizes.get(library.name, 1e4)
        chunks = max(1, ceil(rows * max(library.k or 1, 1) / chunk))
        if library.base:
            merge = add.merged(rows, chunks, MOLECULE * rows, [done[library.base]], MERGE_LIBRARY)
        else:
            merge = add.merged(rows, chunks, STANDARDIZED * rows, [add.task(READ * rows, READ_FILES)], MERGE_FILE)
        done[library.name] = merge
    for (library_name, _), share in zip(config.jobs, shares, strict=True):
        rows = products * share / sum(shares)
        add.merged(rows, ceil(rows / chunk), PRODUCT * rows, [done[library_name]], MERGE, together=SUBMITTED_TOGETHER)
    return tasks, products * max(shares) / sum(shares)


class _Adder:
    """Adds tasks to a list, each with what any takes besides its work."""

    def __init__(self, tasks: list[Task], *, on_nodes: bool) -> None:
        self._tasks = tasks
        self._on_nodes = on_nodes

    def task(
        self, work: float, files: int, after: Sequence[Task] = (), megabytes: int = stream_mb(), together: int = 1
    ) -> Task:
        """Add one task; ``together``: how many are submitted at once."""
        if self._on_nodes:
            task = Task(TASK_ON_NODE + work, megabytes + SNAKEMAKE_MB, files, SUBMISSION / together, list(after))
        else:
            task = Task(TASK + work, megabytes, files, START, list(after))
        self._tasks.append(task)
        return self._tasks[-1]

    def merged(
        self, rows: float, chunks: int, work: float, before: Sequence[Task], merge: float, together: int = 1
    ) -> Task:
        """Add the chunk tasks, the parts and the merge of a library or a job; return the merge."""
        made = [self.task(work / chunks, CHUNK_FILES, before, together=together) for _ in range(chunks)]
        parts = ceil(rows / _config().merge_rows)
        if parts == 1:
            return self.task(merge * rows, MERGE_FILES, made, merge_mb(round(rows)))
        each = PART_SCANNED * rows + PART_OWN * rows / parts
        found = [self.task(each, PART_FILES, made, merge_mb(round(rows), parts)) for _ in range(parts)]
        return self.task((merge - MERGE + MERGE_OF_PARTS) * rows, MERGE_FILES, found)


@cache
def _config() -> Config:
    """Return the shipped configuration."""
    return read_config([REPOSITORY / "configs/config.yaml"], working_dir=REPOSITORY)


def schedule(tasks: Sequence[Task], cores: int, wait: float = 0, allocations: int = 0) -> tuple[float, int]:
    """Return when the last task ends, in seconds, and the most memory that is declared at once, in MB.

    Args:
        tasks: all of them.
        cores: how many run at once.
        wait: seconds between a task's submission and its start.
        allocations: how many may wait or run at once; 0: a task for each core.
    """
    for task in tasks:
        task.left = len(task.after)
        for earlier in task.after:
            earlier.then.append(task)
    ready = deque(task for task in tasks if not task.left)
    queue: list[tuple[float, int, Task]] = []
    running: list[tuple[float, int, Task]] = []
    now = starter = held = 0.0
    megabytes = most = number = 0
    while ready or queue or running:
        while ready and held + _share(ready[0], allocations) <= (allocations or cores):
            task = ready.popleft()
            held += _share(task, allocations)
            starter = max(now, starter) + task.start
            number += 1
            heapq.heappush(queue, (starter + wait, number, task))
        if queue and len(running) < cores and (not running or queue[0][0] <= running[0][0]):
            begins, number_of_it, task = heapq.heappop(queue)
            now = max(now, begins)
            heapq.heappush(running, (now + task.seconds, number_of_it, task))
            megabytes += task.megabytes
            most = max(most, megabytes)
            continue
        now, _, ended = heapq.heappop(running)
        held -= _share(ended, allocations)
        megabytes -= ended.megabytes
        for task in ended.then:
            task.left -= 1
            if not task.left:
                ready.append(task)
    return now, most


def _share(task: Task, allocations: int) -> float:
    """Return what a task holds of the number that limits submissions: of allocations, its part of one."""
    return task.start / SUBMISSION if allocations else 1


def main() -> None:
    """Print the tables."""
    head = (
        "products",
        "`chunk.products`",
        "tasks",
        "files",
        "cores",
        "wall time",
        "cores busy",
        "memory declared at once",
    )
    _print("The whole matrix", head, _matrices())
    waits = [f"wait {wait} min" if wait else "no wait" for wait in WAITS]
    head = ("products", "minutes a chunk", "tasks", "files", *waits)
    _print(f"What a chunk should take, on {CLUSTER} cores, by the wait for each allocation", head, _chunk_sizes())
    head = ("rows of one file", "parts", "declared by the largest task", "reading", "duplicates", "repeats", "merge")
    _print("A library from a file", head, _files())
    head = ("products", "products' files", "molecules' files", "spilled by the largest merge")
    _print("Disk", head, _disk())


def _matrices() -> Iterator[Sequence[str]]:
    for products, chunk in SIZES:
        for cores in CORES:
            found = outcome(products, chunk, cores)
            share = f"{found.cpu / found.wall / cores:.0%}".replace("%", " %")
            row = [_count(products), f"{chunk:,.0f}", f"{found.tasks:,}", f"{found.files:,}", f"{cores:,}"]
            yield [*row, _hours(found.wall), share, f"{found.megabytes / 1000:,.0f} GB"]


def _chunk_sizes() -> Iterator[Sequence[str]]:
    for products in sorted({size for size, _ in SIZES}):
        for minutes in CHUNK_MINUTES:
            found = [outcome(products, minutes * 60 / PRODUCT, CLUSTER, wait * 60, ALLOCATIONS) for wait in WAITS]
            row = [_count(products), str(minutes), f"{found[0].tasks:,}", f"{found[0].files:,}"]
            yield [*row, *(_hours(each.wall) for each in found)]


def _files() -> Iterator[Sequence[str]]:
    for rows in FILE_ROWS:
        parts = ceil(rows / _config().merge_rows)
        each = [READ, 0.0, 0.0, MERGE_FILE]
        if parts > 1:
            part = PART_SCANNED + PART_OWN / parts
            each = [READ, part, REPEATS * part, MERGE_FILE_OF_PARTS]
        times = [_hours(TASK + seconds * rows) if seconds else "" for seconds in each]
        yield [_count(rows), str(parts), f"{merge_mb(round(rows), parts):,} MB", *times]


def _disk() -> Iterator[Sequence[str]]:
    for products in sorted({size for size, _ in SIZES}):
        low, high = (_gigabytes(each * products) for each in PRODUCT_BYTES)
        molecules = _gigabytes(MOLECULE_BYTES * MOLECULES * products / PRODUCTS)
        largest = matrix(products, products, on_nodes=False)[1]
        spilled = SPILL_BYTES * min(largest, _config().merge_rows)
        yield [_count(products), f"{low} to {high}", molecules, _gigabytes(spilled)]


def _print(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print(f"\n{title}\n")
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")


def _count(number: float) -> str:
    return f"{number / 1e6:,.0f} million" if number < 1e9 else f"10^{round(log10(number))}"


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.2f} h" if hours < 1 else f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h"


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.2g} GB" if size < 100e9 else f"{size / 1e9:.0f} GB"


if __name__ == "__main__":
    main()
