"""The figures of a run: libraries, jobs, rejects, tasks and memory, from the catalog and small files."""

from __future__ import annotations

import csv
import re
import shutil
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from halogenator.model import PREPARED
from halogenator.tables.duck import literal, plain

# Most points of a chart over time. A point is the moment of its interval when most memory was used.
POINTS = 300

# Verb of a task -> its stage, in the order of a run.
STAGES = {
    "snakemake": "Snakemake",
    "serve-tasks": "task server",
    "read-library": "read",
    "standardize-chunk": "standardise",
    "halogenate-chunk": "halogenate",
    "merge-library": "merge library",
    "transform-chunk": "transform",
    "find-duplicates": "find duplicates",
    "find-repeats": "find duplicates",
    "merge-products": "merge products",
    "verify": "verify adopted",
    "fingerprint-chunk": "fingerprints",
    "fingerprint": "fingerprints",
    "export": "export",
    "summarize": "catalog, report",
    "catalog": "catalog, report",
    "report": "catalog, report",
}
OTHER = "starting"

# Folder or name of benchmark files of tasks that are not chunks of a library or a job -> verb.
_BESIDE = {"duplicates": "find-duplicates", "repeats": "find-repeats", "fingerprints": "fingerprint"}
_DEPTHS = {"libraries": 3, "products": 4}  # parts of the paths of chunks' benchmark files
_CHUNK = re.compile(r"\d+of\d+")

