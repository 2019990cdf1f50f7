"""What is known of the molecules of a library, from which their products are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.grafts import UNKNOWN, USUAL, Fate
from halogenator.chemistry.likeness import Known, Likeness, Reach
from halogenator.chemistry.substructure import Substructure
from halogenator.search.descent import Descent, Step
from halogenator.search.matching import matching
from halogenator.search.parts import Ids, Mask, Rows, batches
from halogenator.tables.columns import STEPS
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

_MANY = 1_000_000  # molecules whose ids are not kept, some 30 bytes each
_COLUMNS = ("smiles", "parent", "halogens", "rules", STEPS.name)


class Lineage:
    """The molecules of a library in their order, looked at once, as far as they are asked for.

    Args:
        path: the library's molecules.
        queries: the substructures that are searched for.
        descent: the steps between molecules.
        likeness: the likeness that is searched for, or None.
        parents: ids of natural products, of which alone something is asked; None: of all.
        root: the lineage of a library of natural products by its name.

    Attributes:
        rows: the number of molecules.
        has: (molecule, query): whether it has the skeleton of the query.
        usual: whether something can be told of its products.
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
        self._path, self._queries, self._descent = path, queries, descent
        self._likeness, self._parents, self._root = likeness, parents, root
        self.metadata: dict[str, Any] = read_metadata(path)
        self.rows: int = footer(path).rows
        self.has = np.zeros((self.rows, len(queries)), np.bool_)
        self.usual = np.zeros(self.rows, np.bool_)
        self.wanted = np.zeros(self.rows, np.bool_)
        self.known = Known.nothing(self.rows if likeness else 0)
        self._worst: list[Reach] = []
        self._done = 0
        self._ids: list[tuple[int, pa.Array]] | None = None
        self._batches: Iterator[tuple[int, pa.RecordBatch]] = batches(path, _COLUMNS)

    def expect(self, step: Step | None) -> None:
        """Note that products of a step will be told from these molecules."""
        if step is not None:
            self._worst += step.reaches

    def ids(self) -> Iterable[tuple[int, pa.Array]]:
        """Return the ids of all molecules in order, in parts, each with the row of its first; those of few are kept."""
        if self._ids is not None:
            return self._ids
        parts = ((first, batch["id"]) for first, batch in batches(self._path, ["id"]))
        if self.rows > _MANY:
            return parts
        self._ids = list(parts)
        return self._ids

    def look(self, stop: int) -> None:
        """Look at all molecules before a row."""
        while self._done < stop:
            start, batch = next(self._batches)
            self._done = start + batch.num_rows
            rows = slice(start, self._done)
            texts = batch["smiles"]
            self.wanted[rows] = wanted = self._is_wanted(batch)
            self.usual[rows] = pc.match_substring_regex(texts, USUAL).fill_null(False).to_numpy(zero_copy_only=False)
            if self._queries:
                self.has[rows] = self._substructures(batch, wanted)
            if self._likeness:
                self._compare(batch, start, wanted)

    def _is_wanted(self, batch: pa.RecordBatch) -> Mask:
        if self._parents is None:
            return np.ones(batch.num_rows, np.bool_)
        found: Mask = pc.is_in(batch["parent"], value_set=self._parents).to_numpy(zero_copy_only=False)
        return found

    @cached_property
    def _origin(self) -> tuple[Lineage, Ids] | None:
        """The natural products that the library is built from; None if it is not built, or they are not there."""
        name = self.metadata.get(ROOT_KEY)
        found = self._root(str(name)) if name else None
        return (found, Ids(found.ids)) if found else None

    def _ancestors(self, batch: pa.RecordBatch) -> tuple[Rows, list[Step | None], Rows]:
        """Return of each molecule the row of its natural product, -1: not known; ways to it; and which is its way."""
        if self._origin is None:
            return np.full(batch.num_rows, -1, np.int64), [None], np.zeros(batch.num_rows, np.int64)
        origin, ids = self._origin
        rows = ids.rows(batch["parent"])
        origin.look(int(rows.max(initial=-1)) + 1)
        told = batch[STEPS.name] if STEPS.name in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
        names = pc.replace_substring_regex(told.fill_null(""), "@[0-9]+", "")
        words = (names, *(batch[name].fill_null("") for name in ("halogens", "rules")), "|")
        kinds = pc.binary_join_element_wise(*words).dictionary_encode()
        steps = [self._descent.of_molecules(self.metadata, *text.split("|")) for text in kinds.dictionary.to_pylist()]
        rows[rows >= 0] = np.where(origin.usual[rows[rows >= 0]], rows[rows >= 0], -1)
        return rows, steps, kinds.indices.to_numpy()

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

    def _compare(self, batch: pa.RecordBatch, start: int, wanted: Mask) -> None:
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
        self.known.put(np.arange(start, start + batch.num_rows), found)


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
