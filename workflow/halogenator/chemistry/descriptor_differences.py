"""Descriptors of a product: those of its parent plus a difference that depends on the surroundings of the site.

An edit (``chemistry.edit``) removes and adds groups, breaks single bonds, and makes double bonds of single ones or the
other way round. Of the parent only the *roots* change: the anchors (hydrogens, degree and bonds, not element or
aromaticity) and the removed atoms. What the six descriptors depend on, for each atom:

* TPSA, donors and acceptors (``CalcTPSA``, ``CalcNumHBD``, ``CalcNumHBA``): its element, hydrogens, charge and bonds;
  whether a nitrogen or oxygen is in a ring of three; whether a neighbour has a double bond to N, O, P or S. They change
  only on roots and new atoms, and depend on the roots' bonds and their neighbours' double bonds.
* Wildman-Crippen types (``CalcCrippenDescriptors``): element and aromaticity of its neighbours. Only the hydrogen of a
  hydroxyl and the oxygen of a carbonyl depend on one bond more: on double bonds, element and aromaticity. Types change
  on roots and on atoms with a double bond to a root, and depend on the same as above.
* Strict rotors (``CalcNumRotatableBonds``): acyclic single bonds, counted by the neighbours of both ends: triple bonds,
  halogens, methyl groups (three hydrogens) and amide-like neighbours (degree, double bonds to N, O or S). The bond
  between a root and its neighbour B depends on B's neighbours. An edit changes B only through the root's degree or
  hydrogens. This changes the bonds from B to its neighbours C, which depend on C's neighbours. An aromatic carbon
  counts the same, whatever its neighbours are.

So the surroundings are the roots, their bonds and neighbours, and across acyclic single bonds two neighbours more, but
nothing behind an aromatic carbon. Each atom counts with element, aromaticity, charge, degree, hydrogens and double
bonds. When surroundings are met for the first time, RDKit computes the product, which gives the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import factorial

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.molecules import reread

# Bonds from a root to the farthest atom of its surroundings.
RADIUS = 3
# Most differences remembered; one takes about 1 kB. When full, all are forgotten: common ones are soon met again.
MAX_ENTRIES = 20_000

_MOST_MATCHES = 1_000  # of a pattern; maxMatches of RDKit's SubstructMatch by default
# Matches of a pattern of descriptors that begin at one atom, at most: it names up to four neighbours, in any order.
_MATCHES_OF_AN_ATOM = 24

Environment = tuple[float, ...]
Values = tuple[float, ...]

_AROMATIC_CARBON = -1
_ACYCLIC_SINGLE = 1
_CYCLIC = 16
# Kinds of bonds behind which neighbours count: as a rule, and where double bonds of the roots change.
_CROSSED = frozenset([_ACYCLIC_SINGLE])
_CROSSED_IN_RINGS = frozenset([_ACYCLIC_SINGLE, _ACYCLIC_SINGLE + _CYCLIC])


class Surroundings:
    """The atoms around the sites of one parent, as numbers. Labels of atoms are computed once, when needed."""

    def __init__(self, mol: Chem.Mol) -> None:
        self._mol = mol
        self._labels: dict[int, int] = {}

    def allow(self, new_atoms: int) -> bool:
        """Return whether no pattern of a descriptor has too many matches here, nor with that many atoms more."""
        spare = _MOST_MATCHES - _MATCHES_OF_AN_ATOM * new_atoms
        return self._estimated_matches <= spare or self._most_matches <= spare

    @cached_property
    def _estimated_matches(self) -> float:
        """An upper bound of ``_most_matches`` that looks at no atom.

        The orders of d neighbours are at most 1 + 23/4 d: 1, 1, 2, 6 and 24 for d = 0 to 4, and 24 for more. The
        degrees of all atoms add up to twice the bonds.
        """
        atoms: int = self._mol.GetNumAtoms(onlyExplicit=False)  # with hydrogens
        bonds: int = self._mol.GetNumBonds()
        return atoms + (_MATCHES_OF_AN_ATOM - 1) / 2 * bonds

    @cached_property
    def _most_matches(self) -> int:
        """An upper bound of the matches of any pattern: the orders of neighbours of each atom, and its hydrogens."""
        return sum(
            min(factorial(atom.GetDegree()), _MATCHES_OF_AN_ATOM) + atom.GetTotalNumHs()
            for atom in self._mol.GetAtoms()
        )

    def note_aromatic_carbons(self, atoms: Sequence[int]) -> None:
        """Take atoms (indices) for aromatic carbons, which a match has shown them to be."""
        for index in atoms:
            self._labels[index] = _AROMATIC_CARBON

    def around(self, roots: Sequence[int], *, through_rings: bool = False) -> Environment:
        """Return the surroundings of the roots (atom indices) as numbers: equal numbers mean equal differences.

        Equal surroundings may give other numbers if neighbours come in another order; they are then computed twice.

        Args:
            roots: the atoms that change or leave.
            through_rings: whether double bonds of the roots change, so that single bonds in rings count as others do.
        """
        crossed = _CROSSED_IN_RINGS if through_rings else _CROSSED
        environment: list[float] = []
        for root in roots:
            atom = self._mol.GetAtomWithIdx(root)
            environment.append(_number(atom))
            in_ring = atom.IsInRing()
            if in_ring:
                environment.append(atom.GetAtomicNum() in (7, 8) and atom.IsInRingSize(3))
            self._look(atom, root, -1, RADIUS, roots, environment, crossed, in_ring=in_ring)
        return tuple(environment)

    def _look(
        self,
        atom: Chem.Atom,
        index: int,
        origin: int,
        depth: int,
        roots: Sequence[int],
        environment: list[float],
        crossed: frozenset[int],
        *,
        in_ring: bool = True,
    ) -> None:
        """Append an atom's bonds and neighbours to ``environment``; across bonds ``crossed`` those of neighbours.

        Where it is known that the atom is not ``in_ring``, nor are its bonds.
        """
        for bond in atom.GetBonds():
            other = bond.GetOtherAtomIdx(index)
            if other == origin:
                continue
            kind = bond.GetBondTypeAsDouble() + (_CYCLIC if in_ring and bond.IsInRing() else 0)
            if other in roots:
                environment += (kind, -2 - roots.index(other))
                continue
            label = self._labels.get(other) or self._label(other)
            environment += (kind, label)
            if kind in crossed and label != _AROMATIC_CARBON and depth > 1:
                self._look(self._mol.GetAtomWithIdx(other), other, index, depth - 1, roots, environment, crossed)
        environment.append(0)

    def _label(self, index: int) -> int:
        """Return a number for an atom as in ``_number`` with its double bonds: element, charge and ring of each."""
        atom = self._mol.GetAtomWithIdx(index)
        if atom.GetIsAromatic() and atom.GetAtomicNum() == 6:
            label = _AROMATIC_CARBON
        else:
            label = _number(atom)
            partners = [
                (other.GetAtomicNum(), other.GetFormalCharge(), bond.IsInRing())
                for bond, other in ((bond, bond.GetOtherAtom(atom)) for bond in atom.GetBonds())
                if bond.GetBondTypeAsDouble() == 2
            ]
            if partners:
                label = _code((label, *sorted(partners)))
        self._labels[index] = label
        return label


# A number for each kind of atom that was met, of which there are some hundreds; other processes may have other numbers.
_codes: dict[tuple[object, ...], int] = {}


def _code(kind: tuple[object, ...]) -> int:
    return _codes.setdefault(kind, 1_000 + len(_codes))  # above the numbers of kinds of bonds


def _number(atom: Chem.Atom) -> int:
    """Return a number for an atom's element, degree, hydrogens, charge and aromaticity."""
    counts = atom.GetAtomicNum(), atom.GetDegree(), atom.GetTotalNumHs(), atom.GetFormalCharge()
    return _code((*counts, atom.GetIsAromatic()))


