"""One transform applied to one library without Snakemake, by the same tasks as in the workflow.

The results stand in the output folder, intermediate files in its subfolder ``work`` until the end. Every file is whole
or absent. ``work/state.json`` records the identity of the run, so that a killed run goes on with the files it left.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.index import site_queries
from halogenator.errors import UserError
from halogenator.inputs.content_hash import content_hash, unchanged
from halogenator.inputs.first_rows import first_rows
from halogenator.inputs.reading import check_readable
from halogenator.model import Job, Library, Recipe, Transform, fingerprint
from halogenator.planning.chunks import site_column, total_weight
from halogenator.planning.identity import ENGINE
from halogenator.planning.resources import merge_mb, stream_mb
from halogenator.process.durable import sync_folders
from halogenator.process.failures import check_writable
from halogenator.process.ownership import SCRATCH, abandoned, clear
from halogenator.process.progress import Progress
from halogenator.process.run_folder import LOCK_NAME, hold_folder
from halogenator.results import APPLY_STATS_FILE, MOLECULES_FILE, PRODUCTS_FILE, REJECTS_FILE, WORK_FOLDER
from halogenator.tables.columns import LIBRARY
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet
from halogenator.tables.seal import is_seal, read_seal
from halogenator.tables.statistics import SUM_KEY, read_object, write_object, write_statistics
from halogenator.tasks.commands import (
    ChunkCommand,
    Command,
    MergeLibrary,
    MergeProducts,
    ReadLibrary,
    StandardizeChunk,
    TransformChunk,
)
from halogenator.tasks.pool import Pool, PoolTask

PRODUCTS, REJECTS, MOLECULES, STATS = PRODUCTS_FILE, REJECTS_FILE, MOLECULES_FILE, APPLY_STATS_FILE
OUTPUTS = (PRODUCTS, REJECTS, MOLECULES, STATS)

_STATE = "state.json"
# Names of all that a run writes into its folder of intermediate files, and below that. Files with other names stay.
_MADE = re.compile(
    r"((library|job)\.json|(raw|library-rejects|(read|made)-\d{5,}(-rejects)?)\.parquet)(\.tmp\..+)?"
    r"|state\.json\.tmp\..+",
    re.DOTALL,
)
_LOGS = re.compile(r"[a-z-]+-\d+\.log")

# Rows or products of a chunk. The most: an interruption loses some minutes of work. The fewest: a task takes a second,
# as starting its process does. Between these, four tasks a worker, so that all workers end at about the same time.
_MOST, _FEWEST, _TASKS_A_WORKER = 500_000, 20_000, 4


@dataclass(frozen=True)
class Request:
    """What ``apply`` is asked to do.

    Attributes:
        library: the library, with the absolute paths of its files.
        transform: the transform to apply.
        outdir: the folder of the results.
        descriptors: columns to compute, in order.
        inchikey: whether to add the InChIKey.
        key: column that no two products may share.
        workers: tasks that may run at a time.
        memory_mb: memory that these may declare together, in MB.
        chunk_products: products of a chunk, or rows of a chunk of raw rows; None: as many as suit the workers.
    """

    library: Library
    transform: Transform
    outdir: Path
    descriptors: tuple[str, ...]
    inchikey: bool
    key: str
    workers: int
    memory_mb: int
    chunk_products: int | None = None

    @property
    def sources(self) -> tuple[Path, ...]:
        return self.library.paths

    @property
    def source(self) -> str:
        """The files as text, as the statistics record them."""
        return ", ".join(map(str, self.sources))


def apply_transform(request: Request, progress: Progress) -> dict[str, Any]:
    """Make the products, rejects, molecules and statistics of a library and a transform; return the statistics.

    A ``molecules.parquet`` of this program is used directly, with its ids. Any other input is read as a library.

    Raises:
        UserError: the input cannot be read, the folder holds other files, memory or disk do not suffice, or another run
            is going on there.
    """
    check_readable(request.sources, request.library.reading)
    if not _is_library(request.sources, request.descriptors):
        for look in first_rows([request.library], option="--smiles-column"):
            progress.note(look.text)
    check_writable(request.outdir)
    mark = content_hash(*request.sources)
    identity = _identity(request, mark)
    _check_owner(request)
    stats = _finished(request.outdir, identity)
    if stats is not None:
        progress.note("nothing to do: all is there, of the same input and settings")
        return stats
    _check_files(request)
    work = request.outdir / WORK_FOLDER
    fix = "wait until it ends, or give another --outdir"
    found_empty = work.is_dir() and not any(work.iterdir())
    with hold_folder(work, cap_mb=request.memory_mb, fix=fix), unchanged(request.sources, mark):
        run = _Run(request, work, identity, progress, found_empty=found_empty)
        run.make(mark)
    _clear(work)
    (work / _STATE).unlink(missing_ok=True)
    (work / LOCK_NAME).unlink(missing_ok=True)
    if not (run.state.get("found_empty") or any(work.iterdir())):
        work.rmdir()
    found = _finished(request.outdir, identity)
    assert found is not None
    return found


class _Run:
    """The steps of a run. A step leaves out the tasks whose files exist."""

    def __init__(self, request: Request, work: Path, identity: str, progress: Progress, *, found_empty: bool) -> None:
        self.request = request
        self.out = request.outdir
        self.work = work
        self.identity = identity
        self.progress = progress
        self.pool = Pool(request.workers, request.memory_mb, progress.tick)
        self.state = self._begin(found_empty=found_empty)

    def make(self, mark: str) -> None:
        """Make all files; ``mark``: content hash of the input."""
        library_rejects: list[Path] = []
        library_stats: dict[str, Any] = {}
        sources = self.request.sources
        if _is_library(sources, self.request.descriptors):
            molecules = sources[0]
        else:
            molecules, record = self.out / MOLECULES, self.work / "library.json"
            library_rejects = [self.work / "library-rejects.parquet"]
            if not all(map(_is_there, (molecules, record, *library_rejects))):
                self._make_library(mark, molecules, library_rejects[0], record)
            library_stats = read_object(record)
        made = self._make_products(molecules, library_rejects)
        sums = library_stats.get("checksums", {})
        statistics = {
            **made,
            "checksums": {**made["checksums"], **{name: sums[name] for name in sums if name == MOLECULES}},
            "identity": self.identity,
            "molecules_file": molecules.name if molecules.parent == self.out else str(molecules),
            **_owner(self.request),
            "input": {key: value for key, value in library_stats.items() if key not in ("checksums", "bytes", SUM_KEY)},
        }
        write_statistics(statistics, self.out / STATS)

    def _make_library(self, mark: str, molecules: Path, rejects: Path, record: Path) -> None:
        request, raw = self.request, self.work / "raw.parquet"
        queries = site_queries([request.transform])
        recipe = Recipe(request.library.brief, queries, descriptors=request.descriptors)
        self._step("reading", [ReadLibrary(recipe=recipe, mark=mark, out=raw)], stream_mb())
        count = self._count("library_chunks", lambda: open_parquet(raw).metadata.num_rows)
        chunks = [StandardizeChunk(recipe=recipe, raw=raw, **files) for files in self._chunk_files("read", count)]
        self._step("standardising", chunks, stream_mb())
        merge = MergeLibrary(recipe=recipe, **self._merged(chunks), out=molecules, rejects=rejects, stats=record)
        self._step("merging molecules", [merge], merge_mb(_rows(chunks)))

    def _make_products(self, molecules: Path, library_rejects: Sequence[Path]) -> dict[str, Any]:
        """Make products and rejects; return the job's statistics."""
        request = self.request
        columns = request.descriptors, request.inchikey, request.key
        job = Job(request.library.brief, request.transform.bare, *columns)
        count = self._count("chunks", lambda: _expected_products(molecules, request.transform))
        chunks = [TransformChunk(job=job, molecules=molecules, **files) for files in self._chunk_files("made", count)]
        self._step("transforming", chunks, stream_mb())
        merge = MergeProducts(
            job=job,
            molecules=molecules,
            **self._merged(chunks, library_rejects),
            out=self.out / PRODUCTS,
            rejects=self.out / REJECTS,
            stats=self.work / "job.json",
        )
        self._step("merging products", [merge], merge_mb(_rows(chunks)))
        return read_object(merge.stats)

    def _chunk_files(self, kind: str, count: int) -> Iterator[dict[str, Any]]:
        """Yield the arguments ``chunk``, ``out`` and ``rejects`` of each chunk command of a step."""
        for number in range(count):
            name = f"{kind}-{number:05}"
            out, rejects = (self.work / f"{name}{ending}.parquet" for ending in ("", "-rejects"))
            yield {"chunk": (number, count), "out": out, "rejects": rejects}

    def _merged(self, chunks: Sequence[ChunkCommand], before: Sequence[Path] = ()) -> dict[str, Any]:
        """Return the arguments of a merge; ``before``: files of rejects to put before those of the chunks."""
        return {
            "chunks": [chunk.out for chunk in chunks],
            "reject_chunks": [*before, *(chunk.rejects for chunk in chunks)],
            "config_hash": self.identity,
            "scratch": self.work / "scratch",
        }

    def _step(self, name: str, commands: Sequence[Command], mem_mb: int) -> None:
        """Run those of a step's tasks whose files do not all exist."""
        logs = [self.work / "logs" / f"{command.verb()}-{number}.log" for number, command in enumerate(commands)]
        missing = [
            PoolTask(command, mem_mb, log)
            for command, log in zip(commands, logs, strict=True)
            if not all(map(_is_there, command.outputs))
        ]
        self.progress.begin(name, len(commands), len(commands) - len(missing), "task")
        self.pool.run(missing, self.progress.advance)

    def _begin(self, *, found_empty: bool) -> dict[str, Any]:
        """Return the recorded state of the run; files of a run with another identity are removed first.

        Args:
            found_empty: whether the folder of intermediate files was there already, so that it stays in the end.
        """
        state = read_object(self.work / _STATE)
        if state.get("identity") == self.identity:
            clear(self.work / "scratch", SCRATCH)
            return state
        ours = _ours(self.request)
        for name in ours:
            if name != STATS:
                (self.out / name).unlink()
        _clear(self.work)
        if STATS in ours:  # only now, for it shows whose the others are
            (self.out / STATS).unlink()
            sync_folders(self.out / STATS)
        kept = state.get("found_empty", found_empty)
        state = {"identity": self.identity, **_owner(self.request), "found_empty": kept}
        write_object(state, self.work / _STATE)
        return state

    def _count(self, name: str, size: Callable[[], int]) -> int:
        """Return the number of chunks of a step: as recorded under ``name``, or from its rows or products."""
        if name not in self.state:
            total, given = size(), self.request.chunk_products
            shared = min(ceil(total / _FEWEST), _TASKS_A_WORKER * self.request.workers)
            self.state[name] = max(1, ceil(total / given) if given else max(ceil(total / _MOST), shared))
            write_object(self.state, self.work / _STATE)
        return int(self.state[name])


