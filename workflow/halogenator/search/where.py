"""A condition in SQL on the rows of one file, with the columns that the catalog's views have."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from halogenator.errors import UserError
from halogenator.planning.export_request import check_condition, refused_condition
from halogenator.process.guard import is_refusal
from halogenator.results import Results
from halogenator.search.parts import Mask, Part
from halogenator.tables.columns import PRODUCTS
from halogenator.tables.duck import connect, identifier, literal, plain
from halogenator.tables.parquet import footer, open_parquet
from halogenator.tables.result_queries import molecules_query, products_query, tree_query

_ROW = "file_row_number"
_BATCH_ROWS = 100_000


class Where:
    """A condition, to be asked of one file after the other.

    Args:
        results: the results folder.
        condition: an SQL expression over the columns of the view ``products`` or ``molecules``.
        memory_mb: memory that the process may use, in MB (10^6 bytes).
        scratch: folder for what DuckDB cannot hold.
        threads: threads of DuckDB.
    """

    def __init__(self, results: Path, condition: str, *, memory_mb: int, scratch: Path, threads: int = 1) -> None:
        self._results, self._condition = results.resolve(), condition
        self._memory_mb, self._scratch, self._threads = memory_mb, scratch, threads
        self._stack = ExitStack()
        self._refusals: list[tuple[tuple[bool, pa.Schema], UserError | None]] = []

    def close(self) -> None:
        """Close the DuckDB session."""
        self._stack.close()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return self._stack.enter_context(connect(self._memory_mb, self._scratch, self._threads))

    @cached_property
    def _molecules(self) -> tuple[str, list[str]]:
        return molecules_query(self._connection, self._results)

    @cached_property
    def _no_products(self) -> duckdb.DuckDBPyRelation:
        """A table without rows and with all columns of products, some of which only some jobs have: scores."""
        products = [Results(self._results).products("*", "*")]
        every = tree_query(self._connection, self._results, products, PRODUCTS, ("library", "transform"))
        self._connection.execute(f"CREATE TEMP TABLE no_products AS SELECT * FROM ({every}) WHERE false")
        return self._connection.table("no_products")

    def passing(self, part: Part) -> Mask:
        """Return of each row of a file of a job or of a library whether the condition holds.

        Raises:
            UserError: DuckDB does not take the condition.
        """
        found = np.zeros(footer(part.path).rows, np.bool_)
        try:
            # Most conditions ask for columns of the file alone, which needs no join.
            try:
                reader = self._rows(_own_rows(part)).to_arrow_reader(_BATCH_ROWS)
            except duckdb.BinderException:
                reader = self._rows(self._whole_rows(part)).to_arrow_reader(_BATCH_ROWS)
            for batch in reader:
                found[batch[_ROW].to_numpy()] = True
        except duckdb.Error as error:
            if is_refusal(error):
                raise
            raise refused_condition(self._condition, error, "products" if part.transform else "molecules") from error
        return found

    def refusal(self, part: Part) -> UserError | None:
        """Return why DuckDB does not take the condition for a file; None if it does."""
        schema = open_parquet(part.path).schema_arrow.remove_metadata()
        key = part.transform is None, schema
        for known, refused in self._refusals:  # most files have the columns of another
            if known[0] == key[0] and known[1].equals(schema):
                return refused
        refused = self._refusal(part)
        self._refusals.append((key, refused))
        return refused

    def _refusal(self, part: Part) -> UserError | None:
        try:
            check_condition(self._condition)
            self._rows(self._whole_rows(part))
        except UserError as refused:
            return refused
        except duckdb.Error as error:
            return refused_condition(self._condition, error, "products" if part.transform else "molecules")
        return None

    def _rows(self, rows: str) -> Any:
        return self._connection.sql(f"SELECT {_ROW} FROM ({rows}) WHERE (\n{self._condition}\n)")

    def _whole_rows(self, part: Part) -> str:
        """Return the query for a file's rows with all columns that the view of its kind has."""
        molecules, extra = self._molecules
        if part.transform is not None:
            made = {name.casefold() for name in self._no_products.columns}
            own = f"{_own_rows(part)} UNION ALL BY NAME FROM no_products"
            # As in the view, a score of products hides a file's column of its name.
            return products_query(
                self._results, own, molecules, [name for name in extra if name.casefold() not in made]
            )
        last = ["parent_name", *map(identifier, extra)]
        return (
            f"SELECT made.* EXCLUDE ({', '.join(last)}), {', '.join(f'made.{name}' for name in last)}, own.{_ROW} "
            f"FROM ({molecules}) AS made JOIN (SELECT id, {_ROW} FROM ({_own_rows(part)})) AS own ON own.id = made.id "
            f"WHERE made.library = {literal(part.library or '')}"
        )


def _own_rows(part: Part) -> str:
    """Return the query for a file's rows with their numbers, and its library and transform."""
    names = {"library": part.library, "transform": part.transform}
    folders = "".join(f", {literal(value)} AS {name}" for name, value in names.items() if value is not None)
    return f"SELECT *{folders} FROM read_parquet({literal(plain(part.path))}, hive_partitioning = false, {_ROW} = true)"
