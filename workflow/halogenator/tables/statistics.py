"""The statistics of a library or a job: a JSON object with counts and checksums, written after all other files.

They have a checksum of themselves. All of them but the usage of the tasks also stands in the footer of the rejects, so
that damaged statistics can be made again without the chunks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import ArrowException

from halogenator.process.failures import writing
from halogenator.results import APPLY_STATS_FILE, REJECTS_FILE, place_of
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import whole_or_absent
from halogenator.tables.seal import read_seal

SUM_KEY = "sha256"  # of the statistics: their own checksum
RECORD_KEY = "statistics"  # of the metadata of rejects: the statistics that belong to them

USAGE = ("seconds", "cpu_seconds", "peak_mb", "declared_mb", "peak_of_declared")
# What older statistics, without a checksum, must have.
_COUNTS_OF_A_JOB = ("products", "duplicates", "rejects", "chunks", "bytes")
_COUNTS_OF_A_LIBRARY = ("molecules", "duplicates", "rejects")


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty if there is no such file or it holds anything else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_object(values: Mapping[str, object], path: Path) -> None:
    """Write a JSON object to a file that is whole or absent."""
    with whole_or_absent(path) as temporary, writing(path):
        temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def write_statistics(values: Mapping[str, object], path: Path) -> None:
    """Write statistics with their checksum."""
    write_object({**values, SUM_KEY: _sum(values)}, path)


def known(path: Path) -> dict[str, Any]:
    """Return the statistics in a file, or if it is damaged those that belong there; empty if there are none."""
    values = read_object(path)
    return (values if damage(path, values) is None else recorded(path)) or {}


def damage(path: Path, values: Mapping[str, Any] | None = None) -> str | None:
    """Return what is wrong with a file of statistics, or None.

    Args:
        path: the file.
        values: what ``read_object`` gave of it; None: it is read here.
    """
    try:
        if not path.stat().st_size:
            return "empty"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    values = read_object(path) if values is None else values
    if not values:
        return "no JSON object"
    if SUM_KEY in values:
        if values[SUM_KEY] != _sum(values):
            return "it is not what was written"
    elif wrong := _wrong_key(values):
        return f"no usable value of {wrong!r}"
    place = place_of(path)
    found = (values.get("library"), values.get("transform"))
    return None if place is None or place[1:] == found else f"made for {' × '.join(map(str, filter(None, found)))}"


def recorded(path: Path) -> dict[str, Any] | None:
    """Return the statistics that belong in a file, from the footer of the rejects; None if it has none.

    They are those of the present files: the record has the checksum of the products or molecules.
    """
    place = place_of(path)
    if place is None:
        return None
    main, rejects, _ = place[0].files(*place[1:])
    try:
        record = read_metadata(rejects).get(RECORD_KEY)
        seals = {file.name: read_seal(file) for file in (main, rejects)}
    except (OSError, ValueError, ArrowException):
        return None
    if not isinstance(record, dict) or record.get("checksums") != {main.name: seals[main.name]}:
        return None
    return {**record, "checksums": seals, "usage": dict.fromkeys(USAGE)}


def _sum(values: Mapping[str, object]) -> str:
    """Return the checksum of statistics, which may have one already."""
    others = {key: value for key, value in values.items() if key != SUM_KEY}
    return hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()


def _wrong_key(values: Mapping[str, Any]) -> str | None:
    """Return a key that statistics lack, or that has a value of the wrong type; None if there is none."""
    usage, checksums = values.get("usage"), values.get("checksums", {})
    if not isinstance(values.get("library"), str) or not isinstance(values.get("transform", ""), str):
        return "library"
    if not isinstance(usage, dict) or not all(isinstance(usage.get(key), int | float | None) for key in USAGE):
        return "usage"
    if not isinstance(checksums, dict):
        return "checksums"
    counts = _COUNTS_OF_A_JOB if "transform" in values else _COUNTS_OF_A_LIBRARY
    return next((key for key in counts if type(values.get(key)) is not int), None)


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
        if place_of(path) is None:
            rows.pop(REJECTS_FILE, None)  # which has those of the input too
        return cls(path, {str(name): str(checksum) for name, checksum in checksums.items()}, rows)

    @classmethod
    def of(cls, path: Path) -> Statistics | None:
        """Return the statistics that record a file of the results, or of ``apply``'s; None if there are none."""
        place = place_of(path)
        return cls.read(place[0].stats(*place[1:]) if place else path.with_name(APPLY_STATS_FILE))

    @property
    def files(self) -> list[Path]:
        """Paths of the files with a checksum."""
        place = place_of(self.path)
        if place is None:
            return [self.path.with_name(name) for name in self.checksums]
        results, library, transform = place
        main, rejects = results.main(library, transform), results.rejects(library, transform)
        return [rejects if name == REJECTS_FILE else main.with_name(name) for name in self.checksums]