def _identity(request: Request, mark: str) -> str:
    """Return a fingerprint of the input and of all settings that change the results, and of nothing else."""
    library = {**asdict(request.library), "paths": list(map(str, request.sources)), "given": []}
    columns = [request.descriptors, request.inchikey, request.key]
    return fingerprint(ENGINE, library, mark, request.transform.name, request.transform.fingerprint, columns)


def _owner(request: Request) -> dict[str, str]:
    """Return the values by which records in the output folder name its library and transform."""
    return {"transform": request.transform.name, "source": request.source}


def _check_owner(request: Request) -> None:
    """Check that the output folder holds nothing but results of this library and transform.

    Raises:
        UserError: it holds results of another library or transform, files of unknown origin, or the input.
    """
    out, own = request.outdir, _owner(request)
    sources = {path for source in request.sources for path in (source, source.resolve())}
    work = (out / WORK_FOLDER).resolve()
    if any((path.parent == out.resolve() and path.name in OUTPUTS) or work in path.parents for path in sources):
        fix = "give an --outdir of its own"
        raise UserError("the results would replace the input", where=request.source, allowed="another folder", fix=fix)
    for record in _records(request):
        found = {name: record[name] for name in own}
        if found != own:
            raise UserError(
                "the output folder holds the results of another library or transform",
                where=out,
                value=f"{found['transform']} on {found['source']}",
                allowed=f"{own['transform']} on {own['source']}",
                fix="give another --outdir, or delete this one",
            )


