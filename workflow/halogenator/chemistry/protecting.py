"""Protected atoms: those that no step may touch.

A step touches an atom of a match if the atom leaves, or gets other bonds, neighbours, hydrogens or charge. Atoms that a
template only names are not touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rdkit import Chem

from halogenator.chemistry.molecules import reread
from halogenator.chemistry.motifs import MAX_MATCHES, tells_halogens
from halogenator.chemistry.parent import Parent, reads_flat
from halogenator.chemistry.reaction import Match, has_hydrogens
from halogenator.model import Pattern

if TYPE_CHECKING:
    from halogenator.chemistry.reaction import Reaction

# An atom of the product template that repeats its element and states nothing else.
_REPEATED = re.compile(r"\[(#\d+|[A-Z][a-z]?|[a-z]):\d+\]")


class Protection:
    """Patterns whose atoms are protected.

    Args:
        patterns: the patterns; several may have one name.

    Attributes:
        tells_halogens: whether siblings can have other protected atoms than their representative.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._names = [pattern.name for pattern in patterns]
        self._queries = [Chem.MolFromSmarts(pattern.smarts) for pattern in patterns]
        self._flat = reads_flat(pattern.smarts for pattern in patterns)
        self._has_hydrogens = any(has_hydrogens(pattern.smarts) for pattern in patterns)
        self.tells_halogens = any(tells_halogens(query) for query in self._queries)

    def atoms(self, parent: Parent) -> dict[int, str]:
        """Return {protected atom of a parent: name of the first pattern that protects it}."""
        mol = parent.mol if self._flat else reread(parent.smiles)
        mol = Chem.AddHs(mol) if self._has_hydrogens else mol
        found: dict[int, str] = {}
        for name, query in zip(self._names, self._queries, strict=True):
            for match in mol.GetSubstructMatches(query, useChirality=True, maxMatches=MAX_MATCHES):
                for index in match:
                    found.setdefault(index, name)
        return found


def touched(reaction: Reaction) -> tuple[int, ...]:
    """Return the positions, in a match, of the atoms that a reaction touches.

    Examples:
        >>> from halogenator.chemistry.reaction import Reaction
        >>> from halogenator.model import Transform
        >>> touched(Reaction(Transform("ether", "[c:1][OX2H:2]>>[c:1][O:2]C")))  # the carbon stays as it is
        (1,)
    """
    before, after = reaction.query, reaction.product_template
    stays = {atom.GetAtomMapNum() for atom in before.GetAtoms()} - {0}
    stays &= {atom.GetAtomMapNum() for atom in after.GetAtoms() if _REPEATED.fullmatch(atom.GetSmarts())}
    same = {
        number
        for number in stays
        if _bonds(before, number) == _bonds(after, number) and 0 not in {near for near, _ in _bonds(before, number)}
    }
    return tuple(atom.GetIdx() for atom in before.GetAtoms() if atom.GetAtomMapNum() not in same)


def _bonds(template: Chem.Mol, number: int) -> list[tuple[int, str]]:
    """Return the neighbours of a mapped atom, as map numbers (0: none), with the SMARTS of its bonds to them."""
    atom = next(atom for atom in template.GetAtoms() if atom.GetAtomMapNum() == number)
    return sorted((bond.GetOtherAtom(atom).GetAtomMapNum(), bond.GetSmarts()) for bond in atom.GetBonds())


def protector(mol: Chem.Mol, match: Match, positions: Sequence[int], protected: dict[int, str]) -> str | None:
    """Return the name of what protects an atom that a match would touch; None if nothing does.

    Args:
        mol: the molecule that was matched.
        match: its atoms.
        positions: of the touched atoms in the match.
        protected: ``Protection.atoms`` of the molecule.
    """
    for position in positions:
        index = match[position]
        if index not in protected:
            atom = mol.GetAtomWithIdx(index)
            if atom.GetAtomicNum() != 1 or atom.GetDegree() != 1:
                continue
            index = atom.GetNeighbors()[0].GetIdx()  # a hydrogen belongs to the atom that has it
        if index in protected:
            return protected[index]
    return None
