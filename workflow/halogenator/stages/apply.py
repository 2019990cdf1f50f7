"""One library through one transform without a workflow: the same tasks, run from here.

What is made stands in the output folder; what it is made of in a folder ``work`` in it, until the end. Every file is
whole or absent and belongs to the identity that ``work/state.json`` records, so a run that was killed goes on with the
files that are there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.index import site_queries
from halogenator.errors import UserError
from halogenator.inputs.first_rows import first_rows
from halogenator.inputs.reading import check_readable
from halogenator.model import Library, Transform, fingerprint
from halogenator.planning.chunks import total_weight
from halogenator.planning.identity import ENGINE
from halogenator.planning.resources import merge_mb, stream_mb
from halogenator.progress import Progress
from halogenator.stages.pool import Pool, VerbTask
from halogenator.stages.transform_chunk import site_column
from halogenator.storage.columns import LIBRARY
from halogenator.storage.failures import check_writable
from halogenator.storage.lock import hold_folder
from halogenator.storage.marks import content_mark, unchanged
from halogenator.storage.metadata import read_metadata
from halogenator.storage.parquet import open_parquet
from halogenator.storage.statistics import read_object, write_object

PRODUCTS, REJECTS, MOLECULES, STATS = "products.parquet", "rejects.parquet", "molecules.parquet", "stats.json"
OUTPUTS = (PRODUCTS, REJECTS, MOLECULES, STATS)

# Rows or products of a task. Most: what an interruption may cost, some minutes. Fewest: what takes a second, since less
# would be spent on starting processes. Between them, four tasks a worker, so that all end at about the same time.
_MOST, _FEWEST, _TASKS_A_WORKER = 500_000, 20_000, 4


@dataclass(frozen=True)
class Request:
    """What to do.

    Attributes:
        library: the library, with the absolute paths of its files.
        transform: what to apply.
        outdir: where the results go.
        descriptors: columns to compute, in order.
        inchikey: whether to add the InChIKey.
        key: column that no two products may share.
        workers: tasks that may run at a time.
        memory_mb: what they may declare together, in MB.
        chunk_products: products (rows, where molecules are made) of a task; None: as many as suit the workers.
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
        """The files as the records have them."""
        return ", ".join(map(str, self.sources))


def apply_transform(request: Request, progress: Progress) -> dict[str, Any]:
    """Make the products, rejects, molecules and statistics of a library and a transform; return the statistics.

    A file of molecules that this program made is taken as it is, with its ids; any other is read as a library.

    Raises:
        UserError: the input cannot be read, the folder holds something else, memory or disk do not suffice, or another
            run is at work there.
    """
    check_readable(request.sources, request.library.reading)
    if not _is_library(request.sources, request.descriptors):
        for look in first_rows([request.library], option="--smiles-column"):
            progress.note(look.text)
    check_writable(request.outdir)
    mark = content_mark(*request.sources)
    identity = _identity(request, mark)
    _check_owner(request)
    stats = _finished(request.outdir, identity)
    if stats is not None:
        progress.note("nothing to do: all is there, of the same input and settings")
        return stats
    work = request.outdir / "work"
    fix = "wait until it ends, or give another --outdir"
    with hold_folder(work, cap_mb=request.memory_mb, fix=fix), unchanged(request.sources, mark):
        run = _Run(request, work, identity, progress)
        run.make(mark)
    shutil.rmtree(work, ignore_errors=True)
    found = _finished(request.outdir, identity)
    assert found is not None
    return found


