"""The frame of all chunk tasks: read a run of a table's rows, write what each row gives, or a reject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.planning.chunks import chunk_bounds
from halogenator.process import limits
from halogenator.process.usage import Task
from halogenator.results import PRODUCTS_FILE, REJECTS_FILE
from halogenator.tables.columns import REJECTS, Column
from halogenator.tables.left_out import LEFT_OUT_KEY
from halogenator.tables.parquet import limit_arrow_threads, open_parquet, read_rows, table_writer

SHOWN_SMILES = 200
SHOWN_DETAIL = 1_000  # characters; a detail can quote a long SMIRKS

# (number in its table from 1, id, SMILES, other values that the task needs)
Row = tuple[Any, ...]
# (number of products, [(site or None for the whole row, its error)])
Made = tuple[int, Sequence[tuple[int | None, RejectError]]]
# Takes the table to write to, then the row without its number. If it raises ``RejectError``, the whole row is a reject.
Make = Callable[..., Made]


@dataclass(frozen=True)
class Rows:
    """A run of a table's rows: from ``start`` (from 0) to ``stop`` (exclusive)."""

    file: pq.ParquetFile
    start: int
    stop: int

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns of the rows in batches."""
        return read_rows(self.file, columns, self.start, self.stop)


@dataclass(frozen=True)
class Chunk:
    """A chunk task: its rows and the files that it makes.

    Attributes:
        source: the table that is cut into chunks.
        part: (0-based number of this chunk, number of chunks).
        out: the table to make.
        rejects_out: the table of rejects.
        task: this process's time and memory.
        lasting: whether the files outlive the task, and a loss of power.
    """

    source: Path
    part: tuple[int, int]
    out: Path
    rejects_out: Path
    task: Task
    lasting: bool = True

    @classmethod
    def passing(cls, source: Path, folder: Path, task: Task) -> Chunk:
        """Return the chunk of all rows of a table, with its files in a folder that goes when the task ends."""
        return cls(source, (0, 1), folder / PRODUCTS_FILE, folder / REJECTS_FILE, task, lasting=False)

    def rows(self, *weights: str | None) -> Rows:
        """Return the chunk's rows.

        Args:
            weights: columns whose sum is to be about equal in all chunks; none of them in the table: equal row counts.
        """
        limit_arrow_threads()
        quiet()
        file = open_parquet(self.source)
        names = file.schema_arrow.names
        return Rows(file, *chunk_bounds(file, [each for each in weights if each and each in names], *self.part))

    def write(
        self,
        rows: Iterable[Row],
        make: Make,
        columns: Sequence[Column],
        metadata: dict[str, object],
        locate: Callable[[int], tuple[str, int]] | None = None,
    ) -> None:
        """Write what ``make`` makes of each row. A row that exceeds its time limit is a reject.

        Args:
            rows: the rows.
            make: writes what a row gives.
            columns: of the table to make.
            metadata: of that table, as it is after the last row; ``rows_matched`` (rows that give a product or a
                reject), ``rejects`` and ``task`` are added.
            locate: takes a row's number, and returns (file, row in it) for a reject; None: ``source`` and that number.
        """
        matched = rejected = 0
        with (
            table_writer(self.out, columns, metadata, lasting=self.lasting) as table,
            table_writer(self.rejects_out, REJECTS, {}, lasting=self.lasting) as rejects,
        ):
            for number, identifier, smiles, *more in rows:
                try:
                    if slow := limits.begin(number):
                        raise RejectError("time limit", slow)
                    made, errors = make(table, identifier, smiles, *more)
                except RejectError as refused:
                    made, errors = 0, [(None, refused)]
                matched += bool(made or errors)
                for site, error in errors:
                    rejected += 1
                    source, row = locate(number) if locate else (str(self.source), number)
                    shown = (smiles or "")[:SHOWN_SMILES]
                    rejects.append(source, row, identifier, site, shown, error.reason, error.detail[:SHOWN_DETAIL])
            limits.end()
            metadata |= {"rows_matched": matched, "rejects": rejected, "task": self.task.usage()}


def account_of(chooser: Chooser) -> dict[str, object]:
    """Return the metadata of what a chooser leaves out, which it counts while the chunk is written."""
    return {LEFT_OUT_KEY: chooser.account.entries} if chooser.chooses else {}
