"""The speed of this machine and the disk space of a row, from the statistics of finished libraries and jobs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from halogenator.chemistry.scores import score_seconds
from halogenator.model import Config

# Processor time of a task that it does not record: Snakemake, the parent process, the start of Python. Measured.
SCHEDULING_SECONDS = 0.1

# Defaults for a results folder without finished jobs: two cores of a server of the 2020s (docs/scale.md).
TASK_SECONDS = 0.2
PRODUCT_SECONDS = 45e-6
MOLECULE_SECONDS = 190e-6  # of a library from a file
BUILT_SECONDS = 110e-6  # of a built one
INCHIKEY_SECONDS = 500e-6  # of an InChIKey
FINGERPRINT_SECONDS = 200e-6  # of a fingerprint: 120 µs measured, and its parent's
PRODUCT_BYTES = 13.0
MOLECULE_BYTES = 14.0
SCORE_BYTES = 5.0  # of a score

# The files of a library or a job without rows.
FILES_BYTES = 8_000

# DuckDB's temporary files in a merge, per row. Measured: 0.3 GB for 20 million, 2.3 GB for 100 million.
SPILL_BYTES = 23.0

# A job with fewer rows than the first shows the time of a task; a class with more rows than the second, that of a row.
_FEW_ROWS, _ENOUGH_ROWS = 1_000, 5_000

# What a chunk task with scores may take if its products alone would take less.
SCORED_CHUNK_SECONDS = 120


def product_seconds(config: Config, scores: Sequence[str] = ()) -> float:
    """Return the processor time of a product on such a server, whatever this machine's is."""
    inchikey = INCHIKEY_SECONDS if "inchikey" in config.identifiers else 0
    return PRODUCT_SECONDS + inchikey + score_seconds(scores)


def chunk_products(config: Config, scores: Sequence[str] = ()) -> int:
    """Return the number of products of a chunk task: with scores fewer, so that it takes about as long."""
    seconds = max(config.chunk_products * product_seconds(config), SCORED_CHUNK_SECONDS)
    return min(config.chunk_products, ceil(seconds / product_seconds(config, scores)))


def chunk_fingerprints(config: Config) -> int:
    """Return the number of fingerprints of a chunk task: so many that it takes as long as one that makes products."""
    return ceil(config.chunk_products * PRODUCT_SECONDS / FINGERPRINT_SECONDS)


@dataclass(frozen=True)
class Speed:
    """Processor time and disk space of tasks and rows.

    Attributes:
        task_seconds: time of a task that makes nothing.
        row_seconds: {class of a library: time of a product}; under ``LIBRARY`` and ``BUILT``, the time of a molecule;
            with scores, under their names after it (``scored``).
        row_bytes: bytes of a row in a finished file, by the same keys.
        recorded: whether enough is finished for the figures to be those of this machine.
    """

    task_seconds: float = TASK_SECONDS
    row_seconds: Mapping[str, float] = field(default_factory=dict)
    row_bytes: Mapping[str, float] = field(default_factory=dict)
    recorded: bool = False

    def seconds(self, kind: str, tasks: int, rows: float, scores: Sequence[str] = ()) -> float:
        """Return the processor time of so many tasks that make so many rows, with these scores."""
        default = {LIBRARY: MOLECULE_SECONDS, BUILT: BUILT_SECONDS}.get(kind, PRODUCT_SECONDS)
        each = self.row_seconds.get(kind, default if kind in _MOLECULES else self.row_seconds.get(ANY, default))
        each = self.row_seconds.get(scored(kind, scores), each + score_seconds(scores))
        return tasks * (self.task_seconds + SCHEDULING_SECONDS) + rows * each

    def bytes(self, kind: str, rows: float, scores: Sequence[str] = ()) -> int:
        """Return the size of the files of a library or a job with so many rows, with these scores."""
        default = MOLECULE_BYTES if kind in _MOLECULES else PRODUCT_BYTES
        each = self.row_bytes.get(kind, self.row_bytes.get(ANY, default))
        each = self.row_bytes.get(scored(kind, scores), each + SCORE_BYTES * len(scores))
        return FILES_BYTES + round(rows * each)


# Keys that are no class, since the name of a class has no space.
LIBRARY, BUILT, ANY = "a library", "a built library", "any class"
_MOLECULES = (LIBRARY, BUILT)


def scored(kind: str, scores: Sequence[str]) -> str:
    """Return the key of figures of rows with scores.

    Examples:
        >>> scored("lipid", []), scored("lipid", ["qed", "fsp3"])
        ('lipid', 'lipid with fsp3, qed')
    """
    return f"{kind} with {', '.join(sorted(scores))}" if scores else kind


def finished_in(results: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (``LIBRARY``, ``BUILT`` or a job's class, its statistics) of all that was ever finished in a folder.

    Outdated results count too: they were made at the same speed.
    """
    from halogenator.results import Results
    from halogenator.tables.statistics import read_object

    places = Results(results)
    classes: dict[str, str] = {}
    for path in places.find(places.stats("*")):
        stats = read_object(path)
        classes[path.stem] = str(stats.get("class") or "")
        yield BUILT if stats.get("k") else LIBRARY, stats
    for path in places.find(places.stats("*", "*")):
        yield classes.get(path.parent.name, ""), read_object(path)


def recorded_speed(finished: Iterable[tuple[str, Mapping[str, Any]]]) -> Speed:
    """Return the speed of finished libraries and jobs.

    Tasks with few rows show the time of a task. The rest of the time of the others, divided by their rows, is the time
    of a row. A class with few products has the speed of all classes together.

    Args:
        finished: (``LIBRARY``, ``BUILT`` or a job's class, its statistics) of each.
    """
    records = [
        (scored(kind, stats.get("scores", ())), *figures)
        for kind, stats in finished
        if (figures := _figures(kind, stats)) is not None
    ]
    small = [seconds / tasks for _, tasks, rows, seconds, _ in records if rows < _FEW_ROWS]
    task_seconds = median(small) if small else TASK_SECONDS
    all_rows, all_seconds, all_bytes = Counter[str](), defaultdict[str, float](float), Counter[str]()
    for kind, tasks, rows, seconds, size in records:
        for key in (kind, ANY) if kind not in _MOLECULES and " with " not in kind else (kind,):
            if rows >= _FEW_ROWS:
                all_rows[key] += rows
                all_seconds[key] += max(0.0, seconds - tasks * task_seconds)
                all_bytes[key] += size
    enough = {key: rows for key, rows in all_rows.items() if rows >= _ENOUGH_ROWS}
    row_seconds = {key: all_seconds[key] / rows for key, rows in enough.items()}
    row_bytes = {key: all_bytes[key] / rows for key, rows in enough.items()}
    return Speed(task_seconds, row_seconds, row_bytes, recorded=bool(enough))


def _figures(kind: str, stats: Mapping[str, Any]) -> tuple[int, int, float, int] | None:
    """Return (tasks, rows made, seconds, bytes) of statistics; None if they lack one, or are of an adopted job."""
    if "adopted" in stats:
        return None
    try:
        stages = 2 if kind == LIBRARY else 1  # a file is read, and its repeats are found
        tasks = stats["chunks"] + stages * (stats.get("parts", 0) + 1)
        rows = stats["molecules"] if kind in _MOLECULES else stats["products"]
        return int(tasks), int(rows + stats["duplicates"]), float(stats["usage"]["cpu_seconds"]), int(stats["bytes"])
    except (KeyError, TypeError, ValueError):
        return None
