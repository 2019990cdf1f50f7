"""What repeats in a library's file: ids of several molecules, and rows with the molecule of an earlier row.

The merge of a small file finds both itself. Of a large one, several tasks find them. Each looks for repeated ids in a
range of the id's hash, and writes the rejects of the rows whose duplicates were found in a range of the molecule's. So
each holds its share only, and the merge reads what belongs to a slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from halogenator.process.usage import Task
from halogenator.tables.columns import POSITION, REJECTS
from halogenator.tables.duck import connect, file_list, literal
from halogenator.tables.duplicates import (
    Slice,
    find_duplicates,
    integer_columns,
    leaving_out,
    load_duplicates,
    number_routes,
)
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads
from halogenator.tables.seal import check_chunks
from halogenator.tasks.find_duplicates import check_parts, made_of, write_found
from halogenator.tasks.source_files import SourceFiles

_REJECTS = ", ".join(column.name for column in REJECTS)


@dataclass(frozen=True)
class Repeats:
    """What repeats in a file.

    Attributes:
        connection: a session with ``routes``, and ``id_dropped``: positions of molecules whose id an earlier one has.
        clashes: numbers of "~" which, between such an id and its row, give the id of another molecule.
        rejects: queries which, one after another, give the rejects of rows with the molecule of an earlier one.
    """

    connection: duckdb.DuckDBPyConnection
    clashes: frozenset[int]
    rejects: tuple[str, ...]

    @classmethod
    def find(cls, connection: duckdb.DuckDBPyConnection, library: str, files: SourceFiles) -> Repeats:
        """Find them in a session with the tables of ``find_duplicates`` for molecules."""
        clashes = _find_repeated_ids(connection, library)
        rejects = f"SELECT {_REJECTS} FROM ({_duplicate_rejects(connection, files)})"
        return cls(connection, frozenset(clashes), (rejects,))

    @classmethod
    def load(
        cls, connection: duckdb.DuckDBPyConnection, ids: Sequence[Path], rows: Sequence[Path], slices: Sequence[Slice]
    ) -> Repeats:
        """Read what tasks have found: the files that ``find_repeats`` made.

        Raises:
            UserError: a file was made of other chunks, or by another DuckDB.
        """
        for files, key in ((ids, "id"), (rows, "smiles")):
            check_parts(files, key, routes=slices[-1].stop if slices else 0)
        connection.execute(f"CREATE TEMP VIEW id_dropped AS SELECT position FROM read_parquet({file_list(ids)})")
        found: list[Any] = [read_metadata(path)["clashes"] for path in ids]
        rejects = f"read_parquet({file_list(rows)})"
        of_slices = tuple(f"SELECT {_REJECTS} FROM ({part.rows_of(rejects)})" for part in slices)
        return cls(connection, frozenset(number for each in found for number in each), of_slices)

    @property
    def separator(self) -> str:
        """What to put between a repeated id and its row, so that no other molecule has the result as its id."""
        return "~" * next(number for number in count(1) if number not in self.clashes)

    def ids_in(self, part: Slice) -> np.ndarray:
        """Return the positions, in a slice, of molecules whose id an earlier one has."""
        return integer_columns(self.connection, part.rows_of("id_dropped"), "position")[0]


def find_repeats(
    chunks: Sequence[Path],
    duplicates: Sequence[Path],
    *,
    library: str,
    part: tuple[int, int],
    out: Path,
    rejects_out: Path,
    scratch: Path,
    task: Task,
) -> None:
    """Find what repeats in one range: ids, and of the rows with the molecule of an earlier one, the rejects.

    Args:
        chunks: chunk files of a library from a file, in order.
        duplicates: what ``find_part`` made of them, for all ranges in order.
        library: the library's name.
        part: (0-based number of the range, number of ranges).
        out: the table of positions to make, of molecules with a repeated id.
        rejects_out: the table of rejects to make, with their positions.
        scratch: folder for data that do not fit into memory.
        task: this process's time and memory.

    Raises:
        UserError: a chunk file is damaged or missing, or the disk is full.
    """
    limit_arrow_threads()
    check_chunks((*chunks, *duplicates))
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        routes = slices[-1].stop if slices else 0
        check_parts(duplicates, "smiles", routes=routes)
        load_duplicates(connection, [duplicates[part[0]]], "own")
        rejects = _duplicate_rejects(connection, SourceFiles.of(chunks[0]), "own_dropped")
        write_found(connection, rejects, (POSITION, *REJECTS), rejects_out, made_of("smiles", part, routes))
        load_duplicates(connection, duplicates, "molecule")
        metadata = {**made_of("id", part, routes), "clashes": _find_repeated_ids(connection, library, part)}
        write_found(connection, "SELECT position FROM id_dropped ORDER BY position", (POSITION,), out, metadata, task)


def _find_repeated_ids(
    connection: duckdb.DuckDBPyConnection, library: str, part: tuple[int, int] = (0, 1)
) -> list[int]:
    """Make the table ``id_dropped`` of molecules with the id of an earlier one, for a range of ids; return clashes.

    A row without an id has one from its number. Rows that repeat a molecule need no id.
    """
    given = f"coalesce(id, {literal(library + '-row-')} || row)"
    connection.execute(f"CREATE TEMP VIEW named AS SELECT * REPLACE ({given} AS id) FROM routes")
    find_duplicates(connection, "id", "id", rows="named", without="molecule_dropped", part=part)
    connection.execute(
        "CREATE TEMP TABLE again AS SELECT id, row FROM named WHERE position IN (SELECT position FROM id_dropped)"
    )
    tildes = "length(named.id) - length(again.id) - length(again.row::VARCHAR)"
    connection.execute(
        f"""
        CREATE TEMP TABLE clash AS
        SELECT named.position, {tildes} AS tildes
        FROM named JOIN again ON regexp_extract(named.id, '~([0-9]+)$', 1) = again.row::VARCHAR
        WHERE {tildes} > 0 AND named.id = again.id || repeat('~', {tildes}) || again.row
        """
    )
    connection.execute(leaving_out("clash", "molecule_dropped"))
    return [number for (number,) in connection.execute("SELECT DISTINCT tildes FROM clash ORDER BY ALL").fetchall()]


def _duplicate_rejects(
    connection: duckdb.DuckDBPyConnection, files: SourceFiles, dropped: str = "molecule_dropped"
) -> str:
    """Return the query for the rejects of a file's duplicate rows, and their positions, in order.

    If two rows became the same molecule only when they were prepared, the reject says so.
    """
    connection.execute(
        f"""
        CREATE TEMP TABLE repeated AS
        SELECT position, row, id, smiles, enhanced_stereo, prepared, stripped_from FROM routes
        WHERE position IN (SELECT position FROM {dropped} UNION ALL SELECT keeper FROM {dropped})
        """
    )
    same = "again.smiles || coalesce(' |' || again.enhanced_stereo || '|', '')"
    return f"""
        SELECT again.position, {files.sql_file("again.row")} AS source, {files.sql_row("again.row")} AS row, again.id,
               NULL::INTEGER AS site, again.smiles[:200] AS smiles, 'duplicate' AS reason,
               'same molecule as ' || coalesce(first.id || ', ', '') || {files.sql_place("first.row")} || CASE
                   WHEN coalesce(again.stripped_from, {same}) IS NOT DISTINCT FROM
                        coalesce(first.stripped_from, {same.replace("again.", "first.")}) THEN ''
                   ELSE ', once prepared: ' || concat_ws(' and ', again.prepared, first.prepared) END AS detail
        FROM {dropped} AS dropped
        JOIN repeated AS again ON again.position = dropped.position
        JOIN repeated AS first ON first.position = dropped.keeper
        ORDER BY again.position
    """
