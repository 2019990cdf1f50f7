"""How fast this machine is, and how much disk a row takes: from the statistics of what is finished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

# Processor time beside a task's own: Snakemake's for it, its guard's, the start of Python. Measured: 0.1 s.
SCHEDULING_SECONDS = 0.1

# For a results folder in which nothing is finished yet: two cores of a 2020s server (docs/full-size-run.md).
TASK_SECONDS = 0.2
PRODUCT_SECONDS = 85e-6
MOLECULE_SECONDS = 190e-6
INCHIKEY_SECONDS = 500e-6  # of each, where asked for
PRODUCT_BYTES = 13.0
MOLECULE_BYTES = 14.0

# What a library's or a job's files take whatever is in them.
FILES_BYTES = 8_000

# DuckDB's temporary files in a merge, per row. Measured: 0.3 GB for 20 million, 2.3 GB for 100 million.
SPILL_BYTES = 23.0

# Below so many rows a job's time is that of starting its tasks, and above it that of making its products.
_FEW_ROWS, _ENOUGH_ROWS = 1_000, 5_000


@dataclass(frozen=True)
class Speed:
    """Seconds of processor time, and bytes.

    Attributes:
        task_seconds: of a task that makes nothing.
        row_seconds: of a product by its library's class; of a library's molecule by ``LIBRARY``.
        row_bytes: in a finished file, by the same keys.
        recorded: whether this machine has finished enough for its own figures to be used.
    """

    task_seconds: float = TASK_SECONDS
    row_seconds: Mapping[str, float] = field(default_factory=dict)
    row_bytes: Mapping[str, float] = field(default_factory=dict)
    recorded: bool = False

    def seconds(self, kind: str, tasks: int, rows: float) -> float:
        """Return the processor time of so many tasks that make so many rows."""
        default = MOLECULE_SECONDS if kind == LIBRARY else PRODUCT_SECONDS
        each = self.row_seconds.get(kind, self.row_seconds.get(ANY, default))
        return tasks * (self.task_seconds + SCHEDULING_SECONDS) + rows * each

    def bytes(self, kind: str, rows: float) -> int:
        """Return the size of the files of a library or a job with so many rows."""
        default = MOLECULE_BYTES if kind == LIBRARY else PRODUCT_BYTES
        return FILES_BYTES + round(rows * self.row_bytes.get(kind, self.row_bytes.get(ANY, default)))


# What is no class's name, which has no space.
LIBRARY, ANY = "a library", "any class"


@dataclass
class _Sums:
    seconds: float = 0.0
    rows: int = 0
    bytes: int = 0


def finished_in(results: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what ``recorded_speed`` takes of everything that was ever finished in a results folder.

    It counts whether or not it stands: what is to be made anew, or is not asked for now, was made at the same speed.
    """
    from halogenator.results import Results
    from halogenator.tables.statistics import read_object

    places = Results(results)
    classes: dict[str, str] = {}
    for path in places.find(places.stats("*")):
        stats = read_object(path)
        classes[path.stem] = str(stats.get("class") or "")
        yield LIBRARY, stats
    for path in places.find(places.stats("*", "*")):
        yield classes.get(path.parent.name, ""), read_object(path)


def recorded_speed(finished: Iterable[tuple[str, Mapping[str, Any]]]) -> Speed:
    """Return the speed that finished libraries and jobs show.

    The time of a task that makes little gives what any task costs; what is left of the others' time, over their rows,
    gives the cost of a row. A class with few products counts as any.

    Args:
        finished: (``LIBRARY`` or a job's class, its statistics) of each; no damaged one's or earlier pipeline's.
    """
    records = [(kind, *figures) for kind, stats in finished if (figures := _figures(kind, stats)) is not None]
    small = [seconds / tasks for _, tasks, rows, seconds, _ in records if rows < _FEW_ROWS]
    task_seconds = median(small) if small else TASK_SECONDS
    sums: dict[str, _Sums] = {}
    for kind, tasks, rows, seconds, size in records:
        for key in (kind,) if kind == LIBRARY else (kind, ANY):
            total = sums.setdefault(key, _Sums())
            if rows >= _FEW_ROWS:
                total.seconds += max(0.0, seconds - tasks * task_seconds)
                total.rows += rows
                total.bytes += size
    enough = {key: total for key, total in sums.items() if total.rows >= _ENOUGH_ROWS}
    return Speed(
        task_seconds,
        {key: total.seconds / total.rows for key, total in enough.items()},
        {key: total.bytes / total.rows for key, total in enough.items()},
        recorded=bool(enough),
    )


def _figures(kind: str, stats: Mapping[str, Any]) -> tuple[int, int, float, int] | None:
    """Return (tasks, rows made, seconds, bytes) of a statistics record; None where it does not say."""
    if "adopted" in stats:
        return None
    try:
        tasks = stats["chunks"] + stats.get("parts", 0) + (2 if kind == LIBRARY and stats.get("k") in (None, 0) else 1)
        rows = stats["molecules"] if kind == LIBRARY else stats["products"]
        return int(tasks), int(rows + stats["duplicates"]), float(stats["usage"]["cpu_seconds"]), int(stats["bytes"])
    except (KeyError, TypeError, ValueError):
        return None
