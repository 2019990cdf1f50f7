"""Data to reproduce the results of a run: configuration, versions, checksums."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from halogenator import ENGINE_VERSION, __version__
from halogenator.results import REJECTS_FILE, Results
from halogenator.tables.seal import sha256

# Most characters to show of a configuration file, and of all of them together.
_SHOWN = 60_000
_SHOWN_IN_ALL = 400_000
_PACKAGES = ("rdkit", "duckdb", "pyarrow", "numpy", "snakemake")


def configuration(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return name, path, checksum and text of configuration files; a long text is cut, with a note at its end."""
    found, left = [], _SHOWN_IN_ALL
    for path in filter(Path.is_file, files):
        text = path.read_text(encoding="utf-8", errors="replace")
        shown = text[: min(_SHOWN, left)]
        left -= len(shown)
        cut = f"\n… {len(text) - len(shown):,} characters more" if len(shown) < len(text) else ""
        found.append({"name": path.name, "path": str(path), "sha256": sha256(path), "text": shown + cut})
    return found


def versions() -> dict[str, str]:
    """Return the versions of all software that results depend on."""
    found = {"halogenator": f"{__version__}, engine {ENGINE_VERSION}", "Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found | {"system": platform.platform()}


def checksums(results: Results, limit: int) -> tuple[list[dict[str, str]], int]:
    """Return path and recorded SHA-256 of at most ``limit`` Parquet files, and the number of all such files."""
    found: list[dict[str, str]] = []
    count = 0
    for path in (*results.find(results.stats("*")), *results.find(results.stats("*", "*"))):
        try:
            stats = json.loads(path.read_bytes())
            sums = stats.get("checksums", {})
        except (OSError, ValueError, AttributeError):
            continue
        names = stats.get("library"), stats.get("transform")
        count += len(sums)
        for name, digest in list(sums.items())[: limit - len(found)]:
            file = results.rejects(*names) if name == REJECTS_FILE else results.main(*names)
            found.append({"file": file.relative_to(results.folder).as_posix(), "sha256": digest})
    return found, count
