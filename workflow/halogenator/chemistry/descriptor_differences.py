"""Descriptors of a product as its parent's plus a difference, which the surroundings of its site decide.

An edit (``chemistry.edit``) takes off and puts on acyclic groups through single bonds, and changes nothing else: of
the parent, only its *roots* change: the anchors (in hydrogens and degree, not in element, aromaticity or kept bonds)
and the atoms that go. What the six descriptors ask of an atom:

* TPSA, donors and acceptors (``CalcTPSA``, ``CalcNumHBD``, ``CalcNumHBA``): its element, hydrogens, charge and bonds,
  whether a nitrogen or oxygen is in a ring of three, and whether a neighbour has a double bond to N, O, P or S. So they
  change on roots and new atoms alone, and depend on the roots' bonds and their neighbours' double bonds.
* Wildman-Crippen types (``CalcCrippenDescriptors``): element and aromaticity of its neighbours. Only a hydroxyl's
  hydrogen and a carbonyl's oxygen look one bond further: at double bonds, and at element and aromaticity again. So
  types change on roots and on what is doubly bonded to one, and depend on the same as above.
* Strict rotors (``CalcNumRotatableBonds``): acyclic single bonds, counted by what both ends are bonded to: triple
  bonds, halogens, methyl groups (three hydrogens), and amide-like neighbours (degree, double bonds to N, O or S). The
  bond between a root and its neighbour B depends on B's neighbours. An edit changes B's own part only through degree or
  hydrogens of the root, and with it the bonds to B's neighbours C, which depend on C's neighbours. An aromatic carbon
  counts the same whatever it is bonded to.

So the surroundings are: the roots; their bonds and neighbours; across acyclic single bonds the neighbours' neighbours,
and theirs; nothing behind an aromatic carbon; each atom with element, aromaticity, charge, degree, hydrogens and double
bonds. They decide the difference, which RDKit computes when such surroundings are first met.
"""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.molecules import reread

# Bonds from a root to the farthest atom looked at.
RADIUS = 3
# Differences remembered at a time; an entry takes about 1 kB. When full, all are forgotten: they are soon met again.
MAX_ENTRIES = 20_000

Environment = tuple[float, ...]
Values = tuple[float, ...]

_AROMATIC_CARBON = -1
_ACYCLIC_SINGLE = 1
_CYCLIC = 16


class Surroundings:
    """The labelled graph of one parent, read where it is asked for."""

    def __init__(self, mol: Chem.Mol) -> None:
        self._mol = mol
        self._labels: dict[int, int] = {}

    def around(self, roots: Sequence[int]) -> Environment:
        """Return numbers that decide the difference that an edit of the roots makes: equal ones mean equal differences.

        Equal surroundings may give different values, where neighbours come in another order: that costs a computation,
        no more.
        """
        environment: list[float] = []
        for root in roots:
            atom = self._mol.GetAtomWithIdx(root)
            environment.append(_number(atom))
            if atom.IsInRing():
                environment.append(atom.GetAtomicNum() in (7, 8) and atom.IsInRingSize(3))
            self._look(atom, root, -1, RADIUS, roots, environment)
        return tuple(environment)

    def _look(
        self, atom: Chem.Atom, index: int, origin: int, depth: int, roots: Sequence[int], environment: list[float]
    ) -> None:
        """Add an atom's bonds and neighbours, and across acyclic single bonds theirs, as deep as is asked."""
        labels = self._labels
        for bond in atom.GetBonds():
            other = bond.GetOtherAtomIdx(index)
            if other == origin:
                continue
            kind = bond.GetBondTypeAsDouble() + (_CYCLIC if bond.IsInRing() else 0)
            if other in roots:
                environment += (kind, -2 - roots.index(other))
                continue
            label = labels.get(other) or self._label(other)
            environment += (kind, label)
            if kind == _ACYCLIC_SINGLE and label != _AROMATIC_CARBON and depth > 1:
                self._look(self._mol.GetAtomWithIdx(other), other, index, depth - 1, roots, environment)
        environment.append(0)

    def _label(self, index: int) -> int:
        """Return a number for what ``_number`` says of an atom, and for its double bonds: to what, in a ring."""
        atom = self._mol.GetAtomWithIdx(index)
        if atom.GetIsAromatic() and atom.GetAtomicNum() == 6:
            label = _AROMATIC_CARBON
        else:
            double = [
                2 * (16 * bond.GetOtherAtom(atom).GetAtomicNum() + bond.GetOtherAtom(atom).GetFormalCharge() + 8)
                + bond.IsInRing()
                for bond in atom.GetBonds()
                if bond.GetBondTypeAsDouble() == 2
            ]
            label = _number(atom)
            for partner in sorted(double):
                label = 8192 * label + partner
        self._labels[index] = label
        return label


def _number(atom: Chem.Atom) -> int:
    """Return a number for an atom's element, aromaticity, degree, hydrogens and charge."""
    packed: int = 16 * (16 * atom.GetAtomicNum() + atom.GetDegree()) + atom.GetTotalNumHs()
    return int(2 * (32 * packed + atom.GetFormalCharge() + 16) + atom.GetIsAromatic())


class Increments:
    """The differences that transforms make to descriptors, remembered by surroundings.

    Args:
        names: the descriptors, in order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.misses = 0
        self._known: dict[tuple[int, Environment], Values] = {}

    def describe(self, transform: int, environment: Environment, parent: Values, smiles: str) -> Values:
        """Return a product's descriptors.

        Args:
            transform: number of the transform; differences are remembered for each.
            environment: ``Surroundings.around`` the roots of an edit that describes the match.
            parent: the parent's descriptors.
            smiles: the product's SMILES, parsed only where the surroundings are new.
        """
        difference = self._known.get((transform, environment))
        if difference is None:
            self.misses += 1
            values = descriptors.compute(reread(smiles), self.names)
            if len(self._known) >= MAX_ENTRIES:
                self._known.clear()
            self._known[transform, environment] = tuple(new - old for new, old in zip(values, parent, strict=True))
            return values
        # A difference of counts is exact; one of sums is rounded as the sums are.
        return tuple(
            [
                old + change if type(change) is int else round(old + change, descriptors.DECIMALS)
                for old, change in zip(parent, difference)  # noqa: B905 - as many as there are names
            ]
        )
