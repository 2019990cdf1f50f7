"""The rows of a page with all that is shown of them: their columns, their parent, and the natural product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.browse.answers import Identity, PartAnswer, identity
from halogenator.browse.paging import Place
from halogenator.browse.view import Cursor
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.export.selection import POSITION, Selection, at_positions, find_selection
from halogenator.model import Export
from halogenator.results import Results
from halogenator.search.parts import Part, Rows, batches
from halogenator.tables.duck import memory_settings, plain
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata

_READ_ROWS = 4_096
_FAR = 50_000  # rows between two wanted ones that are skipped instead of read
_LOOKUP_MB = 400  # memory of a look for molecules by their ids
_LOOKUP_COLUMNS = ("id", "smiles", "parent", "k", "halogens", "rules", "name", "steps", *DESCRIPTORS)


@dataclass(frozen=True)
class Shown:
    """A row.

    Attributes:
        at: where it stands.
        values: its columns, with its name in exports as ``name``.
        parent: columns of the library molecule that a product is made from; of a molecule, its own; {} if not known.
        origin: columns of the natural product that both come from; {} if not known.
        similarity: likeness to the molecule that is asked for, or None.
    """

    at: Cursor
    values: dict[str, Any]
    parent: dict[str, Any]
    origin: dict[str, Any]
    similarity: float | None = None

    @property
    def origin_name(self) -> str:
        """The name of the natural product, or its id."""
        return str(self.origin.get("name") or self.parent.get("parent") or "")


class Reader:
    """The reader of rows of a results folder.

    Args:
        results: the results folder.
    """

    def __init__(self, results: Path) -> None:
        self._results = Results(results)
        self._selection = lru_cache(256)(self._find_selection)
        self._molecule = lru_cache(4096)(self._find_molecule)

    def read(self, places: Sequence[Place], parts: Sequence[PartAnswer]) -> list[Shown]:
        """Return rows in the order of their places."""
        found: dict[tuple[int, int], Shown] = {}
        for number in dict.fromkeys(place.part for place in places):
            own = [place for place in places if place.part == number]
            part = parts[number].part
            selection = self._selection(part.library or "", part.transform, parts[number].identity)
            alike = {place.row: place.similarity for place in own}
            for row, values in _values(selection, np.sort(np.array(list(alike), np.int64))):
                at = Cursor(part.library or "", part.transform or "", row)
                found[number, row] = self._with_origin(at, values, alike[row])
        return [found[place.part, place.row] for place in places]

    def read_one(self, at: Cursor) -> Shown | None:
        """Return the row at a place; None if there is none."""
        part = self.part_of(at)
        if part is None or at.row >= int(pq.read_metadata(part.path).num_rows):
            return None
        return self.read([Place(0, at.row)], [PartAnswer(part, identity(part.path), 0)])[0]

    def part_of(self, at: Cursor) -> Part | None:
        """Return the file that a place is in; None if it is not there."""
        jobs, libraries = self._results.jobs(), self._results.libraries()
        path = jobs.get((at.library, at.transform)) if at.transform else libraries.get(at.library)
        return Part(path, at.library, at.transform or None) if path else None

    def molecule(self, library: str, name: str) -> dict[str, Any]:
        """Return columns of the molecule of a library with an id; {} if it is not there."""
        path = self._results.molecules(library)
        return self._molecule(library, name, identity(path)) if path.is_file() else {}

    def root(self, library: str) -> str:
        """Return the library of natural products, or input molecules, that a library comes from."""
        path = self._results.molecules(library)
        return str(read_metadata(path).get(ROOT_KEY) or library) if path.is_file() else library

    def smirks(self, at: Cursor) -> str:
        """Return the SMIRKS that made the products of a place; "" if it is not recorded."""
        part = self.part_of(at)
        return str(read_metadata(part.path).get("smirks") or "") if part and at.transform else ""

    def _with_origin(self, at: Cursor, values: dict[str, Any], similarity: float | None) -> Shown:
        name = values.get("parent_id") if at.transform else values.get("id", values["name"])
        parent = self.molecule(at.library, str(name)) if name else {}
        origin = self.molecule(self.root(at.library), parent["parent"]) if parent.get("parent") else {}
        return Shown(at, values, parent, origin, similarity)

    def _find_selection(self, library: str, transform: str | None, _: Identity) -> Selection:
        names = (transform,) if transform else ()
        return find_selection(self._results.folder, Export((library,), names, molecules=transform is None))

    def _find_molecule(self, library: str, name: str, _: Identity) -> dict[str, Any]:
        path = self._results.molecules(library)
        known = set(pq.read_schema(path).names)
        columns = [column for column in _LOOKUP_COLUMNS if column in known]
        # Ids that this program gives are numbered as the rows are; a look through the file finds the others.
        number = name.rpartition("-")[2]
        if number.isascii() and number.isdecimal() and 0 < int(number) <= int(pq.read_metadata(path).num_rows):
            row = int(number) - 1
            start, batch = next((s, b) for s, b in batches(path, ["id"], row) if s + b.num_rows > row)
            if batch["id"][row - start].as_py() == name:
                whole = next(b for s, b in batches(path, columns, row) if s == start)
                return dict(whole.slice(row - start, 1).to_pylist()[0])
        return next(iter(_by_ids(path, columns, [name])), {})


def _by_ids(path: Path, columns: Iterable[str], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a library with some ids."""
    names = ", ".join(columns)
    with duckdb.connect(config=memory_settings(_LOOKUP_MB)) as connection:
        rows = connection.execute(
            f"SELECT {names} FROM read_parquet(?, hive_partitioning = false) WHERE id IN (SELECT unnest(?::VARCHAR[]))",
            [plain(path), list(ids)],
        ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _values(selection: Selection, rows: Rows) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row, its columns) of the rows of a selection of one file, given in order."""
    for near in np.split(rows, np.flatnonzero(np.diff(rows) > _FAR) + 1):
        for batch in at_positions(selection, near, _READ_ROWS):
            for values in pa.Table.from_batches([batch]).to_pylist():
                yield values.pop(POSITION), values
