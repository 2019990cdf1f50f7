"""SMIRKS as edits: which templates only remove, add and change what ``chemistry.edit`` can."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rdkit import Chem

from halogenator.chemistry.edit import Anchor, Bond, Edit, Footprint
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.stereochemistry import UNSPECIFIED

# A kept atom of the product template: it may repeat its element, or leave it open (``[*:1]``), and state its hydrogens.
_KEPT_ATOM = re.compile(r"\[(\*|#\d+|[A-Z][a-z]?|[a-z])(?:[&;]H(\d?))?:\d+\]")
# A kept atom that does not say whether it is aromatic, or which element it is: RunReactants copies it from the parent.
_OPEN_ATOM = re.compile(r"\[(\*|#\d+|[Aa])([&;]H\d?)?:\d+\]")
# The first symbol of a reactant atom; without a comma, all that follows only narrows it.
_LEADING_SYMBOL = re.compile(r"\[?(#\d+|Cl|Br|[A-Z][a-z]?|[a-z])")
# A new atom is a bare aliphatic symbol of the organic subset: no charge, isotope, hydrogens or map number.
_NEW_ATOMS = {"B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "P": 15, "S": 16, "Cl": 17, "Br": 35, "I": 53}
_ANY = (0, None)  # the element of a kept atom that may be any
_BOND_TYPES = {
    "": Chem.BondType.SINGLE,
    "-": Chem.BondType.SINGLE,
    "=": Chem.BondType.DOUBLE,
    "#": Chem.BondType.TRIPLE,
}
_ACYCLIC = "!@"  # in a bond of the reactant template
_ORDERS = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3}

_Ends = frozenset[int]
_Element = tuple[int, bool | None]  # atomic number, aromatic (None: either)


@dataclass
class _Changes:
    """What happens to the bonds of the kept atoms; ends of bonds are positions, but for those of ``new``.

    Attributes:
        new: (end, end, type) of the bonds with a new atom, by their indices in the product template.
        lost: (ends, type) of the bonds with a leaving atom.
        broken: ends of the kept bonds that are broken.
        retyped: {ends: (type in the parent, type in the product)} of the kept bonds that get another type.
        touched: the kept atoms that these are at.
    """

    new: list[Bond] = field(default_factory=list)
    lost: list[tuple[_Ends, Chem.BondType]] = field(default_factory=list)
    broken: list[_Ends] = field(default_factory=list)
    retyped: dict[_Ends, tuple[Chem.BondType, Chem.BondType]] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


def compile_edit(reaction: Reaction) -> Edit | None:
    """Return a reaction as an edit, or None if only RunReactants is safe.

    Examples:
        >>> from halogenator.model import Transform
        >>> edit = compile_edit(Reaction(Transform("chlorination", "[cH:1]>>[c:1]Cl")))
        >>> mol = Chem.MolFromSmiles("c1ccncc1")
        >>> Chem.MolToSmiles(edit.apply(mol, (0,)))
        'Clc1ccncc1'
        >>> compile_edit(Reaction(Transform("epoxidation", "[C:1]=[C:2]>>[C:1]1O[C:2]1"))) is None
        True
    """
    reactant, product = reaction.query, reaction.product_template
    kept_of = _kept(reactant, product)
    if not kept_of or len(set(kept_of.values())) != len(kept_of) or reaction.states_stereo or reaction.has_hydrogens:
        return None
    elements = {position: _kept_element(product.GetAtomWithIdx(index)) for index, position in kept_of.items()}
    numbers = {
        atom.GetIdx(): _NEW_ATOMS.get(atom.GetSmarts()) for atom in product.GetAtoms() if atom.GetIdx() not in kept_of
    }
    if None in elements.values() or None in numbers.values():
        return None
    removed = [atom.GetIdx() for atom in reactant.GetAtoms() if atom.GetIdx() not in elements]
    changes = _changes(reactant, product, kept_of, set(removed))
    if changes is None or not _hangs(product, set(numbers), on_one=True) or not _hangs(reactant, set(removed)):
        return None
    adds_ring = not _is_acyclic(product, set(numbers))
    if adds_ring and _is_aromatic(product, set(numbers)):
        return None
    replaced = _replacements(removed, kept_of, changes)
    footprint = Footprint(
        anchors=tuple(_anchor(at, changes, kept_of, set(replaced.values())) for at in sorted(changes.touched)),
        kept=tuple(
            (position, element)
            for position, element in elements.items()
            if element not in (None, _ANY) and not _states(reactant.GetAtomWithIdx(position), element)
        ),
        removed=tuple((position, reactant.GetAtomWithIdx(position).GetDegree()) for position in removed),
        bonds=_fixed_bonds(product, kept_of, changes),
        open_bonds=_open_bonds(reactant, set(removed), changes),
    )
    return _assemble(footprint, replaced, kept_of, numbers, changes, _hydrogens(product, kept_of), adds_ring=adds_ring)


def _kept(reactant: Chem.Mol, product: Chem.Mol) -> dict[int, int]:
    """Return {index in the product template: position} of the kept atoms."""
    position_of = {atom.GetAtomMapNum(): atom.GetIdx() for atom in reactant.GetAtoms() if atom.GetAtomMapNum()}
    return {
        atom.GetIdx(): position_of[atom.GetAtomMapNum()]
        for atom in product.GetAtoms()
        if atom.GetAtomMapNum() in position_of
    }


def _changes(reactant: Chem.Mol, product: Chem.Mol, kept_of: dict[int, int], removed: set[int]) -> _Changes | None:
    """Return what happens to bonds, or None if it is more than an edit can do."""
    changes = _Changes()
    after = {}
    for bond in product.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        kept_ends = frozenset(kept_of[index] for index in ends if index in kept_of)
        if len(kept_ends) == 2:
            after[kept_ends] = bond
            continue
        bond_type = _BOND_TYPES.get(bond.GetSmarts())
        if bond_type is None:
            return None
        changes.new.append((*ends, bond_type))
        changes.touched |= kept_ends
    for bond in reactant.GetBonds():
        positions = frozenset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        leaving = positions & removed
        if not leaving:
            if not _note_kept(changes, positions, bond, after.pop(positions, None)):
                return None
        elif len(leaving) == 1:
            lost_type = _BOND_TYPES.get(bond.GetSmarts())
            if lost_type is None:
                return None
            changes.lost.append((positions, lost_type))
            changes.touched |= positions - leaving
    return None if after else changes  # what is left in ``after`` would join kept atoms


def _note_kept(changes: _Changes, ends: _Ends, before: Chem.Bond, after: Chem.Bond | None) -> bool:
    """Note what becomes of a bond between kept atoms; return whether an edit can do it."""
    if after is not None and after.GetSmarts() in {"~", before.GetSmarts()}:
        return True
    old = _BOND_TYPES.get(before.GetSmarts().removesuffix(_ACYCLIC))
    if old is None:
        return False
    if after is None:
        if old != Chem.BondType.SINGLE:
            return False
        changes.broken.append(ends)
    else:
        new = _BOND_TYPES.get(after.GetSmarts())
        if new is None or (after.GetBeginAtom().GetIsAromatic() and after.GetEndAtom().GetIsAromatic()):
            return False
        changes.retyped[ends] = old, new
        if old == new:
            return True
    changes.touched |= ends
    return True


def _anchor(position: int, changes: _Changes, kept_of: dict[int, int], replaced: set[int]) -> Anchor:
    """Return a kept atom as an anchor; ``replaced``: the leaving atoms that become new ones."""
    new = [kind for *ends, kind in changes.new if position in {kept_of.get(end) for end in ends}]
    lost = {next(iter(ends - {position})): kind for ends, kind in changes.lost if position in ends}
    broken = sum(position in ends for ends in changes.broken)
    retyped = [types for ends, types in changes.retyped.items() if position in ends and types[0] != types[1]]
    gain = len(new) - len(lost) - broken
    orders = sum(_ORDERS[kind] for kind in new) - sum(_ORDERS[kind] for kind in lost.values()) - broken
    orders += sum(_ORDERS[after] - _ORDERS[before] for before, after in retyped)
    bends = bool(retyped) or {*new, *lost.values()} - {Chem.BondType.SINGLE} != set()
    in_place = not bends and not broken and gain >= 0 and len(lost) + gain == 1 and lost.keys() <= replaced
    return Anchor(position, gain, orders, in_place, bends)


def _replacements(removed: list[int], kept_of: dict[int, int], changes: _Changes) -> dict[int, int]:
    """Return {new atom in the product template: position of a leaving atom that becomes it, with the same bond}."""
    free = {}
    for begin, end, bond_type in changes.new:
        for kept, new in ((begin, end), (end, begin)):
            if kept in kept_of:
                free[new] = kept_of[kept], bond_type
    found: dict[int, int] = {}
    for position in removed:
        staying = [(next(iter(ends - {position})), kind) for ends, kind in changes.lost if position in ends]
        if len(staying) == 1:
            taker = next((new for new, bond in free.items() if bond == staying[0]), None)
            if taker is not None:
                found[taker] = position
                del free[taker]
    return found


def _assemble(
    footprint: Footprint,
    replaced: dict[int, int],
    kept_of: dict[int, int],
    numbers: dict[int, int | None],
    changes: _Changes,
    hydrogens: tuple[tuple[int, int], ...],
    *,
    adds_ring: bool,
) -> Edit:
    place = kept_of | replaced
    added = [index for index in numbers if index not in replaced]
    place |= {index: -1 - rank for rank, index in enumerate(added)}
    return Edit(
        footprint=footprint,
        replaced=tuple((position, numbers[index] or 0) for index, position in replaced.items()),
        removed=tuple(position for position, _ in footprint.removed if position not in replaced.values()),
        new_atoms=tuple(Chem.Atom(numbers[index]) for index in added),
        new_bonds=tuple(
            (place[begin], place[end], bond_type)
            for begin, end, bond_type in changes.new
            # A replaced atom is already bonded to the anchor.
            if not ((begin in replaced and end in kept_of) or (end in replaced and begin in kept_of))
        ),
        broken=tuple(_pair(ends) for ends in changes.broken),
        retyped=tuple((*_pair(ends), new) for ends, (old, new) in changes.retyped.items() if old != new),
        hydrogens=hydrogens,
        adds_ring=adds_ring,
    )


def _kept_element(atom: Chem.Atom) -> _Element | None:
    """Return (atomic number, aromatic) of a kept atom of the product template, or None if it states more.

    RunReactants copies an atom of any element, ``[*:1]``, ``[A:1]`` or ``[a:1]``, from the parent, aromatic or not.
    """
    found = _KEPT_ATOM.fullmatch(atom.GetSmarts())
    if not found or atom.GetChiralTag() != UNSPECIFIED:
        return None
    if found[1] in {"*", "A", "a"}:
        return _ANY
    aromatic = None if found[1].startswith("#") else found[1].islower()
    return atom.GetAtomicNum(), aromatic


def _hydrogens(product: Chem.Mol, kept_of: dict[int, int]) -> tuple[tuple[int, int], ...]:
    """Return (position, number) of the kept atoms whose hydrogens the product template states."""
    found = []
    for index, position in kept_of.items():
        stated = _KEPT_ATOM.fullmatch(product.GetAtomWithIdx(index).GetSmarts())
        if stated is not None and stated[2] is not None:
            found.append((position, int(stated[2] or 1)))
    return tuple(found)


def _states(atom: Chem.Atom, element: _Element) -> bool:
    """Return whether every match of a reactant template atom has this (atomic number, aromatic)."""
    found = _LEADING_SYMBOL.match(atom.GetSmarts())
    number, aromatic = element
    if not found or "," in atom.GetSmarts() or atom.GetAtomicNum() != number:
        return False
    return aromatic is None or (not found[1].startswith("#") and found[1].islower() is aromatic)


def _fixed_bonds(product: Chem.Mol, kept_of: dict[int, int], changes: _Changes) -> tuple[Bond, ...]:
    """Return (position, position, type) of the bonds that must have this type in a parent.

    They are those that change, and kept bonds without a symbol at an atom that RunReactants copies. It makes such a
    bond aromatic if both ends of the *template* are (``[c:1][a:2]``), and single if not (``[*:1][c:2]``,
    ``[#6:1][#6:2]``), whatever the parent has. It copies ``~`` from the parent.
    """
    found = [(*_pair(ends), old) for ends, (old, _) in changes.retyped.items()]
    found += [(*_pair(ends), Chem.BondType.SINGLE) for ends in changes.broken]
    for bond in product.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        positions = [kept_of[end.GetIdx()] for end in ends if end.GetIdx() in kept_of]
        if (
            not bond.GetSmarts()
            and len(positions) == 2
            and frozenset(positions) not in changes.retyped
            and any(_OPEN_ATOM.fullmatch(end.GetSmarts()) for end in ends)
        ):
            aromatic = all(end.GetIsAromatic() for end in ends)
            found.append((*positions, Chem.BondType.AROMATIC if aromatic else Chem.BondType.SINGLE))
    return tuple(found)


def _open_bonds(reactant: Chem.Mol, removed: set[int], changes: _Changes) -> tuple[tuple[int, int], ...]:
    """Return the ends of the bonds that leave with what is broken or removed, where this would open a ring."""
    found = list(changes.broken)
    if not _hangs(reactant, removed, on_one=True):
        found += [ends for ends, _ in changes.lost]
    return tuple(map(_pair, found))


def _pair(ends: _Ends) -> tuple[int, int]:
    return min(ends), max(ends)


def _hangs(template: Chem.Mol, group: set[int], *, on_one: bool = False) -> bool:
    """Return whether every connected part of ``group`` is bonded to the rest, by exactly one bond if ``on_one``."""
    alone, originals = _only(template, group)
    for fragment in Chem.GetMolFrags(alone):
        part = {originals[index] for index in fragment}
        ends = [len({bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} & part) for bond in template.GetBonds()]
        if ends.count(1) == 0 or (on_one and ends.count(1) != 1):
            return False
    return True


def _is_acyclic(template: Chem.Mol, group: set[int]) -> bool:
    alone, _ = _only(template, group)
    return bool(alone.GetNumBonds() == alone.GetNumAtoms() - len(Chem.GetMolFrags(alone)))


def _is_aromatic(template: Chem.Mol, group: set[int]) -> bool:
    """Return whether RDKit finds a new group aromatic, or cannot say."""
    alone = Chem.MolFromSmiles(Chem.MolToSmiles(_only(template, group)[0]))
    return alone is None or any(atom.GetIsAromatic() for atom in alone.GetAtoms())


def _only(template: Chem.Mol, group: set[int]) -> tuple[Chem.RWMol, list[int]]:
    """Return the atoms of ``group`` with the bonds between them, and the index of each in the template."""
    alone = Chem.RWMol(template)
    for index in sorted({*range(template.GetNumAtoms())} - group, reverse=True):
        alone.RemoveAtom(index)
    return alone, sorted(group)
