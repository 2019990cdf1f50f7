"""What is needed to make a run's results again: configuration, versions, checksums."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from halogenator import ENGINE_VERSION, __version__
from halogenator.results import REJECTS_FILE, Results
from halogenator.storage.seal import sha256

# Characters of a configuration file that are shown, and of all of them.
_SHOWN = 60_000
_SHOWN_IN_ALL = 400_000
_PACKAGES = ("rdkit", "duckdb", "pyarrow", "numpy", "snakemake")


@dataclass(frozen=True)
class Transform:
    """A transform as a person reads it: label and family, told by its name where no file says them, and its scope."""

    name: str
    label: str
    family: str
    smirks: str = ""
    scope_classes: tuple[str, ...] = ()


def configuration(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return name, path, checksum and text of configuration files; the text of a long one is cut, and says so."""
    found, left = [], _SHOWN_IN_ALL
    for path in files:
        if not path.is_file():
            continue
        text = path.read_text(errors="replace")
        shown = text[: min(_SHOWN, left)]
        left -= len(shown)
        cut = f"\n… {len(text) - len(shown):,} characters more" if len(shown) < len(text) else ""
        found.append({"name": path.name, "path": str(path), "sha256": sha256(path), "text": shown + cut})
    return found


def transforms(files: Iterable[Path], names: Sequence[str]) -> dict[str, Transform]:
    """Return the named transforms, those that a configuration file describes first and in its order."""
    entries: dict[str, Transform] = {}
    for path in files:
        try:
            content = yaml.safe_load(path.read_text()) if path.suffix in (".yaml", ".yml") else None
        except (OSError, yaml.YAMLError):
            continue
        listed = content.get("transforms") if isinstance(content, dict) else None
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict) and entry.get("name") in names:
                told = _told(entry["name"])
                entries[entry["name"]] = Transform(
                    entry["name"],
                    str(entry.get("label") or told.label),
                    str(entry.get("family") or told.family),
                    str(entry.get("smirks") or ""),
                    tuple(map(str, entry.get("scope_classes") or ())),
                )
    return entries | {name: _told(name) for name in names if name not in entries}


def _told(name: str) -> Transform:
    """Read FG_<group>__<from>__TO__<to>."""
    parts = name.split("__")
    if len(parts) == 4 and parts[2] == "TO":
        group = parts[0].removeprefix("FG_").replace("_", " ").lower()
        return Transform(name, f"{group}: {parts[1]} → {parts[3]}", group)
    return Transform(name, name, "")


def versions() -> dict[str, str]:
    """Return the version of everything that decides results."""
    found = {"halogenator": f"{__version__}, engine {ENGINE_VERSION}", "Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found | {"system": platform.platform()}


def checksums(results: Path, limit: int) -> tuple[list[dict[str, str]], int]:
    """Return path and SHA-256 of at most ``limit`` Parquet files as recorded when they were made, and how many are."""
    found: list[dict[str, str]] = []
    count = 0
    places = Results(results)
    for path in (*places.find(places.stats("*")), *places.find(places.stats("*", "*"))):
        try:
            stats = json.loads(path.read_bytes())
            sums = stats.get("checksums", {})
        except (OSError, ValueError, AttributeError):
            continue
        names = stats.get("library"), stats.get("transform")
        for name, digest in sums.items():
            count += 1
            if len(found) < limit:
                file = places.rejects(*names) if name == REJECTS_FILE else places.main(*names)
                found.append({"file": file.relative_to(results).as_posix(), "sha256": digest})
    return found, count
