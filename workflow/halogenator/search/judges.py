"""What decides on the rows of one file: by what is known of the molecules that they came from, else by a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.grafts import UNKNOWN
from halogenator.chemistry.likeness import Known, Likeness
from halogenator.chemistry.substructure import Substructure
from halogenator.search.descent import PLAIN, Step
from halogenator.search.fingerprints import Kept, KeptOfLibrary
from halogenator.search.lineage import Lineage, settled
from halogenator.search.matching import matching
from halogenator.search.parts import Columns, Mask, ParentRows


@dataclass(frozen=True)
class Asked:
    """What is asked of rows.

    Attributes:
        queries: the substructures.
        likeness: the likeness, or None.
        of_parents: whether rows of some natural products alone are wanted.
    """

    queries: Sequence[Substructure]
    likeness: Likeness | None
    of_parents: bool


class File:
    """What is read of the rows that are decided on.

    Args:
        path: their file.
        kept: their fingerprints, if they are kept and likeness is asked for.
        molecules: the forms of the molecule that is looked for; None: any.
        stored: whether this program wrote their SMILES.
    """

    def __init__(
        self,
        path: Path,
        kept: Kept | KeptOfLibrary | None,
        molecules: Sequence[tuple[str, str | None]] | None,
        *,
        stored: bool,
    ) -> None:
        self.path, self.kept, self.stored, self.molecules = path, kept, stored, molecules
        self._texts = Columns(path, ["smiles"])
        self._identity = Columns(path, ["smiles", "enhanced_stereo"])

    def smiles(self, start: int, stop: int) -> pa.Array:
        """Return the SMILES of rows of a span."""
        return self._texts.of(start, stop)["smiles"]

    def is_molecule(self, start: int, stop: int) -> Mask:
        """Return which rows of a span are the molecule that is looked for."""
        assert self.molecules is not None
        batch = self._identity.of(start, stop)
        found = np.zeros(batch.num_rows, np.bool_)
        extensions = batch["enhanced_stereo"] if "enhanced_stereo" in batch.schema.names else None
        for smiles, extension in self.molecules:
            same = pc.equal(batch["smiles"], smiles).fill_null(False)
            if extensions is not None:
                other = pc.is_null(extensions) if extension is None else pc.equal(extensions, extension)
                same = pc.and_(same, other.fill_null(False))
            found |= same.to_numpy(zero_copy_only=False)
        return found


class Judge:
    """Decides on rows by looking at each of them.

    Args:
        asked: what is asked of them.
        file: their file.
    """

    def __init__(self, asked: Asked, file: File) -> None:
        self._file = file
        self._queries, self._likeness = asked.queries, asked.likeness

    def keep(self, start: int, stop: int, mask: Mask) -> npt.NDArray[np.float64]:
        """Take out of a mask the rows that do not fulfil the conditions; return the likeness of those that do.

        Args:
            start: the first row, of a span.
            stop: the row after the last, of the same.
            mask: the rows that may fulfil them.
        """
        if self._file.molecules is not None:
            mask &= self._file.is_molecule(start, stop)
        return self._decide(start, stop, mask) if mask.any() else np.empty(0)

    def _decide(self, start: int, stop: int, mask: Mask) -> npt.NDArray[np.float64]:
        for query in self._queries:
            self._look(start, stop, query, mask, mask.copy())
        return self._compare(start, stop, mask, None)

    def _look(self, start: int, stop: int, query: Substructure, mask: Mask, open_: Mask) -> None:
        """Look whether the open rows of a mask have a substructure, and take those out that do not."""
        open_ &= mask
        if open_.any():
            found = matching(self._file.smiles(start, stop), query, open_, stored=self._file.stored)
            mask &= ~open_ | found

    def _compare(self, start: int, stop: int, mask: Mask, known: Known | None) -> npt.NDArray[np.float64]:
        """Take out of a mask the rows that are not alike; return the likeness of the others.

        Args:
            start: the first row.
            stop: the row after the last.
            mask: those that fulfil the other conditions.
            known: what is known of them without a look; None: nothing.
        """
        if self._likeness is None:
            return np.empty(0)
        if known is not None:
            mask &= self._likeness.may_count(known)
        rows = np.flatnonzero(mask)
        if self._file.kept is not None:
            counted = self._file.kept.between(start, stop)[rows]
            found = self._likeness.own(counted.common, counted.bits)
        else:
            looked_at = self._file.smiles(start, stop).take(pa.array(rows)) if len(rows) else pa.array([], pa.string())
            texts = looked_at.fill_null("").to_pylist()
            found = self._likeness.most(self._likeness.of(texts, stored=self._file.stored, with_reach=False))
        alike = found >= self._likeness.least
        mask[rows] = alike
        return found[alike]


class JudgeOfMolecules(Judge):
    """Decides on the molecules of a library; ``lineage`` is what is known of them."""

    def __init__(self, asked: Asked, file: File, lineage: Lineage) -> None:
        super().__init__(asked, file)
        self._lineage = lineage

    def _decide(self, start: int, stop: int, mask: Mask) -> npt.NDArray[np.float64]:
        self._lineage.look(start + np.flatnonzero(mask))
        mask &= self._lineage.wanted[start:stop]
        for number, query in enumerate(self._queries):
            mask &= self._lineage.has[start:stop, number]
            if query.states_stereo:
                self._look(start, stop, query, mask, mask.copy())
        known = None
        if self._likeness and not self._file.kept:
            known = self._lineage.known.take(np.where(mask, np.arange(start, stop), -1))
        return self._compare(start, stop, mask, known)


class JudgeOfProducts(Judge):
    """Decides on the products of a job: from its library where the step tells, else by a look.

    Args:
        asked: what is asked of them.
        file: their file.
        lineage: what is known of the library.
        step: the step that made them; None: it tells nothing.
        start: the first row that is decided on.
    """

    def __init__(self, asked: Asked, file: File, lineage: Lineage, step: Step | None, start: int) -> None:
        super().__init__(asked, file)
        self._lineage, self._step, self._of_parents = lineage, step, asked.of_parents
        self._parents = ParentRows(file.path, lineage.ids, start)
        self._least = step.least if step else PLAIN
        self._fates = step.fates if step else (UNKNOWN,) * len(asked.queries)

    def _decide(self, start: int, stop: int, mask: Mask) -> npt.NDArray[np.float64]:
        rows = np.where(mask, self._parents.of(start, stop), -1)
        self._lineage.look(rows)
        is_there = rows >= 0
        if self._of_parents:
            mask &= is_there & self._lineage.wanted[rows]
        is_usual = is_there & (self._lineage.usual[rows] >= self._least)
        kind = np.zeros(len(rows), np.int64)
        for number, query in enumerate(self._queries):
            yes, open_ = settled([self._fates[number]], kind, is_usual, self._lineage.has[rows, number])
            mask &= yes | open_
            self._look(start, stop, query, mask, mask.copy() if query.states_stereo else open_)
        known = None
        if self._step is not None and self._likeness and not self._file.kept:
            known = self._lineage.known.take(np.where(is_usual & mask, rows, -1)).after(*self._step.reaches)
        return self._compare(start, stop, mask, known)
