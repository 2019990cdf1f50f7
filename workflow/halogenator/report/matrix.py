"""The table of libraries and transforms: a cell per job, coloured by its number of products, with readable text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import log10
from pathlib import Path
from typing import Any

from halogenator.config import describe_transforms
from halogenator.model import Transform
from halogenator.names import transform_words, words

# Viridis, from many to few products: even steps for the eye, also with colour blindness and in grey.
_VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")


def labelled(files: Iterable[Path], names: Iterable[str]) -> dict[str, Transform]:
    """Return transforms by name: first those that the configuration files describe, in their order.

    If no file states label or family, they come from the name (``names.transform_words``).
    """
    wanted = set(names)
    described = {name: transform for name, transform in describe_transforms(files).items() if name in wanted}
    found = {}
    for name in [*described, *sorted(wanted - described.keys())]:
        transform, (label, family) = described.get(name, Transform(name, "")), transform_words(name)
        told = words(transform.family) if transform.family else family
        found[name] = replace(transform, label=transform.label or label, family=told)
    return found


def make(
    jobs: Sequence[Mapping[str, Any]],
    transforms: Mapping[str, Transform],
    libraries: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the table.

    Args:
        jobs: jobs to show.
        transforms: transforms by name, in order.
        libraries: rows of the libraries, which come first and in this order.

    Returns:
        ``families``: [(family, number of its columns)]; ``columns``: the transforms; ``rows``: per library the name,
        what it is in ``words``, its number of ``molecules`` (None if they are not there), and ``cells`` of (transform,
        job with its colours or None, whether the library is in the transform's scope; None: it went through none).
    """
    most = max((int(job["products"]) for job in jobs), default=0)
    used = {job["transform"] for job in jobs}
    columns = [transform for name, transform in transforms.items() if name in used]
    known = {row["library"]: row for row in libraries}
    cells: dict[str, dict[str, Any]] = {name: {} for name in known}
    for job in jobs:
        back, ink = colors(int(job["products"]), most)
        cells.setdefault(job["library"], {})[job["transform"]] = {"job": job, "back": back, "ink": ink}

    def in_scope(library: str, transform: Transform) -> bool | None:
        if not cells[library]:
            return None
        return not transform.scope_classes or known.get(library, {}).get("class") in transform.scope_classes

    rows = [
        {
            "library": name,
            "words": known.get(name, {}).get("words", ""),
            "molecules": known.get(name, {}).get("molecules"),
            "cells": [(t, found.get(t.name), in_scope(name, t)) for t in columns],
        }
        for name, found in cells.items()
    ]
    families = [(family, len(list(group))) for family, group in groupby(columns, key=lambda column: column.family)]
    return {"families": families, "columns": columns, "rows": rows}


def legend(most: int) -> list[tuple[int, str, str]]:
    """Return 0 and the powers of ten up to the largest count, with their colours."""
    steps = [0, *(10**power for power in range(12) if 10**power <= most)]
    return [(step, *colors(step, most)) for step in steps]


def colors(count: int, most: int) -> tuple[str, str]:
    """Return the colour of a cell, by the logarithm of its count, and of its text: black or white, for contrast.

    Examples:
        >>> colors(1, 10_000), colors(10_000, 10_000)
        (('#fde725', '#000000'), ('#440154', '#ffffff'))
    """
    if not count:
        return "transparent", "inherit"
    share = log10(count) / log10(most) if most > 1 else 1.0
    place = (1 - share) * (len(_VIRIDIS) - 1)
    low, high = _VIRIDIS[int(place)], _VIRIDIS[min(int(place) + 1, len(_VIRIDIS) - 1)]
    mixed = [round(a + (b - a) * (place % 1)) for a, b in zip(_rgb(low), _rgb(high), strict=True)]
    light = _luminance(mixed)
    ink = "#ffffff" if 1.05 / (light + 0.05) > (light + 0.05) / 0.05 else "#000000"
    return "#" + "".join(f"{value:02x}" for value in mixed), ink


def _rgb(color: str) -> list[int]:
    return [int(color[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(rgb: Sequence[int]) -> float:
    """Return the relative luminance by WCAG 2."""
    linear = [
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in (c / 255 for c in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def short(count: int) -> str:
    """Return a count in at most five characters.

    Examples:
        >>> [short(count) for count in (940, 54_000, 1_234_567)]
        ['940', '54.0k', '1.2M']
    """
    for unit, size in (("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000)):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 100 * size else f"{count / size:.0f}{unit}"
    return str(count)
