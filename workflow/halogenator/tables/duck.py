"""DuckDB sessions with limited memory and threads and a folder for temporary files; SQL quoting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from halogenator.process.failures import writing

# Share of a task's declared memory that DuckDB is given as its limit. DuckDB counts its buffers, not the peak of the
# process. Measured: with half, tasks always stayed below their declaration; with 0.7 they did not at 1,000 MB.
MEMORY_SHARE = 0.5


def memory_settings(memory_mb: int) -> dict[str, str | bool | int | float | list[str]]:
    """Return the DuckDB settings of a task that declared ``memory_mb``. DuckDB's default is most of the machine."""
    return {"memory_limit": f"{max(64, int(memory_mb * MEMORY_SHARE))}MB", "threads": 1}


@contextmanager
def connect(memory_mb: int, scratch: Path, threads: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an in-memory database that stays below ``memory_mb`` and spills into a new folder in ``scratch``.

    Use it for queries only: COPY ... TO of DuckDB 2.0 may never return if the disk is full.

    Raises:
        UserError: the disk does not take what DuckDB spills.
    """
    with writing(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with writing(scratch), TemporaryDirectory(prefix="duckdb-", dir=scratch, ignore_cleanup_errors=True) as spill:
        connection = duckdb.connect(
            config={
                **memory_settings(memory_mb),
                "threads": threads,
                "temp_directory": spill,
                "preserve_insertion_order": True,
            }
        )
        try:
            # These optimizers may swap the sides of a join. Memory would then hold the side that is to be streamed.
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
    """Return a path with its glob characters escaped, so that DuckDB takes it literally.

    Examples:
        >>> plain(Path("run[2]/molecules.parquet"))
        'run[[]2]/molecules.parquet'
    """
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def file_list(paths: Iterable[Path]) -> str:
    """Return SQL for a list of files, none of which DuckDB takes for a pattern.

    Examples:
        >>> file_list([Path("a.parquet"), Path("b*.parquet")])
        "['a.parquet', 'b[*].parquet']"
    """
    return f"[{', '.join(literal(plain(path)) for path in paths)}]"


def scalar(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the first value of the first row of a query."""
    return connection.execute(query, parameters).fetchall()[0][0]
