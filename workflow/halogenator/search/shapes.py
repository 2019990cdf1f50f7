"""Molecules of a library by their shape, in one pass over its file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.reversal import shape_of
from halogenator.search.parts import Mask, batches
from halogenator.tables.columns import STEPS

# Letters of elements, which every SMILES of a shape has equally often, in capitals or not; not h, which brackets add.
_LETTERS = "CONSLFIPBR"
_CONFIGURED = r"[@/\\]|\[\d"


@dataclass(frozen=True)
class Molecule:
    """A molecule of a library, as its row has it.

    Attributes:
        library: the library.
        id, smiles, enhanced_stereo, parent, n_routes, row, name, steps: columns of the library.
    """

    library: str
    id: str
    smiles: str
    enhanced_stereo: str | None
    parent: str | None
    n_routes: int
    row: int | None
    name: str | None
    steps: str | None

    @property
    def key(self) -> tuple[str, str | None]:
        """What tells it from other molecules."""
        return self.smiles, self.enhanced_stereo


COLUMNS = ("id", "smiles", "enhanced_stereo", "parent", "n_routes", "row", "name", STEPS.name)


def molecules_at(library: str, batch: pa.RecordBatch, places: npt.NDArray[np.int64]) -> list[Molecule]:
    """Return the molecules at some places of a batch of a library."""
    rows = batch.take(pa.array(places)).to_pylist()
    return [Molecule(library, **{name: row.get(name) for name in COLUMNS}) for row in rows]


def of_ids(path: Path, library: str, ids: Collection[str]) -> dict[str, Molecule]:
    """Return the molecules of a library by their ids."""
    wanted = pa.array(sorted(ids), pa.string())
    found: dict[str, Molecule] = {}
    for _, batch in batches(path, COLUMNS):
        places = np.flatnonzero(pc.is_in(batch["id"], value_set=wanted).to_numpy(zero_copy_only=False))
        found |= {molecule.id: molecule for molecule in molecules_at(library, batch, places)}
    return found


def of_shapes(path: Path, library: str, shapes: Collection[str]) -> Iterator[tuple[str, Molecule]]:
    """Yield (shape, molecule) of all molecules of a library that have one of some shapes.

    Args:
        path: the library's molecules.
        library: its name.
        shapes: shapes, as ``chemistry.reversal`` has them.
    """
    wanted = pa.array(sorted(shapes), pa.string())
    letters = np.unique(_letters(wanted))
    for _, batch in batches(path, COLUMNS):
        texts = batch["smiles"]
        found: Mask = pc.is_in(texts, value_set=wanted).to_numpy(zero_copy_only=False)
        configured = pc.match_substring_regex(texts, _CONFIGURED).fill_null(False).to_numpy(zero_copy_only=False)
        found &= ~configured
        rows = np.flatnonzero(configured)
        if len(rows):
            near = rows[np.isin(_letters(texts.take(pa.array(rows))), letters)]
            same = [shape_of(texts[int(row)].as_py()) in shapes for row in near]
            found[near[np.array(same, np.bool_)]] = True
        for molecule in molecules_at(library, batch, np.flatnonzero(found)):
            yield shape_of(molecule.smiles), molecule


def _letters(texts: pa.Array) -> npt.NDArray[np.uint64]:
    """Return of each text a number that is the same if it has each of ``_LETTERS`` equally often."""
    found = np.zeros(len(texts), np.uint64)
    for letter in _LETTERS:
        counts = pc.count_substring(texts, letter, ignore_case=True).fill_null(0).to_numpy(zero_copy_only=False)
        found = found * np.uint64(1_000_003) + counts.astype(np.uint64)
    return found