Rows = list[dict[str, Any]]


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> Rows:
    """Return the rows of a query as {column: value}."""
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def libraries(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Return the libraries of the catalog: by class, natural products before halogenated libraries."""
    return rows(connection, "FROM libraries ORDER BY class, coalesce(k, -1), library")


def prepared(libraries: Rows) -> Rows:
    """Return how many rows of each library were changed on reading, by kind of change, or have enhanced stereo."""
    found = []
    for row in libraries:
        kinds = [(word, PREPARED.get(word, ""), count) for word, count in (row["prepared"] or {}).items()]
        if row["enhanced_stereo"]:
            kinds.append(("enhanced stereo", "a racemate, or one of two stereoisomers", row["enhanced_stereo"]))
        found += [{"library": row["library"], "word": word, "text": text, "rows": n} for word, text, n in kinds]
    return found


def audit(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Return what choices left out of libraries and jobs, by rule or transform and reason, most routes first."""
    return rows(connection, "FROM audit ORDER BY routes DESC, library, transform, name")


def jobs(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Return the jobs of the catalog, with ``made``: the number of products before duplicates were removed."""
    counts = ("rows_in", "matched", "products", "duplicates_removed", "rejects", "chunks", "bytes")
    # Without any job, the columns have no type.
    typed = [f"{name}::BIGINT AS {name}" for name in (*counts, "peak_mb", "declared_mb")]
    typed += [f"{name}::DOUBLE AS {name}" for name in ("seconds", "cpu_seconds", "peak_of_declared")]
    return rows(
        connection,
        f"SELECT library, transform, {', '.join(typed)}, products::BIGINT + duplicates_removed::BIGINT AS made "
        "FROM jobs ORDER BY library, transform",
    )


def rejects(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Return the number of rejects by library, transform (None: rejects of the library itself) and reason."""
    columns = {column[0] for column in connection.execute("FROM rejects LIMIT 0").description or ()}
    transform = "transform" if "transform" in columns else "NULL::VARCHAR AS transform"  # a run without any job
    return rows(
        connection,
        f"SELECT library, {transform}, reason, count(*) AS rejects, min(detail)[:160] AS example FROM rejects "
        "GROUP BY ALL ORDER BY rejects DESC, library, transform, reason",
    )


def memory(connection: duckdb.DuckDBPyConnection, record: Path, scratch: Path) -> dict[str, Any] | None:
    """Return the memory that tasks used and declared over time, all runs joined; None if nothing was recorded.

    Args:
        connection: a DuckDB connection.
        record: ``monitor.parquet``, with the memory of each process.
        scratch: folder for a copy of it.

    Returns:
        ``seconds``: time of all runs; ``cap_mb``; ``peak_mb`` and ``declared_mb``: most at one time, of all processes;
        ``points``: time in seconds, used and declared MB; ``used``: time, stage, MB and tasks at these points;
        ``spans``: tasks per stage in intervals of ``width`` seconds; ``stages`` in order; ``starts``: start of each
        run, in these seconds and since 1970.
    """
    if not record.exists():
        return None
    _read_record(connection, record, scratch)
    (total,) = rows(
        connection,
        "SELECT max(elapsed) AS seconds, arg_max(cap, time) AS cap_mb, max(used) AS peak_mb, "
        "max(declared) AS declared_mb FROM moment",
    )
    if total["seconds"] is None:
        return None
    width = max(1.0, total["seconds"] / POINTS)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point AS
        SELECT floor(elapsed / {width}) AS bin, arg_max(time, used) AS time, arg_max(elapsed, used) AS elapsed,
               max(used) AS used, max(declared) AS declared
        FROM moment GROUP BY bin
        """
    )
    queries = {
        "points": "SELECT round(elapsed, 1) AS t, round(used) AS used, declared FROM point ORDER BY elapsed",
        "used": "SELECT round(point.elapsed, 1) AS t, stage, round(sum(unique_mb), 1) AS mb, count(*) AS tasks "
        "FROM point JOIN look USING (time) GROUP BY ALL ORDER BY t, stage",
        "spans": f"SELECT floor(elapsed / {width}) * {width} AS t, stage, count(DISTINCT look.pid) AS tasks "
        "FROM moment JOIN look USING (time) GROUP BY ALL ORDER BY t, stage",
        "starts": "SELECT round(elapsed, 1) AS t, time FROM moment WHERE starts ORDER BY elapsed LIMIT 50",
    }
    found = {name: rows(connection, query) for name, query in queries.items()}
    seen = {row["stage"] for row in found["spans"]}
    stages = [name for name in [*dict.fromkeys(STAGES.values()), OTHER] if name in seen]
    return {**{name: round(value) for name, value in total.items()}, "width": width, "stages": stages, **found}


def _read_record(connection: duckdb.DuckDBPyConnection, record: Path, scratch: Path) -> None:
    """Create the tables ``look``, with a row per process and time, and ``moment``, with a row per time."""
    stage = "CASE split_part(task, ' ', 1) " + " ".join(
        f"WHEN {literal(verb)} THEN {literal(name)}" for verb, name in STAGES.items()
    )
    # A copy, as a run may replace the file between DuckDB's planning and reading, which opens it again.
    with TemporaryDirectory(prefix="record-", dir=scratch) as folder:
        copy = shutil.copy(record, folder)
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE look AS
            SELECT time, task, declared_mb, unique_mb, cap_mb, pid, {stage} ELSE {literal(OTHER)} END AS stage
            FROM read_parquet({literal(plain(Path(copy)))})
            """
        )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE moment AS
        WITH whole AS (
            SELECT time, sum(unique_mb) AS used,
                   coalesce(sum(declared_mb) FILTER (stage <> 'Snakemake'), 0) AS declared,
                   max(cap_mb) AS cap, max(pid) FILTER (stage = 'Snakemake') AS run
            FROM look GROUP BY time
        ), stepped AS (
            SELECT *, lag(run) OVER (ORDER BY time) IS DISTINCT FROM run AS starts,
                   time - lag(time) OVER (ORDER BY time) AS step
            FROM whole
        )
        SELECT *, sum(CASE WHEN starts THEN 1 ELSE step END) OVER (ORDER BY time) - 1 AS elapsed FROM stepped
        """
    )


def tasks(benchmarks: Path, processor_time: Path, built: set[str]) -> dict[str, Any]:
    """Return the times of tasks, from Snakemake's benchmark files, and from the tasks' own file where there is one.

    Args:
        benchmarks: folder of these files.
        processor_time: file with the processor time of tasks, by their log (``Results.processor_time``).
        built: names of the libraries that are made by halogenation.

    Returns:
        ``stages``: per stage the number of tasks, the sums of their wall and CPU seconds, and the quartiles of the wall
        seconds; ``chunks``: per library or job with several chunks, their number and wall seconds: median, longest,
        longest over mean, and a sample of all. The most uneven come first.
    """
    times: dict[str, list[float]] = defaultdict(list)
    processor: dict[str, float] = defaultdict(float)
    chunks: dict[tuple[str, str | None], list[float]] = defaultdict(list)
    own = _own_times(processor_time)
    for path in sorted(benchmarks.rglob("*.tsv")):
        measured = _benchmark(path)
        if measured is None:
            continue
        name = path.relative_to(benchmarks)
        parts = name.with_suffix("").parts
        stage, seconds, cpu_seconds = (
            _stage(parts, built),
            measured[0],
            own.get(f"{name.with_suffix('.log')}", measured[1]),
        )
        times[stage].append(seconds)
        processor[stage] += cpu_seconds
        if _CHUNK.fullmatch(parts[-1]) and len(parts) == _DEPTHS.get(parts[0]):
            chunks[parts[1], parts[2] if parts[0] == "products" else None].append(seconds)
    stages = [
        {
            "stage": stage,
            "tasks": len(times[stage]),
            "seconds": round(sum(times[stage]), 2),
            "cpu_seconds": round(processor[stage], 2),
            "quartiles": _quartiles(times[stage]),
        }
        for stage in dict.fromkeys(STAGES.values())
        if stage in times
    ]
    balance = [_balance(*names, values) for names, values in chunks.items() if len(values) > 1]
    return {"stages": stages, "chunks": sorted(balance, key=lambda row: -row["ratio"])[:200]}


def _balance(library: str, transform: str | None, values: list[float]) -> dict[str, Any]:
    return {
        "library": library,
        "transform": transform,
        "chunks": len(values),
        "median": round(median(values), 2),
        "longest": round(max(values), 2),
        "ratio": round(max(values) * len(values) / sum(values), 2) if sum(values) else 1.0,
        "seconds": [round(value, 2) for value in values[:: -(-len(values) // 200)]],
    }


def _stage(parts: tuple[str, ...], built: set[str]) -> str:
    """Return the stage of a task, from the parts of its benchmark file's path."""
    kind, last = parts[0], parts[-1]
    for name in parts[_DEPTHS[kind] - 1 :] if kind in _DEPTHS else ():
        if name in _BESIDE:
            return STAGES[_BESIDE[name]]
    if kind == "exports":
        return STAGES["export"]
    if kind == "libraries":
        chunk = "halogenate-chunk" if parts[1] in built else "standardize-chunk"
        return STAGES[{"read": "read-library", "merge": "merge-library"}.get(last, chunk)]
    if kind == "products":
        return STAGES[{"merge": "merge-products", "verify": "verify"}.get(last, "transform-chunk")]
    return STAGES.get(kind, STAGES["summarize"])


def _benchmark(path: Path) -> tuple[float, float] | None:
    """Return wall and CPU seconds; None if the file is not one of Snakemake's."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        return float(row["s"]), _number(row.get("cpu_time"))
    except (OSError, ValueError, KeyError, StopIteration, TypeError):
        return None


def _own_times(path: Path) -> dict[str, float]:
    """Return the processor time in seconds by log; empty if there is no such file."""
    if not path.exists():
        return {}
    lines = (line.rpartition("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: _number(seconds) for name, _, seconds in lines}


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:  # "NA", if the task was too short to be measured
        return 0.0


def _quartiles(values: list[float]) -> list[float]:
    """Return minimum, quartiles and maximum."""
    ordered = sorted(values)
    return [round(ordered[(len(ordered) - 1) * quarter // 4], 2) for quarter in range(5)]
