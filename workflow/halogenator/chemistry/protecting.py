"""Sites that are not used: those with protected atoms, which no step may touch, and those that others outrank.

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

PROTECT, RANK = "protect", "rank"

# An atom of the product template that repeats its element and states nothing else.
_REPEATED = re.compile(r"\[(\*|#\d+|[A-Z][a-z]?|[a-z]):\d+\]")


Withheld = tuple[str, str]  # key of a choice, and the name of its entry


class MarkedAtoms:
    """Patterns whose atoms are looked up in a parent.

    Args:
        patterns: the patterns; several may have one name.
        first_only: whether only the first atom of a match counts.

    Attributes:
        names: the names, each once, in order.
        tells_halogens: whether siblings can have other such atoms than their representative.
    """

    def __init__(self, patterns: Sequence[Pattern], *, first_only: bool = False) -> None:
        self.names = list(dict.fromkeys(pattern.name for pattern in patterns))
        self._names = [pattern.name for pattern in patterns]
        self._first_only = first_only
        self._queries = [Chem.MolFromSmarts(pattern.smarts) for pattern in patterns]
        self._flat = reads_flat(pattern.smarts for pattern in patterns)
        self._has_hydrogens = any(has_hydrogens(pattern.smarts) for pattern in patterns)
        self.tells_halogens = any(tells_halogens(query) for query in self._queries)

    def atoms(self, parent: Parent) -> dict[int, str]:
        """Return {atom of a parent: name of the first pattern that has it}."""
        mol = parent.mol if self._flat else reread(parent.smiles)
        mol = Chem.AddHs(mol) if self._has_hydrogens else mol
        found: dict[int, str] = {}
        for name, query in zip(self._names, self._queries, strict=True):
            # Not uniquified: of two matches with the same atoms, another atom can be the first.
            for match in mol.GetSubstructMatches(
                query, uniquify=not self._first_only, useChirality=True, maxMatches=MAX_MATCHES
            ):
                for index in match[:1] if self._first_only else match:
                    found.setdefault(index, name)
        return found


class Usage:
    """Which sites may be used.

    Args:
        protect, rank: as in ``Choice``.

    Attributes:
        tells_halogens: whether siblings can have other usable sites than their representative.
    """

    def __init__(self, protect: Sequence[Pattern], rank: Sequence[Pattern]) -> None:
        self._protected = MarkedAtoms(protect) if protect else None
        self._ranked = MarkedAtoms(rank, first_only=True) if rank else None
        self.tells_halogens = any(each and each.tells_halogens for each in (self._protected, self._ranked))

    def of(self, parent: Parent) -> UsageOf:
        """Return which sites of a parent may be used."""
        protected = self._protected.atoms(parent) if self._protected else {}
        ranked = self._ranked.atoms(parent) if self._ranked else {}
        return UsageOf(protected, ranked, self._ranked.names if self._ranked else [])


class UsageOf:
    """Which sites of a parent may be used.

    Args:
        protected: {protected atom: by what}.
        ranked: {atom: name of its class}.
        classes: names of the classes, best first.
    """

    def __init__(self, protected: dict[int, str], ranked: dict[int, str], classes: Sequence[str]) -> None:
        self._protected = protected
        self._ranked = ranked
        self._classes = classes

    def protector(self, mol: Chem.Mol, match: Match, positions: Sequence[int]) -> Withheld | None:
        """Return what protects an atom that a match would touch; None if nothing does.

        Args:
            mol: the molecule that was matched.
            match: its atoms.
            positions: of the touched atoms in the match.
        """
        for index in (match[position] for position in positions) if self._protected else ():
            atom = mol.GetAtomWithIdx(index)
            if atom.GetAtomicNum() == 1 and atom.GetDegree() == 1 and index not in self._protected:
                atom = atom.GetNeighbors()[0]  # a hydrogen belongs to the atom that has it
            if atom.GetIdx() in self._protected:
                return PROTECT, self._protected[atom.GetIdx()]
        return None

    def best(self, atoms: Sequence[int]) -> Withheld | None:
        """Return the best class of some sites; None if all sites are alike."""
        present = {self._ranked.get(atom) for atom in atoms} if self._ranked else {None}
        name = next((each for each in self._classes if each in present), None)
        return (RANK, name) if name is not None and len(present) > 1 else None

    def is_of(self, atom: int, best: Withheld) -> bool:
        """Return whether a site is in a class."""
        return self._ranked.get(atom) == best[1]


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
