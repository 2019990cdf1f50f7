"""Measurements of a job's memory on its own molecules: in this program, and in one that collects Python objects.

Four things are measured: the size of a product in memory, the cost of writing a batch, the growth of each worker, and
the cost of a key for deduplication.
"""

from __future__ import annotations

import gc
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.errors import UserError, did_you_mean
from halogenator.model import Transform
from halogenator.results import Results
from halogenator.tables.columns import arrow_schema, product_columns
from halogenator.tables.duck import connect
from halogenator.tables.duplicates import find_duplicates, number_routes
from halogenator.tables.parquet import limit_arrow_threads, open_parquet, table_writer
from halogenator.tasks.chunk_task import Rows
from halogenator.tasks.transform_chunk import read_parents
from halogenator.units import MB

_BATCHES = 8
_MOST_WINDOWS = 20
_DUCKDB_MB = 500
_MOST_KEYS = 1_000_000
_WARM_UP = 10.0  # seconds that a task takes to load its libraries and fill its first batch


def diagnose(
    results: Path, library: str, transform: Transform, descriptor_names: Sequence[str], *, rows: int
) -> Iterator[str]:
    """Yield the measurements of a job, as text.

    Args:
        results: the results folder of a run that has built the library.
        library: its name.
        transform: the job's transform.
        descriptor_names: descriptor columns of the products.
        rows: the number of library rows, evenly spread, to make products of.

    Raises:
        UserError: there is no such library, or none of the rows has a site.
    """
    limit_arrow_threads()
    quiet()
    path = _find(results, library)
    schema = arrow_schema(product_columns(descriptor_names, with_inchikey=False))
    windows = list(_windows(open_parquet(path).metadata.num_rows, rows))
    rows = sum(stop - start for start, stop in windows)
    records = _make(path, transform, descriptor_names, windows, schema.names)
    if not records:
        raise UserError(f"none of the sampled rows of {library} has a site of {transform.name}", where=path)
    yield f"{library} × {transform.name}: {len(records):,} products of {rows:,} rows, evenly spread\n"
    yield from _sizes(records, schema)
    with TemporaryDirectory(prefix="diagnose-") as folder:
        yield from _writing(records, schema, Path(folder))
        yield from _growth(Results(results).monitor, library, transform.name)
        chunk = Results(results).products(library, transform.name)
        if not chunk.exists():
            chunk = Path(folder) / "columns.parquet"
        yield from _deduplication(chunk, Path(folder))


def _find(results: Path, library: str) -> Path:
    path = Results(results).molecules(library)
    if not path.exists():
        built = list(Results(results).libraries())
        raise UserError(
            f"library {library} has not been built",
            where=path,
            allowed=sorted(built) or "a library that a run has built",
            fix=did_you_mean(library, built) or f"snakemake --cores all {path}",
        )
    return path