def _records(request: Request) -> list[dict[str, Any]]:
    """Return what finished and unfinished runs in the output folder have recorded of themselves."""
    out = request.outdir
    records = map(read_object, (out / STATS, out / WORK_FOLDER / _STATE))
    return [record for record in records if {"identity", *_owner(request)} <= record.keys()]


def _ours(request: Request) -> list[str]:
    """Return the names of those outputs in the folder that runs of this library and transform have written."""
    records = _records(request)
    stats = next((record for record in records if "checksums" in record), {})
    ours = [STATS] if stats and not (request.outdir / STATS).is_symlink() else []
    for name in (PRODUCTS, REJECTS, MOLECULES):
        path, recorded = request.outdir / name, stats.get("checksums", {}).get(name, "")
        elsewhere = name == MOLECULES and stats.get("molecules_file", MOLECULES) != MOLECULES
        try:
            if records and not elsewhere and not path.is_symlink():
                same = read_seal(path) == recorded if is_seal(recorded) else True
                if same and read_metadata(path).get("library") == request.library.name:
                    ours.append(name)
        except (OSError, ValueError, pa.ArrowException):
            continue
    return ours


def _check_files(request: Request) -> None:
    """Check that nothing in the output folder that this run writes over or removes is somebody else's.

    Raises:
        UserError: something is.
    """
    out, work = request.outdir, request.outdir / WORK_FOLDER
    needed = set(OUTPUTS) - ({MOLECULES} if _is_library(request.sources, request.descriptors) else set())
    there = [name for name in OUTPUTS if name in needed and os.path.lexists(out / name)]
    foreign = [name for name in there if name not in _ours(request)]
    if os.path.lexists(work) and not _is_own_work(work):
        foreign.append(WORK_FOLDER)
    if foreign:
        raise UserError(
            "the output folder holds files that this verb did not make, or that were changed since",
            where=out,
            value=foreign,
            allowed="an empty folder, one that is not there, or that of an earlier run",
            fix="give another --outdir, or move them away",
        )


