"""Descriptors of a product as its parent's plus a difference that its site's surroundings decide.

An edit (``chemistry.edit``) takes off and puts on acyclic groups through single bonds, and changes nothing else. What
the six descriptors see of that is local:

* TPSA, donors and acceptors (``CalcTPSA``, ``CalcNumHBD``, ``CalcNumHBA``) ask of an atom for its element, hydrogens,
  charge and bonds, and whether a neighbour has a double bond to N, O, P or S. Only anchors, removed and new atoms
  change in any of these.
* Wildman-Crippen atom types (``CalcCrippenDescriptors``) look at most two bonds far, and past the first bond only at
  elements and aromaticity. Types change on anchors and their neighbours, so atoms up to three bonds away matter.
* A bond is a strict rotor (``CalcNumRotatableBonds``) by what its two ends are bonded to, by those neighbours' degree
  and hydrogens, and by their double bonds to N, O or S. An end changes at most one bond away from an anchor, its
  partner is two bonds away, the partner's neighbours three.

So the atoms within three bonds of those that change or go, each with element, degree, hydrogens, charge, isotope, ring
membership and whether it has a double bond to N, O, P or S, and the bonds between them, with type and ring membership,
decide the difference. It is computed by RDKit when such surroundings are first met.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from halogenator.chemistry import descriptors
from halogenator.chemistry.edit import Edit
from halogenator.chemistry.molecules import reread
from halogenator.chemistry.reaction import Match

RADIUS = 3
# Differences remembered at a time; an entry takes about 1 kB. When full, all are forgotten: they are soon met again.
MAX_ENTRIES = 20_000

_POLAR_DOUBLE_BOND = Chem.MolFromSmarts("*=[N,O,P,S]")

Environment = tuple[float, ...]
Values = tuple[float, ...]


class Surroundings:
    """The labelled graph of one parent, read where it is asked for."""

    def __init__(self, mol: Chem.Mol) -> None:
        self._mol = mol
        self._bonds: dict[int, list[tuple[int, float, int]]] = {}

    def around(self, roots: Sequence[int]) -> Environment:
        """Return what lies within ``RADIUS`` bonds of the roots; equal values mean isomorphic surroundings.

        Two isomorphic surroundings may give different values, where neighbours tie: that costs a computation, no more.
        """
        labels = self.labels
        place = {atom: index for index, atom in enumerate(roots)}
        environment: list[float] = [labels[atom] for atom in roots]
        shell: Sequence[int] = roots
        for _ in range(RADIUS):
            following = []
            for atom in shell:
                for label, bond, other in self._bonds.get(atom) or self._bonds_of(atom):
                    environment.append(bond)
                    if other in place:
                        environment.append(-1 - place[other])
                    else:
                        environment.append(label)
                        place[other] = len(place)
                        following.append(other)
            shell = following
        return tuple(environment)

    @cached_property
    def labels(self) -> Sequence[int]:
        """A number per atom: element, degree, hydrogens, charge, isotope, ring, and a double bond to N, O, P or S."""
        polar = {match[0] for match in self._mol.GetSubstructMatches(_POLAR_DOUBLE_BOND, uniquify=False)}
        invariants = rdMolDescriptors.GetConnectivityInvariants(self._mol)
        return [2 * invariant + (atom in polar) for atom, invariant in enumerate(invariants)]

    def _bonds_of(self, atom: int) -> list[tuple[int, float, int]]:
        """Return (neighbour's label, bond's label, neighbour) of an atom's bonds, in that order."""
        labels = self.labels
        found = []
        for bond in self._mol.GetAtomWithIdx(atom).GetBonds():
            other = bond.GetOtherAtomIdx(atom)
            found.append((labels[other], 4 * bond.GetBondTypeAsDouble() + bond.IsInRing(), other))
        found.sort()
        self._bonds[atom] = found
        return found


class Increments:
    """Remembers the differences that transforms make to descriptors.

    Args:
        names: the descriptors, in order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.misses = 0
        self._known: dict[tuple[int, Environment], Values] = {}

    def describe(
        self, transform: int, edit: Edit, match: Match, surroundings: Surroundings, parent: Values, smiles: str
    ) -> Values:
        """Return a product's descriptors.

        Args:
            transform: number of the transform; differences are remembered for each.
            edit: its edit, which describes this match.
            match: parent atom indices.
            surroundings: of the parent.
            parent: the parent's descriptors.
            smiles: the product's SMILES, parsed only where the surroundings are new.
        """
        key = transform, surroundings.around(edit.roots(match))
        difference = self._known.get(key)
        if difference is None:
            self.misses += 1
            values = descriptors.compute(reread(smiles), self.names)
            if len(self._known) >= MAX_ENTRIES:
                self._known.clear()
            self._known[key] = tuple(new - old for new, old in zip(values, parent, strict=True))
            return values
        return descriptors.settle([old + change for old, change in zip(parent, difference, strict=True)])
