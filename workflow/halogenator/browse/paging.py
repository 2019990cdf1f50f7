"""The rows of one page: those next to a row in an order, found without counting or keeping those before it.

Equal rows stand in the order of their files and rows in them, so that each has one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.browse.answers import PartAnswer
from halogenator.browse.view import SIMILARITY, Cursor, View
from halogenator.search.parts import Rows
from halogenator.tables.parquet import open_parquet

_STEP = 1_000_000  # rows that are looked through at a time
_BATCH = 65_536

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A row on a page: the number of its file in the answer, its number in that, and its likeness if that is asked."""

    part: int
    row: int
    similarity: float | None = None


@dataclass(frozen=True)
class Places:
    """The rows of a page in order, and whether there are rows before and after them, as far as it is known."""

    places: list[Place]
    before: bool
    after: bool


def find_places(view: View, parts: Sequence[PartAnswer]) -> Places:
    """Return the rows of a page.

    Args:
        view: the page.
        parts: the answers of the files, in order.
    """
    at = None if view.cursor is None else _position(view.cursor, parts)
    backwards = view.backwards and at is not None
    found = (_sorted if view.sort else _in_order)(view, parts, at, backwards, view.size + 1)
    more = len(found) > view.size
    del found[view.size :]
    if backwards:
        return Places(found[::-1], more, True)
    return Places(found, at is not None and at > (0, -1), more)


def _position(cursor: Cursor, parts: Sequence[PartAnswer]) -> tuple[int, int]:
    """Return the number of a cursor's file and its row; of a file that is not there, the end of the one before it."""
    wanted = cursor.library, cursor.transform
    for number, answer in enumerate(parts):
        own = answer.part.library or "", answer.part.transform or ""
        if own >= wanted:
            return (number, min(cursor.row, answer.rows)) if own == wanted else (number, -1)
    return len(parts), -1


# ---- rows as they stand in files -------------------------------------------------------------------------------------


def _in_order(
    view: View, parts: Sequence[PartAnswer], at: tuple[int, int] | None, backwards: bool, count: int
) -> list[Place]:
    """Return the rows after a position, at most ``count``; backwards: those before it, the nearest first."""
    found: list[Place] = []
    first, row = at or (0, -1)
    numbers = range(min(first, len(parts) - 1), -1, -1) if backwards else range(first, len(parts))
    for number in numbers:
        own = row if number == first else None
        for rows in _backward(parts[number], own) if backwards else _forward(parts[number], own):
            found += [Place(number, int(each)) for each in rows[: count - len(found)]]
            if len(found) == count:
                return found
        if not backwards and parts[number].searched < parts[number].rows:
            break  # what is found behind it will stand after what is still to be found in it
    return found


def _forward(answer: PartAnswer, row: int | None) -> Iterator[Rows]:
    for start in range(0 if row is None else row + 1, answer.searched, _STEP):
        yield answer.found(start, start + _STEP)


def _backward(answer: PartAnswer, row: int | None) -> Iterator[Rows]:
    for stop in range(answer.searched if row is None else min(row, answer.searched), 0, -_STEP):
        yield answer.found(max(stop - _STEP, 0), stop)[::-1]


# ---- rows by the values of a column ----------------------------------------------------------------------------------


@dataclass
class _Best:
    """The first rows in an order, by key, file and row.

    Attributes:
        count: how many are kept.
        sign: 1, or -1 where the order is followed backwards.
        after: the key, file and row that they come after; None: none.
    """

    count: int
    sign: int
    after: tuple[float, int, int] | None

    def __post_init__(self) -> None:
        self.keys = np.empty(0)
        self.places = np.empty((0, 2), np.int64)

    def may_have(self, least: float) -> bool:
        """Return whether a row with a key of at least ``least``, as it is compared, may be among them."""
        return len(self.keys) < self.count or least <= self.keys[-1]

    def add(self, part: int, rows: Rows, keys: Numbers) -> None:
        """Add rows of a file."""
        keys = keys * self.sign
        low = -np.inf if self.after is None else self.sign * self.after[0]
        high = self.keys[-1] if len(self.keys) == self.count else np.inf
        near = (keys >= low) & (keys <= high)
        if np.count_nonzero(near) > 4 * self.count:  # sorting all of them would take longer
            later = keys > low
            if np.count_nonzero(later & near) > self.count:
                near &= keys <= np.partition(keys[later & near], self.count)[self.count]
        rows, keys = rows[near], keys[near]
        places = np.column_stack([np.full(len(rows), part), rows]) * self.sign
        if self.after is not None:
            place = [self.sign * each for each in self.after[1:]]
            behind = (places[:, 0] > place[0]) | ((places[:, 0] == place[0]) & (places[:, 1] > place[1]))
            wanted = (keys > low) | behind
            keys, places = keys[wanted], places[wanted]
        keys, places = np.concatenate([self.keys, keys]), np.concatenate([self.places, places])
        order = np.lexsort((places[:, 1], places[:, 0], keys))[: self.count]
        self.keys, self.places = keys[order], places[order]

    def found(self) -> list[tuple[int, int, float]]:
        """Return (file, row, key) of them."""
        places = self.places * self.sign
        return [(int(part), int(row), float(key)) for (part, row), key in zip(places, self.keys, strict=True)]


