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

from halogenator.chemistry.likeness import Likeness
from halogenator.chemistry.substructure import Substructure
from halogenator.errors import UserError
from halogenator.model import Conditions
from halogenator.results import Results
from halogenator.search.descent import Descent
from halogenator.search.fingerprints import Fingerprints, Kept, KeptOfLibrary
from halogenator.search.judges import Asked, File, Judge, JudgeOfMolecules, JudgeOfProducts
from halogenator.search.lineage import Lineage
from halogenator.search.named import find_parents
from halogenator.search.parts import ROWS, Columns, Mask, Part, Rows, bounds
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

if TYPE_CHECKING:
    from halogenator.search.where import Where

_FIRST_ROWS = 512  # of the first piece of a search
_NO_IDS = pa.array([], pa.string())


@dataclass(frozen=True)
class Found:
    """Rows of a file that fulfil the conditions.

    Attributes:
        start, stop: the rows of the file that were looked at.
        rows: those found.
        similarity: Tanimoto of each, if likeness is a condition; else nothing.
        batch: their columns that were asked for.
    """

    start: int
    stop: int
    rows: Rows
    similarity: npt.NDArray[np.float64]
    batch: pa.RecordBatch | None = None


class Search:
    """Conditions, ready to be asked of the files of a results folder. Whoever looks for rows takes this door.

    ``find`` streams the rows of one file, in order. Their count is the sum of ``len(found.rows)``; a page ends when it
    is full, and the row after its last one is the key of the next: nothing before it is kept.

    Args:
        results: the results folder.
        conditions: the conditions.
        memory_mb: memory that DuckDB may use for ``where``, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.
        threads: threads of DuckDB.
        parents: what ``find_parents`` says of the condition ``parent``; None: it is asked.

    Attributes:
        results: the results folder.
        conditions: the conditions.
        parents: the natural products that are meant, or None.
        likeness: the likeness that is asked for, or None.

    Raises:
        UserError: a condition cannot be read, or names nothing that is there.
    """

    def __init__(
        self,
        results: Path,
        conditions: Conditions,
        *,
        memory_mb: int = 0,
        scratch: Path = Path(),
        threads: int = 1,
        parents: dict[str, pa.Array] | None = None,
    ) -> None:
        self.results, self.conditions = results, conditions
        self._places = Results(results)
        self._where: Where | None = None
        if conditions.where is not None:
            from halogenator.search.where import Where  # and with it DuckDB

            self._where = Where(results, conditions.where, memory_mb=memory_mb, scratch=scratch, threads=threads)
        self._queries = tuple(map(Substructure, conditions.smarts))
        similar = conditions.similar
        self.likeness = None if similar is None else Likeness(similar, conditions.threshold)
        self.parents = parents
        if parents is None and conditions.parent is not None:
            self.parents = find_parents(self._places, conditions.parent)
        self._molecules: list[tuple[str, str | None]] | None = None
        if conditions.molecule is not None:
            from halogenator.chemistry.sought import forms  # and with it RDKit's standardisation

            self._molecules = forms(conditions.molecule, "molecule")
        self._descent = Descent(self._queries)
        self._asked = Asked(self._queries, self.likeness, self.parents is not None)
        self._jobs = self._places.jobs()
        self._fingerprints = None if self.likeness is None else Fingerprints(self._places, self.likeness)
        self._lineage = cache(self._look_at)
        self._piece = _FIRST_ROWS
        self._judged: tuple[Part, int, Judge] | None = None
        self._allowed: tuple[Part, Mask] | None = None

    @property
    def looks_at_rows(self) -> bool:
        """Whether something is asked besides the condition ``where``."""
        return bool(self._queries or self.likeness or self.parents is not None or self._molecules is not None)

    def find(
        self,
        part: Part,
        start: int = 0,
        stop: int | None = None,
        *,
        columns: Sequence[str] = (),
        allowed: Mask | None = None,
    ) -> Iterator[Found]:
        """Yield the rows of a file that fulfil the conditions, in their order.

        Args:
            part: the file.
            start: the first row to look at.
            stop: the row after the last; None: to the end.
            columns: the columns of the found rows that are wanted; those that the file lacks are left out.
            allowed: of each of these rows whether it fulfils the condition ``where``; None: that is asked.

        Raises:
            UserError: DuckDB does not take the condition ``where``.
        """
        if allowed is None:
            allowed = self.allowed(part, start, stop)
        judge = self._judge(part, start)
        wanted = Columns(part.path, columns) if columns else None
        for first, last in self._pieces(part, start, stop):
            mask = np.ones(last - first, np.bool_) if allowed is None else allowed[first - start : last - start].copy()
            similarity = judge.keep(first, last, mask) if mask.any() else np.empty(0)
            rows = np.flatnonzero(mask)
            batch = wanted.of(first, last).take(pa.array(rows)) if wanted else None
            self._judged = part, last, judge
            yield Found(first, last, first + rows, similarity, batch)

    def _pieces(self, part: Part, start: int, stop: int | None) -> Iterator[tuple[int, int]]:
        """Yield (first row, row after the last) of pieces of spans; the first ones are small, for a page comes soon."""
        end = footer(part.path).rows if stop is None else stop
        ends = bounds(part.path)[1]
        while start < end:
            last = min(int(ends[np.searchsorted(ends, start, side="right")]), start + self._piece, end)
            self._piece = min(2 * self._piece, ROWS)
            yield start, last
            start = last

    def allowed(self, part: Part, start: int = 0, stop: int | None = None) -> Mask | None:
        """Return of rows of a file whether they fulfil the condition ``where``; None if there is none.

        Raises:
            UserError: DuckDB does not take it.
        """
        if self._where is None:
            return None
        if self._allowed is None or self._allowed[0] != part:
            self._allowed = part, self._where.passing(part)
        return self._allowed[1][start:stop]

    def close(self) -> None:
        """Close what is open of the condition ``where``."""
        if self._where:
            self._where.close()

    def refusal(self, part: Part) -> UserError | None:
        """Return why the condition ``where`` does not fit a file; None if it does, or there is none."""
        return self._where.refusal(part) if self._where else None

    def is_without_fingerprints(self, part: Part) -> bool:
        """Return whether likeness has to be looked for in the molecules of a file."""
        return self.likeness is not None and self._kept(part) is None

    def _kept(self, part: Part) -> Kept | KeptOfLibrary | None:
        return self._fingerprints.of(part.library, part.transform) if self._fingerprints and part.library else None

    def _judge(self, part: Part, start: int) -> Judge:
        """Return what decides on the rows of a file from one on, the same as before if it goes on there."""
        if self._judged is None or self._judged[0] != part or self._judged[1] > start:
            self._judged = part, start, self._new_judge(part, start)
        return self._judged[2]

    def _new_judge(self, part: Part, start: int) -> Judge:
        """Return what decides on the rows of a file."""
        metadata = read_metadata(part.path)
        stored = part.library is not None and "adopted" not in metadata
        kept = self._kept(part)
        to_compare = self.likeness is not None and kept is None
        needs = bool(self._queries or to_compare or self.parents is not None)
        lineage = self._lineage(part.library, to_compare=to_compare) if part.library and needs else None
        file = File(part.path, kept, self._molecules, stored=stored)
        if lineage is None:
            return Judge(self._asked, file)
        if part.transform is None:
            return JudgeOfMolecules(self._asked, file, lineage)
        step = self._descent.of_products(metadata) if self._queries or to_compare else None
        return JudgeOfProducts(self._asked, file, lineage, step, start)

    def _look_at(self, library: str, *, to_compare: bool) -> Lineage | None:
        """Return what is known of the molecules of a library, and of their likeness; None if they are not there."""
        path = self._places.molecules(library)
        if not path.is_file():
            return None
        root = str(read_metadata(path).get(ROOT_KEY) or library)
        parents = None if self.parents is None else self.parents.get(root, _NO_IDS)
        likeness = self.likeness if to_compare else None
        above = partial(self._lineage, to_compare=to_compare)
        found = Lineage(path, self._queries, self._descent, likeness, parents, above)
        for job, products in self._jobs.items() if likeness else ():
            if job[0] == library:
                found.expect(self._descent.of_products(read_metadata(products)))
        return found