def terminal_label(element: int) -> int:
    """Return the number by which surroundings name an atom with one single bond, without hydrogens and charge."""
    return _code((element, 1, 0, 0, False))


class Increments:
    """The differences that transforms make to the descriptors ``names``, remembered by surroundings."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.misses = 0
        self._known: dict[tuple[int, Environment], Values] = {}
        self._parent: Values | None = None
        self._described: dict[tuple[int, Environment], Values] = {}  # products of this parent

    def describe(self, transform: int, environment: Environment, parent: Values, smiles: str) -> Values:
        """Return a product's descriptors.

        Args:
            transform: index of the transform; each has its own differences.
            environment: ``Surroundings.around`` the roots of the edit.
            parent: the parent's descriptors.
            smiles: the product's SMILES, read only when the surroundings are new.
        """
        if parent is not self._parent:
            self._parent, self._described = parent, {}
        key = transform, environment
        values = self._described.get(key)
        if values is None:
            values = self._described[key] = self._add(key, parent, smiles)
        return values

    def _add(self, key: tuple[int, Environment], parent: Values, smiles: str) -> Values:
        difference = self._known.get(key)
        if difference is None:
            self.misses += 1
            values = descriptors.compute(reread(smiles), self.names)
            if len(self._known) >= MAX_ENTRIES:
                self._known.clear()
            self._known[key] = tuple(new - old for new, old in zip(values, parent, strict=True))
            return values
        # Counts are exact; other values are rounded like those that RDKit computes.
        return tuple(
            [
                old + change if type(change) is int else round(old + change, descriptors.DECIMALS)
                for old, change in zip(parent, difference)  # noqa: B905 - as many as there are names
            ]
        )
