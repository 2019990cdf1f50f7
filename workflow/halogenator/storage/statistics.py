"""Where the files of a results folder stand in it, and the record that was made when each was finished."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halogenator.storage.failures import writing
from halogenator.storage.parquet import whole_or_absent

_PLACES = (
    re.compile(r"(?:rejects/)?products/library=(?P<library>[^/]+)/transform=(?P<transform>[^/]+)/[^/]+"),
    re.compile(r"(?:rejects/)?libraries/library=(?P<library>[^/]+)/[^/]+"),
)
_STATS = re.compile(r"stats/(?:products/(?P<library>[^/]+)/(?P<transform>[^/]+)|libraries/(?P<alone>[^/]+))\.json")


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


def place_of(path: Path) -> tuple[Path, str, str | None] | None:
    """Return (results folder, library, transform) by a file's place; None where it stands in no results folder."""
    text = path.absolute().as_posix()
    for depth in (5, 4, 3):
        root, inner = _split(text, depth)
        for place in _PLACES:
            if found := place.fullmatch(inner):
                names = found.groupdict()
                return Path(root), names["library"], names.get("transform")
    return None


def record_of(path: Path) -> Record | None:
    """Return the record that a file should agree with; None where there is none."""
    place = place_of(path)
    if place is None:
        return None
    results, library, transform = place
    name = f"libraries/{library}.json" if transform is None else f"products/{library}/{transform}.json"
    return read_record(results / "stats" / name)


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
    text = path.absolute().as_posix()
    for depth in (4, 3):
        root, inner = _split(text, depth)
        found, record = _STATS.fullmatch(inner), read_record(path)
        if found and record:
            library, transform = found["library"] or found["alone"], found["transform"]
            tree = "libraries" if transform is None else "products"
            folder = f"library={library}" + (f"/transform={transform}" if transform else "")
            return [
                Path(root, "rejects" if name == "rejects.parquet" else "", tree, folder, name)
                for name in record.checksums
            ]
    return []


def _split(text: str, depth: int) -> tuple[str, str]:
    """Return a path's beginning, and its last ``depth`` parts."""
    parts = text.split("/")
    return "/".join(parts[:-depth]) or "/", "/".join(parts[-depth:])
