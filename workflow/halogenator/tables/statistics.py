"""The statistics of a library or a job: a JSON object with counts and checksums, written after all other files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halogenator.process.failures import writing
from halogenator.results import REJECTS_FILE, place_of
from halogenator.tables.parquet import whole_or_absent


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty if there is no such file or it holds anything else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_object(values: Mapping[str, object], path: Path) -> None:
    """Write a JSON object to a file that is whole or absent."""
    with whole_or_absent(path) as temporary, writing(path):
        temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Statistics:
    """What the statistics of a library or a job record about its files.

    Attributes:
        path: the JSON file.
        checksums: {file name: its seal}. Older statistics have the SHA-256 of all bytes instead, the oldest nothing.
        rows: {file name: number of rows}.
    """

    path: Path
    checksums: dict[str, str]
    rows: dict[str, int]

    @classmethod
    def read(cls, path: Path) -> Statistics | None:
        """Return the statistics in a file; None if they are missing or cannot be read."""
        values = read_object(path)
        checksums = values.get("checksums", {})
        if not values or not isinstance(checksums, dict):
            return None
        counts = {f"{name}.parquet": values.get(name) for name in ("molecules", "products", "rejects")}
        rows = {name: count for name, count in counts.items() if isinstance(count, int)}
        return cls(path, {str(name): str(checksum) for name, checksum in checksums.items()}, rows)

    @classmethod
    def of(cls, path: Path) -> Statistics | None:
        """Return the statistics that record a file of the results; None if there are none."""
        place = place_of(path)
        return cls.read(place[0].stats(*place[1:])) if place else None

    @property
    def files(self) -> list[Path]:
        """Paths of the files with a checksum; empty if the statistics do not stand in a results folder."""
        place = place_of(self.path)
        if place is None:
            return []
        results, library, transform = place
        main, rejects = results.main(library, transform), results.rejects(library, transform)
        return [rejects if name == REJECTS_FILE else main.with_name(name) for name in self.checksums]
