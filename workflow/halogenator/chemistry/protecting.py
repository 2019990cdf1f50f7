"""Sites that are not used: those with protected atoms, which no step may touch, and those that others outrank.

A step touches an atom of a match if the atom leaves, or gets other bonds, neighbours, hydrogens or charge. Atoms that a
template only names are not touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdkit import Chem

from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.motifs import MAX_MATCHES, tells_halogens
from halogenator.chemistry.parent import Parent, reads_flat
from halogenator.chemistry.reaction import Match, has_hydrogens
from halogenator.chemistry.stereochemistry import UNSPECIFIED, origin_of
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

    def protector(self, parent: Parent, reaction: Reaction, match: Match, touched: Touched) -> Withheld | None:
        """Return what protects an atom that a match would touch; None if nothing does."""
        mol = parent.hydrogenated(reaction)
        for position in (*touched.always, *touched.perhaps) if self._protected else ():
            atom = mol.GetAtomWithIdx(match[position])
            if atom.GetAtomicNum() == 1 and atom.GetDegree() == 1 and atom.GetIdx() not in self._protected:
                atom = atom.GetNeighbors()[0]  # a hydrogen belongs to the atom that has it
            name = self._protected.get(atom.GetIdx())
            if name is not None and (position in touched.always or _differs(atom.GetIdx(), parent, reaction, match)):
                return PROTECT, name
        return None

    def best(self, atoms: Sequence[int]) -> Withheld | None:
        """Return the best class of some sites; None if all sites are alike."""
        present = {self._ranked.get(atom) for atom in atoms} if self._ranked else {None}
        name = next((each for each in self._classes if each in present), None)
        return (RANK, name) if name is not None and len(present) > 1 else None

    def is_of(self, atom: int, best: Withheld) -> bool:
        """Return whether a site is in a class."""
        return self._ranked.get(atom) == best[1]


@dataclass(frozen=True)
class Touched:
    """Positions, in a match, of the atoms that a reaction touches.

    Attributes:
        always: those that it touches in every match.
        perhaps: those that it may touch. What a product template states can be so already: ``[NX3:1]>>[N+0:1]``.
    """

    always: tuple[int, ...]
    perhaps: tuple[int, ...]


def touched(reaction: Reaction) -> Touched:
    """Return the positions of the atoms that a reaction touches.

    Examples:
        >>> from halogenator.chemistry.reaction import Reaction
        >>> from halogenator.model import Transform
        >>> touched(Reaction(Transform("ether", "[CX4:1][OX2H:2]>>[C:1][O:2]C")))  # the carbon stays as it is
        Touched(always=(1,), perhaps=())
    """
    after = {atom.GetAtomMapNum(): atom for atom in reaction.product_template.GetAtoms()}
    always: list[int] = []
    perhaps: list[int] = []
    for atom in reaction.query.GetAtoms():
        kept = after.get(atom.GetAtomMapNum()) if atom.GetAtomMapNum() else None
        bonds, made = _bonds(atom), _bonds(kept) if kept is not None else {}
        if kept is None or 0 in bonds or bonds.keys() != made.keys() or _states_stereo(atom) or _states_stereo(kept):
            always.append(atom.GetIdx())
        elif not _repeats(atom, kept) or bonds != made or ("" in made.values() and _is_open(kept)):
            (always if kept.GetAtomicNum() == 1 else perhaps).append(atom.GetIdx())
    return Touched(tuple(always), tuple(perhaps))


def _differs(index: int, parent: Parent, reaction: Reaction, match: Match) -> bool:
    """Return whether an atom has another element, charge, hydrogens or bonds in the product of a match."""
    mol = reaction.hydrogenated(reread(parent.smiles))
    try:
        product = reaction.finish(mol, reaction.products_around(mol, match)[match])
    except RejectError:
        return False  # there is none
    after = next((atom for atom in product.GetAtoms() if origin_of(atom) == index), None)
    return after is None or _state(after, origin_of) != _state(mol.GetAtomWithIdx(index), Chem.Atom.GetIdx)


def _state(atom: Chem.Atom, index_of: Callable[[Chem.Atom], int | None]) -> tuple[object, ...]:
    bonds = {
        index_of(bond.GetOtherAtom(atom)): bond.GetBondType()
        for bond in atom.GetBonds()
        if bond.GetOtherAtom(atom).GetAtomicNum() != 1
    }
    hydrogens = atom.GetTotalNumHs(includeNeighbors=True)
    return atom.GetAtomicNum(), atom.GetIsotope(), atom.GetFormalCharge(), hydrogens, bonds


def _states_stereo(atom: Chem.Atom) -> bool:
    return atom.GetChiralTag() != UNSPECIFIED or any(not {"/", "\\"}.isdisjoint(bond) for bond in _bonds(atom).values())


def _is_open(atom: Chem.Atom) -> bool:
    """Return whether RunReactants copies an atom from the parent, but makes bonds to it that have no symbol single."""
    return re.match(r"\[(\*|#|[Aa][:;&])", atom.GetSmarts()) is not None


def _repeats(before: Chem.Atom, after: Chem.Atom) -> bool:
    """Return whether an atom of the product template states nothing but what every match of its counterpart is."""
    found = _REPEATED.fullmatch(after.GetSmarts())
    if found is None or found[1] in {"*", "A", "a"}:
        return found is not None
    return "," not in before.GetSmarts() and re.match(rf"\[?{found[1]}(?![a-z0-9])", before.GetSmarts()) is not None


def _bonds(atom: Chem.Atom) -> dict[int, str]:
    """Return {map number of a neighbour (0: none): SMARTS of the bond to it}."""
    return {bond.GetOtherAtom(atom).GetAtomMapNum(): bond.GetSmarts() for bond in atom.GetBonds()}
