"""Quotas: how many halogens a product may have, on one ring or of one kind, and how far from each other.

A product is over a quota only if it is further over it than its parent: a natural product with a CF3 group keeps its
derivatives. Halogens are F, Cl, Br and I with a neighbour. Rings are those of RDKit's symmetrised SSSR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rdkit import Chem

PER_RING, DISTANCE, PER_PARENT = "per_ring", "distance", "per_parent"
_BONDED = Chem.MolFromSmarts("[F,Cl,Br,I]~*")
_HALOGEN = re.compile("F|Cl|Br|I")
Quota = tuple[str, int]  # per_ring, distance or a halogen; and the number


class Quotas:
    """Quotas of molecules, ready to say which of them a product is over.

    Args:
        quotas: (name, number); ``per_ring`` and a halogen have a highest number, ``distance`` has a lowest one, of
            bonds between two halogens.

    Examples:
        >>> quotas = Quotas([("per_ring", 1), ("distance", 5)])
        >>> quotas.broken_by("Fc1ccccc1", "Fc1ccc(F)cc1"), quotas.broken_by("Fc1ccccc1CC", "Fc1ccccc1CCF")
        (('per_ring', 1), None)
        >>> quotas.broken_by("CC(F)(F)F", "ClCC(F)(F)F")
        ('distance', 5)
    """

    def __init__(self, quotas: Sequence[Quota]) -> None:
        self._quotas = quotas
        self._parent: tuple[str, list[int]] = ("", [])

    def broken_by(self, parent: str, product: str) -> Quota | None:
        """Return the first quota that a product is further over than its parent; None if there is none."""
        most = len(_HALOGEN.findall(product))  # at least as many as there are
        if not any(most > (1 if name == DISTANCE else number) for name, number in self._quotas):
            return None
        if parent != self._parent[0]:
            self._parent = parent, self._excesses(parent)
        pairs = zip(self._quotas, self._parent[1], self._excesses(product), strict=True)
        return next((quota for quota, before, after in pairs if after > before), None)

    def _excesses(self, smiles: str) -> list[int]:
        """Return how far a molecule is over each quota."""
        mol = Chem.MolFromSmiles(smiles, sanitize=False)  # elements, bonds and rings are all that is asked for
        bonds = mol.GetSubstructMatches(_BONDED, uniquify=False, maxMatches=mol.GetNumBonds() * 2)
        return [_excess(mol, bonds, *quota) for quota in self._quotas]


def _excess(mol: Chem.Mol, bonds: Sequence[tuple[int, int]], name: str, number: int) -> int:
    """Return how many halogens are too many; for ``distance``, how many pairs are too near to each other.

    ``bonds``: (halogen, neighbour) of each bond of its halogens.
    """
    halogens = list({halogen for halogen, _ in bonds})
    if name == DISTANCE:
        pairs = ((one, other) for place, one in enumerate(halogens) for other in halogens[:place])
        return sum(0 < len(Chem.GetShortestPath(mol, *pair)) <= number for pair in pairs)  # atoms: one more than bonds
    if name != PER_RING:
        return max(0, [mol.GetAtomWithIdx(index).GetSymbol() for index in halogens].count(name) - number)
    Chem.GetSymmSSSR(mol)
    on_ring = ({halogen for halogen, near in bonds if near in ring} for ring in mol.GetRingInfo().AtomRings())
    return sum(max(0, len(found) - number) for found in on_ring)
