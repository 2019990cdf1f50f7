"""A condition in SQL on the rows of one file, with the columns that the catalog's views have."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from halogenator.errors import UserError
from halogenator.process.guard import is_refusal
from halogenator.search.parts import Mask, Part
from halogenator.tables.duck import connect, identifier, literal, plain
from halogenator.tables.parquet import open_parquet
from halogenator.tables.result_queries import molecules_query, products_query

_ROW = "file_row_number"
_BATCH_ROWS = 100_000


def passing(results: Path, part: Part, condition: str, *, memory_mb: int, scratch: Path) -> Mask:
    """Return of each row of a file whether a condition holds.

    Args:
        results: the results folder.
        part: a file of a job or of a library.
        condition: an SQL expression over the columns of the view ``products`` or ``molecules``.
        memory_mb: memory that the process may use, in MB (10^6 bytes).
        scratch: folder for what DuckDB cannot hold.

    Raises:
        UserError: DuckDB does not take the condition.
    """
    found = np.zeros(open_parquet(part.path).metadata.num_rows, np.bool_)
    with connect(memory_mb, scratch) as connection:
        try:
            _check_single(connection, condition)
            # Most conditions ask for columns of the file alone, which needs no join.
            try:
                reader = connection.sql(_query(own_rows(part), condition)).to_arrow_reader(_BATCH_ROWS)
            except duckdb.BinderException:
                whole = _whole_rows(connection, results, part)
                reader = connection.sql(_query(whole, condition)).to_arrow_reader(_BATCH_ROWS)
            for batch in reader:
                found[batch[_ROW].to_numpy()] = True
        except duckdb.Error as error:
            if is_refusal(error):
                raise
            raise _refused(condition, part, error) from error
    return found


def refusal(results: Path, part: Part, condition: str, *, memory_mb: int, scratch: Path) -> UserError | None:
    """Return why DuckDB does not take a condition for a file; None if it does. Arguments as for ``passing``."""
    with connect(memory_mb, scratch) as connection:
        try:
            _check_single(connection, condition)
            connection.sql(_query(_whole_rows(connection, results, part), condition))
        except duckdb.Error as error:
            return _refused(condition, part, error)
    return None


def own_rows(part: Part) -> str:
    """Return the query for a file's rows with their numbers, and its library and transform."""
    names = {"library": part.library, "transform": part.transform}
    folders = "".join(f", {literal(value)} AS {name}" for name, value in names.items() if value is not None)
    return f"SELECT *{folders} FROM read_parquet({literal(plain(part.path))}, hive_partitioning = false, {_ROW} = true)"


def _whole_rows(connection: duckdb.DuckDBPyConnection, results: Path, part: Part) -> str:
    """Return the query for a file's rows with all columns that the view of its kind has."""
    molecules, extra = molecules_query(connection, results.resolve())
    if part.transform is not None:
        return products_query(results.resolve(), own_rows(part), molecules, extra)
    last = ", ".join(f"made.{identifier(name)}" for name in ("parent_name", *extra))
    own = f"SELECT id, {_ROW} FROM ({own_rows(part)})"
    return (
        f"SELECT made.* EXCLUDE (parent_name{''.join(f', {identifier(n)}' for n in extra)}), {last}, own.{_ROW} "
        f"FROM ({molecules}) AS made JOIN ({own}) AS own ON own.id = made.id "
        f"WHERE made.library = {literal(part.library or '')}"
    )


def _query(rows: str, condition: str) -> str:
    return f"SELECT {_ROW} FROM ({rows}) WHERE (\n{condition}\n)"


def _check_single(connection: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Check that a text is one condition, not the end of one and more statements."""
    if len(connection.extract_statements(f"SELECT (\n{condition}\n)")) != 1:
        raise duckdb.ParserException("more than one statement")


def _refused(condition: str, part: Part, error: Exception) -> UserError:
    view = "products" if part.transform else "molecules"
    return UserError(
        f"DuckDB does not take this condition: {str(error).splitlines()[0]}",
        where="where",
        value=condition,
        allowed=f"a condition on columns of the view {view}: mw < 400 AND halogens = 'F'",
        fix=f'see the columns with: python -m halogenator query "DESCRIBE {view}"',
    )
