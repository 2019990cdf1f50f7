"""The plan of a run: the time, memory and disk that each library and job will take, and their sums."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from io import StringIO
from pathlib import Path

import duckdb

from halogenator.model import Config, Library, Transform
from halogenator.planning.chunks import site_column
from halogenator.planning.estimate import Estimates
from halogenator.planning.fingerprints import FingerprintLine
from halogenator.planning.other_versions import notes_on_versions
from halogenator.planning.resources import chunk_mb, merge_mb, stream_mb
from halogenator.planning.speed import BUILT, LIBRARY, SPILL_BYTES, Speed, finished_in, recorded_speed
from halogenator.planning.states import Name, Standing
from halogenator.process.failures import writing
from halogenator.results import Results
from halogenator.tables.duck import identifier, memory_settings, plain
from halogenator.tables.parquet import whole_or_absent

MADE, AT_MOST, ABOUT = "made", "at most", "about"  # how a number of products is known
_QUERY_MB = 500


@dataclass(frozen=True)
class Line:
    """A library, or a job of it.

    Attributes:
        library: the name of the library.
        transform: the name of the job's transform; "" for the library itself.
        state: "done", "adopted" (an earlier pipeline made it), "partial", "to do", or "corrupt" (a file is damaged).
        chunks_done: number of finished chunk tasks.
        chunks: number of all chunk tasks.
        tasks: number of tasks that are still to run.
        rows_in: number of molecules that it starts from; None if not known.
        rows_matched: number of these molecules with a site; None if not known, and for a library.
        products: number of products, or of the library's molecules.
        products_known: how ``products`` is known: "made"; "at most", an upper bound from the library's index; "about",
            an estimate from a sample of the input file.
        seconds: processor time that is still needed; 0 if it is finished.
        peak_mb: memory of its largest task, in MB: what it used if it is finished, else what it declares.
        bytes: size of the finished file.
        detail: what is damaged, if it is corrupt.
    """

    library: str
    transform: str
    state: str
    chunks_done: int
    chunks: int
    tasks: int
    rows_in: int | None
    rows_matched: int | None
    products: int
    products_known: str
    seconds: float
    peak_mb: int
    bytes: int
    detail: str

    @property
    def waiting(self) -> bool:
        """Whether it is still to be made, wholly or in part."""
        return self.tasks > 0


@dataclass(frozen=True)
class Plan:
    """All lines, and their sums.

    Attributes:
        lines: the line of each library, then those of its jobs, in the order of the configuration.
        cores: number of cores of the run.
        cap_mb: memory that all running tasks together may declare, in MB; on a cluster, that of one task.
        on_cluster: whether tasks run on nodes, as many at once as there are ``cores``.
        task_mb: memory that a task declares, in MB; merges of many rows declare more.
        recorded: whether the speed was recorded in this results folder.
        free_bytes: free space on the disk of the results.
        notes: sentences about the configuration.
        fingerprints: the fingerprints that will be computed, where they are asked for.
    """

    lines: tuple[Line, ...]
    cores: int
    cap_mb: int
    on_cluster: bool
    task_mb: int
    recorded: bool
    free_bytes: int
    notes: tuple[str, ...] = ()
    fingerprints: tuple[FingerprintLine, ...] = ()

    @property
    def waiting(self) -> list[Line]:
        """The lines that are still to be made."""
        return [line for line in self.lines if line.waiting]

    @property
    def tasks_at_once(self) -> int:
        """Number of tasks that run side by side: one per core, or fewer if memory does not suffice."""
        if self.on_cluster:
            return self.cores
        return max(1, min(self.cores, self.cap_mb // self.task_mb))

    @property
    def work_seconds(self) -> float:
        """Expected time of all waiting tasks together, in seconds."""
        return sum(line.seconds for line in self.waiting) + sum(line.seconds for line in self.fingerprints)

    @property
    def seconds(self) -> float:
        """Expected time of the run, in seconds."""
        return self.work_seconds / self.tasks_at_once

    @property
    def new_bytes(self) -> int:
        """Size of the files that the run will add, in bytes."""
        return sum(line.bytes for line in self.waiting) + sum(line.bytes for line in self.fingerprints)

    @property
    def scratch_bytes(self) -> int:
        """Size of the temporary files: chunks, and what DuckDB spills in the merges that run side by side, in bytes."""
        each = [line.bytes + SPILL_BYTES * line.products for line in self.waiting]
        each += [line.bytes for line in self.fingerprints if line.tasks > 1]
        return round(sum(sorted(each, reverse=True)[: self.tasks_at_once]))

    @property
    def fits(self) -> bool:
        """Whether the free disk is enough."""
        return self.new_bytes + self.scratch_bytes <= self.free_bytes


def make_plan(
    config: Config,
    estimates: Estimates,
    standings: Mapping[Name, Standing],
    results: Path,
    *,
    cores: int,
    cap_mb: int,
    on_cluster: bool = False,
) -> Plan:
    """Return the plan of a configuration.

    Args:
        config: the configuration.
        estimates: those of the configuration.
        standings: where each library and job stands that is to be in the plan.
        results: the results folder, which may be missing.
        cores: number of cores of the run.
        cap_mb: memory that all running tasks together may declare, in MB; on a cluster, that of one task.
        on_cluster: whether tasks run on nodes.
    """
    speed = recorded_speed(finished_in(results))
    lines: list[Line] = []
    for library in config.libraries.values():
        if (library.name, None) not in standings:
            continue
        lines.append(_line(library, None, standings[library.name, None], None, estimates, speed))
        jobs = (job for job in config.jobs if job[0] == library.name and job in standings)
        transforms = [config.transforms[transform] for _, transform in jobs]
        index = _index(library, transforms, results) if standings[library.name, None].recorded else {}
        for transform in transforms:
            standing = standings[library.name, transform.name]
            lines.append(_line(library, transform, standing, index.get(transform.name), estimates, speed))
    folder = results.absolute()
    free = shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free
    made_anew = {name for name, standing in standings.items() if standing.waiting}
    of_versions = notes_on_versions(Results(results), made_anew)
    notes = (*config.notes, *of_versions, *_guesses(config, estimates, lines))
    task_mb = max((chunk_mb(config, *name) for name in standings), default=stream_mb())
    return Plan(tuple(lines), cores, cap_mb, on_cluster, task_mb, speed.recorded, free, notes)


def _guesses(config: Config, estimates: Estimates, lines: Iterable[Line]) -> Iterator[str]:
    """Yield a note on the libraries whose numbers are estimated from the first rows of a file alone."""
    guessed = dict.fromkeys(line.library for line in lines if line.products_known == ABOUT)
    names = [name for name in guessed if estimates.only_first_rows(config.libraries[name])]
    if names:
        yield (
            f"the numbers of {', '.join(names)} are guessed from the first rows of a compressed file; where it is "
            "sorted, they may be far off. Decompressed, or as Parquet, it is looked at as a whole"
        )


def _line(
    library: Library,
    transform: Transform | None,
    standing: Standing,
    index: tuple[int, int, int] | None,
    estimates: Estimates,
    speed: Speed,
) -> Line:
    """Return the line of a job, or of the library itself if there is no transform.

    ``index`` has the rows, the rows with a site and the sites of the job, if the library's index knows them.
    """
    stats, name = standing.stats, transform.name if transform else None
    rows_in = matched = None
    known = MADE if standing.recorded else AT_MOST if index else ABOUT
    if standing.recorded:
        rows_in, rows = stats.get("rows_in"), stats["products" if transform else "molecules"]
        matched = stats["rows_matched"] if transform else None
    elif index:
        rows_in, matched, rows = index
    else:
        rows_in, rows = estimates.rows(library) if transform else None, estimates.rows(library, name)
    kind = library.class_name if transform else BUILT if library.base else LIBRARY
    others = 1 if transform or library.base else 2  # tasks beside those for chunks and duplicates
    tasks = standing.chunks - standing.chunks_done + standing.parts + others if standing.waiting else 0
    left = 1 - standing.chunks_done / standing.chunks if standing.chunks else 1.0
    peak_mb = stats.get("usage", {}).get("peak_mb")
    config = estimates.config
    scores = config.scores(library.name, name)
    largest_mb = max(merge_mb(rows, estimates.parts(library, name)), chunk_mb(config, library.name, name))
    return Line(
        library=library.name,
        transform=name or "",
        state=standing.state,
        chunks_done=standing.chunks_done,
        chunks=standing.chunks,
        tasks=tasks,
        rows_in=rows_in,
        rows_matched=matched,
        products=rows,
        products_known=known,
        seconds=round(speed.seconds(kind, tasks, rows * left, scores), 1) if tasks else 0.0,
        peak_mb=largest_mb if peak_mb is None else int(peak_mb),
        bytes=stats.get("bytes") or speed.bytes(kind, rows, scores),
        detail=standing.detail,
    )


def _index(library: Library, transforms: Iterable[Transform], results: Path) -> dict[str, tuple[int, int, int]]:
    """Return {transform: (rows, rows with a site, sites up to ``max_sites``)} of transforms in a library's index."""
    path = Results(results).molecules(library.name)
    columns = {transform: column for transform in transforms if (column := site_column(path, transform))}
    if not columns:
        return {}
    sums = []
    for transform, column in columns.items():
        sites = identifier(column)
        used = sites if transform.max_sites is None else f"least({sites}, {transform.max_sites})"
        sums += [f"count_if({sites} > 0)", f"coalesce(sum({used}), 0)::BIGINT"]
    with duckdb.connect(config=memory_settings(_QUERY_MB)) as connection:
        query = f"SELECT count(*), {', '.join(sums)} FROM read_parquet(?)"
        rows, *values = connection.execute(query, [plain(path)]).fetchall()[0]
    pairs = zip(values[::2], values[1::2], strict=True)
    return {transform.name: (rows, *pair) for transform, pair in zip(columns, pairs, strict=True)}


