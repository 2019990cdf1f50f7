"""The metadata of this program's Parquet files: a JSON object in the footer that says how the file was made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from halogenator import ENGINE_VERSION
from halogenator.tables.seal import SEAL_KEY

# Key of that object in the footer's key-value metadata.
METADATA_KEY = "halogenator"
_MOST_FOOTERS = 4_096  # that are remembered, some kilobytes each


@dataclass(frozen=True)
class Footer:
    """What a Parquet file's footer says of the whole file.

    Attributes:
        rows: the number of rows.
        groups: the number of rows of each row group.
        columns: the names of the columns.
        metadata: the metadata of this program; empty in a file of another one.
        seal: the checksum of the file's bytes when it was written (``tables.seal``); None: it has none.
    """

    rows: int
    groups: tuple[int, ...]
    columns: tuple[str, ...]
    metadata: dict[str, object]
    seal: str | None


def read_footer(path: Path) -> Footer:
    """Return what a file's footer says. It is read once as long as the file stays the same."""
    is_now = path.stat()
    return _read_footer(path, is_now.st_ino, is_now.st_size, is_now.st_mtime_ns)


@lru_cache(maxsize=_MOST_FOOTERS)
def _read_footer(path: Path, inode: int, size: int, changed: int) -> Footer:
    found = pq.read_metadata(path)
    entries = found.metadata or {}
    own, seal = entries.get(METADATA_KEY.encode(), b"{}"), entries.get(SEAL_KEY.encode())
    columns = tuple(found.schema.to_arrow_schema().names)
    groups = tuple(found.row_group(number).num_rows for number in range(found.num_row_groups))
    return Footer(found.num_rows, groups, columns, json.loads(own), seal and seal.decode())


def read_metadata(path: Path) -> dict[str, object]:
    """Return a file's metadata; empty for a file of another program."""
    return dict(read_footer(path).metadata)


def with_versions(**values: object) -> dict[str, object]:
    """Return ``values`` and the versions of all that decides a product's SMILES, as metadata."""
    import rdkit

    return {"engine_version": ENGINE_VERSION, "rdkit_version": rdkit.__version__, **values}
