"""The conditions of a template's atom: which elements it may be, and whether any atom can fulfil them with its bonds.

The conditions are read from RDKit's ``DescribeQuery``, which writes a SMARTS atom as an indented tree. Rings and
recursive SMARTS cannot be decided for an atom by itself; they count as "perhaps".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from rdkit import Chem

_LEAF = re.compile(r"(Atom\w+|RecursiveStructure) (\d+|-\d+) (!?=) val")
# Aromatic atoms have 1,000 added to their number in RDKit's ``AtomType``.
_AROMATIC = 1_000
# Elements to try where a template does not name any.
_COMMON = (6, 7, 8, 16, 9, 17, 35, 53, 15, 5, 14, 34, 1)
_CAN_BE_AROMATIC = {5, 6, 7, 8, 14, 15, 16, 33, 34, 52}
_ORDERS = {"=": 2, "#": 3}
_MOST_HYDROGENS, _MOST_NEIGHBORS = 6, 8
_CHARGES = (0, 1, -1, 2, -2, 3, -3)


class PossibleAtom(NamedTuple):
    """An atom that could be in a molecule; ``degree`` counts its neighbours other than hydrogen."""

    number: int
    aromatic: bool
    charge: int
    hydrogens: int
    degree: int

    @property
    def shared(self) -> int:
        """The valence that aromaticity takes: 1 of a carbon, 0 of others, which may give a lone pair instead."""
        return int(self.aromatic and self.number == 6)


# RDKit's name of a condition -> the value of an atom that it compares.
_VALUES: dict[str, Callable[[PossibleAtom], int]] = {
    "AtomType": lambda atom: atom.number + _AROMATIC * atom.aromatic,
    "AtomAtomicNum": lambda atom: atom.number,
    "AtomIsAromatic": lambda atom: atom.aromatic,
    "AtomIsAliphatic": lambda atom: not atom.aromatic,
    "AtomFormalCharge": lambda atom: atom.charge,
    "AtomHCount": lambda atom: atom.hydrogens,
    "AtomTotalDegree": lambda atom: atom.degree + atom.hydrogens,
    "AtomExplicitDegree": lambda atom: atom.degree,
}
_ANY_ATOM = {("AtomNull", 0): True}  # the condition of ``*``
_MOST_OTHERS = 6  # conditions that an atom by itself does not decide, whose every combination is tried
_OF_ELEMENT = frozenset({"AtomType", "AtomAtomicNum", "AtomIsAromatic", "AtomIsAliphatic"})


@dataclass(frozen=True)
class _Node:
    """A condition: a leaf with a name, a value and a sign; or "AtomAnd" or "AtomOr" with ``parts``."""

    name: str
    value: int = 0
    negated: bool = False
    parts: tuple[_Node, ...] = ()

    def holds(
        self, atom: PossibleAtom, *, element_only: bool = False, others: Mapping[tuple[str, int], bool] = _ANY_ATOM
    ) -> bool | None:
        """Return whether an atom fulfils the condition; None: perhaps.

        Args:
            atom: the atom.
            element_only: whether all that is not about its element counts as perhaps.
            others: {(name, value) of a condition that an atom by itself does not decide: whether it holds}.
        """
        if self.parts:
            answers = [part.holds(atom, element_only=element_only, others=others) for part in self.parts]
            decisive = self.name == "AtomOr"
            return decisive if decisive in answers else None if None in answers else not decisive
        if (self.name, self.value) in others:
            return others[self.name, self.value] != self.negated
        if self.name not in _VALUES or (element_only and self.name not in _OF_ELEMENT):
            return None
        return (self.value == _VALUES[self.name](atom)) != self.negated

    def leaves(self, *, below_or: bool = False) -> Iterator[tuple[_Node, bool]]:
        """Yield the leaves, each with whether it is below an "AtomOr", so that another one may hold in its place."""
        if not self.parts:
            yield self, below_or
        for part in self.parts:
            yield from part.leaves(below_or=below_or or self.name == "AtomOr")


class AtomQuery:
    """An atom of a template with its conditions, as RDKit reads them.

    Attributes:
        atom: the template's atom.
        text: its SMARTS.
    """

    def __init__(self, atom: Chem.Atom) -> None:
        self.atom = atom
        self.text: str = atom.GetSmarts()
        self._root = _read(atom.DescribeQuery()) if atom.HasQuery() else _Node("AtomAtomicNum", atom.GetAtomicNum())

    @cached_property
    def named(self) -> tuple[int, ...]:
        """The atomic numbers in its SMARTS, in this order, negated ones too."""
        leaves = [leaf for leaf, _ in self._root.leaves() if leaf.name in {"AtomType", "AtomAtomicNum"}]
        return tuple(dict.fromkeys(leaf.value % _AROMATIC for leaf in leaves))

    @property
    def listed(self) -> tuple[int, ...]:
        """The atomic numbers that it allows, if all of these are in its SMARTS; else ()."""
        unnamed = next((number for number in _COMMON if number not in self.named), 0)
        return () if self.allows_element(unnamed) else tuple(filter(self.allows_element, self.named))

    @property
    def stated_as_alternative(self) -> set[str]:
        """Which of charge, hydrogens and isotope are only in an alternative (``[C+,N]``) or a negation (``[!H0]``)."""
        words = {"AtomFormalCharge": "charge", "AtomHCount": "hydrogens", "AtomIsotope": "isotope"}
        return {
            words[leaf.name]
            for leaf, below_or in self._root.leaves()
            if leaf.name in words and (below_or or leaf.negated)
        }

    def allows_element(self, number: int) -> bool:
        """Return whether an atom of this element may fulfil the conditions."""
        atoms = (PossibleAtom(number, aromatic, 0, 0, 0) for aromatic in (False, True))
        return any(self._root.holds(atom, element_only=True) is not False for atom in atoms)

    @cached_property
    def conditions(self) -> frozenset[tuple[str, int]]:
        """The (name, value) of all its conditions, as RDKit calls them."""
        return frozenset((leaf.name, leaf.value) for leaf, _ in self._root.leaves())

    @cached_property
    def needed(self) -> int | None:
        """The atomic number that every match has; None if it may have one of several."""
        names = {"AtomType", "AtomAtomicNum"}
        stated = (leaf for leaf, below_or in self._root.leaves() if not (below_or or leaf.negated))
        return next((leaf.value % _AROMATIC for leaf in stated if leaf.name in names), None)

    def holds(self, atom: PossibleAtom) -> bool | None:
        """Return whether an atom fulfils the conditions; None: perhaps."""
        return self._root.holds(atom)

    def could_turn(self, before: PossibleAtom, after: PossibleAtom) -> tuple[bool, bool]:
        """Return whether a change of an atom can turn the conditions true, and whether it can turn them false.

        What an atom by itself does not decide, such as its rings, is taken to stay as it is.
        """
        others = sorted({*self.conditions} - {*_ANY_ATOM} - {key for key in self.conditions if key[0] in _VALUES})
        if len(others) > _MOST_OTHERS:
            return True, True
        turns = set()
        for truths in itertools.product((False, True), repeat=len(others)):
            known = {**_ANY_ATOM, **dict(zip(others, truths, strict=True))}
            turns.add((self._root.holds(before, others=known), self._root.holds(after, others=known)))
        return (False, True) in turns, (True, False) in turns

    def possible_atoms(self, numbers: Iterable[int], degrees: range) -> list[PossibleAtom]:
        """Return the uncharged atoms that may fulfil the conditions.

        Args:
            numbers: atomic numbers to try, besides those that the conditions name and the usual ones.
            degrees: numbers of neighbours other than hydrogen.
        """
        tried = dict.fromkeys((*self.named, *numbers, *_COMMON))
        least = 2 if self._is_in_a_ring else 0
        found = []
        for number in filter(self.allows_element, tried):
            most = max(_valences(PossibleAtom(number, False, 0, 0, 0)))
            for atom in _possible_atoms((number,), (0,), range(_MOST_HYDROGENS + 1), degrees):
                fits = atom.hydrogens + atom.degree <= most and atom.degree >= least
                if fits and self._root.holds(atom) is not False:
                    found.append(atom)
        return found

    @property
    def _is_in_a_ring(self) -> bool:
        """Whether every atom that fulfils the conditions is in a ring."""
        in_ring = {("AtomInNRings", -1), ("AtomInRing", 1), ("AtomHasRingBond", 1)}
        leaves = self._root.leaves()
        return any((leaf.name, leaf.value) in in_ring and not (below_or or leaf.negated) for leaf, below_or in leaves)

    def states(self, name: str) -> bool:
        """Return whether a condition of this name (``AtomFormalCharge``, ``AtomHCount``) holds for every match."""
        return any(leaf.name == name and not below_or and not leaf.negated for leaf, below_or in self._root.leaves())

    def fits_any_atom(self) -> bool:
        """Return whether an atom could match it in some molecule, by element, charge, hydrogens and bonds."""
        hydrogens, degree, orders = self._bonded()
        counts = range(hydrogens, _MOST_HYDROGENS + 1), range(degree, _MOST_NEIGHBORS + 1)
        return any(
            self._root.holds(possible) is not False
            and possible.hydrogens + orders + possible.degree - degree + possible.shared <= max(_valences(possible))
            for possible in _possible_atoms(self._numbers, dict.fromkeys((*_CHARGES, *self._charges)), *counts)
        )

    def has_room(self) -> bool:
        """Return whether an atom that matches it can have one more neighbour, other than hydrogen.

        Only ordinary atoms count: neutral ones if no charge is stated, of the lowest valence that the bonds allow.
        """
        hydrogens, degree, orders = self._bonded()
        counts = range(hydrogens, _MOST_HYDROGENS + 1), range(degree + 1, degree + 2)
        for possible in _possible_atoms(self._numbers, self._charges or {0}, *counts):
            taken = possible.hydrogens + orders + possible.shared
            usual = min((valence for valence in _valences(possible) if valence >= orders + possible.shared), default=0)
            if taken < usual and self._root.holds(possible) is not False:
                return True
        return False

    @cached_property
    def _charges(self) -> set[int]:
        return {leaf.value for leaf, _ in self._root.leaves() if leaf.name == "AtomFormalCharge"}

    @cached_property
    def _numbers(self) -> Iterable[int]:
        return self.listed or dict.fromkeys((*self.named, *_COMMON))

    def _bonded(self) -> tuple[int, int, int]:
        """Return its number of hydrogens and of other neighbours in the template, and the bond orders to the latter."""
        hydrogens = sum(neighbor.GetAtomicNum() == 1 for neighbor in self.atom.GetNeighbors())
        bonds = [bond for bond in self.atom.GetBonds() if bond.GetOtherAtom(self.atom).GetAtomicNum() != 1]
        return hydrogens, len(bonds), sum(map(_lowest_order, bonds))


def _lowest_order(bond: Chem.Bond) -> int:
    return _ORDERS.get(bond.GetSmarts()[:1], 1) if "," not in bond.GetSmarts() else 1


def _possible_atoms(
    numbers: Iterable[int], charges: Iterable[int], hydrogens: range, degrees: range
) -> Iterator[PossibleAtom]:
    for number, aromatic in itertools.product(numbers, (False, True)):
        if not aromatic or number in _CAN_BE_AROMATIC:
            for charge, hydrogen_count, degree in itertools.product(charges, hydrogens, degrees):
                yield PossibleAtom(number, aromatic, charge, hydrogen_count, degree)


def _valences(atom: PossibleAtom) -> list[int]:
    """Return the valences that RDKit allows, ascending: an ion has those of the element with as many electrons."""
    found = [int(valence) for valence in Chem.GetPeriodicTable().GetValenceList(max(0, atom.number - atom.charge))]
    return sorted(found) if max(found) >= 0 else [_MOST_HYDROGENS + _MOST_NEIGHBORS]


def _read(text: str) -> _Node:
    """Return the tree that ``DescribeQuery`` wrote: one line per node, indented by depth."""
    return _branch([(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines() if line.strip()])


def _branch(lines: list[tuple[int, str]]) -> _Node:
    """Return the first node of (depth, text) lines; its lines and those of its parts are removed from ``lines``."""
    depth, line = lines.pop(0)
    name = line.split()[0]
    if name not in {"AtomAnd", "AtomOr"}:
        found = _LEAF.fullmatch(line)
        return _Node(found[1], int(found[2]), found[3] == "!=") if found else _Node(line)
    parts = []
    while lines and lines[0][0] > depth:
        parts.append(_branch(lines))
    return _Node(name, parts=tuple(parts))
