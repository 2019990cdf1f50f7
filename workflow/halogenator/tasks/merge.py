"""What the merges of products and of libraries share: chunks checked, duplicates left out, rejects and statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from halogenator.process.usage import Task, combine
from halogenator.tables.columns import REJECTS
from halogenator.tables.duck import connect, literal
from halogenator.tables.duplicates import Slice, distinct_batches, find_duplicates, load_duplicates, number_routes
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter, limit_arrow_threads, table_writer
from halogenator.tables.seal import check_chunks
from halogenator.tables.statistics import write_object
from halogenator.tasks.find_duplicates import check_parts

# Rows that DuckDB hands over at a time: at the longest SMILES allowed still some tens of megabytes.
_BATCH_ROWS = 4096


@dataclass(frozen=True)
class Merge:
    """The files of a merge.

    Attributes:
        chunks: chunk files, in parent order.
        reject_chunks: their rejects, in the same order.
        out: the table to make of the chunks.
        rejects_out: the table to make of their rejects.
        statistics_out: the JSON object to make, with counts, checksums and what all tasks of it have used.
        scratch: folder for what does not fit into memory.
        config_hash: fingerprint of the settings that made the chunks.
        task: this process's time and memory.
        parts: duplicates of the chunks by range of keys, as ``find_part`` leaves them; none: they are found here.
    """

    chunks: Sequence[Path]
    reject_chunks: Sequence[Path]
    out: Path
    rejects_out: Path
    statistics_out: Path
    scratch: Path
    config_hash: str
    task: Task
    parts: Sequence[Path] = ()

    @contextmanager
    def open(self, name: str, key: str) -> Iterator[OpenMerge]:
        """Give the chunks with their duplicates found: rows that share a value of the column ``key``.

        Args:
            name: prefix of the tables that say which rows drop.
            key: the column.

        Raises:
            UserError: if a chunk file is damaged or gone, or the disk takes no more.
        """
        limit_arrow_threads()
        check_chunks((*self.chunks, *self.reject_chunks, *self.parts))
        self.statistics_out.unlink(missing_ok=True)  # so that no statistics outlive the files that they are of
        with connect(self.task.declared_mb, self.scratch) as connection:
            slices = number_routes(connection, self.chunks)
            if self.parts:
                check_parts(self.parts, key, routes=slices[-1].stop if slices else 0)
                duplicates = load_duplicates(connection, self.parts, name)
            else:
                duplicates = find_duplicates(connection, key, name)
            yield OpenMerge(self, connection, name, slices, duplicates)

    def sum_counts(self, *names: str) -> dict[str, int]:
        """Return the sums of counts that stand in the chunks' metadata."""
        found = [read_metadata(path) for path in self.chunks]
        return {name: sum(int(str(metadata.get(name, 0))) for metadata in found) for name in names}

    def write_statistics(self, counts: Mapping[str, object], made: Sequence[TableWriter]) -> dict[str, Any]:
        """Write, last of all files, the statistics: ``counts``, and what is said of every merge; return them."""
        used = [read_metadata(path).get("task") for path in (*self.chunks, *self.parts)]
        statistics = {
            **counts,
            "bytes": self.out.stat().st_size,
            "chunks": len(self.chunks),
            "parts": len(self.parts),
            "checksums": {
                path.name: table.seal for path, table in zip((self.out, self.rejects_out), made, strict=True)
            },
            "usage": combine([*(usage for usage in used if isinstance(usage, dict)), self.task.usage()]),
        }
        write_object(statistics, self.statistics_out)
        return statistics


@dataclass(frozen=True)
class OpenMerge:
    """A merge on its way.

    Attributes:
        merge: its files.
        connection: to DuckDB, where ``routes`` are the rows of all chunks.
        name: prefix of the tables that say which of them drop.
        slices: the chunks, in order, in pieces that fit into memory.
        duplicates: how many rows drop.
    """

    merge: Merge
    connection: duckdb.DuckDBPyConnection
    name: str
    slices: Sequence[Slice]
    duplicates: int

    def rows(self, part: Slice, columns: Sequence[str]) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
        """Yield the rows of a slice that stay: their positions among all rows, and a batch of their columns."""
        return distinct_batches(self.connection, self.name, part, columns, _BATCH_ROWS)

    def write_rejects(self, library: str, more: str = "") -> TableWriter:
        """Write the rejects of the chunks, then those of the query ``more``; return what wrote them."""
        files = ", ".join(literal(str(path)) for path in self.merge.reject_chunks)
        query = f"SELECT {', '.join(column.name for column in REJECTS)} FROM read_parquet([{files}])"
        relation = self.connection.sql(f"{query} UNION ALL SELECT * FROM ({more})" if more else query)
        assert relation is not None
        with table_writer(self.merge.rejects_out, REJECTS, with_versions(library=library)) as rejects:
            rejects.copy(relation.to_arrow_reader(_BATCH_ROWS))
        return rejects
