"""Titles of molecules in words: ``quercetin + 2 F, phenol OH → OMe``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from halogenator.export.parent_columns import NAME_FIELD, PARENT_FIELDS, PARENT_HALOGENS
from halogenator.results import Results
from halogenator.tables.configurations import data_of, kept
from halogenator.tables.statistics import read_object

NEEDED = (PARENT_FIELDS[1], PARENT_HALOGENS)  # columns about the parents of products


def labels(results: Results, jobs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return {transform: its label} as the configurations have it that made these jobs, or its name."""
    found: dict[str, str] = {}
    read: dict[str, dict[str, str]] = {}
    for library, transform in jobs:
        path = results.stats(library, transform)
        made_with = str(read_object(path).get("configuration") or "") if path.exists() else ""
        if made_with and made_with not in read:
            read[made_with] = _labels_of(results, made_with)
        found[transform] = read.get(made_with, {}).get(transform) or found.get(transform, transform)
    return found


def _labels_of(results: Results, configuration: str) -> dict[str, str]:
    """Return {transform: label} of a configuration that the results folder keeps."""
    record = kept(results, configuration)
    named = {}
    for file in record["files"] if record else ():
        if "transforms" in file["text"]:
            entries = data_of(file["text"]).get("transforms")
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict) and "name" in entry:
                    named[str(entry["name"])] = str(entry.get("label") or "")
    return named


def titles(batch: pa.RecordBatch, known: dict[str, str]) -> pa.Array:
    """Return the title of each row: name of the natural product, halogens put in, transform.

    Args:
        batch: rows, those of jobs with the columns of ``NEEDED``.
        known: labels of transforms.
    """
    halogens = PARENT_HALOGENS.name if PARENT_HALOGENS.name in batch.schema.names else "halogens"
    columns = [_column(batch, name) for name in (NAME_FIELD.name, "parent", halogens)]
    steps = [known.get(name, name) if name else None for name in _column(batch, "transform")]
    return pa.array([_title(*row) for row in zip(*columns, steps, _column(batch, "name"), strict=True)], pa.string())


def _column(batch: pa.RecordBatch, name: str) -> list[str | None]:
    found: list[str | None] = batch[name].to_pylist() if name in batch.schema.names else [None] * batch.num_rows
    return found


def _title(
    parent_name: str | None, parent: str | None, halogens: str | None, step: str | None, name: str | None
) -> str | None:
    """Return a title; the name of a row of which no natural product is known.

    Examples:
        >>> _title(None, "quercetin", "F,F,Cl", "phenol OH → OMe", None)
        'quercetin + 2 F + Cl, phenol OH → OMe'
    """
    natural = parent_name or parent
    if not natural:
        return name
    counts = Counter(filter(None, (halogens or "").split(",")))
    words = [natural, *(f"{count} {halogen}" if count > 1 else halogen for halogen, count in counts.items())]
    return ", ".join(filter(None, (" + ".join(words), step)))