def _sorted(
    view: View, parts: Sequence[PartAnswer], at: tuple[int, int] | None, backwards: bool, count: int
) -> list[Place]:
    direction = -1 if view.descending else 1
    sign = -1 if backwards else 1
    after = None if at is None else _after(view, parts, at, direction)
    best = _Best(count, sign, after)
    for number, answer in enumerate(parts):
        source = _by_likeness(answer) if view.sort == SIMILARITY else _by_column(answer, view.sort, direction, best)
        for rows, values in source:
            best.add(number, rows, np.where(np.isnan(values), np.inf, direction * values))
    alike = view.sort == SIMILARITY
    return [Place(part, row, -sign * key if alike else None) for part, row, key in best.found()]


def _after(
    view: View, parts: Sequence[PartAnswer], at: tuple[int, int], direction: int
) -> tuple[float, int, int] | None:
    """Return the key, file and row of a position; None if the file is not there any more."""
    number, row = at
    if number >= len(parts) or not 0 <= row < parts[number].rows:
        return None
    answer = parts[number]
    if view.sort == SIMILARITY:
        for rows, values in _by_likeness(answer):
            place = int(np.searchsorted(rows, row))
            if place < len(rows) and rows[place] == row:
                return direction * float(values[place]), number, row
        return None
    for start, values in _column(answer, view.sort, row, row + 1):
        value = values[row - start]
        return (np.inf if np.isnan(value) else direction * float(value)), number, row
    return np.inf, number, row


def _by_likeness(answer: PartAnswer) -> Iterator[tuple[Rows, Numbers]]:
    if answer.alike is not None:
        yield answer.alike


def _by_column(answer: PartAnswer, name: str, direction: int, best: _Best) -> Iterator[tuple[Rows, Numbers]]:
    """Yield found rows with their values, from row groups that may have the first of an order."""
    file = open_parquet(answer.part.path)
    if name not in file.schema_arrow.names:
        rows = answer.found(0, answer.searched)
        yield rows, np.full(len(rows), np.nan)
        return
    first = 0
    for group in range(file.num_row_groups):
        metadata = file.metadata.row_group(group)
        stop = first + metadata.num_rows
        rows = answer.found(first, stop)
        if len(rows) and best.may_have(_least(metadata, name, direction * best.sign, best.sign)):
            for start, values in _values(file, group, first, name):
                first_own, last_own = np.searchsorted(rows, [start, start + len(values)])
                own = rows[first_own:last_own]
                yield own, values if len(own) == len(values) else values[own - start]
        first = stop


def _least(metadata: pq.RowGroupMetaData, name: str, direction: int, sign: int) -> float:
    """Return the least key that a row group can have, as it is compared; -infinity if that is not known."""
    column = next(c for at in range(metadata.num_columns) if (c := metadata.column(at)).path_in_schema == name)
    statistics = column.statistics
    if statistics is None or not statistics.has_min_max or (sign < 0 and statistics.null_count != 0):
        return -np.inf
    return float(min(direction * statistics.min, direction * statistics.max))


def _column(answer: PartAnswer, name: str, start: int, stop: int) -> Iterator[tuple[int, Numbers]]:
    """Yield (first row, values) of the batches of a column that have rows from ``start`` to ``stop``."""
    file = open_parquet(answer.part.path)
    first = 0
    for group in range(file.num_row_groups if name in file.schema_arrow.names else 0):
        last = first + file.metadata.row_group(group).num_rows
        if first < stop and last > start:
            for at, values in _values(file, group, first, name):
                if at < stop and at + len(values) > start:
                    yield at, values
        first = last


def _values(file: pq.ParquetFile, group: int, first: int, name: str) -> Iterator[tuple[int, Numbers]]:
    for batch in file.iter_batches(_BATCH, row_groups=[group], columns=[name], use_threads=False):
        yield first, _numbers(batch[name])
        first += batch.num_rows


def _numbers(column: pa.Array) -> Numbers:
    found: Any = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, np.float64)
