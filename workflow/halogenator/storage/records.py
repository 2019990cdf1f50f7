"""The record that was made of a results folder's files when each was finished."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halogenator.results import REJECTS_FILE, place_of
from halogenator.storage.failures import writing
from halogenator.storage.parquet import whole_or_absent


@dataclass(frozen=True)
class Record:
    """What the statistics of a library or a job say of its files.

    Attributes:
        path: the statistics.
        checksums: {file name: SHA-256}; empty where the statistics are from before checksums were recorded.
        rows: {file name: rows}.
    """

    path: Path
    checksums: dict[str, str]
    rows: dict[str, int]


def record_of(path: Path) -> Record | None:
    """Return the record that a file should agree with; None where there is none."""
    place = place_of(path)
    if place is None:
        return None
    results, library, transform = place
    return read_record(results.stats(library, transform))


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty where there is none, or something else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_object(record: Mapping[str, object], path: Path) -> None:
    """Write a JSON object to a file that is whole or absent."""
    with whole_or_absent(path) as temporary, writing(path):
        temporary.write_text(json.dumps(record, indent=1) + "\n")


def read_record(path: Path) -> Record | None:
    """Return the record in a statistics file; None where there is no such file, or none that can be read."""
    try:
        stats: Any = json.loads(path.read_bytes())
        checksums = {str(name): str(digest) for name, digest in stats.get("checksums", {}).items()}
    except (OSError, ValueError, AttributeError):
        return None
    counts = {f"{name}.parquet": stats.get(name) for name in ("molecules", "products", "rejects")}
    return Record(path, checksums, {name: rows for name, rows in counts.items() if isinstance(rows, int)})


def recorded_files(path: Path) -> list[Path]:
    """Return the files that a statistics file has checksums of, at their places; none for another file."""
    place, record = place_of(path), read_record(path)
    if place is None or record is None or path.suffix != ".json":
        return []
    results, library, transform = place
    main, rejects = results.main(library, transform), results.rejects(library, transform)
    return [rejects if name == REJECTS_FILE else main.with_name(name) for name in record.checksums]
