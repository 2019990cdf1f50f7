"""Accounts of what choices left out: added up over chunks, and as a table over all results."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from halogenator.process.failures import writing
from halogenator.results import Results
from halogenator.tables.columns import Column
from halogenator.tables.duck import literal, plain
from halogenator.tables.parquet import whole_or_absent

LEFT_OUT_KEY = "left_out"  # in the metadata of chunks and in statistics

AUDIT = (
    Column("library", pa.string(), "name of the library"),
    Column("transform", pa.string(), "name of the transform; of a library itself, the halogenation rule"),
    Column("made", pa.string(), "what was being made: molecules (of the library) or products (of it by the transform)"),
    Column("kind", pa.string(), "key of the configuration: exclude, protect, rank, parents, quota or within"),
    Column("name", pa.string(), "which entry of that key"),
    Column(
        "molecules",
        pa.int64(),
        "molecules left out, each counted once a parent; null for protect and rank: none was made",
    ),
    Column("routes", pa.int64(), "parent/site pairs that would have given them; for protect and rank, the sites"),
    Column(
        "examples", pa.list_(pa.list_(pa.string())), "SMILES of some parents and products; in the file parent>>product"
    ),
)
# Upper bound of the size of a statistics file. DuckDB allocates twice this for each file, by default 32 MB.
STATS_BYTES = 100_000
_MAX_EXAMPLES = 3
_EXAMPLES_BYTES = 40_000  # of all examples together

_STATISTICS = """{
    library: 'VARCHAR', transform: 'VARCHAR', left_out: 'STRUCT(
        transform VARCHAR, kind VARCHAR, name VARCHAR, molecules BIGINT, routes BIGINT, examples VARCHAR[][]
    )[]'
}"""


def added_up(accounts: Iterable[object]) -> list[dict[str, Any]]:
    """Return the sums of the accounts of chunks, largest number of routes first."""
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for account in accounts:
        for entry in account if isinstance(account, list) else ():
            key = entry["transform"], entry["kind"], entry["name"]
            none_made = entry["molecules"] is None
            total = sums.setdefault(key, {**entry, "molecules": None if none_made else 0, "routes": 0, "examples": []})
            if not none_made:
                total["molecules"] += entry["molecules"]
            total["routes"] += entry["routes"]
            total["examples"] = [*total["examples"], *entry["examples"]][:_MAX_EXAMPLES]
    largest = sorted(sums.values(), key=lambda entry: (-entry["routes"], entry["transform"], entry["name"]))
    size = 0
    for entry in largest:
        size += sum(len(smiles) for pair in entry["examples"] for smiles in pair)
        if size > _EXAMPLES_BYTES:
            entry["examples"] = []
    return largest


def audit_query(results: Path) -> str:
    """Return the query for the rows of ``AUDIT``: of each finished library and job, what was left out of it.

    Args:
        results: the results folder, an absolute path.
    """
    places = Results(results)
    existing = [pattern for pattern in (places.stats("*"), places.stats("*", "*")) if places.find(pattern)]
    if not existing:
        return f"SELECT {', '.join(f'NULL::VARCHAR AS {column.name}' for column in AUDIT)} WHERE false"
    files = ", ".join(literal(f"{plain(results)}/{pattern.relative_to(results)}") for pattern in existing)
    return f"""
        SELECT library, entry.transform, made, entry.kind, entry.name, entry.molecules, entry.routes, entry.examples
        FROM (
            SELECT library, CASE WHEN transform IS NULL THEN 'molecules' ELSE 'products' END AS made,
                   unnest(left_out) AS entry
            FROM read_json([{files}], columns = {_STATISTICS}, maximum_object_size = {STATS_BYTES})
        )
        ORDER BY library, made, entry.transform, entry.routes DESC, entry.name
    """


def write_audit(catalog: Path, out: Path) -> None:
    """Write the view ``audit`` of a catalog as a tab-separated table.

    Raises:
        UserError: the disk does not take it.
    """
    with duckdb.connect(str(catalog), read_only=True) as connection:
        found = connection.execute("FROM audit").fetchall()
    with whole_or_absent(out) as temporary, writing(out), temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(column.name for column in AUDIT)
        for *values, examples in found:
            writer.writerow([*values, " ".join(">>".join(pair) for pair in examples)])
