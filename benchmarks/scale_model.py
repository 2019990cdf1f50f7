"""The whole matrix of 118 jobs at full size and above, on paper: its tasks are scheduled, not run.

What a task takes is measured elsewhere (docs/full-size-run.md, docs/scale.md) and stands below. Tasks start in the
order of the configuration as soon as what they need is there and a core is free; one process starts them all, one
after another. Left out: retries, waiting for a cluster's queue, a network file system slower than a disk.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from halogenator.config import read_config
from halogenator.planning.resources import merge_mb, stream_mb
from measure import REPOSITORY, Figure

# Molecules of the libraries (those that are known; the other classes share the rest of 63 million equally).
KNOWN = {"polyphenol-1X": 0.5e6, "polyphenol-2X": 13.8e6, "terpenoid-1X": 1.2e6, "terpenoid-2X": 40.2e6}
MOLECULES, PRODUCTS = 63e6, 750e6
CORES = (16, 256, 4096)
# (products, chunk.products); the second of a size suits 4,096 cores or a small number of files better.
SIZES = ((PRODUCTS, 2e6), (PRODUCTS, 2e5), (1e10, 2e6), (1e10, 1e7))
MERGE_ROWS = 200e6

# Seconds of a core, each measured; a row is a product, or a molecule of a library.
TASK = 0.3
TASK_ON_NODE = 7.0  # on a cluster: Snakemake is started twice in its allocation (`make test-slurm`, a busy machine)
WORKSTATION = 16  # cores, above which tasks run on nodes
START = 0.013  # by Snakemake's process, of each task
PRODUCT = 85e-6
MOLECULE = 140e-6
MERGE, MERGE_LIBRARY = 0.95e-6, 3.5e-6
PART_SCANNED, PART_OWN, MERGE_OF_PARTS = 0.18e-6, 0.13e-6, 0.39e-6
PRODUCT_BYTES, MOLECULE_BYTES, SPILL_BYTES = 7.3, 9.0, 23.0


@dataclass
class Task:
    """A task: how long, how much memory in MB, after which others."""

    seconds: float
    megabytes: int
    after: list[Task] = field(default_factory=list)
    then: list[Task] = field(default_factory=list)
    left: int = 0


def measure(*, quick: bool = False) -> list[Figure]:
    """Return what comes of every size on every number of cores."""
    figures = []
    for products, chunk in SIZES[:1] if quick else SIZES:
        for cores in CORES:
            tasks, largest = matrix(products, chunk, TASK if cores <= WORKSTATION else TASK_ON_NODE)
            wall, mb = schedule(tasks, cores)
            name = f"model_{products:.3g}_products_{chunk:.0e}_a_chunk_{cores}_cores".replace("+", "")
            busy = sum(task.seconds for task in tasks)
            figures += [
                Figure(f"{name}_wall", round(wall / 3600, 2), "h"),
                Figure(f"{name}_cpu", round(busy / 3600, 1), "CPU h"),
                Figure(f"{name}_busy", round(busy / wall / cores, 2), "of cores"),
                Figure(f"{name}_tasks", len(tasks), ""),
                Figure(f"{name}_memory", round(mb / 1000, 1), "GB declared at once"),
                Figure(f"{name}_largest_job", round(largest / 1e6), "million products"),
            ]
    return figures


def matrix(products: float, chunk: float, start: float) -> tuple[list[Task], float]:
    """Return all tasks of the shipped configuration with so many products, and the products of its largest job.

    Args:
        products: of all jobs.
        chunk: products of a chunk.
        start: what each task takes besides its work, in seconds.
    """
    config = read_config([REPOSITORY / "configs/config.yaml"], working_dir=REPOSITORY, repository=REPOSITORY)
    built = [library for library in config.libraries.values() if library.k]
    others = [library.name for library in built if library.name not in KNOWN]
    second = [name for name in others if name.endswith("2X")]
    rest = MOLECULES - sum(KNOWN.values())
    sizes = {**KNOWN, **{name: rest * (0.95 if name in second else 0.05) / len(second) for name in others}}
    sizes = {name: size * products / PRODUCTS for name, size in sizes.items()}
    shares = [sizes[library] for library, _ in config.jobs]
    tasks: list[Task] = []
    done: dict[str, Task] = {}
    for library in config.libraries.values():
        rows = sizes.get(library.name, 1e4)
        before = [done[library.base]] if library.base else []
        work = MOLECULE * rows if library.k else 190e-6 * rows
        chunks = max(1, ceil(rows * max(library.k or 1, 1) / chunk))
        done[library.name] = _merged(tasks, rows, chunks, work, before, MERGE_LIBRARY, start)
    for (library_name, _), share in zip(config.jobs, shares, strict=True):
        rows = products * share / sum(shares)
        _merged(tasks, rows, ceil(rows / chunk), PRODUCT * rows, [done[library_name]], MERGE, start)
    return tasks, products * max(shares) / sum(shares)


def _merged(
    tasks: list[Task], rows: float, chunks: int, work: float, before: list[Task], merge: float, start: float
) -> Task:
    """Add the chunk tasks, the parts and the merge of a library or a job; return the merge."""
    made = [Task(start + work / chunks, stream_mb(), before) for _ in range(chunks)]
    parts = ceil(rows / MERGE_ROWS)
    if parts == 1:
        last = [Task(start + merge * rows, merge_mb(round(rows)), made)]
    else:
        each = start + PART_SCANNED * rows + PART_OWN * rows / parts
        found = [Task(each, merge_mb(round(rows), parts), made) for _ in range(parts)]
        seconds = start + (merge - MERGE + MERGE_OF_PARTS) * rows
        last = [*found, Task(seconds, stream_mb(), found)]
    tasks += [*made, *last]
    return last[-1]


def schedule(tasks: Sequence[Task], cores: int) -> tuple[float, int]:
    """Return when the last task ends, in seconds, and the most memory that is declared at once, in MB."""
    for task in tasks:
        task.left = len(task.after)
        for earlier in task.after:
            earlier.then.append(task)
    ready = deque(task for task in tasks if not task.left)
    running: list[tuple[float, int, Task]] = []
    now = starter = 0.0
    megabytes = most = number = 0
    while ready or running:
        while ready and len(running) < cores:
            task = ready.popleft()
            starter = max(now, starter) + START
            number += 1
            heapq.heappush(running, (starter + task.seconds, number, task))
            megabytes += task.megabytes
            most = max(most, megabytes)
        now, _, ended = heapq.heappop(running)
        megabytes -= ended.megabytes
        for task in ended.then:
            task.left -= 1
            if not task.left:
                ready.append(task)
    return now, most
