"""What is left out of all that could be made: windows, patterns, and choices of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Window:
    """Bounds of a descriptor in its unit, both inclusive; an open side is infinite.

    Examples:
        >>> str(Window(200, 500)), str(Window(high=5))
        ('200:500', ':5')
    """

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        low, high = (f"{bound:.15g}" if math.isfinite(bound) else "" for bound in (self.low, self.high))
        return f"{low}:{high}"


@dataclass(frozen=True)
class Pattern:
    """A substructure with a name.

    Attributes:
        name: unique name; of a SMARTS that a user wrote in place of a name, this SMARTS.
        smarts: the substructure; "" if it is a catalog.
        catalog: a set of alerts of RDKit's FilterCatalog, by RDKit's name, each a substructure; "" if it is a SMARTS.
        why: the reason to avoid or protect it.
        matches, spares: SMILES that the check of the file must find it in, and not find it in.
    """

    name: str
    smarts: str = ""
    catalog: str = ""
    why: str = ""
    matches: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()

    @property
    def bare(self) -> Pattern:
        """A copy for a task, with only what decides on matches, and the name."""
        return Pattern(self.name, self.smarts, self.catalog)


@dataclass(frozen=True)
class Choice:
    """What is left out of all that could be made. Choices of several places add up.

    Attributes:
        exclude: a product that gains one of these motifs is not made into a row.
        within: (descriptor, bounds); nor is a product out of bounds.
        protect: nothing is made at a site where one of their atoms would be touched.
        quota: (``per_ring``, ``distance``, ``per_parent`` or a halogen, number); nor is a product that is over one.
        rank: classes of sites, best first; of a parent only those in its first class are used. A site is in a class if
            it is the first atom of a match; patterns of one name are one class.
        parents_within: (descriptor, bounds); nothing is made of a parent out of bounds.
        parents_matching, parents_not_matching: nor of one without a motif of each of these names, or with one of these.
    """

    exclude: tuple[Pattern, ...] = ()
    within: tuple[tuple[str, Window], ...] = ()
    protect: tuple[Pattern, ...] = ()
    quota: tuple[tuple[str, int], ...] = ()
    rank: tuple[Pattern, ...] = ()
    parents_within: tuple[tuple[str, Window], ...] = ()
    parents_matching: tuple[Pattern, ...] = ()
    parents_not_matching: tuple[Pattern, ...] = ()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __add__(self, other: Choice) -> Choice:
        sums = {name: (*values, *getattr(other, name)) for name, values in vars(self).items()}
        return Choice(**{name: tuple(dict.fromkeys(values)) for name, values in sums.items()})

    @property
    def bare(self) -> Choice:
        """A copy for a task."""
        return Choice(**{name: tuple(map(_bare, values)) for name, values in vars(self).items()})

    @property
    def plain(self) -> list[object]:
        """What products depend on, as JSON values; empty if nothing is left out."""
        found = {name: [_plain(value) for value in values] for name, values in vars(self).items() if values}
        return [found] if found else []


def _plain(value: Pattern | tuple[str, Window | int]) -> list[str]:
    return [value.name, value.smarts, value.catalog] if isinstance(value, Pattern) else [*map(str, value)]


def _bare(value: Pattern | tuple[str, Window | int]) -> Any:
    return value.bare if isinstance(value, Pattern) else value
