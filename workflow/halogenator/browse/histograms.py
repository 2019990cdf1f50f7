"""Histograms of descriptors and scores, beside which a page sets their bounds.

Of a large file only some row groups are read, evenly spread and always the same, which bounds time and memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from halogenator.browse.answers import Identity, identity
from halogenator.browse.files import File
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.scores import SCORES, WINDOWED
from halogenator.planning.sample import sampled
from halogenator.report.distributions import BINS
from halogenator.search.parts import Part
from halogenator.tables.parquet import open_parquet

MOST_GROUPS = 8  # row groups that are read of a file, of some ten thousand rows each
_BATCH = 65_536
_KEPT = 4_000  # files whose histograms are remembered, some 5 kB each
_FAR = 0.0005  # share of the rows on either side that no bar shows, so that a few giants do not narrow all others

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Sample:
    """What was read of a file: how many of its rows, and how many of these are in each bin of a column."""

    read: int
    counts: dict[str, Counts]


class Histograms:
    """Histograms of files, each read once as long as it stays."""

    def __init__(self) -> None:
        self._known: OrderedDict[Identity, _Sample] = OrderedDict()

    def of(self, files: Sequence[File]) -> dict[str, Any]:
        """Return the histograms of some files together, as JSON values.

        Returns:
            ``rows``: rows of the files; ``read``: those that were read; ``shown``: by column the value at which the
            first bar ``first`` begins, the ``width`` of each, whether values are counts (``integer``), about how many
            rows are in each (``counts``), and how many are ``below`` and ``above`` all of them.
        """
        totals: dict[str, Counts] = {}
        read = 0
        for file in files:
            sample = self._sample(file)
            read += sample.read
            for name, counts in sample.counts.items():
                totals[name] = totals.get(name, 0) + counts * (file.rows / sample.read)
        shown = {name: _shown(name, totals[name]) for name in WINDOWED if name in totals and totals[name].any()}
        return {"rows": sum(file.rows for file in files), "read": read, "shown": shown}

    def _sample(self, file: File) -> _Sample:
        key = identity(file.part.path)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _read(file.part, [name for name in BINS if name in file.columns])
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found


def _read(part: Part, names: Sequence[str]) -> _Sample:
    counts = {name: np.zeros(BINS[name][2]) for name in names}
    read = 0
    with open_parquet(part.path) as file:
        for group in sampled(file.num_row_groups, MOST_GROUPS, 0, file.num_row_groups) if names else ():
            for batch in file.iter_batches(_BATCH, row_groups=[group], columns=list(names), use_threads=False):
                read += batch.num_rows
                for name in names:
                    counts[name] += _counted(name, pc.drop_null(batch[name]).to_numpy(zero_copy_only=False))
    return _Sample(read, counts if read else {})


def _counted(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return how many values are in each bin; what is outside counts for the first and the last."""
    first, width, count = BINS[name]
    bins = np.floor((values[~np.isnan(values.astype(np.float64))] - first) / width)
    found: npt.NDArray[np.int64] = np.bincount(np.clip(bins, 0, count - 1).astype(np.int64), minlength=count)
    return found


def _shown(name: str, counts: Counts) -> dict[str, Any]:
    first, width, _ = BINS[name]
    before = np.cumsum(counts) - counts
    behind = counts.sum() - before - counts
    far = _FAR * counts.sum()
    near = np.flatnonzero((before + counts > far) & (behind + counts > far))
    start, stop = int(near[0]), int(near[-1]) + 1
    return {
        "first": first + start * width,
        "width": width,
        "integer": _is_integer(name),
        "counts": _whole(counts[start:stop]),
        "below": round(float(before[start])),
        "above": round(float(behind[stop - 1])),
    }


def _is_integer(name: str) -> bool:
    return DESCRIPTORS[name].integer if name in DESCRIPTORS else SCORES[name].kind is int


def _whole(values: Iterable[float]) -> list[int]:
    return [round(float(value)) for value in values]