COLUMNS = tuple(field.name for field in fields(Line))


def write_plan(plan: Plan, out: Path) -> None:
    """Write the lines as tab-separated values; the header has the attributes of ``Line``."""
    with whole_or_absent(out) as temporary, writing(out):
        temporary.write_text(tsv(plan), newline="", encoding="utf-8")


def tsv(plan: Plan) -> str:
    """Return the text that ``write_plan`` writes."""
    out = StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if value is None else value for value in asdict(line).values()] for line in plan.lines)
    return out.getvalue()


def totals(plan: Plan) -> dict[str, object]:
    """Return the sums of a plan as JSON values: sizes in bytes, times in seconds, memory in MB (10^6 bytes)."""
    jobs = [line for line in plan.lines if line.transform]
    peaks = [line.peak_mb for line in plan.waiting]
    return {
        "jobs": len(jobs),
        "jobs_by_state": dict(Counter(line.state for line in jobs)),
        "molecules": sum(line.products for line in plan.lines if not line.transform),
        "products": sum(line.products for line in jobs),
        "products_to_make": sum(line.products for line in jobs if line.waiting),
        "fingerprints_to_compute": sum(line.rows for line in plan.fingerprints),
        "seconds": round(plan.seconds, 1),
        "cores": plan.cores,
        "tasks_at_once": plan.tasks_at_once,
        "speed": "recorded here" if plan.recorded else "assumed",
        "cap_mb": plan.cap_mb,
        "peak_mb": max([*peaks, *([stream_mb()] if plan.fingerprints else [])], default=0),
        "new_bytes": plan.new_bytes,
        "scratch_bytes": plan.scratch_bytes,
        "free_bytes": plan.free_bytes,
        "fits": plan.fits,
    }


def as_json(plan: Plan) -> dict[str, object]:
    """Return the plan as JSON values: its ``totals``, lines and notes."""
    return {"totals": totals(plan), "lines": [asdict(line) for line in plan.lines], "notes": list(plan.notes)}
