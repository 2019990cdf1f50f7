"""Walks of some natural products through the steps of libraries, which tell about how many molecules these have.

A walk takes one product of each step at random. The number of molecules after a step is estimated as the product of the
numbers of choices, divided by the orders in which the same steps can be taken (D. E. Knuth, Math. Comp. 1975, 29, 122).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.molecules import quiet, reread
from halogenator.chemistry.reaction import Query
from halogenator.model import Recipe
from halogenator.process import limits

WALKS = 60  # that are taken at least, if any molecule has a choice
_MOST_STEPS = 30  # of a walk until nothing is left to do


class Walked(NamedTuple):
    """Where a walk ended.

    Attributes:
        molecules: about how many molecules of the library come from one natural product.
        sites: {query: distinct sites of it in one of these molecules}.
    """

    molecules: float
    sites: dict[str, int]


def walk(recipes: Sequence[Recipe], molecules: Sequence[str], queries: Sequence[str]) -> list[Walked]:
    """Return walks from all of some molecules, or from some evenly spread ones, always the same.

    A child process does it, in bounded time; a walk that takes too long is left out.

    Args:
        recipes: those of the libraries from the first that is built of the molecules on.
        molecules: SMILES.
        queries: SMARTS to count in what the last library has.
    """
    return limits.in_child(lambda: _walk_all(recipes, molecules, queries))


def _walk_all(recipes: Sequence[Recipe], molecules: Sequence[str], queries: Sequence[str]) -> list[Walked]:
    quiet()
    stages = [_Stage(recipe, Chooser(recipe.transforms, choice=recipe.choice)) for recipe in recipes]
    counters = {query: Query(query) for query in queries}
    starts = list(molecules[:: -(-len(molecules) // WALKS) or 1])
    walks = []
    for number in range(len(starts) * -(-WALKS // max(len(starts), 1))):
        if limits.begin(number):
            continue
        count, smiles = _walk(stages, starts[number % len(starts)], random.Random(number))
        mol = reread(smiles) if count else None
        walks.append(Walked(count, {query: counter.distinct(mol)[1] for query, counter in counters.items() if mol}))
    return walks


class _Stage(NamedTuple):
    recipe: Recipe
    chooser: Chooser


def _walk(stages: Sequence[_Stage], smiles: str, chance: random.Random) -> tuple[float, str]:
    """Return about how many molecules the last stage has from one natural product, and one of them."""
    count, same = 1.0, 0
    before: tuple[str, ...] = ()
    for recipe, chooser in stages:
        library = recipe.library
        same = same if library.by == before else 0
        before = library.by
        reached: list[tuple[float, str]] = []
        ended = False
        while not ended and len(reached) != (library.times or _MOST_STEPS):
            products, _, _ = chooser.products(smiles)
            ended = not products
            if products:
                same += 1
                count *= len(products) / same
                smiles = chance.choice(products).smiles
                reached.append((count, smiles))
        if not library.keep_levels:
            whole = ended if library.times is None else not ended
            reached = reached[-1:] if whole else []
        if not reached:
            return 0.0, smiles
        count = sum(each for each, _ in reached)
        ((_, smiles),) = chance.choices(reached, [each for each, _ in reached])
    return count, smiles
