"""The metadata of this program's Parquet files: a JSON object in the footer that says how the file was made."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from halogenator import ENGINE_VERSION

# Key of that object in the footer's key-value metadata.
METADATA_KEY = "halogenator"


def read_metadata(path: Path) -> dict[str, object]:
    """Return a file's metadata; empty for a file of another program."""
    entries = pq.read_metadata(path).metadata or {}
    found: dict[str, object] = json.loads(entries.get(METADATA_KEY.encode(), b"{}"))
    return found


def with_versions(**values: object) -> dict[str, object]:
    """Return ``values`` and the versions of all that decides a product's SMILES, as metadata."""
    import rdkit

    return {"engine_version": ENGINE_VERSION, "rdkit_version": rdkit.__version__, **values}
