"""How far each library and job of a run is, by the tasks that Snakemake will run and by the files that are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.model import Config
from halogenator.planning.estimate import Estimates
from halogenator.planning.fingerprints import is_of_fingerprints
from halogenator.results import Results
from halogenator.tables.statistics import damage, read_object

Name = tuple[str, str | None]  # library, transform; None: the library itself


@dataclass(frozen=True)
class Standing:
    """Where a library or a job stands.

    Attributes:
        state: "done", "adopted", "partial", "to do", or "corrupt": a finished file cannot be read, or has another size
            than was recorded.
        chunks: number of its chunk tasks.
        chunks_done: number of chunks whose files are there; all if it is finished.
        parts: number of tasks that are still to find duplicates, if the merge does not find them.
        stats: its statistics if it is finished, else empty.
        detail: what is wrong with which file, if it is corrupt.
    """

    state: str
    chunks: int
    chunks_done: int = 0
    parts: int = 0
    stats: dict[str, Any] = field(default_factory=dict)
    detail: str = ""

    @property
    def finished(self) -> bool:
        """Whether all its files are there and whole."""
        return self.state in ("done", "adopted")

    @property
    def recorded(self) -> bool:
        """Whether it is finished and its files are on this machine, and not only in a store."""
        return self.finished and bool(self.stats)

    @property
    def waiting(self) -> bool:
        """Whether it is still to be made, wholly or in part."""
        return self.state in ("partial", "to do")


def planned_standings(
    config: Config, estimates: Estimates, results: Path, tasks: Iterable[tuple[str, str, str | None, bool]]
) -> dict[Name, Standing]:
    """Return where each library and job of a run stands, by the tasks that Snakemake will run.

    Args:
        config: the configuration.
        estimates: those of the configuration.
        results: the results folder.
        tasks: (rule, library, transform, whether it will run) of each task; the transform is None for a library.
    """
    merges: dict[Name, bool] = {}
    chunk_tasks: Counter[Name] = Counter()
    part_tasks: Counter[Name] = Counter()
    for rule, library_name, transform, runs in tasks:
        name = library_name, transform
        if is_of_fingerprints(rule):
            continue
        if rule.endswith("_chunk"):
            chunk_tasks[name] += runs
        elif rule.endswith(("_duplicates", "_repeats")):
            part_tasks[name] += runs
        elif not rule.startswith("read_"):
            merges[name] = runs
    found: dict[Name, Standing] = {}
    for name in names_in(config):
        if name not in merges:
            continue
        chunks, files = estimates.chunks(config.libraries[name[0]], name[1]), Results(results).files(*name)
        if merges[name]:
            chunks_done = max(0, chunks - chunk_tasks[name])
            found[name] = Standing("partial" if chunks_done else "to do", chunks, chunks_done, part_tasks[name])
        elif any(path.exists() for path in files):
            found[name] = finished_standing(files, chunks)
        else:  # in a store, with no copy here
            found[name] = Standing("done", chunks, chunks)
    return found


def names_in(config: Config) -> Iterator[Name]:
    """Yield each library, then each job. A library comes after its base."""
    yield from ((name, None) for name in config.libraries)
    yield from config.jobs


def finished_standing(files: tuple[Path, Path, Path], chunks: int) -> Standing:
    """Return the standing of a library or a job whose files (``Results.files``) are there."""
    stats = read_object(files[2])
    wrong = _damage(files, stats)
    state = "corrupt" if wrong else "adopted" if "adopted" in stats else "done"
    return Standing(state, chunks, chunks, stats=stats, detail=wrong)


def _damage(files: tuple[Path, Path, Path], recorded: Mapping[str, Any]) -> str:
    """Return what is wrong with finished files and their statistics, "" if nothing is. No file is read whole."""
    main, rejects, stats = files
    if problem := damage(stats, recorded):
        return f"{stats}: {problem}"
    for path in (main, rejects):
        try:
            rows = pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException):
            return f"{path} has no readable footer"
        expected = recorded.get(path.stem, rows)
        if rows != expected:
            return f"{path} has {rows:,} rows, and {expected:,} are recorded"
    size = main.stat().st_size
    if size != recorded.get("bytes", size):
        return f"{main} is {size:,} bytes large, and {recorded['bytes']:,} are recorded"
    return ""
