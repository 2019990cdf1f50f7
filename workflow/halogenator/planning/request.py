"""What an export is asked for: of which molecules, which of them, into what; and all that can be wrong with that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from halogenator.chemistry.filters import FILTERS
from halogenator.errors import UserError, did_you_mean
from halogenator.storage.writers import FORMATS

ALL = "all"
MAX_SAMPLE = 5_000_000  # a drawn row takes 16 bytes, twice over while drawing
# Values of a filter in the configuration and on the command line, and what they do.
USES = {
    "only": "keep molecules that have each of these properties",
    "without": "keep molecules that have none of these properties",
    "flag": "add a column per property, and of catalogs their alerts",
}


@dataclass(frozen=True)
class Window:
    """Bounds of a descriptor, both inclusive and either of them infinite, in its unit."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        low, high = (f"{bound:.15g}" if math.isfinite(bound) else "" for bound in (self.low, self.high))
        return f"{low}:{high}"


@dataclass(frozen=True)
class Export:
    """A request.

    Attributes:
        libraries, transforms: names; none for all. The products of the finished jobs among them are meant,
        molecules: or the molecules of the libraries themselves,
        sql: or the rows of a query.
        format: a key of ``FORMATS``.
        split: molecules per file; None: all in one.
        coordinates: whether an SDF's molecules are all drawn in 2D.
        parents: whether a product has its parent's SMILES beside it, and the natural product's id.
        columns: those to write; none for all.
        windows: {descriptor: bounds}.
        only, without, flag: names of ``FILTERS``.
        sample: how many to draw at random of what passes; diverse: how many to pick of these by MaxMin.
        seed: of both.
    """

    libraries: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    molecules: bool = False
    sql: str | None = None
    format: str = "smi"
    split: int | None = None
    coordinates: bool = False
    parents: bool = False
    columns: tuple[str, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    sample: int | None = None
    diverse: int | None = None
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """Return as JSON values what was asked for, without what was not."""
        values = {**vars(self), "windows": {name: str(window) for name, window in self.windows.items()}}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}

    @property
    def filters(self) -> list[str]:
        """The filters that decide what is kept, those that take longest last."""
        return sorted({*self.only, *self.without}, key=lambda name: (FILTERS[name].catalog is not None, name))

    def words(self) -> list[str]:
        """Return the options of ``python -m halogenator export`` that ask for this."""
        words = [f"--sql={self.sql}"] if self.sql else ["--library", *(self.libraries or (ALL,))]
        words += ["--transform", *self.transforms] if self.transforms else []
        words += [f"--{name}" for name in ("molecules", "coordinates", "parents") if getattr(self, name)]
        for name in ("columns", *USES):
            if chosen := getattr(self, name):
                words.append(f"--{name}={','.join(chosen)}")
        words += [f"--{name}={window}" for name, window in self.windows.items()]
        numbers = ((name, getattr(self, name)) for name in ("split", "sample", "diverse"))
        return [*words, *(f"--{name}={value}" for name, value in numbers if value), f"--seed={self.seed}"]


def parse_window(text: str) -> Window:
    """Return the window that LOW:HIGH stands for; a side left out is open.

    Raises:
        ValueError: the text is no window.
    """
    low, colon, high = text.partition(":")
    if not colon or not (low.strip() or high.strip()):
        raise ValueError(text)
    window = Window(float(low) if low.strip() else -math.inf, float(high) if high.strip() else math.inf)
    if math.isnan(window.low + window.high):
        raise ValueError(text)
    return window


def check(export: Export) -> None:
    """Check what can be told without looking at any results.

    Raises:
        UserError: a name is unknown, or two settings contradict each other.
    """
    for use in USES:
        for name in getattr(export, use):
            if name not in FILTERS:
                raise _unknown(f"{use}: there is no filter '{name}'", name, FILTERS)
    _check_source(export)
    for name, window in export.windows.items():
        if window.low > window.high:
            raise UserError(f"{name}: the window is empty", value=str(window), allowed="LOW:HIGH with LOW <= HIGH")
    both = sorted(set(export.only) & set(export.without))
    if both:
        raise UserError(f"no molecule can have and not have a property: {both[0]} is in only and in without")
    if export.coordinates and FORMATS[export.format].kind != "sdf":
        raise UserError(
            "coordinates are for SDF; no other format has a place for them",
            value=export.format,
            allowed=[name for name in FORMATS if name.startswith("sdf")],
            fix="leave coordinates away, or make an SDF",
        )
    if export.sample is not None and export.sample > MAX_SAMPLE:
        raise UserError("too large a sample", value=export.sample, allowed=f"1 to {MAX_SAMPLE:,}")
    if export.diverse and export.sample and export.diverse > export.sample:
        raise UserError(
            "more molecules are to be picked than are drawn",
            value=f"diverse {export.diverse:,} of sample {export.sample:,}",
            fix="raise sample, or leave it away: diverse then picks from all, up to a million",
        )


def _check_source(export: Export) -> None:
    if export.sql is not None and (export.libraries or export.transforms or export.molecules or export.parents):
        raise UserError(
            "a query says itself which rows and columns it is of",
            value=export.sql,
            allowed="sql alone; or library, transform, molecules and parents",
            fix="put them into the query: SELECT …, parent_smiles FROM products WHERE library = '…'",
        )
    if export.molecules and (export.transforms or export.parents):
        raise UserError(
            "a library's molecules come before any transform",
            value=f"molecules with {'transform' if export.transforms else 'parents'}",
            fix="leave molecules away for products, or the other for the library itself",
        )


def _unknown(what: str, name: str, allowed: Iterable[str]) -> UserError:
    names = list(allowed)
    return UserError(what, value=name, allowed=names, fix=did_you_mean(name, names) or "take one of the allowed names")
