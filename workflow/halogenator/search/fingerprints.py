"""Fingerprints that are kept beside results, with which likeness is found without a look at molecules.

Of each row the file ``Results.fingerprints`` has the bits in which its fingerprint differs from that of the molecule
that it came from, some nine of 2,048. The bits that both have in common with a molecule that is searched for follow by
addition. So this is exact, and needs no chemistry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import rdkit

from halogenator.chemistry.likeness import Counts, Likeness
from halogenator.chemistry.maxmin import BITS
from halogenator.inputs.content_hash import content_hash
from halogenator.results import Results
from halogenator.search.parts import Columns, bounds
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

_CODE = np.dtype("<u2")  # a bit's number, and BITS more if it is off


def source_of(rows: Path, base: Path | None) -> dict[str, str | None]:
    """Return what the metadata of fingerprints says: of which files they are, and which RDKit made them."""
    return {"of": _content(rows), "of_base": base and _content(base), "rdkit_version": rdkit.__version__}


def changes(own: npt.NDArray[np.uint8], base: npt.NDArray[np.uint8]) -> pa.Array:
    """Return the column ``change`` of rows, by their packed fingerprints and those of what they came from."""
    rows, bits = np.nonzero(np.unpackbits(own ^ base, axis=1, bitorder="little"))
    is_off = own[rows, bits // 8] >> (bits % 8).astype(np.uint8) & 1 == 0
    codes = (bits + BITS * is_off).astype(_CODE)
    ends = np.cumsum(np.bincount(rows, minlength=len(own)), dtype=np.int32)
    offsets = np.concatenate([np.zeros(1, np.int32), ends * np.int32(_CODE.itemsize)])
    return pa.Array.from_buffers(pa.binary(), len(own), [None, pa.py_buffer(offsets), pa.py_buffer(codes)])


@dataclass
class Counted:
    """The fingerprints of rows, as far as their likeness to a molecule goes.

    Attributes:
        common: the number of bits that each has in common with it.
        bits: the number of bits of each.
    """

    common: Counts
    bits: Counts

    def __len__(self) -> int:
        return len(self.bits)

    def __getitem__(self, rows: slice | npt.NDArray[np.integer[Any]]) -> Counted:
        return Counted(self.common[rows], self.bits[rows])

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.common + other.common, self.bits + other.bits)

    @classmethod
    def joined(cls, *parts: Counted) -> Counted:
        """Return the rows of several, one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("common", "bits")))


_NONE = Counted(np.zeros(0, np.int32), np.zeros(0, np.int32))


class Kept:
    """The fingerprints of the rows of a file.

    Args:
        path: the file that has them.
        base: those of the molecules that its rows came from, or None.
        worth: what each code adds.
    """

    def __init__(self, path: Path, base: KeptOfLibrary | None, worth: Counted) -> None:
        self._path, self._base, self._worth = path, base, worth
        self._columns = Columns(path, ["base", "change"])
        self._first = -1
        self._held = _NONE

    def between(self, start: int, stop: int) -> Counted:
        """Return those of rows ``start`` to ``stop``, exclusive; in order is the fastest."""
        parts = []
        while start < stop:
            first, batch = self._columns.at(start)
            if first != self._first:
                self._first, self._held = first, self._summed(batch["change"])
                if self._base is not None:
                    self._held += self._base.of(batch["base"].fill_null(-1).to_numpy())
            end = min(stop, first + batch.num_rows)
            parts.append(self._held[start - first : end - first])
            start = end
        return parts[0] if len(parts) == 1 else Counted.joined(_NONE, *parts)

    def _summed(self, change: pa.Array) -> Counted:
        """Return what the changes of rows add."""
        _, offsets, data = change.buffers()
        ends = np.frombuffer(offsets, np.int32)[change.offset : change.offset + len(change) + 1] // _CODE.itemsize
        codes = np.frombuffer(data or b"", _CODE)[ends[0] : ends[-1]]
        added = self._worth[codes]
        sums = (np.concatenate([[0], np.cumsum(each, dtype=np.int64)]) for each in (added.common, added.bits))
        return Counted(*(np.diff(total[ends - ends[0]]).astype(np.int32) for total in sums))


class KeptOfLibrary:
    """The fingerprints of all molecules of a library, each summed once, when it is asked for.

    Args:
        kept: those in its file.
        path: the library's molecules.
    """

    def __init__(self, kept: Kept, path: Path) -> None:
        self._kept = kept
        self._starts, self._ends = bounds(path)
        self._seen = np.zeros(len(self._starts), np.bool_)
        rows = footer(path).rows + 1  # the last stands for no molecule; zeros take no memory until they are written
        self._counted = Counted(np.zeros(rows, np.int32), np.zeros(rows, np.int32))

    def of(self, rows: npt.NDArray[np.integer[Any]]) -> Counted:
        """Return those of molecules; row -1 has no bits."""
        there = rows[rows >= 0]
        if len(there):
            self._sum(np.unique(np.searchsorted(self._ends, there, side="right")))
        return self._counted[rows]

    def between(self, start: int, stop: int) -> Counted:
        """Return those of rows ``start`` to ``stop``, exclusive."""
        first, last = np.searchsorted(self._ends, [start, max(stop - 1, start)], side="right")
        self._sum(np.arange(first, min(last + 1, len(self._ends))))
        return self._counted[start:stop]

    def _sum(self, spans: npt.NDArray[np.integer[Any]]) -> None:
        for number in spans[~self._seen[spans]].tolist():
            start, stop = int(self._starts[number]), int(self._ends[number])
            found = self._kept.between(start, stop)
            self._counted.common[start:stop], self._counted.bits[start:stop] = found.common, found.bits
            self._seen[number] = True


class Fingerprints:
    """All fingerprints that are kept in a results folder, for one likeness.

    Args:
        results: the results folder.
        likeness: the molecule that is searched for.
    """

    def __init__(self, results: Results, likeness: Likeness) -> None:
        self._results = results
        numbers = np.tile(likeness.is_on, 2).astype(np.int32)
        sign = np.repeat(np.array([1, -1], np.int32), BITS)
        self._worth = Counted(numbers * sign, sign)
        self._library = cache(self._whole)

    def of(self, library: str, transform: str | None) -> Kept | KeptOfLibrary | None:
        """Return those of a library's molecules or a job's products; None if they are not kept, or not up to date."""
        if transform is None:
            return self._library(library)
        path = self._results.fingerprints(library, transform)
        base = self._library(library) if path.is_file() else None
        is_current = base and self._is_current(path, self._results.products(library, transform), library)
        return Kept(path, base, self._worth) if is_current else None

    def _whole(self, library: str) -> KeptOfLibrary | None:
        """Return those of all molecules of a library; None if they are not kept, or not up to date."""
        path, rows = self._results.fingerprints(library), self._results.molecules(library)
        if not path.is_file() or not rows.is_file():
            return None
        root = read_metadata(rows).get(ROOT_KEY)
        base = None if root is None else self._library(str(root))
        if root is not None and base is None:
            return None
        if not self._is_current(path, rows, None if root is None else str(root)):
            return None
        return KeptOfLibrary(Kept(path, base, self._worth), rows)

    def _is_current(self, path: Path, rows: Path, base: str | None) -> bool:
        found = read_metadata(path)
        now = source_of(rows, None if base is None else self._results.molecules(base))
        return all(found.get(name) == value for name, value in now.items())


def _content(path: Path) -> str:
    return footer(path).seal or content_hash(path)
