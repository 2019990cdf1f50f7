"""What is left out of an export: rows that its filters take away, and rejects, which RDKit cannot read or write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.chemistry.molecules import RejectError
from halogenator.export.selection import POSITION

Filter = tuple[str, str]  # key of the request (windows: within), and what it says
Positions = npt.NDArray[np.int64]

_EXAMPLES = 20  # rejects that are shown one by one; the others are only counted


class LeftOut:
    """What is left out of a batch. A row is counted once, by the first thing that speaks against it.

    Attributes:
        rejects: {position: (reason, (name, SMILES, detail))}, with the first reason of a row.
        taken: {filter: positions of the rows that it takes away, in order}.
    """

    def __init__(self) -> None:
        self.rejects: dict[int, tuple[str, list[str]]] = {}
        self.taken: dict[Filter, Positions] = {}

    def before(self, stop: int) -> LeftOut:
        """Move what is before a position into an object of its own, and return it."""
        found = LeftOut()
        found.rejects = {position: self.rejects.pop(position) for position in sorted(self.rejects) if position < stop}
        for name, positions in self.taken.items():
            end = int(np.searchsorted(positions, stop))
            found.taken[name], self.taken[name] = positions[:end], positions[end:]
        return found

    def add(self, batch: pa.RecordBatch, index: int, error: RejectError) -> None:
        """Add the row ``index`` of a batch as a reject."""
        name, smiles = (str(batch[column][index].as_py() or "") for column in ("name", "smiles"))
        self.rejects.setdefault(batch[POSITION][index].as_py(), (error.reason, [name, smiles[:200], error.detail]))

    def take(self, name: Filter, batch: pa.RecordBatch, rows: npt.NDArray[np.bool_]) -> None:
        """Add the rows of a batch that a filter takes away; those that are rejects stay rejects."""
        positions = batch[POSITION].to_numpy()[rows]
        if self.rejects:
            positions = positions[~np.isin(positions, list(self.rejects))]
        if len(positions):
            earlier = self.taken.get(name, positions[:0])
            self.taken[name] = np.sort(np.concatenate([earlier, positions]))


class Tally:
    """The numbers of rows left out, by filter or reason, and the first rejects as examples.

    Attributes:
        counts: {reason: number of rejects}.
        examples: (name, SMILES, detail) of the first rejects.
        taken: {filter: number of rows that it took away}.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[list[str]] = []
        self.taken: Counter[Filter] = Counter()

    def take(self, left_out: LeftOut, stop: int | None = None) -> None:
        """Move what is left out into the tally: what is before the position ``stop``, or all."""
        some = left_out if stop is None else left_out.before(stop)
        for position in sorted(some.rejects):
            reason, example = some.rejects[position]
            self.add({reason: 1}, [example])
        for name, positions in some.taken.items():
            self.add_filter(name, len(positions))
        some.rejects, some.taken = {}, {}

    def add(self, counts: Mapping[str, int], examples: Sequence[list[str]]) -> None:
        """Add rejects."""
        self.counts.update(counts)
        self.examples += examples[: _EXAMPLES - len(self.examples)]

    def add_filter(self, name: Filter, rows: int) -> None:
        """Add rows that a filter takes away."""
        if rows:
            self.taken[name] += rows

    def plain(self) -> list[dict[str, Any]]:
        """Return what filters took away as JSON values."""
        return [{"kind": kind, "name": name, "rows": rows} for (kind, name), rows in self.taken.items()]

    def add_plain(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Add what filters took away, as ``plain`` gives it."""
        for entry in entries:
            self.add_filter((entry["kind"], entry["name"]), entry["rows"])
