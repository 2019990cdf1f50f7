"""Drawings of some molecules of a library or a job: as diverse as a sample has them, and always the same.

Of a large file only some rows of some row groups are read, evenly spread, which bounds time and memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from halogenator.chemistry import maxmin
from halogenator.chemistry.drawing import draw_alone, draw_change, draw_grown
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.reaction import Reaction
from halogenator.planning.sample import sampled
from halogenator.tables.duck import identifier, plain
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet

# Most and least molecules of a library or job, and how many there should be on a page, some 4 ms each: of the
# default run's time that is 5 %. Where it is not enough for all, the smallest libraries and jobs have only a few.
MOST, LEAST, FEW = 24, 6, 3
ON_PAGE = 720
# Most drawings of molecules that were left out; the page has the SMILES of the others.
LEFT_OUT_DRAWN = 24

_SAMPLED = 6  # molecules to choose from, for each that is drawn
_ROW_GROUPS = 8  # most row groups to read
_SPARE = 2  # times as many are chosen as are drawn, since some are too large to be drawn
_SHOWN_SMILES = 300

Row = dict[str, Any]
Key = TypeVar("Key")


def counts(sizes: Mapping[Key, int]) -> dict[Key, int]:
    """Return how many molecules a page shows of each library and job; ``sizes``: how many it has.

    Examples:
        >>> counts({"quercetin and all from it": 5_000, "catechols": 40})
        {'quercetin and all from it': 24, 'catechols': 24}
    """
    each = ON_PAGE // max(len(sizes), 1)
    if each >= LEAST:
        return dict.fromkeys(sizes, min(MOST, each))
    more = max(ON_PAGE - FEW * len(sizes), 0) // (LEAST - FEW)
    largest = sorted(sizes, key=lambda key: -sizes[key])[:more]
    return dict.fromkeys(sizes, FEW) | dict.fromkeys(largest, LEAST)


def pick(path: Path, columns: Sequence[str], count: int) -> list[Row]:
    """Return rows of a file to draw, ``_SPARE`` times ``count`` at most, the most diverse of a sample first.

    Method: MaxMin on Morgan fingerprints (``chemistry.maxmin``).

    Args:
        path: molecules or products.
        columns: columns to read beside the SMILES; those that the file lacks are left out.
        count: how many are to be drawn.
    """
    rows = _sample(path, columns, _SAMPLED * count)
    if len(rows) <= count:
        return rows  # all are drawn
    made_by_us = read_metadata(path)
    made = zip(
        rows,
        maxmin.fingerprints([row["smiles"] for row in rows], stored=bool(made_by_us) and "adopted" not in made_by_us),
        strict=True,
    )
    readable = [(row, found) for row, found in made if not isinstance(found, RejectError)]
    chosen = maxmin.pick([found for _, found in readable], _SPARE * count, seed=0)
    return [readable[place][0] for place in chosen]


def _sample(path: Path, columns: Sequence[str], count: int) -> list[Row]:
    with open_parquet(path) as file:
        present = ["smiles", *(name for name in columns if name in file.schema_arrow.names)]
        groups = list(sampled(file.num_row_groups, _ROW_GROUPS, 0, file.num_row_groups))
        rows = sum(file.metadata.row_group(group).num_rows for group in groups)
        found: list[Row] = []
        first = 0
        for group in groups:
            for batch in file.iter_batches(row_groups=[group], columns=present, use_threads=False):
                wanted = [row - first for row in sampled(rows, count, first, first + batch.num_rows)]
                found += batch.take(pa.array(wanted, pa.int64())).to_pylist()
                first += batch.num_rows
    return found


def find_molecules(
    connection: duckdb.DuckDBPyConnection, path: Path, ids: Iterable[str | None], columns: Sequence[str]
) -> dict[str, Row]:
    """Return {id: row} of the molecules of a library with these ids, in one pass over its file."""
    wanted = sorted({name for name in ids if name is not None})
    if not wanted or not path.exists():
        return {}
    with open_parquet(path) as file:
        present = ["id", *(name for name in columns if name in file.schema_arrow.names)]
    rows = connection.execute(
        f"SELECT {', '.join(map(identifier, present))} FROM read_parquet(?, hive_partitioning = false) "
        "WHERE id IN (SELECT unnest(?::VARCHAR[]))",
        [plain(path), wanted],
    ).fetchall()
    return {row[0]: dict(zip(present, row, strict=True)) for row in rows}


def draw_left_out(rows: Sequence[Row]) -> None:
    """Give each of the first rows of an audit, as ``drawing``, the SVG of one molecule left out, or of a parent."""
    for row in rows[:LEFT_OUT_DRAWN]:
        drawn = draw_alone(row["examples"][0][-1]) if row["examples"] else None
        if drawn:
            row["drawing"] = drawn.svg(f"{row['name']}: {row['examples'][0][-1]}")


def first_drawn(drawn: Iterable[Row | None], count: int) -> list[Row]:
    """Return the first ``count`` molecules that could be drawn; no more are tried."""
    return list(islice((each for each in drawn if each), count))


def draw_product(
    row: Mapping[str, Any],
    parent: Mapping[str, Any] | None,
    origin: Mapping[str, Any] | None,
    reaction: Reaction | None,
    described: Sequence[str],
) -> Row | None:
    """Return a product drawn beside its parent, or alone if the parent is unknown; None if it cannot be drawn.

    Args:
        row: row of the product.
        parent: row of the parent; None if it is unknown.
        origin: row of the natural product; None if it is unknown.
        reaction: the transform; None if it is unknown.
        described: columns whose change is shown.
    """
    change = parent and reaction and draw_change(reaction, parent["smiles"], row["smiles"], row["site"])
    shown = _drawn(row["smiles"], change or None, parent, ", changed site marked")
    if shown is None:
        return None
    if parent:
        shown |= {"id": parent["id"], "from": parent["parent"], "halogens": parent["halogens"], "site": row["site"]}
    return {**shown, **_named(origin), "values": _values(row, parent, described)}


def draw_molecule(row: Mapping[str, Any], origin: Mapping[str, Any] | None, described: Sequence[str]) -> Row | None:
    """Return a molecule of a library drawn beside its natural product, if that is part of it, or alone; or None."""
    change = draw_grown(origin["smiles"], row["smiles"]) if origin and origin["id"] != row["id"] else None
    shown = _drawn(row["smiles"], change, origin, ", what is new marked")
    if shown is None:
        return None
    shown |= {"id": row["id"], "from": row["parent"], "halogens": row["halogens"]}
    return {**shown, **_named(origin or row), "values": _values(row, origin if change else None, described)}


def _drawn(smiles: str, change: tuple[Any, Any] | None, parent: Mapping[str, Any] | None, marks: str) -> Row | None:
    shown: Row = {"smiles": smiles[:_SHOWN_SMILES]}
    if parent:
        shown["parent_smiles"] = parent["smiles"][:_SHOWN_SMILES]
    if change:
        before, after = change
        shown["before"] = before.svg(f"Parent {shown['parent_smiles']}")
        shown["after"] = after.svg(f"{shown['smiles']}{marks}")
    elif alone := draw_alone(smiles):
        shown["after"] = alone.svg(shown["smiles"])
    else:
        return None
    return shown


def _named(origin: Mapping[str, Any] | None) -> Row:
    return {"name": origin["name"]} if origin and origin.get("name") else {}


def _values(row: Mapping[str, Any], before: Mapping[str, Any] | None, described: Sequence[str]) -> Row:
    """Return {column: [value before, value]} of columns that the row has."""
    return {name: [(before or {}).get(name), row[name]] for name in described if row.get(name) is not None}
