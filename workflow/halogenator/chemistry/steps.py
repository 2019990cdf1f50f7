"""Repeated steps: what comes from one molecule if a step is applied to it, to all that this gives, and so on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.descriptor_differences import Values
from halogenator.chemistry.kernel import Product, Reject

Key = tuple[str, str | None]  # SMILES and enhanced stereo, by which molecules are told apart

# Most steps since the natural product: a walk that goes round in ever larger molecules does not end.
MAX_STEPS = 100


@dataclass(frozen=True)
class Repeated:
    """A step that is applied again and again. Each distinct molecule is taken further once, where it is first reached.

    Args:
        chooser: makes what one step gives.
        times: how often the step is applied; None: until nothing is left to do.
        keep_levels: whether molecules are kept of which more can be made, if ``times`` is None.
        most: number of molecules at which no more is made. This bounds memory.

    Examples:
        >>> from halogenator.model import Choice, Transform
        >>> ether = Transform("methylation", "[c:1][OX2H:2]>>[c:1][O:2]C")
        >>> reached = Repeated(Chooser([ether], choice=Choice()), times=None).reach(("Oc1ccc(O)cc1", None))
        >>> reached.kept()
        [('COc1ccc(OC)cc1', None)]
    """

    chooser: Chooser
    times: int | None
    keep_levels: bool = False
    most: int = 20_000

    def reach(self, start: Key, values: Values | None = None, most_steps: int = MAX_STEPS) -> Reached:
        """Return what comes from a molecule with these descriptors, by so many steps at most."""
        found = Reached(self.keep_levels or self.times is not None)
        level = [(start, values)]
        while level and found.steps != self.times:
            following: list[tuple[Key, Values | None]] = []
            for molecule, described in level:
                if len(found.products) >= self.most or found.steps >= most_steps:
                    found.cut_at = "molecules" if len(found.products) >= self.most else "steps"
                    return found
                products = self._step(molecule, described, found)
                if found.steps and not products:
                    found.ends.append(molecule)
                following += [each for each in found.add(products, molecule) if each[0] != start]
            level = following
            found.steps += 1
        return found

    def _step(self, molecule: Key, values: Values | None, found: Reached) -> list[Product]:
        smiles, stereo = molecule
        products, rejects, left_out = self.chooser.products(smiles, values, stereo)
        found.made += len(products) + left_out
        found.rejects += [(molecule, reject) for reject in rejects]
        return products


@dataclass
class Reached:
    """What repeated steps have made of a molecule.

    Attributes:
        keeps_all: whether all molecules are kept, not the ends alone.
        products: {molecule: (the product, what its last step started from)}, in the order in which they were reached.
        ends: molecules of which nothing more can be made.
        made: number of products, or of products left out, of all steps.
        rejects: the rejects of each molecule.
        steps: number of steps of which everything is there.
        cut_at: the bound that was reached, "molecules" or "steps", so that something may be missing; "" if none was.
    """

    keeps_all: bool
    products: dict[Key, tuple[Product, Key]] = field(default_factory=dict)
    ends: list[Key] = field(default_factory=list)
    made: int = 0
    rejects: list[tuple[Key, Reject]] = field(default_factory=list)
    steps: int = 0
    cut_at: str = ""

    def add(self, products: list[Product], origin: Key) -> Iterator[tuple[Key, Values]]:
        """Add the products of a molecule, and yield those that were not there, with their descriptors."""
        for product in products:
            molecule = product.smiles, product.enhanced_stereo
            if molecule in self.products:
                self.products[molecule][0].n_routes += product.n_routes
            else:
                self.products[molecule] = product, origin
                yield molecule, product.descriptors

    def kept(self) -> Iterable[Key]:
        """Return the molecules that are kept."""
        return self.products if self.keeps_all else self.ends