def _is_own_work(work: Path) -> bool:
    """Return whether a folder has the record of a run, or nothing but what is there before the record."""
    if work.is_symlink() or not work.is_dir():
        return False
    before = {LOCK_NAME, *(path.name for path in abandoned(work / _STATE))}
    return "identity" in read_object(work / _STATE) or {path.name for path in work.iterdir()} <= before


def _clear(work: Path) -> None:
    """Remove what runs have made in their folder of intermediate files, but not its lock and its record.

    The record shows whose the files are. With a new one, any file there counts as made by the new run. So they are gone
    for good before the record is removed or replaced.
    """
    clear(work / "scratch", SCRATCH)
    clear(work / "logs", _LOGS)
    clear(work, _MADE)
    sync_folders(work / _STATE)


def _finished(out: Path, identity: str) -> dict[str, Any] | None:
    """Return the statistics of a finished run with this identity; None if there is none."""
    stats = read_object(out / STATS)
    same = stats.get("identity") == identity
    files = (PRODUCTS, REJECTS, stats["molecules_file"]) if same else ()
    return stats if same and all((out / name).exists() for name in files) else None


def _is_library(paths: Sequence[Path], descriptors: Sequence[str]) -> bool:
    """Return whether the input is one ``molecules.parquet`` of this version of the program, with all descriptors."""
    if len(paths) != 1:
        return False
    try:
        names, metadata = set(pq.read_schema(paths[0]).names), read_metadata(paths[0])
    except (pa.ArrowException, OSError, ValueError):
        return False
    same_engine = [metadata.get("engine_version"), metadata.get("rdkit_version")] == ENGINE
    return same_engine and "class_name" in metadata and {column.name for column in LIBRARY}.union(descriptors) <= names


def library_name(path: Path) -> str:
    """Return the name of the library in a file: from its metadata, or else from the file's name."""
    try:
        name = read_metadata(path).get("library") if path.is_file() else None  # a pipe would be waited for
    except (pa.ArrowException, OSError, ValueError):
        name = None
    return str(name) if name else path.name.removesuffix(path.suffix).partition(".")[0] or path.name


def _expected_products(molecules: Path, transform: Transform) -> int:
    """Return about how many products there will be: the number of sites, or of molecules if sites are not counted."""
    file, column = open_parquet(molecules), site_column(molecules, transform)
    return total_weight(file, [column]) if column else int(file.metadata.num_rows)


def _is_there(path: Path) -> bool:
    """Return whether a file is there; a JSON file must be whole, too."""
    return bool(read_object(path)) if path.suffix == ".json" else path.exists()


def _rows(chunks: Sequence[ChunkCommand]) -> int:
    return sum(int(open_parquet(chunk.out).metadata.num_rows) for chunk in chunks)
