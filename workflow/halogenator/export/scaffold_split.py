"""A split of rows into training, validation and test sets, so that no scaffold is in two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.scores import scored
from halogenator.errors import UserError
from halogenator.export.left_out import LeftOut, Positions, Tally
from halogenator.export.selection import POSITION
from halogenator.planning.export_request import MAX_SAMPLE

SETS = ("train", "valid", "test")  # of two fractions: train and test


@dataclass(frozen=True)
class Sets:
    """The set of each row.

    Attributes:
        names: of the sets.
        positions: of all rows to write, in order.
        codes: for each the index of its set.
    """

    names: tuple[str, ...]
    positions: Positions
    codes: npt.NDArray[np.int8]

    def of(self, positions: Positions) -> pa.Array:
        """Return the names of the sets of some rows."""
        codes = self.codes[np.searchsorted(self.positions, positions)]
        return pa.array([self.names[code] for code in codes], pa.string())

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each set has."""
        return {name: int((self.codes == code).sum()) for code, name in enumerate(self.names)}


def split_by_scaffold(batches: Iterator[pa.RecordBatch], fractions: tuple[float, ...], seed: int, tally: Tally) -> Sets:
    """Return the set of each row.

    A scaffold is that of Bemis and Murcko, as the score ``scaffold`` has it; molecules without a ring are one group. Of
    the groups, the largest first, each goes to the set that lacks most. The order of rows does not matter.

    Args:
        batches: the rows to write, in order.
        fractions: the share of each set.
        seed: decides which of equally large groups comes first.
        tally: gets the rows that RDKit cannot read.

    Raises:
        UserError: there are more than ``MAX_SAMPLE``.
    """
    positions, groups = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    count = 0
    for batch in batches:
        left_out = LeftOut()
        found = [_group(batch, row, seed, left_out) for row in range(batch.num_rows)]
        readable = [row for row, group in enumerate(found) if group is not None]
        tally.take(left_out)
        positions.append(batch[POSITION].to_numpy()[readable])
        groups.append(np.array([found[row] for row in readable], np.uint64))
        count += len(readable)
        if count > MAX_SAMPLE:
            raise UserError(
                "too many molecules to split by scaffold",
                allowed=f"up to {MAX_SAMPLE:,}",
                fix=f"draw fewer with sample: {MAX_SAMPLE}",
            )
    _, group_of, sizes = np.unique(np.concatenate(groups), return_inverse=True, return_counts=True)
    names = SETS if len(fractions) == len(SETS) else (SETS[0], SETS[-1])
    return Sets(names, np.concatenate(positions), _fill(sizes, fractions)[group_of])


def _group(batch: pa.RecordBatch, row: int, seed: int, left_out: LeftOut) -> int | None:
    """Return a hash of a row's scaffold; None and a reject where RDKit cannot read the molecule."""
    stored = batch["scaffold"][row].as_py() if "scaffold" in batch.schema.names else None
    try:
        scaffold = stored if isinstance(stored, str) else scored(batch["smiles"][row].as_py()).value("scaffold")
    except RejectError as error:
        left_out.add(batch, row, error)
        return None
    key = seed.to_bytes(8, "big", signed=True)
    return int.from_bytes(blake2b(str(scaffold or "").encode(), digest_size=8, key=key).digest(), "big")


def _fill(sizes: npt.NDArray[np.int64], fractions: tuple[float, ...]) -> npt.NDArray[np.int8]:
    """Return the set of each group: the largest group first, each to the set that lacks most rows then."""
    lacking = np.array(fractions) * sizes.sum()
    codes = np.zeros(len(sizes), np.int8)
    for group in np.argsort(-sizes, kind="stable"):
        codes[group] = code = int(np.argmax(lacking))
        lacking[code] -= sizes[group]
    return codes
