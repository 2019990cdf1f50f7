"""How molecules are distributed: histograms of descriptors, shares within drug-likeness limits, halogen atoms.

One streaming aggregate over a file, or over row groups evenly spread over it, always the same ones: what it takes does
not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.descriptors import DESCRIPTORS, limits
from halogenator.model import HALOGENS
from halogenator.planning.sample import sampled
from halogenator.tables.duck import identifier, literal
from halogenator.tables.parquet import open_parquet

# Row groups read of a file; one holds some ten thousand rows, so a larger file is sampled with a million or so.
MAX_ROW_GROUPS = 32
# Halogen atoms of one element told apart in a molecule; the last class is "that many or more".
MAX_ATOMS = 4

LIMITS = {name: descriptor.limit for name, descriptor in DESCRIPTORS.items() if descriptor.limit}
# Of Lipinski's four limits an oral drug breaks one at most.
LIPINSKI = tuple(limits("Lipinski"))

# Descriptor -> (where the first bin begins, width, bins). What lies outside is counted in the bin at that end.
BINS: dict[str, tuple[float, float, int]] = {
    "mw": (0, 20, 100),
    "tpsa": (0, 10, 60),
    "hbd": (0, 1, 40),
    "hba": (0, 1, 60),
    "clogp": (-15, 0.5, 80),
    "rotb": (0, 1, 60),
}
_BATCH_ROWS = 8_192
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
        tally = _Tally(names, counts_lineage="halogens" in present)
        read = 0
        # A row group a query: DuckDB's histograms hold every value until their query ends.
        for group in sampled(file.num_row_groups, MAX_ROW_GROUPS, 0, file.num_row_groups):
            read += file.metadata.row_group(group).num_rows
            connection.register("part", _reader(file, group, wanted))
            try:
                tally.add(connection, sites)
            finally:
                connection.unregister("part")
    return {"read": read, "of": of, **tally.found()}


def _reader(file: pq.ParquetFile, group: int, columns: Sequence[str]) -> pa.RecordBatchReader:
    schema = pa.schema([file.schema_arrow.field(name) for name in columns])
    batches = file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False)
    return pa.RecordBatchReader.from_batches(schema, (batch.select(columns) for batch in batches))


class _Tally:
    """What is counted of molecules, part by part."""

    def __init__(self, names: Sequence[str], *, counts_lineage: bool) -> None:
        self.names = names
        self.whole = set(LIPINSKI) <= set(names)
        self.histograms = {f"bins {name}": _bin(name) for name in names}
        self.histograms |= {f"atoms {element}": _atoms(element) for element in HALOGENS}
        self.histograms |= {"lineage": "halogens"} if counts_lineage else {}
        broken = " + ".join(f"({identifier(name)} > {LIMITS[name].value})::INT" for name in LIPINSKI)
        self.sums = {"rows": "count(*)"} | ({"passing": f"count_if({broken} <= 1)"} if self.whole else {})
        for name in names:
            column, limit = identifier(name), LIMITS.get(name)
            self.sums |= {f"sum {name}": f"sum({column})", f"known {name}": f"count({column})"}
            self.sums |= {f"within {name}": f"count_if({column} <= {limit.value})"} if limit else {}
        self.counters: dict[str, Counter[Any]] = {what: Counter() for what in self.histograms}
        self.totals: Counter[str] = Counter()

    def add(self, connection: duckdb.DuckDBPyConnection, sites: str | None) -> None:
        """Add the rows of the table ``part``, those with sites where these are named."""
        chosen = [*self.sums.values(), *(f"histogram({value})" for value in self.histograms.values())]
        condition = f"WHERE {identifier(sites)} > 0" if sites else ""
        values = connection.execute(f"SELECT {', '.join(chosen)} FROM part {condition}").fetchall()[0]
        self.totals.update(dict(zip(self.sums, (value or 0 for value in values), strict=False)))
        for what, counts in zip(self.histograms, values[len(self.sums) :], strict=True):
            self.counters[what].update({key: count for key, count in (counts or {}).items() if key is not None})

    def found(self) -> dict[str, Any]:
        """Return it all."""
        totals, counters, rows = self.totals, self.counters, self.totals["rows"]
        described = [name for name in self.names if totals[f"known {name}"]]
        return {
            "rows": rows,
            "bins": {name: _dense(counters[f"bins {name}"]) for name in described},
            "mean": {name: round(totals[f"sum {name}"] / totals[f"known {name}"], 3) for name in described},
            "within": {
                name: round(totals[f"within {name}"] / totals[f"known {name}"], 4)
                for name in described
                if name in LIMITS
            },
            **({"lipinski": round(totals["passing"] / rows, 4)} if self.whole and rows else {}),
            "halogens": {
                element: [counters[f"atoms {element}"][number] for number in range(MAX_ATOMS + 1)]
                for element in HALOGENS
            },
            "lineage": {halogens: count for halogens, count in counters["lineage"].most_common(20) if halogens}
            if "lineage" in counters
            else {},
        }


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


def _dense(counts: Counter[int]) -> list[Any]:
    """Return [first bin, counts of it and all that follow up to the last one with any]."""
    first, last = min(counts), max(counts)
    return [first, [counts[number] for number in range(first, last + 1)]]
