"""The small files of a results folder, which other files depend on: what is wrong with them, and their repair.

Snakemake takes any file that exists as good. So a run looks at these before Snakemake does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from halogenator.errors import UserError
from halogenator.results import Results
from halogenator.tables import statistics
from halogenator.tables.catalog import SUMMARY, SUMMARY_BEFORE, write_summary
from halogenator.tables.seal import read_seal, sha256

_MANIFEST_KEYS = {"identity": str, "request": dict, "molecules": int, "files": list}


def mend(results: Results) -> Iterator[str]:
    """Make damaged statistics again, and remove what Snakemake then makes again; yield in words what was done."""
    for path in results.all_stats():
        problem = statistics.damage(path)
        if problem is None or path.is_dir():
            continue
        values = statistics.recorded(path)
        if values is None:
            path.unlink()
            yield f"{path} was damaged ({problem}) and is removed, so that what it counts is made again"
        else:
            statistics.write_statistics(values, path)
            yield f"{path} was damaged ({problem}) and is made again from its results; times and memory are lost"
    yield from _mend_uncounted(results)
    others = [(results.summary, damaged_summary(results.summary))] if results.summary.is_file() else []
    others += [(path, damaged_manifest(path)) for path in manifests(results) if path.is_file()]
    for path, problem in others:
        if problem is not None:
            path.unlink()
            yield f"{path} was damaged ({problem}) and is removed, so that it is made again"


def _mend_uncounted(results: Results) -> Iterator[str]:
    """Make the statistics of libraries that have none, as after a loss of power, or remove the molecules.

    Of a job the summary asks Snakemake for the statistics; of a library nothing does.
    """
    for name, molecules in results.libraries().items():
        path = results.stats(name)
        if path.exists() or path.is_symlink():
            continue
        values = statistics.recorded(path)
        if values is not None:
            statistics.write_statistics(values, path)
            yield f"{path} was lost and is made again from its results; times and memory are lost"
        elif read_seal(molecules):  # ours, and whole
            molecules.unlink()
            yield f"{molecules} has lost its statistics and rejects and is removed, so that it is made again"


def manifests(results: Results) -> list[Path]:
    """Return the manifests of the exports of runs."""
    return results.find(results.manifest("*", "*").parent / "*.json")


def damaged_summary(summary: Path) -> str | None:
    """Return what is wrong with a summary, or None: it must be what the statistics beside it say."""
    with TemporaryDirectory() as folder:
        expected = Path(folder) / summary.name
        try:
            with summary.open(encoding="utf-8", errors="replace") as file:
                columns = file.readline().rstrip("\n").split("\t")
            known = set(SUMMARY_BEFORE) <= set(columns) <= set(SUMMARY)
            write_summary(summary.parent, expected, columns if known else tuple(SUMMARY))
            return None if expected.read_bytes() == summary.read_bytes() else "not what the statistics say"
        except (UserError, OSError):
            return None  # something else is wrong


def damaged_manifest(path: Path) -> str | None:
    """Return what is wrong with the manifest of an export, or None; of its files only names and sizes are looked at."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return "no JSON object"
    if not isinstance(found, dict):
        return "no JSON object"
    wrong = next((key for key, kind in _MANIFEST_KEYS.items() if not isinstance(found.get(key), kind)), None)
    kinds = {"number": int, "file": str, "rows": int, "sha256": str, "bytes": int}
    for entry in () if wrong else found["files"]:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), kind) for key, kind in kinds.items()):
            wrong = "files"
    return f"no usable value of {wrong!r}" if wrong else None


def changed_files(manifest: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of an export that are not as its manifest, which is whole, records them, and what is wrong."""
    for entry in json.loads(manifest.read_bytes())["files"]:
        path = manifest.with_name(Path(entry["file"]).name)
        if not path.is_file():
            yield path, f"missing, though {manifest} records it"
        elif path.stat().st_size != entry["bytes"] or sha256(path) != entry["sha256"]:
            yield path, f"its bytes are not those that were written: another checksum than in {manifest}"
