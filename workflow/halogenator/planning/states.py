"""How far each library and job of a configuration is, by the files of a results folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.model import Config
from halogenator.planning.adopted import adopted_jobs
from halogenator.planning.estimate import Estimates
from halogenator.planning.identity import job_identity, library_identity
from halogenator.results import Results
from halogenator.storage.metadata import read_metadata
from halogenator.storage.statistics import read_object

# An input file up to this size Snakemake compares by its checksum, so that a newer time alone changes nothing.
_CHECKSUM_BYTES = 1_000_000

Name = tuple[str, str | None]  # library, transform; None: the library itself


@dataclass(frozen=True)
class Standing:
    """Where a library or a job stands.

    Attributes:
        state: "done", "adopted", "partial", "to do", or "corrupt": a finished file cannot be read, or is not of
            the size that was recorded.
        chunks: into how many chunk tasks it is cut.
        chunks_done: how many of their files are there, waiting to be merged; all of them where it is finished.
        parts: how many tasks are still to look for duplicates, where that is not left to the merge.
        stats: what the finished one's statistics say; empty where it is not.
        detail: of a corrupt one, what is wrong with which file.
    """

    state: str
    chunks: int
    chunks_done: int = 0
    parts: int = 0
    stats: dict[str, Any] = field(default_factory=dict)
    detail: str = ""

    @property
    def finished(self) -> bool:
        """Whether it is there, whole."""
        return self.state in ("done", "adopted")

    @property
    def recorded(self) -> bool:
        """Whether it is finished and its files are here to be looked at, and not only in a store."""
        return self.finished and bool(self.stats)

    @property
    def waiting(self) -> bool:
        """Whether it is still to be made, wholly or in part."""
        return self.state in ("partial", "to do")


def standings(config: Config, estimates: Estimates, results: Path, working_dir: Path) -> dict[Name, Standing]:
    """Return where each library and job stands: libraries first, each before what is made from it.

    The rules are Snakemake's: something is to be made when a file of it is missing, older than what it is made from, or
    made by other settings; and when what it is made from is to be made.

    Args:
        config: the configuration.
        estimates: of the same configuration.
        results: the results folder.
        working_dir: what paths of input files are written relative to in a library's identity.
    """
    places = Results(results)
    found: dict[Name, Standing] = {}
    for name, library in config.libraries.items():
        files = places.files(name)
        below = library.base is None or found[library.base, None].finished
        origin = places.molecules(library.base) if library.base else _newest(library.paths)
        chunks, ending = estimates.library_chunks(library), "built" if library.base else "read"
        made_by = library_identity(config, name, working_dir)
        work = places.chunks(name)
        standing = _standing(files, origin, below, made_by, chunks, work, ending)
        found[name, None] = _in_parts(standing, estimates.library_parts(library))

    adopted = set(adopted_jobs(config, results, working_dir)[0])
    for job in config.jobs:
        library_name, transform = job
        chunks = estimates.job_chunks(config.libraries[library_name], transform)
        files = places.files(*job)
        if job in adopted:
            found[job] = Standing("adopted", chunks, chunks, stats=read_object(files[2]))
            continue
        origin = places.molecules(library_name)
        below = found[library_name, None].finished
        work = places.chunks(*job)
        standing = _standing(files, origin, below, job_identity(config, transform), chunks, work, "products")
        found[job] = _in_parts(standing, estimates.job_parts(config.libraries[library_name], transform))
    return found


def _in_parts(standing: Standing, parts: int) -> Standing:
    return replace(standing, parts=parts) if standing.waiting else standing


def planned_standings(
    config: Config, estimates: Estimates, results: Path, tasks: Iterable[tuple[str, str, str | None, bool]]
) -> dict[Name, Standing]:
    """Return where each library and job stands that a run is asked for, by what the workflow has decided to run.

    Args:
        config: the configuration.
        estimates: of the same configuration.
        results: the results folder.
        tasks: (rule, library, transform, whether it is to run) of every task in question; the transform is None for a
            library's tasks.
    """
    merges: dict[Name, bool] = {}
    chunk_tasks: Counter[Name] = Counter()
    part_tasks: Counter[Name] = Counter()
    for rule, library_name, transform, runs in tasks:
        name = library_name, transform
        if rule.endswith("_chunk"):
            chunk_tasks[name] += runs
        elif rule.endswith("_duplicates"):
            part_tasks[name] += runs
        elif rule != "read_library":
            merges[name] = runs
    found: dict[Name, Standing] = {}
    for name in [*((name, None) for name in config.libraries), *config.jobs]:
        if name not in merges:
            continue
        library_name, transform = name
        library = config.libraries[library_name]
        chunks = estimates.job_chunks(library, transform) if transform else estimates.library_chunks(library)
        files = Results(results).files(*name)
        if merges[name]:
            chunks_done = max(0, chunks - chunk_tasks[name])
            found[name] = Standing("partial" if chunks_done else "to do", chunks, chunks_done, part_tasks[name])
        elif any(path.exists() for path in files):
            found[name] = _finished(files, chunks)
        else:  # in a store, with no copy here
            found[name] = Standing("done", chunks, chunks)
    return found


def _finished(files: tuple[Path, Path, Path], chunks: int) -> Standing:
    wrong, stats = _damage(files), read_object(files[2])
    state = "corrupt" if wrong else "adopted" if "adopted" in stats else "done"
    return Standing(state, chunks, chunks, stats=stats, detail=wrong)


def _standing(
    files: tuple[Path, Path, Path], origin: Path | None, below: bool, made_by: str, chunks: int, work: Path, ending: str
) -> Standing:
    """Return where something stands that is made from ``origin`` by settings with the fingerprint ``made_by``."""
    if below and all(path.is_file() for path in files):
        finished = _finished(files, chunks)
        if finished.detail:
            return finished
        oldest = min(path.stat().st_mtime_ns for path in files)
        if (
            not _newer(origin, oldest, results_made=ending != "read")
            and read_metadata(files[0]).get("config_hash") == made_by
        ):
            return finished
    waiting = _chunks_there(work, ending, chunks, origin) if below else 0
    return Standing("partial" if waiting else "to do", chunks, waiting)


def _newest(paths: Iterable[Path]) -> Path | None:
    """Return the file that was changed last; None where none is on this machine."""
    return max((path for path in paths if path.exists()), key=lambda path: path.stat().st_mtime_ns, default=None)


def _newer(origin: Path | None, oldest_ns: int, *, results_made: bool) -> bool:
    """Return whether something is to be made anew because of the time of what it is made from.

    What is in an input file is part of the library's identity; so its time counts only where Snakemake goes by it.
    """
    if origin is None or not origin.exists():
        return False
    status = origin.stat()
    return status.st_mtime_ns > oldest_ns and (results_made or status.st_size > _CHECKSUM_BYTES)


def _chunks_there(work: Path, ending: str, chunks: int, origin: Path | None) -> int:
    """Return how many chunk files of the present cut are there, made after what they are made from."""
    if not work.is_dir() or origin is None or not origin.exists():
        return 0
    made = origin.stat().st_mtime_ns
    name = re.compile(rf"\d+of0*{chunks}\.{ending}\.parquet")
    return sum(bool(name.fullmatch(path.name)) and path.stat().st_mtime_ns >= made for path in work.iterdir())


def _damage(files: tuple[Path, Path, Path]) -> str:
    """Return what is wrong with finished files, as far as it shows without reading them whole; "" if nothing is."""
    main, rejects, stats = files
    recorded = read_object(stats)
    if not recorded:
        return f"{stats} is no statistics file"
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
