"""Siblings: molecules that differ only by their halogens. Their products are made once for all of them.

A *sibling* of a molecule has the same SMILES with other halogens, whose atomic numbers are in the same order. So
4-bromo-2-chlorophenol (``Oc1ccc(Br)cc1Cl``) is one of 4-chloro-2-fluorophenol, but not of 4-chloro-2-iodophenol. Most
molecules of a halogenated library have siblings in it. The one with the lightest halogens is their *representative*.
Its products are made by the kernel and remembered. Those of a sibling have the same sites, and the same SMILES but for
the halogens.

Why this is exact. RDKit compares atomic numbers, when it ranks atoms to write a SMILES, and neighbours to perceive
stereo; it does not compute with them. So a change of elements that keeps every comparison, and keeps valence, hydrogens
and aromaticity, changes nothing but symbols. These are the conditions, each with a molecule that would break it:

* Every halogen has one neighbour, by a single bond, and no charge or isotope. Only iodine can have two (``CIC``).
* The order is kept: among the molecule's halogens and those that the transform brings, and towards atoms whose numbers
  lie between theirs. Sulfur is such an atom: ``FC(S)Cl`` is no sibling of ``ClC(S)Br``.
* All other atoms are usual ones. Selenium, for example, lies between chlorine and bromine.
* The molecule and its products are one fragment each, since fragments are written in the order of their text:
  ``CI.Cl``, but ``Br.CF``.
* The query names no halogen and matches none. ``[c:1][Cl]`` has other sites in each sibling.
* The representative has no rejects, whose texts name it. The kernel makes the products of such siblings one by one.

Siblings differ in their descriptors. These are computed as for any product: those of its parent, plus the difference
that belongs to the surroundings of the site, with the sibling's own halogens in them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptor_differences import Environment, Values, terminal_label
from halogenator.chemistry.kernel import Kernel, Product, Reject
from halogenator.chemistry.molecules import reread
from halogenator.chemistry.motifs import Motifs
from halogenator.chemistry.protecting import Usage, Withheld
from halogenator.chemistry.reaction import Reaction
from halogenator.model import HALOGENS, Transform

# Transforms but for their halogens, the halogens that they bring, and the SMILES of a representative.
_Key = tuple[int, tuple[str, ...], str]

# Most products remembered, about 1 kB each, of all representatives together.
MAX_PRODUCTS = 20_000

_NUMBER = {"F": 9, "Cl": 17, "Br": 35, "I": 53}
_BETWEEN = {"P": 15, "p": 15, "S": 16, "s": 16}  # usual atoms with numbers between those of halogens
_FLUORINE = _NUMBER["F"]
HALOGEN = re.compile("Cl|Br|F|I")
# A SMILES of one fragment, of usual atoms; in brackets only hydrogens, chirality and charge. Outside of brackets l and
# r are only in Cl and Br.
_USUAL = re.compile(r"(?:[BCNOPSFIbcnopslr()0-9%=#:/\\-]++|\[[BCNOPSbcnops]@{0,2}(?:H\d?)?(?:[+-]\d?)?\])++")
# A halogen with one neighbour: at the beginning, or at the end of a branch.
TERMINAL = re.compile(r"^(?:Cl|Br|F|I)(?=[A-Zbcnops\[/\\-])|(?<![=#:$])(?:Cl|Br|F|I)(?=\)|$)")
# In a SMARTS, what could tell one halogen from another: a name, a number, hybridisation.
_TELLING = re.compile(r"Cl|Br|F|I|#(?:9|17|35|53)(?!\d)|\^")
# A mark stands for a halogen of the representative in remembered SMILES; no SMILES has these characters.
_MARK = {halogen: chr(1 + place) for place, halogen in enumerate(HALOGENS)}
_NEIGHBORS = ("C", "C=C", "c1ccccc1", "N", "O", "S", "P", "B")


@dataclass(frozen=True)
class _Renaming:
    """A change of halogens that keeps their order.

    Attributes:
        to: {halogen: that of the representative}.
        back: (mark of a halogen of the representative, the sibling's halogen).
        labels: {label of a halogen of the representative in surroundings: label of the sibling's}.
    """

    to: dict[str, str]
    back: tuple[tuple[str, str], ...]
    labels: dict[float, float]

    def restore(self, text: str) -> str:
        """Return a remembered text with the sibling's halogens; several times faster than ``str.translate``."""
        for mark, halogen in self.back:
            text = text.replace(mark, halogen)
        return text


@cache
def _renaming(present: frozenset[str], fixed: frozenset[int]) -> _Renaming:
    """Return the renaming of some halogens to the lightest that keep their order and their order towards ``fixed``."""
    to: dict[str, str] = {}
    last = 0
    for halogen in (each for each in HALOGENS if each in present):
        above = max([last, *(number for number in fixed if number < _NUMBER[halogen])])
        to[halogen] = next(each for each in HALOGENS if _NUMBER[each] > above)
        last = _NUMBER[to[halogen]]
    return _Renaming(
        to,
        tuple((_MARK[new], old) for old, new in to.items()),
        {terminal_label(_NUMBER[new]): terminal_label(_NUMBER[old]) for old, new in to.items()},
    )


@dataclass(frozen=True)
class _Family:
    """Transforms that bring the same halogens.

    Attributes:
        halogens: these, in the order of their numbers.
        transforms: the transforms, in the kernel's order.
        indices: the index of each in the kernel's list.
        shape: number of the families with this shape: with the same SMIRKS, but for halogens.
    """

    halogens: tuple[str, ...]
    transforms: tuple[Transform, ...]
    indices: tuple[int, ...]
    shape: int


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A product of a representative.

    Attributes:
        transform: index of its transform in the family.
        site, n_routes, enhanced_stereo, examined, edited, withheld: as in ``Product``.
        motifs: its motifs with marks as halogens.
        environment: surroundings of its site; None: its descriptors are computed from itself.
        has_halogen: whether there is a halogen in these.
    """

    transform: int
    site: int
    n_routes: int
    enhanced_stereo: str | None
    examined: tuple[int, ...]
    edited: bool
    motifs: str
    withheld: Withheld | None
    environment: Environment | None
    has_halogen: bool


class _Entry(NamedTuple):
    """The products of a representative, and their SMILES, a line each, with marks as halogens."""

    products: list[_Remembered]
    smiles: str


class SiblingKernel:
    """A kernel that makes the products of siblings once. It gives what ``Kernel`` gives, row for row.

    Args:
        transforms, descriptor_names, with_inchikey, examine, examined_queries, motifs, usage: as for ``Kernel``.

    Attributes:
        kernel: the kernel for all molecules that no sibling was seen of.

    Examples:
        >>> kernel = SiblingKernel([Transform("methylation", "[c:1][OX2H:2]>>[c:1][O:2]C")])
        >>> [kernel.products(smiles)[0][0].smiles for smiles in ("Oc1ccc(F)cc1", "Oc1ccc(I)cc1")]
        ['COc1ccc(F)cc1', 'COc1ccc(I)cc1']
        >>> kernel.answered
        1
    """

    def __init__(
        self,
        transforms: Sequence[Transform],
        descriptor_names: Sequence[str] = (),
        *,
        with_inchikey: bool = False,
        examine: Callable[[Chem.Mol], tuple[int, ...]] | None = None,
        examined_queries: Collection[str] = (),
        motifs: Motifs | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.kernel = Kernel(
            transforms,
            descriptor_names,
            with_inchikey=with_inchikey,
            examine=examine,
            examined_queries=examined_queries,
            motifs=motifs,
            usage=usage,
        )
        self.answered = 0
        order = [step.index for group in self.kernel.groups for step in group.steps]
        self._rank = {index: rank for rank, index in enumerate(order)}
        if any(each and each.tells_halogens for each in (motifs, usage)):
            order = []
        self._fixed, self._families = _families(transforms, order, examined_queries)
        self._brings = any(family.halogens for family in self._families)
        self._kernels: dict[tuple[int, tuple[str, ...]], Kernel] = {}
        self._known: OrderedDict[_Key, _Entry | None] = OrderedDict()
        self._size = 0

    def products(
        self, smiles: str, values: Values | None = None, enhanced_stereo: str | None = None, *, bare: bool = False
    ) -> tuple[list[Product], list[Reject]]:
        """Return what ``Kernel.products`` returns for the same arguments."""
        found = self._from_siblings(smiles, values, bare) if self._families and enhanced_stereo is None else None
        return self.kernel.products(smiles, values, enhanced_stereo, bare=bare) if found is None else (found, [])

    def _from_siblings(self, smiles: str, values: Values | None, bare: bool) -> list[Product] | None:
        """Return a molecule's products, or None if only the kernel can make them."""
        halogens = HALOGEN.findall(smiles)
        if not (halogens or self._brings) or not _USUAL.fullmatch(smiles):
            return None
        if len(TERMINAL.findall(smiles)) != len(halogens):
            return None
        fixed = self._fixed.union([number for symbol, number in _BETWEEN.items() if symbol in smiles])
        present = frozenset(halogens)
        found: list[Product] = []
        for family in self._families:
            renaming = _renaming(present.union(family.halogens), fixed)
            entry = self._remember(family, renaming.to, smiles)
            if entry is None:
                return None
            if entry.products:
                if values is None and self.kernel.increments.names and not bare:
                    values = descriptors.compute(reread(smiles), self.kernel.increments.names)
                found += _products(entry, family, renaming)
        for product in () if bare else found:
            self.kernel.describe(product, values or ())
        if len(self._families) > 1:
            found.sort(key=lambda product: self._rank[product.transform])
        return found

    def _remember(self, family: _Family, to: dict[str, str], smiles: str) -> _Entry | None:
        """Return the products of the representative of a molecule; None if it has rejects, or products of fragments."""
        text = smiles
        for old, new in to.items():  # upwards, and none gets heavier, so that no halogen is renamed twice
            text = text.replace(old, new)
        brought = tuple([to[halogen] for halogen in family.halogens])
        key = (family.shape, brought, text)
        if key in self._known:
            self._known.move_to_end(key)
            self.answered += 1
            return self._known[key]
        made, rejects = self._kernel(family, brought).products(text, bare=True)
        whole = not rejects and all("." not in product.smiles for product in made)
        self._known[key] = entry = _entry(made) if whole else None
        self._size += _size(entry)
        while self._size > MAX_PRODUCTS and len(self._known) > 1:
            self._size -= _size(self._known.popitem(last=False)[1])
        return entry

    def _kernel(self, family: _Family, brought: tuple[str, ...]) -> Kernel:
        """Return the kernel of a family's transforms with other halogens."""
        key = (family.shape, brought)
        if key not in self._kernels:
            to = dict(zip(family.halogens, brought, strict=True))
            self._kernels[key] = Kernel(
                [replace(each, smirks=_renamed(each.smirks, to)) for each in family.transforms],
                self.kernel.increments.names,
                examine=self.kernel.examine,
                examined_queries=self.kernel.examined_queries,
                motifs=self.kernel.motifs and Motifs(self.kernel.motifs.patterns),
                usage=self.kernel.usage,
            )
        return self._kernels[key]


def _products(entry: _Entry, family: _Family, renaming: _Renaming) -> Iterator[Product]:
    """Yield the products of a representative as those of its sibling."""
    for made, smiles in zip(entry.products, renaming.restore(entry.smiles).split("\n"), strict=True):
        around = made.environment
        if made.has_halogen and around is not None:
            around = tuple([renaming.labels.get(number, number) for number in around])
        yield Product(
            family.indices[made.transform],
            made.site,
            made.n_routes,
            smiles,
            (),
            made.enhanced_stereo,
            None,
            made.examined,
            made.edited,
            made.motifs and renaming.restore(made.motifs),
            made.withheld,
            around,
        )


def _entry(products: Sequence[Product]) -> _Entry:
    return _Entry([*map(_remembered, products)], _marked("\n".join([product.smiles for product in products])))


def _size(entry: _Entry | None) -> int:
    return 1 + len(entry.products if entry else ())


def _remembered(product: Product) -> _Remembered:
    around = product.environment
    return _Remembered(
        product.transform,
        product.site,
        product.n_routes,
        product.enhanced_stereo,
        product.examined,
        product.edited,
        _marked(product.motifs),
        product.withheld,
        around,
        around is not None and not _LABELS.isdisjoint(around),
    )


def _marked(text: str) -> str:
    """Return a text with marks as halogens."""
    return HALOGEN.sub(lambda found: _MARK[found[0]], text)


_LABELS = frozenset(terminal_label(number) for number in _NUMBER.values())


def _families(
    transforms: Sequence[Transform], order: Sequence[int], examined_queries: Collection[str]
) -> tuple[frozenset[int], list[_Family]]:
    """Return the numbers that order must be kept towards, and the transforms by the halogens that they bring.

    There are no families if the transforms, or the queries that products are examined with, can tell halogens apart.
    """
    fixed: set[int] = set()
    members: dict[tuple[str, ...], list[int]] = {}
    for index in order:
        transform = transforms[index]
        brought = _brought(transform)
        if brought is None:
            return frozenset(), []
        halogens, others = brought
        members.setdefault(halogens, []).append(index)
        fixed |= others
    if any(_TELLING.search(query) for query in examined_queries):
        return frozenset(), []
    families: list[_Family] = []
    shapes: dict[tuple[object, ...], int] = {}
    for halogens, indices in members.items():
        own = tuple(transforms[index] for index in indices)
        marks = {halogen: chr(1 + place) for place, halogen in enumerate(halogens)}
        shape = tuple((_renamed(each.smirks, marks), each.max_sites, each.stereo, each.new_stereo) for each in own)
        families.append(_Family(halogens, own, tuple(indices), shapes.setdefault(shape, len(shapes))))
    return frozenset(fixed), families


def _brought(transform: Transform) -> tuple[tuple[str, ...], set[int]] | None:
    """Return the halogens that a transform brings, and the numbers of its other atoms beyond fluorine.

    Returns:
        None if its query can tell halogens apart or match one, if its halogens cannot be renamed, or if it gives
        several fragments or chooses among them.
    """
    if _TELLING.search(transform.query) or transform.products is not None:
        return None
    reaction = Reaction(transform)
    if len(Chem.GetMolFrags(reaction.product_template)) > 1:
        return None
    if any(atom.Match(halogen) for halogen in _bonded_halogens() for atom in reaction.query.GetAtoms()):
        return None
    numbers = [atom.GetAtomicNum() for atom in reaction.product_template.GetAtoms()]
    named = HALOGEN.findall(transform.smirks.partition(">>")[2])
    if sorted(_NUMBER[halogen] for halogen in named) != sorted(n for n in numbers if n in _NUMBER.values()):
        return None
    halogens = tuple(halogen for halogen in HALOGENS if halogen in named)
    return halogens, {number for number in numbers if number > _FLUORINE and number not in _NUMBER.values()}


@cache
def _bonded_halogens() -> list[Chem.Atom]:
    """Return halogens bonded to atoms of many kinds."""
    mols = [Chem.MolFromSmiles(neighbor + halogen) for halogen in HALOGENS for neighbor in _NEIGHBORS]
    return [mol.GetAtomWithIdx(mol.GetNumAtoms() - 1) for mol in mols]


def _renamed(smirks: str, to: dict[str, str]) -> str:
    """Return a SMIRKS with other halogens in its product template."""
    reactant, arrow, product = smirks.partition(">>")
    return reactant + arrow + HALOGEN.sub(lambda found: to[found[0]], product)
