"""Ten thousand finished jobs, a small file each: the catalog, its queries, and the verbs that look at all files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from halogenator.config import read_config
from halogenator.model import Config
from halogenator.planning.identity import job_identity, library_identity
from halogenator.results import Results
from halogenator.tables.columns import LIBRARY, REJECTS, Column, arrow_schema, descriptor_columns, product_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import table_writer
from halogenator.tables.seal import read_seal
from harness import FOLDER, REPOSITORY, Figure, halogenator, progress, run, write_configuration

LIBRARIES = TRANSFORMS = 100
ROWS = 100
_USAGE = {"seconds": 1.0, "cpu_seconds": 1.0, "peak_mb": 100, "declared_mb": 500, "peak_of_declared": 0.2}
_QUERIES = {
    "count": "SELECT count(*) FROM products",
    "count_by_library": "SELECT library, count(*) FROM products GROUP BY library",
    "filter": "SELECT count(*) FROM products WHERE mw < 95 AND hbd <= 2",
    "filter_partition": "SELECT count(*) FROM products WHERE library = 'L007' AND mw < 95",
    "lookup": "SELECT library, transform, parent_smiles FROM products WHERE smiles = 'NOT THERE'",
    "lookup_partition": (
        "SELECT smiles, parent_smiles FROM products WHERE library = 'L007' AND transform = 'T42' AND parent_id = 'p7'"
    ),
    "jobs": "SELECT count(*), sum(products) FROM jobs",
}


def measure(*, quick: bool = False) -> list[Figure]:
    """Return time and memory of each verb and query."""
    folder = FOLDER / "many-jobs"
    shutil.rmtree(folder, ignore_errors=True)
    progress("catalog: making files")
    jobs = _lay_out(folder, LIBRARIES // 10 if quick else LIBRARIES)
    results, config = folder / "results", folder / "config.yaml"
    summary, catalog = results / "summary.tsv", results / "catalog.duckdb"
    commands = {
        "summarize": halogenator("summarize", "--results", results, "--out", summary, "--mem-mb", 500),
        "create": halogenator("catalog", "--results", results, "--summary", summary, "--out", catalog, "--mem-mb", 500),
        **{f"query_{name}": halogenator("query", "--catalog", catalog, query) for name, query in _QUERIES.items()},
        "plan": halogenator("plan", config, "--directory", folder, "--json"),
        "verify": halogenator("verify", results, "--mem-mb", 500),
    }
    figures = []
    for name, command in commands.items():
        progress(f"catalog: {name}")
        used = run(command, sample=True)
        figures.append(Figure(f"catalog_{jobs}_{name}", round(used.wall_seconds, 2), "s"))
        figures.append(Figure(f"catalog_{jobs}_{name}_peak_mb", used.peak_mb, "MB"))
        if name == "plan" and json.loads(used.output)["totals"]["jobs_by_state"] != {"done": jobs}:
            raise RuntimeError(f"not all jobs are done: {used.output[:2000]}")
    shutil.rmtree(folder)
    return figures


def _lay_out(folder: Path, libraries: int) -> int:
    """Write a configuration, and all that a run of it would leave; return the number of jobs."""
    folder.mkdir(parents=True)
    (folder / "mine.smi").write_text("".join(f"Oc1ccccc1{'C' * (row % 30)}\tp{row}\n" for row in range(ROWS)))
    named = [f"L{number:03}" for number in range(libraries)]
    write_configuration(folder, named, TRANSFORMS)
    config = read_config([REPOSITORY / "configs/config.yaml", folder / "config.yaml"], working_dir=folder)
    for name in named:
        _write_library(folder, config, name)
    for number, job in enumerate(config.jobs):
        if number % 1000 == 0:
            progress(f"catalog: {number:,} of {len(config.jobs):,} jobs")
        _write_job(folder, config, *job)
    return len(config.jobs)


def _write_library(folder: Path, config: Config, name: str) -> None:
    columns = LIBRARY + descriptor_columns(config.descriptors)
    names = [f"p{row}" for row in range(ROWS)]
    known = {"id": names, "parent": names, "smiles": [f"Oc1ccccc1{'C' * row}" for row in range(ROWS)]}
    known["row"] = list(range(1, ROWS + 1))
    files = Results(folder / "results").files(name)
    note = with_versions(library=name, config_hash=library_identity(config, name, folder), queries={})
    _write(files, columns, known, note)
    stats = {"library": name, "class": "polyphenol", "k": None, "rows_in": ROWS, "molecules": ROWS}
    _record(files, stats)


def _write_job(folder: Path, config: Config, library: str, transform: str) -> None:
    columns = product_columns(config.descriptors, with_inchikey=False)
    ether = f"{'C' * int(transform[1:])}Oc1ccccc1"
    known = {"smiles": [f"{ether}{'C' * row}" for row in range(ROWS)], "parent_id": [f"p{row}" for row in range(ROWS)]}
    files = Results(folder / "results").files(library, transform)
    note = with_versions(library=library, transform=transform, config_hash=job_identity(config, library, transform))
    _write(files, columns, known, note)
    stats = {"library": library, "transform": transform, "rows_in": ROWS, "rows_matched": ROWS, "products": ROWS}
    _record(files, stats)


def _write(
    files: tuple[Path, Path, Path], columns: tuple[Column, ...], known: dict[str, list[Any]], note: dict[str, object]
) -> None:
    """Write a file and its rejects, which are none; numbers that are not known are made up, texts are null."""
    schema = arrow_schema(columns)
    made_up = [row % 70 + 50 for row in range(ROWS)]
    values = (known.get(field.name, [None] * ROWS if pa.types.is_string(field.type) else made_up) for field in schema)
    arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
    with table_writer(files[0], columns, note) as writer, table_writer(files[1], REJECTS, {}):
        writer.copy([pa.RecordBatch.from_arrays(arrays, schema=schema)])


def _record(files: tuple[Path, Path, Path], stats: dict[str, object]) -> None:
    files[2].parent.mkdir(parents=True, exist_ok=True)
    stats |= {"duplicates": 0, "rejects": 0, "bytes": files[0].stat().st_size, "chunks": 1, "parts": 0}
    stats |= {"checksums": {path.name: read_seal(path) for path in files[:2]}, "usage": _USAGE}
    files[2].write_text(json.dumps(stats))
