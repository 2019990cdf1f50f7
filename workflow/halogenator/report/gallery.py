"""Drawings of some products of a job beside their parents: evenly spread over the job, always the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from halogenator.chemistry.drawing import draw_alone, draw_change
from halogenator.chemistry.reaction import Reaction
from halogenator.planning.sample import sampled
from halogenator.tables.duck import plain
from halogenator.tables.parquet import open_parquet

# Most pairs; those that are too large to draw are left out.
PAIRS = 6
# Most drawings of molecules that were left out; the page has the SMILES of the others.
LEFT_OUT_DRAWN = 24

_SHOWN_SMILES = 300


def pick(path: Path, descriptors: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a products file to show. Only their row groups are read."""
    with open_parquet(path) as file:
        present = [name for name in descriptors if name in file.schema_arrow.names]
        rows, first = file.metadata.num_rows, 0
        found: list[dict[str, Any]] = []
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            wanted = list(sampled(rows, PAIRS, first, first + count))
            offset = first
            if wanted:
                columns = ["smiles", "parent_id", "site", *present]
                for batch in file.iter_batches(row_groups=[group], columns=columns, use_threads=False):
                    inside = [row - offset for row in wanted if offset <= row < offset + batch.num_rows]
                    found += batch.take(pa.array(inside, pa.int64())).to_pylist() if inside else []
                    offset += batch.num_rows
            first += count
    return found


def find_parents(
    connection: duckdb.DuckDBPyConnection, path: Path, ids: Sequence[str], descriptors: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return {id: row} of the molecules of a library with these ids, in one pass over its file."""
    if not ids or not path.exists():
        return {}
    with open_parquet(path) as file:
        present = [name for name in descriptors if name in file.schema_arrow.names]
    columns = ["id", "smiles", "parent", "halogens", *present]
    rows = connection.execute(
        f"SELECT {', '.join(columns)} FROM read_parquet(?, hive_partitioning = false) "
        "WHERE id IN (SELECT unnest(?::VARCHAR[]))",
        [plain(path), sorted(ids)],
    ).fetchall()
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def draw_left_out(rows: Sequence[dict[str, Any]]) -> None:
    """Give each of the first rows of an audit, as ``drawing``, the SVG of one molecule left out, or of a parent."""
    for row in rows[:LEFT_OUT_DRAWN]:
        drawn = draw_alone(row["examples"][0][-1]) if row["examples"] else None
        if drawn:
            row["drawing"] = drawn.svg(f"{row['name']}: {row['examples'][0][-1]}")


def draw(
    row: Mapping[str, Any], parent: Mapping[str, Any] | None, reaction: Reaction | None, descriptors: Sequence[str]
) -> dict[str, Any] | None:
    """Return a product drawn beside its parent, or alone if the parent is unknown; None if it cannot be drawn.

    Args:
        row: row of the product.
        parent: row of the parent; None if it is unknown.
        reaction: the transform; None if it is unknown.
        descriptors: columns whose change is shown.
    """
    change = parent and reaction and draw_change(reaction, parent["smiles"], row["smiles"], row["site"])
    shown: dict[str, Any] = {"smiles": row["smiles"][:_SHOWN_SMILES]}
    if parent:
        shown |= {"id": parent["id"], "from": parent["parent"], "halogens": parent["halogens"]}
        shown["parent_smiles"] = parent["smiles"][:_SHOWN_SMILES]
        shown["site"] = row["site"]
    if change:
        before, after = change
        shown["before"] = before.svg(f"Parent {shown['parent_smiles']}")
    elif drawn := draw_alone(row["smiles"]):
        after = drawn
    else:
        return None
    shown["after"] = after.svg(f"Product {shown['smiles']}" + (", changed site marked" if change else ""))
    shown["values"] = {name: [(parent or {}).get(name), row[name]] for name in descriptors if row.get(name) is not None}
    return shown
