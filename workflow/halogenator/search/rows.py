"""The rows of results that fulfil conditions: exactly those that a look at every row would find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.grafts import UNKNOWN
from halogenator.chemistry.likeness import Known, Likeness
from halogenator.chemistry.substructure import Substructure
from halogenator.errors import UserError
from halogenator.model import Conditions
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.descent import Descent, Step
from halogenator.search.fingerprints import Fingerprints, Kept
from halogenator.search.lineage import Lineage, settled
from halogenator.search.matching import matching
from halogenator.search.named import find_parents
from halogenator.search.parts import Ids, Mask, Part, Rows, Texts, batches
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

if TYPE_CHECKING:
    from halogenator.search.where import Where

_NO_IDS = pa.array([], pa.string())


@dataclass(frozen=True)
class Found:
    """Rows of a file that fulfil the conditions.

    Attributes:
        start, stop: the rows of the file that were looked at.
        rows: those found.
        batch: their columns that were asked for.
        similarity: Tanimoto of each, if likeness is a condition; else nothing.
    """

    start: int
    stop: int
    rows: Rows
    batch: pa.RecordBatch
    similarity: npt.NDArray[np.float64]


class Search:
    """Conditions, ready to be asked of the files of a results folder. Whoever looks for rows takes this door.

    ``find`` streams the rows of one file, in order. Their count is the sum of ``len(found.rows)``; a page ends when it
    is full, and the row after its last one is the key of the next: nothing before it is kept.

    Args:
        results: the results folder.
        conditions: the conditions.
        memory_mb: memory that DuckDB may use for ``where``, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.

    Attributes:
        likeness: the likeness that is asked for, or None.
        without_fingerprints: the number of rows in files so far whose likeness had to be looked for in molecules.

    Raises:
        UserError: a condition cannot be read, or names nothing that is there.
    """

    def __init__(self, results: Path, conditions: Conditions, *, memory_mb: int, scratch: Path) -> None:
        self._results, self._conditions = Results(results), conditions
        self.without_fingerprints = 0
        self._where: Where | None = None
        if conditions.where is not None:
            from halogenator.search.where import Where  # and with it DuckDB

            self._where = Where(results, conditions.where, memory_mb=memory_mb, scratch=scratch)
        self._queries = tuple(map(Substructure, conditions.smarts))
        similar = conditions.similar
        self.likeness = None if similar is None else Likeness(similar, conditions.threshold)
        self._parents = None if conditions.parent is None else find_parents(self._results, conditions.parent)
        self._molecules: list[tuple[str, str | None]] | None = None
        if conditions.molecule is not None:
            from halogenator.chemistry.sought import forms  # and with it RDKit's standardisation

            self._molecules = forms(conditions.molecule, "molecule")
        self._descent = Descent(self._queries)
        identity = None if self._molecules is None else "enhanced_stereo"
        self._asked = _Asked(self._queries, self.likeness, self._parents is not None, identity)
        self._jobs = self._results.jobs()
        self._fingerprints = None if self.likeness is None else Fingerprints(self._results, self.likeness)
        self._lineage = cache(self._look_at)

    def find(self, part: Part, columns: Sequence[str] = ()) -> Iterator[Found]:
        """Yield the rows of a file that fulfil the conditions, in their order.

        Args:
            part: the file.
            columns: the columns of the found rows that are wanted; those that the file lacks are left out.

        Raises:
            UserError: DuckDB does not take the condition ``where``.
        """
        allowed = self._where.passing(part) if self._where else None
        judge = self._judge(part)
        texts = Texts(part.path)
        for start, batch in batches(part.path, list(dict.fromkeys((*columns, *judge.columns)))):
            mask = np.ones(batch.num_rows, np.bool_)
            if allowed is not None:
                mask &= allowed[start : start + batch.num_rows]
            if self._molecules is not None:
                mask &= self._is_molecule(batch)
            similarity = judge.keep(batch, texts, start, mask) if mask.any() else np.empty(0)
            rows = np.flatnonzero(mask)
            wanted = batch.select([name for name in columns if name in batch.schema.names])
            yield Found(start, start + batch.num_rows, start + rows, wanted.take(pa.array(rows)), similarity)

    def close(self) -> None:
        """Close what is open of the condition ``where``."""
        if self._where:
            self._where.close()

    def refusal(self, part: Part) -> UserError | None:
        """Return why the condition ``where`` does not fit a file; None if it does, or there is none."""
        return self._where.refusal(part) if self._where else None

    def masks(self, parts: Sequence[Part], progress: Progress) -> Mask:
        """Return of each row of several files, one after the other, whether it fulfils the conditions."""
        found = []
        for part in parts:
            mask = np.zeros(footer(part.path).rows, np.bool_)
            for each in self.find(part):
                mask[each.rows] = True
                progress.advance(each.stop - each.start)
            found.append(mask)
        return np.concatenate([*found, np.zeros(0, np.bool_)])

    def _is_molecule(self, batch: pa.RecordBatch) -> Mask:
        assert self._molecules is not None
        found = np.zeros(batch.num_rows, np.bool_)
        extensions = batch["enhanced_stereo"] if "enhanced_stereo" in batch.schema.names else None
        for smiles, extension in self._molecules:
            same = pc.equal(batch["smiles"], smiles).fill_null(False)
            if extensions is not None:
                other = pc.is_null(extensions) if extension is None else pc.equal(extensions, extension)
                same = pc.and_(same, other.fill_null(False))
            found |= same.to_numpy(zero_copy_only=False)
        return found

    def _judge(self, part: Part) -> _Judge:
        """Return what decides on the rows of a file by substructure, likeness and natural product."""
        metadata = read_metadata(part.path)
        stored = part.library is not None and "adopted" not in metadata
        kept = self._fingerprints.of(part.library, part.transform) if self._fingerprints and part.library else None
        to_compare = self.likeness is not None and kept is None
        if to_compare:
            self.without_fingerprints += footer(part.path).rows
        needs = bool(self._queries or to_compare or self._parents is not None)
        lineage = self._lineage(part.library, to_compare=to_compare) if part.library and needs else None
        if lineage is None:
            return _Judge(self._asked, kept, stored=stored)
        if part.transform is None:
            return _OfMolecules(self._asked, kept, lineage)
        step = self._descent.of_products(metadata) if self._queries or to_compare else None
        return _OfProducts(self._asked, kept, lineage, Ids(lineage.ids), step, stored=stored)

    def _look_at(self, library: str, *, to_compare: bool) -> Lineage | None:
        """Return what is known of the molecules of a library, and of their likeness; None if they are not there."""
        path = self._results.molecules(library)
        if not path.is_file():
            return None
        root = str(read_metadata(path).get(ROOT_KEY) or library)
        parents = None if self._parents is None else self._parents.get(root, _NO_IDS)
        likeness = self.likeness if to_compare else None
        above = partial(self._lineage, to_compare=to_compare)
        found = Lineage(path, self._queries, self._descent, likeness, parents, above)
        for job, products in self._jobs.items() if likeness else ():
            if job[0] == library:
                found.expect(self._descent.of_products(read_metadata(products)))
        return found


@dataclass(frozen=True)
class _Asked:
    """What is asked of rows.

    Attributes:
        queries: the substructures.
        likeness: the likeness, or None.
        of_parents: whether rows of some natural products alone are wanted.
        identity: a column that is read besides, or None.
    """

    queries: Sequence[Substructure]
    likeness: Likeness | None
    of_parents: bool
    identity: str | None


class _Judge:
    """Decides on rows by looking at each of them.

    Args:
        asked: what is asked of them.
        kept: their fingerprints, if they are kept and likeness is asked for.
        stored: whether this program wrote their SMILES.
    """

    def __init__(self, asked: _Asked, kept: Kept | None, *, stored: bool) -> None:
        self._asked, self._kept, self._stored = asked, kept, stored
        self._queries, self._likeness = asked.queries, asked.likeness

    @property
    def columns(self) -> list[str]:
        """The columns that are needed of each row; the SMILES of most are not."""
        return ["smiles", self._asked.identity] if self._asked.identity else []

    def keep(self, batch: pa.RecordBatch, texts: Texts, start: int, mask: Mask) -> npt.NDArray[np.float64]:
        """Take out of a mask the rows that do not fulfil the conditions; return the likeness of those that do.

        Args:
            batch: the columns of rows.
            texts: the SMILES of the file.
            start: the number of the first row.
            mask: the rows that may fulfil them.
        """
        for query in self._queries:
            self._look(texts, start, query, mask, mask.copy())
        return self._compare(batch.num_rows, texts, start, mask, None)

    def _look(self, texts: Texts, start: int, query: Substructure, mask: Mask, open_: Mask) -> None:
        """Look whether the open rows of a mask have a substructure, and take those out that do not."""
        open_ &= mask
        if open_.any():
            found = matching(texts.of(start), query, open_, stored=self._stored)
            mask &= ~open_ | found

    def _compare(
        self, count: int, texts: Texts, start: int, mask: Mask, known: Known | None
    ) -> npt.NDArray[np.float64]:
        """Take out of a mask the rows that are not alike; return the likeness of the others.

        Args:
            count: the number of rows.
            texts: the SMILES of the file.
            start: the number of the first row.
            mask: those that fulfil the other conditions.
            known: what is known of them without a look; None: nothing.
        """
        if self._likeness is None:
            return np.empty(0)
        if known is not None:
            mask &= self._likeness.may_count(known)
        rows = np.flatnonzero(mask)
        if self._kept is not None:
            counted = self._kept.between(start, start + count)[rows]
            found = self._likeness.own(counted.common, counted.bits)
        else:
            looked_at = texts.of(start).take(pa.array(rows)).fill_null("").to_pylist() if len(rows) else []
            found = self._likeness.most(self._likeness.of(looked_at, stored=self._stored, with_reach=False))
        alike = found >= self._likeness.least
        mask[rows] = alike
        return found[alike]


class _OfMolecules(_Judge):
    """Decides on the molecules of a library; ``lineage`` is what is known of them."""

    def __init__(self, asked: _Asked, kept: Kept | None, lineage: Lineage) -> None:
        super().__init__(asked, kept, stored=True)
        self._lineage = lineage

    def keep(self, batch: pa.RecordBatch, texts: Texts, start: int, mask: Mask) -> npt.NDArray[np.float64]:
        stop = start + batch.num_rows
        self._lineage.look(stop)
        mask &= self._lineage.wanted[start:stop]
        for number, query in enumerate(self._queries):
            mask &= self._lineage.has[start:stop, number]
            if query.states_stereo:
                self._look(texts, start, query, mask, mask.copy())
        known = self._lineage.known.take(np.arange(start, stop)) if self._likeness and not self._kept else None
        return self._compare(batch.num_rows, texts, start, mask, known)


class _OfProducts(_Judge):
    """Decides on the products of a job: from its library where the step tells, else by a look."""

    def __init__(
        self, asked: _Asked, kept: Kept | None, lineage: Lineage, ids: Ids, step: Step | None, *, stored: bool
    ) -> None:
        super().__init__(asked, kept, stored=stored)
        self._lineage, self._ids, self._step = lineage, ids, step
        self._fates = step.fates if step else (UNKNOWN,) * len(asked.queries)

    @property
    def columns(self) -> list[str]:
        """The columns that are needed of each row."""
        return [*super().columns, "parent_id"]

    def keep(self, batch: pa.RecordBatch, texts: Texts, start: int, mask: Mask) -> npt.NDArray[np.float64]:
        rows = self._ids.rows(batch["parent_id"])
        self._lineage.look(int(rows.max(initial=-1)) + 1)
        is_there = rows >= 0
        if self._asked.of_parents:
            mask &= is_there & self._lineage.wanted[rows]
        is_usual = is_there & self._lineage.usual[rows]
        kind = np.zeros(batch.num_rows, np.int64)
        for number, query in enumerate(self._queries):
            yes, open_ = settled([self._fates[number]], kind, is_usual, self._lineage.has[rows, number])
            mask &= yes | open_
            self._look(texts, start, query, mask, mask.copy() if query.states_stereo else open_)
        known = None
        if self._step is not None and self._likeness and not self._kept:
            known = self._lineage.known.take(np.where(is_usual, rows, -1)).after(*self._step.reaches)
        return self._compare(batch.num_rows, texts, start, mask, known)
