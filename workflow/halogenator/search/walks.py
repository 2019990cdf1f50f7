"""All walks to a molecule of a library that takes several steps at once, made again from where each may begin.

Such a library keeps the molecules at which walks end, with one walk to each and the number of last steps of all, added
up over the molecules that walks begin with. A walk is looked for backwards: the molecules before its end have shapes
that the reversed step gives (``chemistry.reversal``), and the kernel makes the end of each that is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.kernel import Product
from halogenator.chemistry.reversal import Reversal, shape_of
from halogenator.chemistry.steps import Key, Reached, Repeated
from halogenator.model import Choice, Library, Transform

MOST_REACHED = 20_000  # molecules that one gives, as when the library was made
_MOST_SHAPES = 5_000  # that walks may begin with

Edge = tuple[Key, str, int]  # a molecule, and the transform and site by which it gives another


class Walks:
    """The walks of a library.

    Args:
        library: the library.
        transforms: what one step applies.
        choice: what is left out.
    """

    def __init__(self, library: Library, transforms: tuple[Transform, ...], choice: Choice) -> None:
        self._times = library.times
        self._chooser = Chooser(transforms, choice=choice)
        self._repeated = Repeated(self._chooser, library.times, library.keep_levels, MOST_REACHED)
        self._names = [transform.name for transform in transforms]
        self._reversal = Reversal(transforms)

    def shapes(self, smiles: str) -> set[str]:
        """Return the shapes with which walks to a molecule may begin."""
        found: set[str] = set()
        level, left = {shape_of(smiles)}, self._times
        while level and left != 0 and len(found) < _MOST_SHAPES:
            level = {shape for each in level for shape in self._reversal.shapes(each)} - found
            found |= level
            left = None if left is None else left - 1
        return found

    def beginning(self, start: Key) -> Walked:
        """Return the walks that begin with a molecule."""
        reached = self._repeated.reach(start)
        levels = {start: 0}
        for molecule, (_, origin) in reached.products.items():
            levels.setdefault(molecule, levels[origin] + 1)
        return Walked(start, reached, levels, self)

    def has_next(self, level: int) -> bool:
        """Return whether a step is taken from the molecules that so many steps lead to."""
        return self._times is None or level < self._times

    def reversed_shapes(self, smiles: str) -> set[str]:
        """Return the shapes of molecules that may give a molecule by one step."""
        return set(self._reversal.shapes(smiles))

    def routes(self, before: Key, after: Key) -> list[Edge]:
        """Return the steps from one molecule to another."""
        smiles, stereo = before
        return [
            (before, self._names[transform], site)
            for product in self._products(before)
            if (product.smiles, product.enhanced_stereo) == after
            for transform, site in self._chooser.routes(smiles, stereo, product)
        ]

    def _products(self, molecule: Key) -> list[Product]:
        return self._chooser.products(molecule[0], None, molecule[1])[0]


@dataclass
class Walked:
    """What walks from one molecule reach.

    Attributes:
        start: the molecule.
        reached: what they reach.
        levels: {molecule: the least number of steps to it}.
        walks: the walks of the library.
    """

    start: Key
    reached: Reached
    levels: dict[Key, int]
    walks: Walks

    @cached_property
    def _of_shape(self) -> dict[str, list[Key]]:
        found: dict[str, list[Key]] = {}
        for molecule, level in self.levels.items():
            if self.walks.has_next(level):
                found.setdefault(shape_of(molecule[0]), []).append(molecule)
        return found

    def has(self, molecule: Key) -> bool:
        """Return whether the library has a molecule from these walks."""
        return molecule in self.reached.products and molecule in set(self.reached.kept())

    def last_steps(self, molecule: Key) -> list[Edge]:
        """Return the steps that give a molecule, from all that are reached."""
        if molecule not in self.reached.products:
            return []
        count = self.reached.products[molecule][0].n_routes
        near = [each for shape in self.walks.reversed_shapes(molecule[0]) for each in self._of_shape.get(shape, ())]
        found = [edge for each in near for edge in self.walks.routes(each, molecule)]
        if len(found) < count:  # a step that cannot be turned round
            rest = [each for own in self._of_shape.values() for each in own if each not in set(near)]
            found += [edge for each in rest for edge in self.walks.routes(each, molecule)]
        return found

    def onward(self, molecule: Key) -> Iterator[Edge]:
        """Yield those last steps that come from fewer steps, so that no walk goes round."""
        for edge in self.last_steps(molecule):
            if self.levels[edge[0]] < self.levels[molecule]:
                yield edge
