"""Data to reproduce the results of a run: configuration, versions, checksums."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from halogenator import ENGINE_VERSION, __version__
from halogenator.results import Results
from halogenator.tables.configurations import kept, read_configuration
from halogenator.tables.statistics import Statistics, read_object

# Most characters to show of a configuration file, and of all of them together.
_SHOWN = 60_000
_SHOWN_IN_ALL = 400_000
_NAMED = 20  # results of one configuration that are named
_PACKAGES = ("rdkit", "duckdb", "pyarrow", "numpy", "snakemake")


def configurations(results: Results, files: Iterable[Path], overrides: str) -> list[dict[str, Any]]:
    """Return the configurations that made the results, those that made most first.

    Args:
        results: the results folder.
        files: files to show if no results record what they were made with.
        overrides: their settings made outside files.

    Returns:
        Of each ``made`` (what was made with it, in words), ``overrides`` and ``files`` with name, path, checksum and
        text; a long text is cut, with a note at its end.
    """
    made: dict[str | None, list[str]] = {}
    for path in results.all_stats():
        stats = read_object(path)
        names = [str(stats[key]) for key in ("library", "transform") if key in stats]
        made.setdefault(stats.get("configuration"), []).append(" × ".join(names))
    unrecorded = made.pop(None, [])
    found = []
    for name, makes in sorted(made.items(), key=lambda item: -len(item[1])):
        record = kept(results, str(name)) or {"overrides": "", "files": []}
        found.append({**record, "made": f"Of {_made(makes)}" if len(made) > 1 or unrecorded else "Of all results"})
    if unrecorded:
        said = f"{_made(unrecorded)}: made without a record of the configuration"
        found.append({"made": said, "overrides": "", "files": []})
    if not made:
        now = {**read_configuration(files, overrides), "made": "The files as they were when this page was made"}
        found += [now] if now["files"] else []
    left = _SHOWN_IN_ALL
    for file in (file for each in found for file in each["files"]):
        text = file["text"]
        shown = text[: max(0, min(_SHOWN, left))]
        left -= len(shown)
        cut = f"\n… {len(text) - len(shown):,} characters more" if len(shown) < len(text) else ""
        file["text"] = shown + cut
    return found


def _made(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


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
    for path in results.all_stats():
        stats = Statistics.read(path)
        sums = stats.checksums if stats else {}
        count += len(sums)
        for file in stats.files[: limit - len(found)] if stats else ():
            found.append({"file": file.relative_to(results.folder.absolute()).as_posix(), "sha256": sums[file.name]})
    return found, count
