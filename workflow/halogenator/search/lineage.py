"""What is known of the molecules of a library, from which their products are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.grafts import UNKNOWN, Fate
from halogenator.chemistry.likeness import Known, Likeness, Reach
from halogenator.chemistry.substructure import Substructure
from halogenator.search.descent import PLAIN, Descent, Step, usual
from halogenator.search.matching import matching
from halogenator.search.parts import Columns, Ids, LibraryIds, Mask, Rows, coded
from halogenator.tables.columns import STEPS
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

_MANY_CODES = 100_000  # for which a table takes longer than sorting
_COLUMNS = ("smiles", "parent", "halogens", "rules", STEPS.name)


class Lineage:
    """The molecules of a library, each looked at once, when it is asked for.

    Args:
        path: the library's molecules.
        queries: the substructures that are searched for.
        descent: the steps between molecules.
        likeness: the likeness that is searched for, or None.
        parents: ids of natural products, of which alone something is asked; None: of all.
        root: the lineage of a library of natural products by its name.

    Attributes:
        rows: the number of molecules.
        ids: their ids.
        has: (molecule, query): whether it has the skeleton of the query. Here and below, of molecules looked at.
        usual: how usual it is (``descent.usual``), so that something can be told of its products.
        wanted: whether it is of a natural product of which something is asked.
        known: what is known of its fingerprint.
    """

    def __init__(
        self,
        path: Path,
        queries: Sequence[Substructure],
        descent: Descent,
        likeness: Likeness | None,
        parents: pa.Array | None,
        root: Callable[[str], Lineage | None],
    ) -> None:
        self._queries, self._descent = queries, descent
        self._likeness, self._parents, self._root = likeness, parents, root
        self.metadata: dict[str, Any] = read_metadata(path)
        self.rows: int = footer(path).rows
        self.ids = LibraryIds(path)
        # Zeros take no memory until something is written there.
        self.has = np.zeros((self.rows, len(queries)), np.bool_)
        self.usual = np.zeros(self.rows, np.int8)
        self.wanted = np.zeros(self.rows, np.bool_)
        self.known = Known.zeros(self.rows if likeness else 0)
        self._seen = np.zeros(self.rows, np.bool_)
        self._worst: list[Reach] = []
        self._columns = Columns(path, _COLUMNS, _COLUMNS[1:])
        self._steps: dict[str, Step | None] = {}

    def expect(self, step: Step | None) -> None:
        """Note that products of a step will be told from these molecules."""
        if step is not None:
            self._worst += step.reaches

    def look(self, rows: Rows) -> None:
        """Look at molecules that were not looked at yet; row -1 stands for none."""
        asked = rows[rows >= 0]
        new = _distinct(asked[~self._seen[asked]])
        while len(new):
            start, batch = self._columns.at(int(new[0]))
            count = int(np.searchsorted(new, start + batch.num_rows))
            own, new = new[:count], new[count:]
            self._look_at(own, batch if count == batch.num_rows else batch.take(pa.array(own - start)))

    def _look_at(self, rows: Rows, batch: pa.RecordBatch) -> None:
        self.wanted[rows] = wanted = self._is_wanted(batch)
        self.usual[rows] = usual(batch["smiles"])
        if self._queries:
            self.has[rows] = self._substructures(batch, wanted)
        if self._likeness:
            self._compare(batch, rows, wanted)
        self._seen[rows] = True

    def _is_wanted(self, batch: pa.RecordBatch) -> Mask:
        if self._parents is None:
            return np.ones(batch.num_rows, np.bool_)
        values, codes = coded(batch["parent"])
        found: Mask = pc.is_in(values, value_set=self._parents).to_numpy(zero_copy_only=False)[codes]
        return found

    @cached_property
    def _origin(self) -> tuple[Lineage, Ids] | None:
        """The natural products that the library is built from; None if it is not built, or they are not there."""
        name = self.metadata.get(ROOT_KEY)
        found = self._root(str(name)) if name else None
        return (found, Ids(found.ids)) if found else None

    def _ancestors(self, batch: pa.RecordBatch) -> tuple[Rows, list[Step | None], Rows]:
        """Return of each molecule the row of its natural product, -1: nothing is told; ways to it; which is its way."""
        if self._origin is None:
            return np.full(batch.num_rows, -1, np.int64), [None], np.zeros(batch.num_rows, np.int64)
        origin, ids = self._origin
        values, codes = coded(batch["parent"])
        present, codes = _numbered(codes, len(values))
        roots = ids.rows(values.take(pa.array(present)))
        origin.look(roots)
        texts, kind = _words(batch)
        steps = [self._step(text) for text in texts]
        least = np.array([step.least if step else PLAIN for step in steps])[kind]
        rows = roots[codes]
        return np.where((rows >= 0) & (origin.usual[rows] >= least), rows, -1), steps, kind

    def _step(self, text: str) -> Step | None:
        """Return the way to molecules with these words; see ``_words``."""
        if text not in self._steps:
            self._steps[text] = self._descent.of_molecules(self.metadata, *text.split("|"))
        return self._steps[text]

    def _substructures(self, batch: pa.RecordBatch, wanted: Mask) -> Mask:
        """Return (molecule, query): whether it has the skeleton."""
        rows, steps, kind = self._ancestors(batch)
        has = np.zeros((batch.num_rows, len(self._queries)), np.bool_)
        for number, query in enumerate(self._queries):
            fates = [each.fates[number] if each else UNKNOWN for each in steps]
            above = self._origin[0].has[rows, number] if self._origin else np.zeros(batch.num_rows, np.bool_)
            yes, open_ = settled(fates, kind, rows >= 0, above)
            has[:, number] = yes
            has[:, number] |= matching(batch["smiles"], query, open_ & wanted, stored=True, skeleton=True)
        return has

    def _compare(self, batch: pa.RecordBatch, at: Rows, wanted: Mask) -> None:
        """Note what is known of fingerprints: computed where the molecule or one of its products may be like it."""
        assert self._likeness is not None
        rows, steps, kind = self._ancestors(batch)
        found = Known.nothing(batch.num_rows)
        if self._origin:
            for number, each in enumerate(steps):
                of_kind = np.flatnonzero((kind == number) & (rows >= 0))
                if each is not None and len(of_kind):
                    found.put(of_kind, self._origin[0].known.take(rows[of_kind]).after(*each.reaches))
        near = self._likeness.may_count(found)
        for reach in dict.fromkeys(self._worst):
            near |= self._likeness.may_count(found.after(reach))
        chosen = np.flatnonzero(wanted & near)
        texts = batch["smiles"].take(pa.array(chosen)).to_pylist()
        found.put(chosen, self._likeness.of(texts, stored=True))
        self.known.put(at, found)


def _distinct(rows: Rows) -> Rows:
    """Return distinct rows in order; most come in order already."""
    steps = np.diff(rows)
    return rows[np.flatnonzero(np.append(True, steps > 0)[: len(rows)])] if (steps >= 0).all() else np.unique(rows)


def _numbered(codes: Rows, count: int) -> tuple[Rows, Rows]:
    """Return which of so many codes occur, and for each code its place among these."""
    if count > _MANY_CODES:
        return np.unique(codes, return_inverse=True)
    place = np.zeros(count, np.int64)
    place[codes] = 1
    present = np.flatnonzero(place)
    place[present] = np.arange(len(present))
    return present, place[codes]


def _words(batch: pa.RecordBatch) -> tuple[list[str], Rows]:
    """Return the words that tell of steps, "names|halogens|rules" each, and for each molecule the number of its own."""
    names = [STEPS.name, "halogens", "rules"]
    combined = np.zeros(batch.num_rows, np.int64)
    texts: list[list[str]] = []
    for name in names:
        column = batch[name] if name in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
        values, codes = coded(column)
        present, codes = _numbered(codes, len(values))
        own = values.take(pa.array(present)).fill_null("")
        if name == STEPS.name:  # without sites
            again = pc.replace_substring_regex(own, "@[0-9]+", "").dictionary_encode()
            own, codes = again.dictionary, again.indices.to_numpy()[codes]
        texts.append(own.to_pylist())
        combined = combined * max(len(own), 1) + codes
    sizes = [max(len(each), 1) for each in texts]
    present, kind = _numbered(combined, math.prod(sizes))
    numbers = zip(*np.unravel_index(present, sizes), strict=True)
    return ["|".join(each[at] for each, at in zip(texts, number, strict=True)) for number in numbers], kind


def settled(fates: Sequence[Fate], kind: Rows, is_known: Mask, above: Mask) -> tuple[Mask, Mask]:
    """Return which molecules certainly match a query, and which have to be looked at; the others do not match.

    Args:
        fates: fates of the query.
        kind: which of these is that of each molecule.
        is_known: whether the parent of each is known, and usual.
        above: whether this parent matches.
    """
    makes, breaks, always = (
        np.array([getattr(fate, name) for fate in fates], np.bool_)[kind] for name in ("makes", "breaks", "always")
    )
    yes = is_known & (always | (above & ~breaks))
    no = is_known & ~always & ~above & ~makes
    return yes, ~(yes | no)