class _Run:
    """The steps of a run, each leaving out what is there."""

    def __init__(self, request: Request, work: Path, identity: str, progress: Progress) -> None:
        self.request = request
        self.out = request.outdir
        self.work = work
        self.identity = identity
        self.progress = progress
        self.pool = Pool(request.workers, request.memory_mb, progress.tick)
        self.state = self._begin()

    def make(self, mark: str) -> None:
        """Make everything."""
        library_rejects: list[Path] = []
        read: dict[str, Any] = {}
        sources = self.request.sources
        if _is_library(sources, self.request.descriptors):
            molecules = sources[0]
        else:
            molecules, record = self.out / MOLECULES, self.work / "library.json"
            library_rejects = [self.work / "library-rejects.parquet"]
            if not all(path.exists() for path in (molecules, record, *library_rejects)):
                self._make_library(mark, molecules, library_rejects[0], record)
            read = json.loads(record.read_bytes())
        job = self._make_products(molecules, library_rejects)
        self._write_stats(job, read, molecules)

    def _make_library(self, mark: str, molecules: Path, rejects: Path, record: Path) -> None:
        library, words = self.request.library, self._library_words()
        raw = self.work / "raw.parquet"
        reading = ["--reading", json.dumps(library.reading.plain())]
        task = self._task("read-library", [*words, *reading, "--mark", mark, "--out", raw], stream_mb())
        self._step("reading", [(task, (raw,))])
        count = self._count("library_chunks", lambda: open_parquet(raw).metadata.num_rows)
        queries = site_queries([self.request.transform])
        index = [*reading, *self._describe()]
        index += [word for column, query in queries.items() for word in ("--query", f"{column}={query}")]
        chunks = self._chunks("standardising", ["standardize-chunk", "--raw", raw, *words, *index], "read", count)
        merge = ["merge-library", *words, *self._merge_words(chunks, molecules, rejects, record)]
        self._step("merging molecules", [(self._task(*_verb(merge), merge_mb(_rows(chunks))), (record,))])

    def _make_products(self, molecules: Path, library_rejects: Sequence[Path]) -> dict[str, Any]:
        request = self.request
        transform = ["--molecules", molecules, "--transform", request.transform.name]
        transform += ["--smirks", request.transform.smirks, *self._describe()]
        limit = request.transform.max_sites
        transform += ["--max-sites", limit] if limit is not None else []
        transform += ["--stereo", f"{request.transform.stereo},{request.transform.new_stereo}"]
        transform += ["--inchikey"] if request.inchikey else []
        count = self._count("chunks", lambda: _weight(molecules, request.transform))
        chunks = self._chunks("transforming", ["transform-chunk", *transform], "made", count)
        record = self.work / "job.json"
        out, rejects = self.out / PRODUCTS, self.out / REJECTS
        merge = ["merge-products", *self._library_words(), *transform, "--key", request.key]
        merge += self._merge_words(chunks, out, rejects, record, library_rejects)
        memory = merge_mb(_rows(chunks))
        self._step("merging products", [(self._task(*_verb(merge), memory), (record, out, rejects))])
        found: dict[str, Any] = json.loads(record.read_bytes())
        return found

    def _chunks(self, step: str, words: Sequence[object], kind: str, count: int) -> list[tuple[Path, Path]]:
        """Make the chunks of a step; return the paths of each and of its rejects."""
        files = []
        tasks = []
        for number in range(count):
            out, rejects = (self.work / f"{kind}-{number:05}{ending}.parquet" for ending in ("", "-rejects"))
            files.append((out, rejects))
            chunk = [*words, "--chunk", f"{number}/{count}", "--out", out, "--rejects", rejects]
            tasks.append((self._task(*_verb(chunk), stream_mb(), number), (out, rejects)))
        self._step(step, tasks)
        return files

    def _step(self, name: str, tasks: Sequence[tuple[VerbTask, tuple[Path, ...]]]) -> None:
        """Run those of the tasks whose files are not all there."""
        missing = [task for task, files in tasks if not all(path.exists() for path in files)]
        self.progress.begin(name, len(tasks), len(tasks) - len(missing), "task")
        self.pool.run(missing, self.progress.advance)

    def _task(self, verb: str, words: Sequence[object], mem_mb: int, number: int = 0) -> VerbTask:
        name = verb.replace("-", " ")
        return VerbTask(name, (verb, *map(str, words)), mem_mb, self.work / "logs" / f"{verb}-{number}.log")

    def _library_words(self) -> list[object]:
        library = self.request.library
        words = ["--library", library.name, f"--class={library.class_name}"]
        return [*words, "--path", *(library.given or library.paths)]

    def _describe(self) -> list[object]:
        return [f"--descriptors={','.join(self.request.descriptors)}"]

    def _merge_words(
        self, chunks: Sequence[tuple[Path, Path]], out: Path, rejects: Path, stats: Path, before: Sequence[Path] = ()
    ) -> list[object]:
        words: list[object] = ["--chunks", *(chunk for chunk, _ in chunks)]
        words += ["--reject-chunks", *before, *(rejected for _, rejected in chunks)]
        words += ["--config-hash", self.identity, "--scratch", self.work / "scratch"]
        return [*words, "--out", out, "--rejects", rejects, "--stats", stats]

    def _begin(self) -> dict[str, Any]:
        """Return the state that the folder is in, after clearing what an earlier version of the run left there."""
        state = read_object(self.work / "state.json")
        if state.get("identity") == self.identity:
            shutil.rmtree(self.work / "scratch", ignore_errors=True)
            return state
        for path in self.work.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix != ".lock":
                path.unlink()
        for name in OUTPUTS:
            (self.out / name).unlink(missing_ok=True)
        state = {"identity": self.identity, **_owner(self.request)}
        write_object(state, self.work / "state.json")
        return state

    def _count(self, name: str, weight: Callable[[], int]) -> int:
        """Return into how many chunks a step is cut: as an earlier run did, or by what there is to do."""
        if name not in self.state:
            total, given = weight(), self.request.chunk_products
            shared = min(ceil(total / _FEWEST), _TASKS_A_WORKER * self.request.workers)
            self.state[name] = max(1, ceil(total / given) if given else max(ceil(total / _MOST), shared))
            write_object(self.state, self.work / "state.json")
        return int(self.state[name])

    def _write_stats(self, job: dict[str, Any], read: dict[str, Any], molecules: Path) -> None:
        read = {name: value for name, value in read.items() if name not in ("checksums", "bytes")}
        place = molecules.name if molecules.parent == self.out else str(molecules)
        facts = {"identity": self.identity, "molecules_file": place, **_owner(self.request)}
        write_object({**job, **facts, "input": read}, self.out / STATS)


