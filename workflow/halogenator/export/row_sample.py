"""The sample of an export: rows that pass the filters, drawn at random or picked for diversity."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.chemistry.maxmin import MAX_CANDIDATES, fingerprints, needed_mb, pick
from halogenator.chemistry.molecules import RejectError
from halogenator.errors import UserError
from halogenator.export.left_out import LeftOut, Positions, Tally
from halogenator.export.row_filter import RowFilter
from halogenator.export.selection import POSITION, Selection, at_positions
from halogenator.model import Export
from halogenator.process.progress import Progress

_ROWS = 8_192
_SLOW_ROWS = 512  # rows of a batch if RDKit looks at every molecule


class Draw:
    """A uniform sample of rows: those with the lowest keyed hashes. Its memory grows with its size only.

    The hash is of library, transform and SMILES. So the sample depends on the seed and on the set of rows, but not on
    their order, on the files or on interruptions.

    Args:
        size: rows to draw.
        seed: key of the hashes.

    Attributes:
        limit: rows with a higher hash can no longer be drawn.
        is_cut: whether there were more rows than ``size``.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self._key = seed.to_bytes(8, "big", signed=True)
        self._hashes = np.empty(0, np.uint64)
        self._positions = np.empty(0, np.int64)
        self.limit = np.uint64(2**64 - 1)
        self.is_cut = False

    def hashes(self, batch: pa.RecordBatch) -> npt.NDArray[np.uint64]:
        """Return each row's hash."""
        columns = [batch[name].to_pylist() for name in ("library", "transform", "smiles") if name in batch.schema.names]
        texts = ("\0".join(map(str, row)).encode() for row in zip(*columns, strict=True))
        digests = [blake2b(text, digest_size=8, key=self._key).digest() for text in texts]
        return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)

    def add(self, hashes: npt.NDArray[np.uint64], positions: Positions) -> None:
        """Add rows, given by their hashes and positions."""
        self._hashes = np.concatenate([self._hashes, hashes])
        self._positions = np.concatenate([self._positions, positions])
        if len(self._hashes) >= self.size + self.size // 4 + 64:
            self._cut()

    def _cut(self) -> None:
        if len(self._hashes) > self.size:
            order = np.lexsort((self._positions, self._hashes))[: self.size]
            self._hashes, self._positions = self._hashes[order], self._positions[order]
            self.limit = self._hashes[-1]
            self.is_cut = True

    def positions(self) -> Positions:
        """Return the positions of the drawn rows, in order."""
        self._cut()
        return np.sort(self._positions)


@dataclass(frozen=True)
class Sample:
    """The sampling of an export.

    Attributes:
        selection: all rows.
        passing: the filter.
        export: the request, with the numbers of rows to draw and to pick.
        tally: gets what is left out.
        progress: display of the progress.
        threads: threads of RDKit, for fingerprints.
        memory_mb: memory that the process may use, in MB (10^6 bytes).
    """

    selection: Selection
    passing: RowFilter
    export: Export
    tally: Tally
    progress: Progress
    threads: int
    memory_mb: int

    def positions(self) -> Positions | None:
        """Return the positions of the rows to write, in order; None for all rows that pass.

        Raises:
            UserError: the molecules to pick from need more memory than declared.
        """
        if not (self.export.sample or self.export.diverse):
            return None
        draw = Draw(min(filter(None, (self.export.sample, self.export.diverse and MAX_CANDIDATES))), self.export.seed)
        self.progress.begin("drawing", self.selection.rows)
        passed = 0
        for batch in self.selection.read(0, _ROWS):
            left_out = LeftOut()
            passed += self._draw_from(batch, draw, left_out)
            self.tally.take(left_out)
            self.progress.advance(batch.num_rows)
        drawn = draw.positions()
        kind = "sample" if draw.size == self.export.sample else "diverse"
        self.tally.add_filter((kind, str(getattr(self.export, kind))), passed - len(drawn))
        if not self.export.diverse:
            return drawn
        if needed_mb(len(drawn)) > self.memory_mb:
            raise UserError(
                f"to pick from {len(drawn):,} molecules takes more memory than is declared",
                value=f"{self.memory_mb:,} MB",
                allowed=f"from {needed_mb(len(drawn)):,} MB",
                fix=f"--mem-mb {needed_mb(len(drawn))}, or draw fewer first with --sample",
            )
        if draw.is_cut and draw.size != self.export.sample:
            many = f"{MAX_CANDIDATES:,}"
            self.progress.note(f"more than {many} molecules to pick from: a uniform sample of {many} stands for them")
        return self._pick(drawn, self.export.diverse)

    def _draw_from(self, batch: pa.RecordBatch, draw: Draw, left_out: LeftOut) -> int:
        """Return how many rows pass, as far as filters looked at them: the others have no chance to be drawn."""
        rows = batch.filter(pa.array(self.passing.quick(batch, left_out)))
        hashes = draw.hashes(rows)
        # Slow filters look only at rows that can still be drawn, a few thousand out of millions.
        candidates = np.flatnonzero(hashes <= draw.limit)
        draw.is_cut |= len(candidates) < len(hashes)
        passed = len(hashes) - len(candidates)
        positions = rows[POSITION].to_numpy()
        step = _SLOW_ROWS if self.passing.is_slow else _ROWS
        for first in range(0, len(candidates), step):
            some = candidates[first : first + step]
            some = some[self.passing.slow(rows.take(pa.array(some)), left_out)]
            draw.add(hashes[some], positions[some])
            passed += len(some)
        return passed

    def _pick(self, drawn: Positions, wanted: int) -> Positions:
        self.progress.begin("fingerprints", len(drawn))
        candidates: list[Any] = []
        kept = [np.empty(0, np.int64)]
        gc.disable()  # it would scan all fingerprints again and again, and they have no cycles
        for batch in at_positions(self.selection, drawn, _SLOW_ROWS):
            left_out = LeftOut()
            made = fingerprints(batch["smiles"].to_pylist(), self.threads)
            good = [index for index, fingerprint in enumerate(made) if not isinstance(fingerprint, RejectError)]
            for index in set(range(len(made))) - set(good):
                left_out.add(batch, index, made[index])
            self.tally.take(left_out)
            candidates += [made[index] for index in good]
            kept.append(batch[POSITION].to_numpy()[good])
            self.progress.advance(batch.num_rows)
        picked = pick(candidates, wanted, self.export.seed)
        gc.enable()
        self.tally.add_filter(("diverse", str(wanted)), len(candidates) - len(picked))
        return np.sort(np.concatenate(kept)[picked])
