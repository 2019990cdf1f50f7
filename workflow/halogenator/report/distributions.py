"""Distributions of the molecules of a file: histograms of descriptors, shares within drug-likeness limits, halogens.

Of a large file only some row groups are read, evenly spread and always the same, which bounds time and memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.descriptors import DESCRIPTORS, limits
from halogenator.model import HALOGENS
from halogenator.planning.sample import sampled
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
# Symbols of other elements that have the letter of a halogen. "In" alone may be iodine on an aromatic nitrogen; indium
# is always in brackets.
_LOOKALIKES = {"F": ("[Fe", "[Fr", "[Fm", "[Fl"), "I": ("[In", "[Ir")}

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def profile(path: Path, columns: Sequence[str], *, sites: str | None = None) -> dict[str, Any]:
    """Return the distributions of a Parquet file of molecules or products.

    Args:
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
        tally = _Tally(names)
        groups = list(sampled(file.num_row_groups, MAX_ROW_GROUPS, 0, file.num_row_groups))
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=wanted, use_threads=False):
            tally.add(batch, sites)
        read = sum(file.metadata.row_group(group).num_rows for group in groups)
        return {"read": read, "of": file.metadata.num_rows, **tally.found()}


class _Tally:
    """Counts over molecules, added up batch by batch.

    Attributes:
        names: columns of ``BINS``.
        rules: the rules for oral drugs whose descriptors are all there.
        rows: the number of molecules so far.
        bins: {column: molecules in each of its bins}.
        sums, known, within: by column, the sum of its values, how many there are, and how many within its limit.
        fulfil: {rule: molecules that fulfil it}.
        atoms: {element: molecules with 0, 1, 2 … atoms of it}.
        lineage: {halogens added by halogenation: molecules}.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.rules = {rule: told for rule, told in RULES.items() if set(told[0]) <= set(names)}
        self.rows = 0
        self.bins = {name: np.zeros(BINS[name][2], np.int64) for name in names}
        self.sums: dict[str, float] = defaultdict(float)
        self.known: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self.fulfil: Counter[str] = Counter()
        self.atoms = {element: np.zeros(MAX_ATOMS + 1, np.int64) for element in HALOGENS}
        self.lineage: Counter[str] = Counter()

    def add(self, batch: pa.RecordBatch, sites: str | None) -> None:
        """Add molecules; only those with sites if a column of site counts is given."""
        if sites:
            batch = batch.filter(pc.greater(batch[sites], 0))
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        values = {name: _floats(batch[name]) for name in self.names}
        for name, numbers in values.items():
            self._describe(name, numbers[~np.isnan(numbers)])
        for rule, (limited, allowed) in self.rules.items():
            broken = sum((values[name] > LIMITS[name].value).astype(np.int64) for name in limited)
            is_known = ~np.any([np.isnan(values[name]) for name in limited], axis=0)
            self.fulfil[rule] += int(np.count_nonzero(is_known & (broken <= allowed)))
        for element, counts in self.atoms.items():
            counts += np.bincount(np.minimum(_atoms(batch["smiles"], element), MAX_ATOMS), minlength=MAX_ATOMS + 1)
        if "halogens" in batch.schema.names:
            for entry in batch["halogens"].value_counts().to_pylist():
                self.lineage[entry["values"]] += entry["counts"]

    def _describe(self, name: str, numbers: Values) -> None:
        first, width, count = BINS[name]
        places = np.clip(np.floor((numbers - first) / width), 0, count - 1).astype(np.int64)
        self.bins[name] += np.bincount(places, minlength=count)
        self.sums[name] += float(numbers.sum())
        self.known[name] += len(numbers)
        if limit := LIMITS.get(name):
            self.within[name] += int(np.count_nonzero(numbers <= limit.value))

    def found(self) -> dict[str, Any]:
        described = [name for name in self.names if self.known[name]]
        return {
            "rows": self.rows,
            "bins": {name: _dense(self.bins[name]) for name in described},
            "mean": {name: round(self.sums[name] / self.known[name], 3) for name in described},
            "within": {name: round(self.within[name] / self.known[name], 4) for name in described if name in LIMITS},
            **({rule: round(self.fulfil[rule] / self.rows, 4) for rule in self.rules} if self.rows else {}),
            "halogens": {element: counts.tolist() for element, counts in self.atoms.items()},
            "lineage": {halogens: count for halogens, count in self.lineage.most_common(20) if halogens},
        }


def _floats(column: pa.Array) -> Values:
    """Return the values of a column, NaN for null."""
    found: Values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _atoms(smiles: pa.Array, element: str) -> npt.NDArray[np.int64]:
    """Return the number of an element's atoms in each SMILES: its letters, less those in symbols of other elements."""
    texts = smiles.drop_null()
    found = _occurrences(texts, element)
    letters = texts.buffers()[2]
    there = letters.to_pybytes() if letters else b""
    for other in _LOOKALIKES.get(element, ()):
        if other.encode() in there:
            found = found - _occurrences(texts, other)
    return found


def _occurrences(texts: pa.Array, text: str) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = pc.count_substring(texts, text).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _dense(counts: npt.NDArray[np.int64]) -> list[Any]:
    """Return [first bin with a count, the counts from there to the last bin with a count]."""
    used = np.flatnonzero(counts)
    return [int(used[0]), counts[used[0] : used[-1] + 1].tolist()]
