"""What a run will cost before it starts: a line for each library and job, their sum, and whether the disk will do."""

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
from halogenator.planning.resources import merge_mb, stream_mb
from halogenator.planning.speed import LIBRARY, SPILL_BYTES, Speed, finished_in, recorded_speed
from halogenator.planning.states import Name, Standing
from halogenator.process.failures import writing
from halogenator.results import Results
from halogenator.tables.duck import identifier, memory_settings
from halogenator.tables.parquet import whole_or_absent

# How a number of products is known.
MADE, AT_MOST, ABOUT = "made", "at most", "about"
_QUERY_MB = 500


@dataclass(frozen=True)
class Line:
    """A library, or a job of it.

    Attributes:
        library: its name.
        transform: the job's transform; "" for the library itself.
        state: done, adopted (done by an earlier pipeline), partial, to do, or corrupt (a finished file is damaged).
        chunks_done, chunks: chunk tasks finished, of all.
        tasks: tasks that are still to run.
        rows_in: molecules that it starts from; None where they are not known.
        rows_matched: those of them with a site; None where it is not known. For a library: those that were used.
        products: products, or the library's molecules.
        products_known: how they are known: "made"; "at most", an exact upper bound from the library's index; "about",
            an estimate from a sample of the natural products or of the input file.
        seconds: processor time that is still needed; 0 for what is finished.
        peak_mb: memory of its largest task, in MB: used by a finished one, else declared, which is a limit.
        bytes: size of the finished file.
        detail: what is wrong, where something is.
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
    """All lines, and what they come to.

    Attributes:
        lines: a library's own line before those of its jobs, in the configuration's order.
        cores: how many cores the time is for.
        cap_mb: what all running tasks together may declare, in MB; of a cluster, what one of them may.
        on_cluster: whether tasks run on nodes, as many at once as there are ``cores``.
        recorded: whether the speed is this machine's own.
        free_bytes: of the disk with the results.
        notes: what there is to say about the configuration.
    """

    lines: tuple[Line, ...]
    cores: int
    cap_mb: int
    on_cluster: bool
    recorded: bool
    free_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def waiting(self) -> list[Line]:
        """The lines that are still to be made."""
        return [line for line in self.lines if line.waiting]

    @property
    def tasks_at_once(self) -> int:
        """How many tasks run side by side: one per core, as far as the memory for them reaches."""
        if self.on_cluster:
            return self.cores
        return max(1, min(self.cores, self.cap_mb // stream_mb()))

    @property
    def work_seconds(self) -> float:
        """Expected time of all tasks that wait, added up, in seconds."""
        return sum(line.seconds for line in self.waiting)

    @property
    def seconds(self) -> float:
        """Expected time of the run, in seconds."""
        return self.work_seconds / self.tasks_at_once

    @property
    def new_bytes(self) -> int:
        """Size of the files that the run will leave."""
        return sum(line.bytes for line in self.waiting)

    @property
    def scratch_bytes(self) -> int:
        """What the run needs beside: chunks and DuckDB's temporary files of as many merges as may run at once."""
        each = sorted((line.bytes + SPILL_BYTES * line.products for line in self.waiting), reverse=True)
        return round(sum(each[: self.tasks_at_once]))

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
        estimates: of the same configuration.
        standings: where each library and job stands; what is not in it is not in the plan either.
        results: the results folder; it need not be there.
        cores: how many the run will have.
        cap_mb: what all running tasks together may declare, in MB; of a cluster, what one of them may.
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
    return Plan(
        tuple(lines),
        cores,
        cap_mb,
        on_cluster,
        speed.recorded,
        _free(results),
        (*config.notes, *_guesses(config, estimates, lines)),
    )


def _guesses(config: Config, estimates: Estimates, lines: Iterable[Line]) -> Iterator[str]:
    """Yield of which files only the first rows were looked at, where a number depends on it."""
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
    """Return the line of a job, or of the library itself where there is no transform."""
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
    if transform:
        kind, ways = library.class_name, 1
    else:  # a level-k molecule is reached in k ways, and each is walked
        kind, ways = LIBRARY, max(library.k or 1, 1)
    tasks = _tasks(standing, 1 if transform or library.base else 2)
    peak_mb = stats.get("usage", {}).get("peak_mb")
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
        seconds=round(speed.seconds(kind, tasks, rows * ways * _left(standing)), 1) if tasks else 0.0,
        peak_mb=merge_mb(rows, estimates.parts(library, name)) if peak_mb is None else int(peak_mb),
        bytes=stats.get("bytes") or speed.bytes(kind, rows),
        detail=standing.detail,
    )


def _tasks(standing: Standing, more: int) -> int:
    """Return how many tasks are to run: the chunks that are not there, and ``more`` that are none."""
    return standing.chunks - standing.chunks_done + standing.parts + more if standing.waiting else 0


def _left(standing: Standing) -> float:
    """Return the share of the chunks that is still to be made."""
    return 1 - standing.chunks_done / standing.chunks if standing.chunks else 1.0


def _index(library: Library, transforms: Iterable[Transform], results: Path) -> dict[str, tuple[int, int, int]]:
    """Return {transform: (rows, rows with a site, sites used)} from a library's index, where it has counted them."""
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
        rows, *values = connection.execute(query, [str(path)]).fetchall()[0]
    pairs = zip(values[::2], values[1::2], strict=True)
    return {transform.name: (rows, *pair) for transform, pair in zip(columns, pairs, strict=True)}


def _free(results: Path) -> int:
    folder = results.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


COLUMNS = tuple(field.name for field in fields(Line))


def write_plan(plan: Plan, out: Path) -> None:
    """Write the lines as tab-separated values, under the names of ``Line``'s attributes."""
    with whole_or_absent(out) as temporary, writing(out):
        temporary.write_text(tsv(plan), newline="")


def tsv(plan: Plan) -> str:
    """Return what ``write_plan`` writes."""
    out = StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if value is None else value for value in asdict(line).values()] for line in plan.lines)
    return out.getvalue()


def totals(plan: Plan) -> dict[str, object]:
    """Return what the plan comes to, as JSON values; sizes in bytes, times in seconds, memory in MB (10^6 bytes)."""
    jobs = [line for line in plan.lines if line.transform]
    return {
        "jobs": len(jobs),
        "jobs_by_state": dict(Counter(line.state for line in jobs)),
        "molecules": sum(line.products for line in plan.lines if not line.transform),
        "products": sum(line.products for line in jobs),
        "products_to_make": sum(line.products for line in jobs if line.waiting),
        "seconds": round(plan.seconds, 1),
        "cores": plan.cores,
        "tasks_at_once": plan.tasks_at_once,
        "speed": "recorded here" if plan.recorded else "assumed",
        "cap_mb": plan.cap_mb,
        "peak_mb": max((line.peak_mb for line in plan.waiting), default=0),
        "new_bytes": plan.new_bytes,
        "scratch_bytes": plan.scratch_bytes,
        "free_bytes": plan.free_bytes,
        "fits": plan.fits,
    }


def as_json(plan: Plan) -> dict[str, object]:
    """Return the plan as JSON values: its ``totals``, its lines and its notes."""
    return {"totals": totals(plan), "lines": [asdict(line) for line in plan.lines], "notes": list(plan.notes)}