def _windows(total: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of evenly spread windows that have ``wanted`` of ``total`` rows together.

    Windows do not overlap. If no more rows exist than wanted, the windows hold all of them.
    """
    wanted = min(wanted, total)
    count = min(_MOST_WINDOWS, max(1, wanted // 100))
    for number in range(count):
        start, following = (total * each // count for each in (number, number + 1))
        length = wanted * (number + 1) // count - wanted * number // count
        yield start, min(start + length, following)


def _make(
    path: Path,
    transform: Transform,
    descriptor_names: Sequence[str],
    windows: Sequence[tuple[int, int]],
    names: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the products of the rows in windows as dicts, as a program that collects Python objects has them."""
    file = open_parquet(path)
    kernel = Kernel([transform], descriptor_names)
    records = []
    for start, stop in windows:
        for _, name, smiles, stereo, values in read_parents(Rows(file, start, stop), None, descriptor_names):
            for product in kernel.products(smiles, values, stereo)[0]:
                own = product.smiles, name, product.site, product.n_routes, product.enhanced_stereo
                records.append(dict(zip(names, (*own, *product.descriptors), strict=True)))
    return records


def _sizes(records: list[dict[str, Any]], schema: pa.Schema) -> Iterator[str]:
    """Yield the size of a product as a dict and as a row of Arrow columns."""
    as_dicts = np.array([sys.getsizeof(row) + sum(map(sys.getsizeof, row.values())) for row in records])
    lengths = np.array([len(row["smiles"]) + len(row["parent_id"]) for row in records])
    table = pa.Table.from_pylist(records, schema=schema)
    as_arrow = table.nbytes / len(records) - lengths.mean() + lengths
    yield f"1. Product size, bytes{'mean':>12}{'min':>10}{'median':>10}{'p95':>10}{'max':>10}"
    for name, values in (("Python dict", as_dicts), ("Arrow row", as_arrow)):
        figures = values.mean(), *np.percentile(values, [0, 50, 95, 100])
        yield f"  {name:<22}" + "".join(f"{figure:>10,.0f}" for figure in figures)
    yield f"  a dict is {as_dicts.mean() / as_arrow.mean():.1f} times its Arrow row\n"


def _writing(records: list[dict[str, Any]], schema: pa.Schema, folder: Path) -> Iterator[str]:
    """Yield the cost of writing a batch from dicts, and from columns."""
    batch = max(1, len(records) // _BATCHES)
    parts = [records[start : start + batch] for start in range(0, len(records), batch)]
    yield f"2. Writing, per batch of {batch:,} rows   ms a batch    MB before     MB after"
    with pq.ParquetWriter(folder / "dicts.parquet", schema, compression="zstd") as writer:
        yield _timed(
            "dicts, from_pylist", parts, lambda part: writer.write_table(pa.Table.from_pylist(part, schema=schema))
        )
    columns = [[[row[name] for row in part] for name in schema.names] for part in parts]
    with table_writer(folder / "columns.parquet", schema, {}) as columnar:

        def write(part: Sequence[Sequence[Any]]) -> None:
            for row in zip(*part, strict=True):
                columnar.append(*row)
            columnar.flush()

        yield _timed("columns", columns, write)
    yield ""


def _timed(name: str, parts: Sequence[Any], write: Callable[[Any], None]) -> str:
    """Write all parts, and return the mean time of a part and the resident size before and after."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss / MB
    start = time.perf_counter()
    for part in parts:
        write(part)
    spent = (time.perf_counter() - start) / len(parts) * 1000
    return f"  {name:<32}{spent:>10,.1f}{before:>13,.0f}{process.memory_info().rss / MB:>13,.0f}"


def _growth(monitor: Path, library: str, transform: str) -> Iterator[str]:
    """Yield the growth of each task of the job, from the memory record of its run."""
    yield f"3. Growth of each worker after its first {_WARM_UP:.0f} s            samples    MB/min    peak MB"
    found = _samples(monitor, f"transform-chunk {transform} ", f" {library} {transform}")
    for task, moments, sizes in found:
        warm = moments - moments[0] >= _WARM_UP
        slope = f"{np.polyfit(moments[warm] / 60, sizes[warm], 1)[0]:,.1f}" if warm.sum() > 2 else "-"
        yield f"  {task:<52}{len(sizes):>10,}{slope:>10}{sizes.max():>11,.0f}"
    if not found:
        yield "  none in results/monitor.parquet: the job has not run here, or was over within a second"
    yield ""


def _samples(monitor: Path, *names: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return (task, times in seconds, sizes in MB) of the tasks that have one of ``names`` in theirs."""
    if not monitor.exists():
        return []
    # A run may replace the file meanwhile, so it is opened once.
    table = open_parquet(monitor).read(columns=["time", "pid", "task", "unique_mb"], use_threads=False).to_pydict()
    by_task: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for moment, pid, task, size in zip(*table.values(), strict=True):
        if any(name in f"{task} " for name in names):
            by_task.setdefault((pid, task), []).append((moment, size))
    return [(task, *np.array(values).T) for (_, task), values in by_task.items()]


def _deduplication(chunk: Path, folder: Path) -> Iterator[str]:
    keys = _keys(chunk)
    yield f"4. Deduplication of {len(keys):,} keys   bytes a key on disk   in memory   µs a key"
    yield _sqlite(keys, folder / "dedup.db")
    count = len(keys)
    del keys
    yield _two_passes(chunk, folder / "scratch", count)


def _keys(chunk: Path) -> list[str]:
    """Return the first SMILES of a file, at most ``_MOST_KEYS``."""
    keys: list[str] = []
    for batch in open_parquet(chunk).iter_batches(columns=["smiles"], use_threads=False):
        keys += batch.column(0).to_pylist()
        if len(keys) >= _MOST_KEYS:
            break
    return keys[:_MOST_KEYS]


def _sqlite(keys: Sequence[str], path: Path) -> str:
    """Measure a SQLite table of all keys seen so far, filled by INSERT OR IGNORE in WAL mode."""
    start = time.perf_counter()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE seen (key TEXT PRIMARY KEY)")
    for first in range(0, len(keys), 10_000):
        with connection:
            connection.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((key,) for key in keys[first:][:10_000]))
    spent = time.perf_counter() - start
    used = path.stat().st_size + sum(part.stat().st_size for part in path.parent.glob(f"{path.name}-wal"))
    connection.close()
    return _dedup_line("SQLite table of seen keys", used / len(keys), 0.0, spent / len(keys))


def _two_passes(chunk: Path, scratch: Path, count: int) -> str:
    """Measure the memory and the temporary files of the merge's search for duplicates."""
    start = time.perf_counter()
    with connect(_DUCKDB_MB, scratch) as connection:
        number_routes(connection, [chunk])
        ended = threading.Event()
        peak = [0, 0]  # bytes in memory, and on disk

        def poll() -> None:
            cursor = connection.cursor()
            while not ended.wait(0.005):
                query = "SELECT sum(memory_usage_bytes), sum(temporary_storage_bytes) FROM duckdb_memory()"
                now = cursor.execute(query).fetchall()[0]
                peak[:] = [max(old, int(new or 0)) for old, new in zip(peak, now, strict=True)]

        poller = threading.Thread(target=poll)
        poller.start()
        find_duplicates(connection, "smiles", "product", rows=f"(SELECT * FROM routes LIMIT {count})")
        ended.set()
        poller.join()
    return _dedup_line("hashes in DuckDB", peak[1] / count, peak[0] / count, (time.perf_counter() - start) / count)


def _dedup_line(name: str, disk: float, memory: float, seconds: float) -> str:
    return f"  {name:<32}{disk:>20,.0f}{memory:>12,.1f}{seconds * 1e6:>11,.2f}"
