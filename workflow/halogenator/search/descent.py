"""What products can be told from their parents: the fates of queries and the reach of steps, as files record the steps.

Products record the SMIRKS that made them, and built libraries those of all their levels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from halogenator.chemistry.grafts import Fate, graft_of
from halogenator.chemistry.likeness import Reach
from halogenator.chemistry.substructure import Substructure
from halogenator.tables.file_columns import STEPS_KEY


@dataclass(frozen=True)
class Step:
    """What one graft does.

    Attributes:
        fates: the fate of each query.
        reach: how much it changes.
    """

    fates: tuple[Fate, ...]
    reach: Reach


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
        return Step(tuple(map(graft.fate, self._queries)), reach)

    def of_molecules(self, metadata: dict[str, Any], halogens: str, rules: str) -> Step | None:
        """Return the way from the natural product to molecules of a built library; None if nothing can be told.

        Which rule brought which halogen is not recorded, nor the order. So each level may do what any of them does.

        Args:
            metadata: the metadata of the library.
            halogens: those put in, as the molecule's row has them.
            rules: the rules applied, likewise.
        """
        levels = metadata.get(STEPS_KEY)
        brought, applied = halogens.split(","), rules.split(",")
        if not levels or not len(levels) == len(brought) == len(applied):
            return None
        pairs = list(itertools.product(dict.fromkeys(applied), dict.fromkeys(brought)))
        found = {
            pair: [self.step(level[name]) if (name := ":".join(pair)) in level else None for level in levels]
            for pair in pairs
        }
        done = {pair: [step for step in steps if step is not None] for pair, steps in found.items()}
        if any(len(steps) < len(levels) for steps in done.values()):
            return None
        # Each halogen was brought by one of the rules, and each rule brought one of the halogens.
        certain = [
            [step for pair in pairs if pair[place] == name for step in done[pair]]
            for place, names in enumerate((applied, brought))
            for name in dict.fromkeys(names)
        ]
        every = [step for steps in done.values() for step in steps]
        fates = tuple(_in_turn(every, certain, number) for number in range(len(self._queries)))
        return Step(fates, _farthest([step.reach for step in every], len(levels)))


def _in_turn(every: Sequence[Step], certain: Sequence[Sequence[Step]], query: int) -> Fate:
    """Return the fate of a query after one or more steps.

    Args:
        every: all that may have happened.
        certain: groups of steps, of each of which one has happened.
        query: its number.
    """
    fates = [step.fates[query] for step in every]
    breaks = any(fate.breaks for fate in fates)
    made = any(all(step.fates[query].always for step in steps) for steps in certain)
    return Fate(
        makes=any(fate.makes for fate in fates),
        breaks=breaks,
        always=all(fate.always for fate in fates) or (made and not breaks),
    )


def _farthest(reaches: Sequence[Reach], times: int) -> Reach:
    """Return how much any of some grafts changes, if it is done a number of times."""
    worst = {name: max(vars(reach)[name] for reach in reaches) for name in vars(reaches[0])}
    return Reach(**{**worst, "times": times})


def _all(queries: Sequence[Substructure]) -> list[Substructure]:
    """Return substructures with all that are nested in them."""
    return [each for query in queries for each in (query, *_all(query.nested))]
