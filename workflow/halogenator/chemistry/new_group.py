"""New groups, and whether a product has one twice: only then can its stereo depend on what else it has.

RDKit ranks the neighbours of a stereocentre in rounds: by element, then by the ranks of their neighbours, each as often
as the bond order, and so on (``AssignStereochemistry``). In C[C@](O)(c1ccc(O)cc1)c1ccc(OC)cc1, methylation of the
phenol makes two neighbours equal, and the centre is none any more. This needs a second group of the new one's kind. If
no other atom looks like the anchor, and no other neighbour of the anchor like the new ones, the ranks of the product
tell where the new group is, and so all that the ranks of the parent told: what was different stays different.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rdkit import Chem

_CARBON = 6
_TABLE = Chem.GetPeriodicTable()

# Of carbon, hydrogens follow from the bond orders, which RDKit ranks by; of others they may not. Number and hydrogens.
_Kind = tuple[int, int]


class NewGroup:
    """The new atoms that an anchor gets.

    Args:
        anchor: its position in a match.
        replaced: {position of a leaving atom of the anchor: atomic number that it gets}.
        new_atoms: the other new atoms.
        new_bonds: as in ``Edit``.
    """

    def __init__(
        self,
        anchor: int,
        replaced: Mapping[int, int],
        new_atoms: Sequence[Chem.Atom],
        new_bonds: Sequence[tuple[int, int, Chem.BondType]],
    ) -> None:
        self._queries: dict[_Kind, tuple[list[str], Chem.Mol, int]] = {}
        self._alone = Chem.RWMol()  # the anchor, whose element is not known yet, and the new atoms
        placeholder = Chem.Atom(0)
        placeholder.SetNoImplicit(True)
        place = {anchor: self._alone.AddAtom(placeholder)}
        for position, number in replaced.items():
            place[position] = self._alone.AddAtom(Chem.Atom(number))
            self._alone.AddBond(0, place[position], Chem.BondType.SINGLE)
        place |= {-1 - rank: self._alone.AddAtom(atom) for rank, atom in enumerate(new_atoms)}
        for begin, end, bond_type in new_bonds:
            self._alone.AddBond(place[begin], place[end], bond_type)
        self._alone.UpdatePropertyCache(False)

    def is_alone(self, product: Chem.Mol, smiles: str, number: int, hydrogens: int) -> bool:
        """Return whether ranks tell the new group from all else in a product.

        Args:
            product: the product; the hydrogens of its atoms must be known.
            smiles: SMILES of the parent.
            number: the atomic number of the anchor.
            hydrogens: the number of its hydrogens in the product.
        """
        kind = number, hydrogens if number == _CARBON else -1
        if kind not in self._queries:
            self._queries[kind] = self._query(kind)
        symbols, query, own = self._queries[kind]
        if any(symbol not in smiles for symbol in symbols):
            return True
        return len(product.GetSubstructMatches(query, uniquify=False, maxMatches=own + 1)) == own

    def _query(self, kind: _Kind) -> tuple[list[str], Chem.Mol, int]:
        """Return elements without which nothing looks like the group, what looks like it, and its own matches of this.

        Ranks tell no path from a way to and fro. So the query leaves out each new atom (and what is behind it) that
        could be one that the query already has, other than its neighbour.
        """
        text, kinds = self._branch(0, -1, kind, [kind])
        query = Chem.MolFromSmarts(text)
        alone = Chem.RWMol(self._alone)
        anchor = alone.GetAtomWithIdx(0)
        anchor.SetAtomicNum(kind[0])
        anchor.SetNumExplicitHs(max(0, kind[1]))
        alone.UpdatePropertyCache(False)
        symbols = {_TABLE.GetElementSymbol(number) for number, _ in kinds[1:]} - {"C", "N", "O"}
        return sorted(symbols), query, len(alone.GetSubstructMatches(query, uniquify=False))

    def _branch(self, index: int, origin: int, kind: _Kind, kinds: list[_Kind]) -> tuple[str, list[_Kind]]:
        """Return the SMARTS of an atom and what is behind it, and add what this names to ``kinds``."""
        atom = self._alone.GetAtomWithIdx(index)
        parts = [_smarts(atom, kind)]
        for neighbor in atom.GetNeighbors():
            near = neighbor.GetAtomicNum(), neighbor.GetTotalNumHs() if neighbor.GetAtomicNum() == _CARBON else -1
            if neighbor.GetIdx() == origin or near in [other for other in kinds if other is not kind]:
                continue
            kinds.append(near)
            parts.append(f"(~{self._branch(neighbor.GetIdx(), index, near, kinds)[0]})")
        return "".join(parts), kinds


def _smarts(atom: Chem.Atom, kind: _Kind) -> str:
    number, hydrogens = kind
    if number == _CARBON:
        return f"[#6;H{hydrogens}]"
    is_end = atom.GetIdx() > 0 and atom.GetDegree() == 1
    return f"[#{number};D1]" if is_end and atom.GetBonds()[0].GetBondType() == Chem.BondType.SINGLE else f"[#{number}]"
