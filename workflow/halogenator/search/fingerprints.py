"""Fingerprints that are kept beside results, with which likeness is found without a look at molecules.

Of each row the file ``Results.fingerprints`` has the bits in which its fingerprint differs from that of the molecule
that it came from, some nine of 2,048. The bits that both have in common with a molecule that is searched for follow by
addition. So this is exact, and needs no chemistry.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from halogenator.search.parts import batches
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
_NOTHING = Counted(np.zeros(1, np.int32), np.zeros(1, np.int32))  # one row without bits


class Kept:
    """The fingerprints of the rows of a file, read in their order.

    Args:
        parts: those of one batch after the other.
    """

    def __init__(self, parts: Iterator[Counted]) -> None:
        self._parts = parts
        self._start = 0
        self._held = _NONE

    def between(self, start: int, stop: int) -> Counted:
        """Return those of rows ``start`` to ``stop``, exclusive; no earlier ones can be asked for afterwards."""
        while self._start + len(self._held) < stop:
            done = min(start - self._start, len(self._held))
            self._start += done
            self._held = Counted.joined(self._held[done:], next(self._parts))
        return self._held[start - self._start : stop - self._start]


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
        self._worth = Counted(numbers * sign, sign)  # what each code adds
        self._library = cache(self._whole)

    def of(self, library: str, transform: str | None) -> Kept | None:
        """Return those of a library's molecules or a job's products; None if they are not kept, or not up to date."""
        if transform is None:
            molecules = self._library(library)
            return None if molecules is None else Kept(iter([molecules]))
        path = self._results.fingerprints(library, transform)
        base = self._library(library) if path.is_file() else None
        is_current = base and self._is_current(path, self._results.products(library, transform), library)
        return Kept(self._parts(path, base)) if base and is_current else None

    def _whole(self, library: str) -> Counted | None:
        """Return those of all molecules of a library; None if they are not kept, or not up to date."""
        path, rows = self._results.fingerprints(library), self._results.molecules(library)
        if not path.is_file() or not rows.is_file():
            return None
        root = read_metadata(rows).get(ROOT_KEY)
        base = _NONE if root is None else self._library(str(root))
        if base is None or not self._is_current(path, rows, None if root is None else str(root)):
            return None
        return Counted.joined(_NONE, *self._parts(path, base))

    def _is_current(self, path: Path, rows: Path, base: str | None) -> bool:
        found = read_metadata(path)
        now = source_of(rows, None if base is None else self._results.molecules(base))
        return all(found.get(name) == value for name, value in now.items())

    def _parts(self, path: Path, base: Counted) -> Iterator[Counted]:
        """Yield those of a file in parts; ``base``: those of the molecules that its rows came from."""
        known = Counted.joined(base, _NOTHING)  # so that row -1 has none
        for _, batch in batches(path, ["base", "change"]):
            yield known[batch["base"].fill_null(-1).to_numpy()] + self._summed(batch["change"])

    def _summed(self, change: pa.Array) -> Counted:
        """Return what the changes of rows add."""
        _, offsets, data = change.buffers()
        ends = np.frombuffer(offsets, np.int32)[change.offset : change.offset + len(change) + 1] // _CODE.itemsize
        codes = np.frombuffer(data or b"", _CODE)[ends[0] : ends[-1]]
        added = self._worth[codes]
        sums = (np.concatenate([[0], np.cumsum(each, dtype=np.int64)]) for each in (added.common, added.bits))
        return Counted(*(np.diff(total[ends - ends[0]]).astype(np.int32) for total in sums))


def _content(path: Path) -> str:
    return footer(path).seal or content_hash(path)
