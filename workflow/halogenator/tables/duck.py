"""DuckDB with its memory, threads and temporary files declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from halogenator.process.failures import writing

# Share of a task's declared memory that DuckDB may plan with: it counts its buffers, not its peak. Measured: half
# always held, 0.7 did not at 1,000 MB.
MEMORY_SHARE = 0.5


def memory_settings(memory_mb: int) -> dict[str, str | bool | int | float | list[str]]:
    """Return the DuckDB settings of a task that declared ``memory_mb``; its own default is most of the machine."""
    return {"memory_limit": f"{max(64, int(memory_mb * MEMORY_SHARE))}MB", "threads": 1}


@contextmanager
def connect(memory_mb: int, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an in-memory database that stays below ``memory_mb`` and spills into a folder made in ``scratch``.

    It is to read with. What DuckDB 2.0 writes itself, by COPY, it may never return from where the disk is full.

    Raises:
        UserError: if the disk does not take what it spills.
    """
    with writing(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with writing(scratch), TemporaryDirectory(prefix="duckdb-", dir=scratch, ignore_cleanup_errors=True) as spill:
        connection = duckdb.connect(
            config={
                **memory_settings(memory_mb),
                "temp_directory": spill,
                "preserve_insertion_order": True,
            }
        )
        try:
            # The streamed side of a join must stay the streamed one, or memory would have to hold it.
            connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,statistics_propagation'")
            yield connection
        finally:
            connection.close()


def identifier(name: str) -> str:
    """Return ``name`` quoted as an SQL identifier.

    Examples:
        >>> identifier("mol weight")
        '"mol weight"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return ``text`` quoted as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def plain(path: Path) -> str:
    """Return a path that DuckDB takes as it stands, whatever characters of a pattern are in it.

    Examples:
        >>> plain(Path("run[2]/molecules.parquet"))
        'run[[]2]/molecules.parquet'
    """
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def scalar(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the single value that a query gives."""
    return connection.execute(query, parameters).fetchall()[0][0]
