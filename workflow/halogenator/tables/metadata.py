"""The metadata of a Parquet file of ours: a JSON object in its footer that says what made it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from halogenator import ENGINE_VERSION

# Key of the JSON object among a file's key-value metadata.
METADATA_KEY = "halogenator"


def read_metadata(path: Path) -> dict[str, object]:
    """Return a file's metadata; empty for a file of another origin."""
    entries = pq.read_metadata(path).metadata or {}
    found: dict[str, object] = json.loads(entries.get(METADATA_KEY.encode(), b"{}"))
    return found


def with_versions(**values: object) -> dict[str, object]:
    """Return metadata of some values and the versions of everything that decides a product's SMILES."""
    import rdkit

    return {"engine_version": ENGINE_VERSION, "rdkit_version": rdkit.__version__, **values}