def _verb(words: Sequence[object]) -> tuple[str, Sequence[object]]:
    return str(words[0]), words[1:]


def _identity(request: Request, mark: str) -> str:
    """Return what changes with everything that changes the results, and with nothing else."""
    library = {**asdict(request.library), "paths": list(map(str, request.sources)), "given": []}
    columns = [request.descriptors, request.inchikey, request.key]
    return fingerprint(ENGINE, library, mark, request.transform.name, request.transform.fingerprint, columns)


def _owner(request: Request) -> dict[str, str]:
    return {"transform": request.transform.name, "source": request.source}


def _check_owner(request: Request) -> None:
    """Check that nothing in the output folder is of another library or transform, or of unknown origin.

    Raises:
        UserError: something is.
    """
    out, own = request.outdir, _owner(request)
    if any(source.parent == out.resolve() and source.name in OUTPUTS for source in request.sources):
        fix = "give an --outdir of its own"
        raise UserError("the results would replace the input", where=request.source, allowed="another folder", fix=fix)
    records = [record for record in map(read_object, (out / STATS, out / "work" / "state.json")) if record]
    for record in records:
        found = {name: record.get(name) for name in own}
        if found != own:
            raise UserError(
                "the output folder holds the results of another library or transform",
                where=out,
                value=f"{found['transform']} on {found['source']}",
                allowed=f"{own['transform']} on {own['source']}",
                fix="give another --outdir, or delete this one",
            )
    there = [name for name in OUTPUTS if (out / name).exists()]
    if there and not records:
        raise UserError(
            "the output folder holds files that this verb did not make",
            where=out,
            value=there,
            allowed="an empty folder, one that is not there, or that of an earlier run",
            fix="give another --outdir, or move them away",
        )


def _finished(out: Path, identity: str) -> dict[str, Any] | None:
    """Return the statistics of a run that is done; None where there is none of this identity."""
    stats = read_object(out / STATS)
    same = stats.get("identity") == identity
    files = (PRODUCTS, REJECTS, stats["molecules_file"]) if same else ()
    return stats if same and all((out / name).exists() for name in files) else None


def _is_library(paths: Sequence[Path], descriptors: Sequence[str]) -> bool:
    """Return whether the input is one file, a library's molecules as this version of the program makes them."""
    if len(paths) != 1:
        return False
    try:
        names, note = set(pq.read_schema(paths[0]).names), read_metadata(paths[0])
    except (pa.ArrowException, OSError, ValueError):
        return False
    made_alike = [note.get("engine_version"), note.get("rdkit_version")] == ENGINE
    return made_alike and "class_name" in note and {column.name for column in LIBRARY}.union(descriptors) <= names


def library_name(path: Path) -> str:
    """Return the name of the library that a file holds: the one it had in a workflow, or the file's own."""
    try:
        name = read_metadata(path).get("library")
    except (pa.ArrowException, OSError, ValueError):
        name = None
    return str(name) if name else path.name.removesuffix(path.suffix).partition(".")[0] or path.name


def _weight(molecules: Path, transform: Transform) -> int:
    """Return about how many products there will be."""
    file, column = open_parquet(molecules), site_column(molecules, transform)
    return total_weight(file, column) if column else int(file.metadata.num_rows)


def _rows(chunks: Sequence[tuple[Path, Path]]) -> int:
    return sum(int(open_parquet(chunk).metadata.num_rows) for chunk, _ in chunks)
