"""Distributions of the molecules of a file: histograms of descriptors, shares within drug-likeness limits, halogens.

Of a large file only some row groups are read, evenly spread and always the same, which bounds time and memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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

# Most row groups to read. One has some ten thousand rows, so that files above some 300,000 rows are sampled.
MAX_ROW_GROUPS = 32
# Halogen atoms of one element in a molecule: the last class is "that many or more".
MAX_ATOMS = 4

LIMITS = {name: descriptor.limit for name, descriptor in DESCRIPTORS.items() if descriptor.limit}
# Rule for oral drugs -> the descriptors that it limits, and how many of its limits a drug may break.
RULES = {"lipinski": (tuple(limits("Lipinski")), 1), "veber": (tuple(limits("Veber")), 0)}

# Descriptor or score -> (start of the first bin, width, number of bins). The first and the last also count what is
# outside.
BINS: dict[str, tuple[float, float, int]] = {
    "mw": (0, 20, 100),
    "tpsa": (0, 10, 60),
    "hbd": (0, 1, 40),
    "hba": (0, 1, 60),
    "clogp": (-15, 0.5, 80),
    "rotb": (0, 1, 60),
    "qed": (0, 0.05, 20),
    "fsp3": (0, 0.05, 20),
    "sa_score": (1, 0.25, 36),
    "np_score": (-5, 0.25, 40),
    "stereocentres": (0, 1, 40),
}
_BATCH_ROWS = 8_192


def profile(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str], *, sites: str | None = None
) -> dict[str, Any]:
    """Return the distributions of a Parquet file of molecules or products.

    Args:
        connection: an in-memory database.
        path: the file.
        columns: columns of ``BINS`` to describe; those that the file lacks are left out.
        sites: a column of site counts; only rows with sites are taken.

    Returns:
        ``of``: rows of the file; ``read``: rows read; ``rows``: those of them with sites; ``bins``: {column: [first
        bin, counts]}; ``mean`` and ``within`` (share of rows within the limit) by column; ``lipinski`` and ``veber``:
        share of rows that fulfil this rule, if all its descriptors are there; ``halogens``: {element: rows with 0, 1,
        2 … atoms}; ``lineage``: {halogens added by halogenation: rows} of a library.
    """
    with open_parquet(path) as file:
        present = set(file.schema_arrow.names)
        names = [name for name in columns if name in present and name in BINS]
        wanted = ["smiles", *names, *(["halogens"] if "halogens" in present else []), *([sites] if sites else [])]
        tally = _Tally(names, counts_lineage="halogens" in present)
        read = 0
        # One query per row group, as DuckDB's histograms hold every value until their query ends.
        for group in sampled(file.num_row_groups, MAX_ROW_GROUPS, 0, file.num_row_groups):
            read += file.metadata.row_group(group).num_rows
            connection.register("part", _reader(file, group, wanted))
            try:
                tally.add(connection, sites)
            finally:
                connection.unregister("part")
        return {"read": read, "of": file.metadata.num_rows, **tally.found()}


def _reader(file: pq.ParquetFile, group: int, columns: Sequence[str]) -> pa.RecordBatchReader:
    schema = pa.schema([file.schema_arrow.field(name) for name in columns])
    batches = file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False)
    return pa.RecordBatchReader.from_batches(schema, (batch.select(columns) for batch in batches))


class _Tally:
    """Counts over molecules, added up part by part.

    Attributes:
        histograms: {name: SQL expression whose values are counted}.
        sums: {name: SQL aggregate}.
        counters, totals: the counts and sums so far, by name.
    """

    def __init__(self, names: Sequence[str], *, counts_lineage: bool) -> None:
        self.names = names
        self.rules = {rule: told for rule, told in RULES.items() if set(told[0]) <= set(names)}
        self.histograms = {f"bins {name}": _bin(name) for name in names}
        self.histograms |= {f"atoms {element}": _atoms(element) for element in HALOGENS}
        self.histograms |= {"lineage": "halogens"} if counts_lineage else {}
        self.sums = {"rows": "count(*)"}
        for rule, (limited, allowed) in self.rules.items():
            broken = " + ".join(f"({identifier(name)} > {LIMITS[name].value})::INT" for name in limited)
            self.sums[rule] = f"count_if({broken} <= {allowed})"
        for name in names:
            column, limit = identifier(name), LIMITS.get(name)
            self.sums |= {f"sum {name}": f"sum({column})", f"known {name}": f"count({column})"}
            self.sums |= {f"within {name}": f"count_if({column} <= {limit.value})"} if limit else {}
        self.counters: dict[str, Counter[Any]] = defaultdict(Counter)
        self.totals: Counter[str] = Counter()

    def add(self, connection: duckdb.DuckDBPyConnection, sites: str | None) -> None:
        """Add the rows of the table ``part``; only those with sites if a column of site counts is given."""
        chosen = [*self.sums.values(), *(f"histogram({value})" for value in self.histograms.values())]
        condition = f"WHERE {identifier(sites)} > 0" if sites else ""
        values = connection.execute(f"SELECT {', '.join(chosen)} FROM part {condition}").fetchall()[0]
        self.totals.update(dict(zip(self.sums, (value or 0 for value in values), strict=False)))
        for name, counts in zip(self.histograms, values[len(self.sums) :], strict=True):
            self.counters[name].update({key: count for key, count in (counts or {}).items() if key is not None})

    def found(self) -> dict[str, Any]:
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
            **({rule: round(totals[rule] / rows, 4) for rule in self.rules} if rows else {}),
            "halogens": {
                element: [counters[f"atoms {element}"][number] for number in range(MAX_ATOMS + 1)]
                for element in HALOGENS
            },
            "lineage": {halogens: count for halogens, count in counters["lineage"].most_common(20) if halogens},
        }


def _bin(name: str) -> str:
    first, width, count = BINS[name]
    return f"least(greatest(floor(({identifier(name)} - {first}) / {width}), 0), {count - 1})::SMALLINT"


def _atoms(element: str) -> str:
    """Return the SQL that counts an element's atoms in a SMILES: its letters, less those in symbols of other elements.

    "In" alone may be iodine on an aromatic nitrogen; indium is always in brackets.
    """
    others = {"F": ("[Fe", "[Fr", "[Fm", "[Fl"), "I": ("[In", "[Ir")}.get(element, ())
    occurrences = [_occurrences(element), *(f"- {_occurrences(other)}" for other in others)]
    return f"least({' '.join(occurrences)}, {MAX_ATOMS})::SMALLINT"


def _occurrences(text: str) -> str:
    return f"(length(smiles) - length(replace(smiles, {literal(text)}, ''))) // {len(text)}"


def _dense(counts: Counter[int]) -> list[Any]:
    """Return [first bin with a count, the counts from there to the last bin with a count]."""
    return [min(counts), [counts[number] for number in range(min(counts), max(counts) + 1)]]
