"""What products can be told from their parents: the fates of queries and the reach of steps, as files record the steps.

Products record the SMIRKS that made them, and built libraries those of all their levels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry import grafts
from halogenator.chemistry.grafts import Fate, graft_of
from halogenator.chemistry.likeness import Reach
from halogenator.chemistry.substructure import Substructure
from halogenator.tables.file_columns import SMIRKS_KEY

# How usual a parent is: not at all, but for charges that a step has to spare, or quite.
CHARGED, PLAIN = 1, 2


@dataclass(frozen=True)
class Step:
    """What one graft does, or several, one after the other.

    Attributes:
        fates: the fate of each query.
        reaches: how much each of them changes.
        spares_charges: whether all this is so in parents with charges, too.
    """

    fates: tuple[Fate, ...]
    reaches: tuple[Reach, ...]
    spares_charges: bool

    @property
    def least(self) -> int:
        """The least that a parent has to be on the scale of ``usual``."""
        return CHARGED if self.spares_charges else PLAIN


class Descent:
    """The steps of one search.

    Args:
        queries: the substructures that are searched for.
    """

    def __init__(self, queries: Sequence[Substructure]) -> None:
        self._queries = queries
        self._numbers = tuple(sorted({number for query in _all(queries) for a in query.atoms for number in a.named}))
        self.step = cache(self._step)

    def of_products(self, metadata: dict[str, Any]) -> Step | None:
        """Return the step from the library's molecules to products; None if nothing can be told."""
        smirks = metadata.get("smirks")
        return self.step(smirks) if isinstance(smirks, str) and "adopted" not in metadata else None

    def _step(self, smirks: str) -> Step | None:
        graft = graft_of(smirks, self._numbers)
        if graft is None:
            return None
        reach = Reach(graft.anchors, len(graft.new), len(graft.removed))
        return Step(tuple(map(graft.fate, self._queries)), (reach,), graft.spares_charges)

    def of_molecules(self, metadata: dict[str, Any], told: str, halogens: str, rules: str) -> Step | None:
        """Return the way from the natural product to molecules of a built library; None if nothing can be told.

        Where the library does not tell the steps, it is not recorded which rule brought which halogen, nor the order.
        So each step may be that of any of its rules with any of its halogens.

        Args:
            metadata: the metadata of the library.
            told: the names of the steps in order, without sites; "" if the library does not tell them.
            halogens: those put in, as the molecule's row has them.
            rules: the rules applied, likewise.
        """
        smirks = metadata.get(SMIRKS_KEY)
        if not smirks or not (told or rules):
            return None
        if told:
            steps = [self.step(smirks[name]) if name in smirks else None for name in told.split(",")]
            known = [step for step in steps if step is not None]
            return _in_order(known) if len(known) == len(steps) else None
        brought, applied = halogens.split(","), rules.split(",")
        pairs = list(itertools.product(dict.fromkeys(applied), dict.fromkeys(brought)))
        found = {pair: self.step(smirks[name]) if (name := ":".join(pair)) in smirks else None for pair in pairs}
        possible = {pair: step for pair, step in found.items() if step is not None}
        if len(brought) != len(applied) or len(possible) < len(pairs):
            return None
        # Each rule brought one of the halogens, and each halogen was brought by one of the rules.
        certain = [
            [step for pair, step in possible.items() if pair[place] == name]
            for place, names in enumerate((applied, brought))
            for name in dict.fromkeys(names)
        ]
        return _in_any_order(list(possible.values()), certain, len(applied))


def usual(smiles: pa.Array) -> npt.NDArray[np.int8]:
    """Return how usual molecules are as parents, of which steps tell something: 0, ``CHARGED`` or ``PLAIN``."""
    found = PLAIN * _matches(smiles, grafts.USUAL).astype(np.int8)
    rest = np.flatnonzero(found == 0)
    if len(rest):
        found[rest] = CHARGED * _matches(smiles.take(pa.array(rest)), grafts.CHARGED)
    return found


def _matches(smiles: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_]
    found = pc.match_substring_regex(smiles, pattern).fill_null(False).to_numpy(zero_copy_only=False)
    return found


def _in_order(steps: Sequence[Step]) -> Step:
    """Return what steps do, one after the other."""
    found = steps[0]
    for step in steps[1:]:
        fates = [
            Fate(
                makes=before.makes or after.makes,
                breaks=before.breaks or after.breaks,
                always=after.always or (before.always and not after.breaks),
            )
            for before, after in zip(found.fates, step.fates, strict=True)
        ]
        spares = found.spares_charges and step.spares_charges
        found = Step(tuple(fates), (*found.reaches, *step.reaches), spares)
    return found


def _in_any_order(possible: Sequence[Step], certain: Sequence[Sequence[Step]], count: int) -> Step:
    """Return what steps do of which not all is known.

    Args:
        possible: all steps that may have been made.
        certain: groups of steps, of each of which one has been made.
        count: the number of steps made.
    """
    fates = []
    for query in range(len(possible[0].fates)):
        of_query = [step.fates[query] for step in possible]
        breaks = any(fate.breaks for fate in of_query)
        made = any(all(step.fates[query].always for step in steps) for steps in certain)
        always = all(fate.always for fate in of_query) or (made and not breaks)
        fates.append(Fate(any(fate.makes for fate in of_query), breaks, always))
    reaches = [vars(reach) for step in possible for reach in step.reaches]
    worst = Reach(**{name: max(reach[name] for reach in reaches) for name in reaches[0]})
    return Step(tuple(fates), (worst,) * count, all(step.spares_charges for step in possible))


def _all(queries: Sequence[Substructure]) -> list[Substructure]:
    """Return substructures with all that are nested in them."""
    return [each for query in queries for each in (query, *_all(query.nested))]
