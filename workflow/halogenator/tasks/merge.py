"""The common part of both merges: check chunks, leave out duplicates, write rejects and statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from halogenator.process.durable import sync_folders
from halogenator.process.failures import writing
from halogenator.process.usage import Task, combine
from halogenator.tables.columns import REJECTS
from halogenator.tables.duck import connect, file_list
from halogenator.tables.duplicates import Slice, distinct_batches, find_duplicates, load_duplicates, number_routes
from halogenator.tables.left_out import LEFT_OUT_KEY, added_up
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter, limit_arrow_threads, table_writer
from halogenator.tables.seal import check_chunks
from halogenator.tables.set_hash import HASH_KEY, set_hash
from halogenator.tables.statistics import RECORD_KEY, write_statistics
from halogenator.tasks.find_duplicates import check_parts

# Rows of a batch of rejects. With the longest texts allowed, this is some megabytes.
_BATCH_ROWS = 4096
# Rows of a batch of molecules or products, which ends with a row group, and these are bounded by their bytes.
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Merge:
    """A merge task: its files and settings.

    Attributes:
        chunks: chunk files, in parent order.
        reject_chunks: their rejects, in the same order.
        out: the table to make from the chunks.
        rejects_out: the table to make from their rejects.
        statistics_out: the JSON file to make, with counts, checksums and the usage of all tasks.
        scratch: folder for data that do not fit into memory.
        config_hash: fingerprint of the settings that made the chunks.
        task: this process's time and memory.
        parts: duplicates found by ``find_part``, one file per range of keys; empty: this task finds them.
        repeats: ids and rejects found by ``find_repeats`` in a file, two files per range.
        configuration: name of the configuration (``tables.configurations``); "" if it has none.
        alone: whether the task made the one chunk itself, so that there were no chunk tasks.
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
    repeats: tuple[Sequence[Path], Sequence[Path]] = ((), ())
    configuration: str = ""
    alone: bool = False

    @contextmanager
    def open(self, name: str, key: str) -> Iterator[OpenMerge]:
        """Open the chunks and find their duplicates.

        Args:
            name: prefix of the tables of duplicates.
            key: the column that no two rows may share.

        Raises:
            UserError: a chunk file is damaged or missing, or the disk is full.
        """
        limit_arrow_threads()
        check_chunks((*self.chunks, *self.reject_chunks, *self.parts, *self.repeats[0], *self.repeats[1]))
        with writing(self.statistics_out):  # statistics must not outlive the files that they describe
            if self.statistics_out.parent.exists():
                self.statistics_out.unlink(missing_ok=True)
                sync_folders(self.statistics_out)  # in any case: Snakemake has removed them before, unsynced
        with connect(self.task.declared_mb, self.scratch) as connection:
            slices = number_routes(connection, self.chunks)
            if self.parts:
                check_parts(self.parts, key, routes=slices[-1].stop if slices else 0)
                duplicates = load_duplicates(connection, self.parts, name)
            else:
                duplicates = find_duplicates(connection, key, name)
            yield OpenMerge(self, connection, name, slices, duplicates)

    def sum_counts(self, *names: str) -> dict[str, int]:
        """Return the sums of counts in the chunks' metadata."""
        found = [read_metadata(path) for path in self.chunks]
        return {name: sum(int(str(metadata.get(name, 0))) for metadata in found) for name in names}

    def left_out(self) -> dict[str, object]:
        """Return what was left out in all chunks, if anything could be."""
        found = [account for path in self.chunks if (account := read_metadata(path).get(LEFT_OUT_KEY)) is not None]
        return {LEFT_OUT_KEY: added_up(found)} if found else {}

    def statistics(self, counts: Mapping[str, object], made: TableWriter) -> dict[str, Any]:
        """Return the statistics without the checksum of the rejects, and without the usage of tasks.

        Args:
            counts: what is counted in this kind of merge.
            made: the closed writer of ``out``.
        """
        return {
            **counts,
            "bytes": self.out.stat().st_size,
            "chunks": 0 if self.alone else len(self.chunks),
            "parts": len(self.parts),
            "checksums": {self.out.name: made.seal},
        }

    def usage(self) -> dict[str, Any]:
        """Return the time and memory of all tasks up to now."""
        others = () if self.alone else (*self.chunks, *self.parts, *self.repeats[0])
        used = [read_metadata(path).get("task") for path in others]
        return combine([*(usage for usage in used if isinstance(usage, dict)), self.task.usage()])


@dataclass(frozen=True)
class OpenMerge:
    """A merge with its DuckDB session.

    Attributes:
        merge: the task.
        connection: a session with the view ``routes`` of all rows, and the tables of duplicates.
        name: prefix of these tables.
        slices: the chunks, in order, in pieces whose duplicates fit into memory.
        duplicates: the number of rows dropped.
    """

    merge: Merge
    connection: duckdb.DuckDBPyConnection
    name: str
    slices: Sequence[Slice]
    duplicates: int

    def rows(self, part: Slice, columns: Sequence[str]) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
        """Yield the rows of a slice without duplicates: their positions among all rows, and a batch of columns."""
        return distinct_batches(self.connection, self.name, part, columns, _ROWS_AT_ONCE)

    def finish(self, counts: Mapping[str, object], made: TableWriter, more: Sequence[str] = ()) -> dict[str, Any]:
        """Write the rejects of the chunks, then those of the queries ``more``, then the statistics; return these.

        Args:
            counts: what is counted in this kind of merge, with ``library``; without ``rejects``, these are counted.
            made: the closed writer of ``merge.out``.
            more: queries of more rejects.
        """
        columns = ", ".join(column.name for column in REJECTS)
        query = f"SELECT {columns} FROM read_parquet({file_list(self.merge.reject_chunks)})"
        metadata = with_versions(library=counts["library"])
        with table_writer(self.merge.rejects_out, REJECTS, metadata) as rejects:
            for each in (query, *more):
                relation = self.connection.sql(each)
                assert relation is not None
                rejects.copy(relation.to_arrow_reader(_BATCH_ROWS))
            counts = {**counts, "rejects": counts.get("rejects", rejects.total), **self.merge.left_out()}
            statistics = self.merge.statistics(counts, made)
            statistics[HASH_KEY] = set_hash(self.connection, self.merge.out)
            metadata[RECORD_KEY] = statistics
        checksums = {**statistics["checksums"], self.merge.rejects_out.name: rejects.seal}
        statistics = {**statistics, "checksums": checksums, "usage": self.merge.usage()}
        # Not in the footer: the same rows have the same bytes, whatever the comments of a configuration say.
        statistics |= {"configuration": self.merge.configuration} if self.merge.configuration else {}
        write_statistics(statistics, self.merge.statistics_out)
        return statistics
