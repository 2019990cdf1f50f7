"""How molecules are distributed: histograms of descriptors, shares within drug-likeness limits, halogen atoms.

One streaming aggregate over a file, or over row groups evenly spread over it, always the same ones: what it takes does
not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.model import HALOGENS
from halogenator.planning.spread import sampled
from halogenator.storage.duck import identifier, literal
from halogenator.storage.parquet import open_parquet

# Row groups read of a file; one holds some ten thousand rows, so a larger file is sampled with a million or so.
MAX_ROW_GROUPS = 32
# Halogen atoms of one element told apart in a molecule; the last class is "that many or more".
MAX_ATOMS = 4


@dataclass(frozen=True)
class Limit:
    """An upper limit that is commonly set on a descriptor of an oral drug, and who set it."""

    value: float
    source: str


# Lipinski et al., Adv. Drug Deliv. Rev. 23 (1997) 3, doi:10.1016/S0169-409X(96)00423-1.
# Veber et al., J. Med. Chem. 45 (2002) 2615, doi:10.1021/jm020017n.
LIMITS = {
    "mw": Limit(500, "Lipinski"),
    "tpsa": Limit(140, "Veber"),
    "hbd": Limit(5, "Lipinski"),
    "hba": Limit(10, "Lipinski"),
    "clogp": Limit(5, "Lipinski"),
    "rotb": Limit(10, "Veber"),
}
# Of Lipinski's four limits an oral drug breaks one at most.
LIPINSKI = tuple(name for name, limit in LIMITS.items() if limit.source == "Lipinski")

# Descriptor -> (where the first bin begins, width, bins). What lies outside is counted in the bin at that end.
BINS: dict[str, tuple[float, float, int]] = {
    "mw": (0, 20, 100),
    "tpsa": (0, 10, 60),
    "hbd": (0, 1, 40),
    "hba": (0, 1, 60),
    "clogp": (-15, 0.5, 80),
    "rotb": (0, 1, 60),
}
_OTHER_BINS = (0, 1, 100)


def profile(
    connection: duckdb.DuckDBPyConnection, path: Path, descriptors: Sequence[str], *, sites: str | None = None
) -> dict[str, Any]:
    """Return how the molecules of a Parquet file are distributed.

    Args:
        connection: an in-memory database.
        path: molecules or products.
        descriptors: the columns to describe; those that the file lacks are left out.
        sites: a column of counts; only rows with more than none are taken.

    Returns:
        ``rows`` described, of which ``read`` were read ``of`` all; ``bins``: {descriptor: [first bin, counts]};
        ``mean``; ``within``: share of rows within the descriptor's limit; ``lipinski``: share with at most one of
        Lipinski's limits broken, if all four are there; ``halogens``: {element: rows with 0, 1, 2 … atoms};
        ``lineage``: {halogens put in by halogenation: rows}, of a library.
    """
    with open_parquet(path) as file:
        of = file.metadata.num_rows
        present = set(file.schema_arrow.names)
        names = [name for name in descriptors if name in present]
        wanted = ["smiles", *names, *(["halogens"] if "halogens" in present else []), *([sites] if sites else [])]
        groups = list(sampled(file.num_row_groups, MAX_ROW_GROUPS, 0, file.num_row_groups))
        read = sum(file.metadata.row_group(group).num_rows for group in groups)
        connection.register("part", _reader(file, groups, wanted))
        try:
            values = _aggregate(connection, names, wanted, sites)
        finally:
            connection.unregister("part")
    return {"read": read, "of": of, **values}


def _reader(file: pq.ParquetFile, groups: Sequence[int], columns: Sequence[str]) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches(row_groups=list(groups), columns=list(columns), use_threads=False):
            yield batch.select(columns)

    schema = pa.schema([file.schema_arrow.field(name) for name in columns])
    return pa.RecordBatchReader.from_batches(schema, batches() if groups else iter(()))


def _aggregate(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], columns: Sequence[str], sites: str | None
) -> dict[str, Any]:
    whole = set(LIPINSKI) <= set(names)
    broken = " + ".join(f"({identifier(name)} > {LIMITS[name].value})::INT" for name in LIPINSKI)
    chosen = ["count(*)", f"count_if({broken} <= 1)" if whole else "NULL"]
    chosen += [f"histogram({_atoms(element)})" for element in HALOGENS]
    chosen.append("histogram(halogens)" if "halogens" in columns else "NULL")
    for name in names:
        column, limit = identifier(name), LIMITS.get(name)
        chosen += [f"histogram({_bin(name)})", f"avg({column})", f"count({column})"]
        chosen.append(f"count_if({column} <= {limit.value})" if limit else "NULL")
    condition = f"WHERE {identifier(sites)} > 0" if sites else ""
    rows, passing, *rest = connection.execute(f"SELECT {', '.join(chosen)} FROM part {condition}").fetchall()[0]
    atoms, (lineage, *rest) = rest[: len(HALOGENS)], rest[len(HALOGENS) :]
    found: dict[str, Any] = {"rows": rows, "bins": {}, "mean": {}, "within": {}}
    for position, name in enumerate(names):
        counts, mean, known, within = rest[4 * position : 4 * position + 4]
        if known:
            found["bins"][name] = _dense(counts)
            found["mean"][name] = round(mean, 3)
            if within is not None:
                found["within"][name] = round(within / known, 4)
    if whole and rows:
        found["lipinski"] = round(passing / rows, 4)
    if rows:
        found["halogens"] = {
            element: [(counts or {}).get(number, 0) for number in range(MAX_ATOMS + 1)]
            for element, counts in zip(HALOGENS, atoms, strict=True)
        }
    if lineage:
        found["lineage"] = {halogens: count for halogens, count in lineage.items() if halogens}
    return found


def bins_of(name: str) -> tuple[float, float, int]:
    """Return where a descriptor's first bin begins, the width of each, and how many there are."""
    return BINS.get(name, _OTHER_BINS)


def _bin(name: str) -> str:
    first, width, count = bins_of(name)
    return f"least(greatest(floor(({identifier(name)} - {first}) / {width}), 0), {count - 1})::SMALLINT"


def _atoms(element: str) -> str:
    """Return the count of an element's atoms in a SMILES: its letters, but not where they begin another's symbol.

    "In" may be an iodine on an aromatic nitrogen; indium always stands in brackets.
    """
    others = {"F": ("[Fe", "[Fr", "[Fm", "[Fl"), "I": ("[In", "[Ir")}.get(element, ())
    occurrences = [_occurrences(element), *(f"- {_occurrences(other)}" for other in others)]
    return f"least({' '.join(occurrences)}, {MAX_ATOMS})::SMALLINT"


def _occurrences(text: str) -> str:
    return f"(length(smiles) - length(replace(smiles, {literal(text)}, ''))) // {len(text)}"


def _dense(counts: dict[int, int]) -> list[Any]:
    """Return [first bin, counts of it and all that follow up to the last one with any]."""
    known = {number: count for number, count in counts.items() if number is not None}
    first, last = min(known), max(known)
    return [first, [known.get(number, 0) for number in range(first, last + 1)]]
