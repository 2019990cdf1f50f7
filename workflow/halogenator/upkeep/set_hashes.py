"""The set hashes of results folders and files: as they were recorded, or computed anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from halogenator.errors import UserError
from halogenator.process.guard import is_refusal
from halogenator.results import Results, place_of
from halogenator.tables.duck import connect
from halogenator.tables.parquet import open_parquet
from halogenator.tables.set_hash import recorded_hash, set_hash


@dataclass(frozen=True)
class Hashed:
    """A file with its set hash.

    Attributes:
        name: library, or library × transform; the path of a file that is no result.
        path: the file.
        rows: the number of its rows.
        value: its set hash.
        recorded: what its statistics record; None: nothing of the present file.
    """

    name: str
    path: Path
    rows: int
    value: str
    recorded: str | None


def hashes(paths: Sequence[Path], *, compute: bool, mem_mb: int, scratch: Path) -> Iterator[Hashed]:
    """Yield the set hash of each file of the results folders, and of each file, among ``paths``.

    Args:
        paths: results folders and Parquet files.
        compute: whether to read the molecules also where the hash is recorded.
        mem_mb: memory to stay below, in MB (10^6 bytes).
        scratch: folder for what memory cannot hold.

    Raises:
        UserError: there is nothing to hash, or a file cannot be read or has no column ``smiles``.
    """
    with connect(mem_mb, scratch) as connection:
        for path in [file for given in paths for file in _files(given)]:
            file = open_parquet(path)
            if "smiles" not in file.schema_arrow.names:
                raise UserError("there are no molecules in this file", where=path, allowed="a column smiles")
            recorded = recorded_hash(path)
            try:
                value = set_hash(connection, path) if compute or recorded is None else recorded
            except (duckdb.Error, pa.ArrowException) as error:
                if is_refusal(error):
                    raise
                raise UserError("a file cannot be read", where=path, value=str(error).splitlines()[0]) from error
            place = place_of(path)
            name = " × ".join(filter(None, place[1:])) if place else str(path)
            yield Hashed(name, path, file.metadata.num_rows, value, recorded)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        results = Results(path)
        if found := [*results.libraries().values(), *results.jobs().values()]:
            return found
    elif path.is_file():
        return [path]
    raise UserError(
        "there are no finished results here",
        where=path,
        allowed="a results folder, or a Parquet file with a column smiles",
        fix="name the folder that snakemake wrote: results",
    )
