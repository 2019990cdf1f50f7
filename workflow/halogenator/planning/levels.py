"""Levels: what the steps of a configuration make, a molecule at a time, without making a level whole.

A level holds what one step makes of each molecule of the level below: a library that is built, or the products of a
job. At the bottom are natural products, or the molecules of a file. A molecule can have several *parents* in the level
below. They are found by turning the step round (``chemistry.reversal``): whichever molecule of the level below has a
shape that this gives, and then really gives the molecule, is one. Nothing else of the level has to be made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.kernel import Product
from halogenator.chemistry.reversal import Reversal, configured, shape_of
from halogenator.chemistry.steps import Key, Repeated
from halogenator.model import Choice, Transform

# Most molecules at the bottom for which all of the first level is made at once, to find those of a shape.
_MADE_AT_ONCE = 200
# Most molecules that are made of one by repeated steps.
MOST_REACHED = 2_000


@dataclass(frozen=True, slots=True)
class Molecule:
    """A molecule of a level.

    Attributes:
        smiles, enhanced_stereo: as libraries store them.
        values: its descriptors; None: not computed.
    """

    smiles: str
    enhanced_stereo: str | None = None
    values: tuple[float, ...] | None = None

    @property
    def key(self) -> Key:
        return self.smiles, self.enhanced_stereo


@dataclass(frozen=True)
class Made:
    """What a step makes of one molecule: products, the number of rejects, and entries of ``Account`` for the rest."""

    products: Sequence[Product]
    rejects: int
    left_out: Sequence[dict[str, Any]]

    @cached_property
    def keys(self) -> frozenset[Key]:
        """What tells the products apart."""
        return frozenset((product.smiles, product.enhanced_stereo) for product in self.products)


class Bottom:
    """Molecules that are read from files."""

    def __init__(self, molecules: Iterable[Molecule]) -> None:
        self.molecules = list({molecule.key: molecule for molecule in reversed(list(molecules))}.values())[::-1]
        self._of_shape: dict[str, list[Molecule]] = {}
        for molecule in self.molecules:
            self._of_shape.setdefault(shape_of(molecule.smiles), []).append(molecule)

    def of_shape(self, shape: str) -> Sequence[Molecule]:
        """Return the molecules of a shape."""
        return self._of_shape.get(shape, ())


class Level:
    """What a step makes of the level below.

    Args:
        below: the level below.
        transforms: the step: each of them at one site.
        choice: what is left out, besides what each transform leaves out.
        descriptor_names: descriptors of its molecules.
        times, keep_levels: as of a library.

    Attributes:
        is_cut: whether a molecule gave more than ``MOST_REACHED``, and the rest was left.

    Examples:
        >>> bottom = Bottom([Molecule("COc1ccc(C(=O)O)cc1O"), Molecule("COc1cc(C(=O)O)ccc1O")])
        >>> ether = Transform("methylation", "[c:1][OX2H:2]>>[c:1][O:2]C")
        >>> len(Level(bottom, [ether], Choice(), ()).parents(Molecule("COc1ccc(C(=O)O)cc1OC"), bottom.molecules[0]))
        2
    """

    def __init__(
        self,
        below: Bottom | Level,
        transforms: Sequence[Transform],
        choice: Choice,
        descriptor_names: Sequence[str],
        *,
        times: int | None = 1,
        keep_levels: bool = False,
    ) -> None:
        self.below = below
        self.is_cut = False
        self._chooser = Chooser(transforms, descriptor_names, choice=choice)
        self._steps = Repeated(self._chooser, times, keep_levels, MOST_REACHED)
        self._reversal = Reversal(transforms)
        self._made: dict[Key, Made] = {}
        self._of_shape: dict[str, list[Molecule]] | None = None
        self._known: dict[str, list[Molecule]] = {}

    def made(self, parent: Molecule) -> Made:
        """Return what the step makes of a molecule of the level below. It is made once."""
        found = self._made.get(parent.key)
        if found is None:
            reached = self._steps.reach(parent.key, parent.values)
            self.is_cut |= reached.cut_at == "molecules"
            products = [reached.products[key][0] for key in reached.kept()]
            found = self._made[parent.key] = Made(products, len(reached.rejects), self._chooser.account.take())
        return found

    def _shapes(self, smiles: str) -> Counter[str]:
        """Return the shapes that molecules of the level below may have which give a product, as ``Reversal`` does."""
        found = self._reversal.shapes(smiles)
        waiting = list(found) if self._steps.times != 1 else []
        while waiting and len(found) < MOST_REACHED:
            more = self._reversal.shapes(waiting.pop())
            waiting += [shape for shape in more if shape not in found]
            found.update(more)
        return found

    def parents(self, molecule: Molecule, known: Molecule) -> set[Key]:
        """Return the molecules of the level below that give a molecule; ``known`` is one of them.

        Others of its shape, of another configuration, do only if the step undoes configuration, or makes two places
        of the molecule alike.
        """
        found = {known.key}
        shapes = self._shapes(molecule.smiles)
        own = shape_of(known.smiles)
        if shapes[own] == 1 and configured(molecule.smiles) == configured(known.smiles):
            del shapes[own]
        for shape in shapes:
            found |= {each.key for each in self.below.of_shape(shape) if molecule.key in self.made(each).keys}
        return found

    def of_shape(self, shape: str) -> Sequence[Molecule]:
        """Return the molecules of a shape."""
        below = self.below
        if isinstance(below, Bottom) and len(below.molecules) <= _MADE_AT_ONCE:
            if self._of_shape is None:
                self._of_shape = {}
                for molecule in _distinct(self.made(parent) for parent in below.molecules):
                    self._of_shape.setdefault(shape_of(molecule.smiles), []).append(molecule)
            return self._of_shape.get(shape, ())
        if shape not in self._known:
            shapes = self._shapes(shape)
            made = _distinct(self.made(parent) for each in sorted(shapes) for parent in below.of_shape(each))
            self._known[shape] = [molecule for molecule in made if shape_of(molecule.smiles) == shape]
        return self._known[shape]


def molecule_of(product: Product) -> Molecule:
    """Return a product as a molecule of its level."""
    return Molecule(product.smiles, product.enhanced_stereo, product.descriptors)


def _distinct(made: Iterable[Made]) -> list[Molecule]:
    found: dict[Key, Molecule] = {}
    for each in made:
        for product in each.products:
            found.setdefault((product.smiles, product.enhanced_stereo), molecule_of(product))
    return list(found.values())
