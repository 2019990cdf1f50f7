"""Grafts: transforms that only exchange hydrogens and groups on single bonds. They tell what a product can match.

A product has a substructure if its parent has it, unless the transform *breaks* the match; and it lacks what its parent
lacks, unless the transform *makes* a match. For a graft on a usual parent this is decided once for a transform and a
query, without a look at any product. Why that is exact:

* A graft exchanges groups, or hydrogens for groups, at atoms that stay, its *anchors*, each by a single bond. What
  leaves is stated by the template to its last atom: ``[c:1][OX2H]`` can only lose a hydroxyl, but ``[C:1]O`` loses
  any ether's other half, as in ``CCOC(C)c1ccccc1``.
* So all atoms that stay keep element, charge, bonds among each other, rings, the number of all neighbours (X) and the
  valence (v). Aromaticity follows: in RDKit's rules a neighbour on a single bond counts as a hydrogen does. Only at
  anchors do hydrogens (H) and heavy neighbours (D) change: ``[cH]`` of benzene is broken by fluorination, ``[cD3]``
  is made.
* Anchors are carbon, nitrogen or oxygen, which have one valence. Sulfur may take up more: ``CSC`` gets another X by
  ``[S:1]>>[S:1]F``.
* Therefore a match that a product has and its parent has not uses a new atom, or an anchor at which a condition on
  H or D turned true; one that is lost uses an atom that left, or an anchor at which such a condition turned false.
  Both are looked for with more freedom than a molecule has, so that "no" is certain and "yes" is perhaps.
* A parent is usual if it is in one piece, without charges, isotopes, radicals and hydrogens as atoms. RDKit counts
  ``[2H]`` as a neighbour and as a hydrogen, so ``[OX2H]`` is found in ``[2H]Oc1ccccc1``, where D says 2; and
  RunReactants treats charges by rules of its own, those of the atoms that its template maps. So charges without
  hydrogens, as in flavylium, nitro groups, betaines and carboxylates, are no matter to a graft that *spares* them: no
  atom of its template can be one that has such a charge. All that was said then holds of the others.
* Nothing is said of queries with other conditions (``Substructure.is_lasting``). The number and size of rings (``R2``,
  ``r5``) can depend on the order of atoms in cages such as cubane. Hybridisation (``^2``) reaches further than the
  anchor: in ``NC``, the nitrogen becomes ``^2`` when the carbon is acylated. ``h`` counts what the SMILES leaves
  implicit, and ``[C@H]`` states what ``C`` leaves. ``z`` counts hetero neighbours, which no table here has.
* ``$(…)`` is the same at every atom that stays, if what stands in it is neither made nor broken anywhere; else any
  match may be: ``[c;$(cc[OX2H])]`` is broken two bonds from the anchor.
* Configurations are not told by this at all, only the skeleton without them: a neighbour's exchange can turn ``@``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem

from halogenator.chemistry.atom_queries import AtomQuery, PossibleAtom
from halogenator.chemistry.edit import Edit
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.substructure import COUNTED, Substructure
from halogenator.chemistry.template_edits import compile_edit
from halogenator.model import Transform

# A SMILES of a usual parent: one piece of usual atoms; in brackets only pyrrole's hydrogen and centres without charge.
USUAL = r"^(?:Cl|Br|[BCNOPSFIbcnops()0-9%=#:/\\-]|\[(?:nH|[CNSP]@@?H?)\])+$"
# The same with charges that a graft may spare.
CHARGED = USUAL.replace("nH|", r"nH|o\+|n\+|N\+|O-|")
_USUAL, _CHARGED = re.compile(USUAL), re.compile(CHARGED)
_OF_ONE_VALENCE = frozenset({6, 7, 8})
_MOST_NEIGHBORS = 9
_MOST_ATOMS = 12  # of a query that is looked for in a template
_SINGLE, _DOUBLE, _TRIPLE = (Chem.MolFromSmiles(text).GetBondWithIdx(0) for text in ("CC", "C=C", "C#C"))
_BONDS = {"": _SINGLE, "-": _SINGLE, "=": _DOUBLE, "#": _TRIPLE}


@dataclass(frozen=True)
class Fate:
    """What a transform does to the matches of a query.

    Attributes:
        makes: whether a product may match although its parent does not.
        breaks: whether a product may not match although its parent does.
        always: whether every product matches.
    """

    makes: bool = True
    breaks: bool = True
    always: bool = False


UNKNOWN = Fate()
_CHARGES = tuple(
    PossibleAtom(number, aromatic, charge, 0, degree)
    for number, aromatic, charge in ((8, True, 1), (7, True, 1), (7, False, 1), (8, False, -1))
    for degree in range(1, _MOST_NEIGHBORS)
)


def is_usual(smiles: str, *, charged: bool = False) -> bool:
    """Return whether a stored SMILES is that of a parent for which grafts tell the truth.

    Args:
        smiles: the SMILES.
        charged: whether it may have charges, which the graft has to spare.
    """
    return (_CHARGED if charged else _USUAL).fullmatch(smiles) is not None


@dataclass(frozen=True)
class _Node:
    """An atom of a template.

    Attributes:
        states: the atoms that it may be in a molecule.
        near: {its neighbour in the template: the bond, None if it may be of several kinds}.
        is_closed: whether it has no other neighbours.
        is_open_chain: whether it is in no ring.
        certain: {its neighbour: the SMARTS of the bond}, of bonds between atoms that stay.
    """

    states: tuple[PossibleAtom, ...]
    near: dict[int, Chem.Bond | None]
    is_closed: bool
    is_open_chain: bool
    certain: dict[int, str]


class Graft:
    """A transform whose products can be told something of; ``graft_of`` makes it.

    Args:
        reaction: the transform's reaction.
        edit: the same as an edit, which ``graft_of`` found to be a graft.
        numbers: atomic numbers that queries name.

    Attributes:
        keeps_elements: whether the product template gives every atom that stays the element that it has.
        spares_charges: whether no atom of the template can be one with a charge that usual parents may have.
        removed, new: atoms of the templates that leave, and that come.
        anchors: the number of anchors.
    """

    def __init__(self, reaction: Reaction, edit: Edit, numbers: Sequence[int]) -> None:
        reactant, product = reaction.query, reaction.product_template
        mapped = {atom.GetAtomMapNum(): atom.GetIdx() for atom in reactant.GetAtoms() if atom.GetAtomMapNum()}
        kept = {
            atom.GetIdx(): mapped[atom.GetAtomMapNum()] for atom in product.GetAtoms() if atom.GetAtomMapNum() in mapped
        }
        gains = {anchor.position: anchor.gain for anchor in edit.footprint.anchors}
        self._before = {atom.GetIdx(): _possible(atom, numbers) for atom in reactant.GetAtoms()}
        self._changes = {
            at: [(state, grown) for state in self._before[at] if (grown := _grown(state, gain))]
            for at, gain in gains.items()
            if gain
        }
        self.keeps_elements = all(
            state.number == number and aromatic in (None, state.aromatic)
            for position, (number, aromatic) in edit.footprint.kept
            for state in self._before[position]
        )
        self.spares_charges = all(
            AtomQuery(atom).holds(charge) is False for atom in reactant.GetAtoms() for charge in _CHARGES
        )
        self.removed = frozenset(self._before) - frozenset(kept.values())
        self.new = frozenset(atom.GetIdx() for atom in product.GetAtoms()) - frozenset(kept)
        fresh = _new_atoms(product, self.new)
        after = {
            index: (fresh[index],)
            if index in self.new
            else tuple(filter(None, (_grown(state, gains.get(kept[index], 0)) for state in self._before[kept[index]])))
            for index in range(product.GetNumAtoms())
        }
        self.anchors = len(gains)
        self._reactant = _nodes(reactant, self._before, self.removed)
        self._product = _nodes(product, after, self.new)

    @property
    def leaves_are_whole(self) -> bool:
        """Whether atoms that leave have all their neighbours in the template, so that nothing else leaves with them."""
        return all(self._reactant[index].is_closed for index in self.removed)

    def fate(self, query: Substructure) -> Fate:
        """Return what the transform does to the matches of a query's skeleton, in a usual parent."""
        if not query.is_lasting or any(
            each.makes or each.breaks for each in (self.fate(inner) for inner in query.nested)
        ):
            return UNKNOWN
        turns = [self._turns(atom) for atom in query.atoms]
        return Fate(
            makes=any(made for made, _ in turns) or _can_use(query, self._product, self.new),
            breaks=any(broken for _, broken in turns) or _can_use(query, self._reactant, self.removed),
            always=_is_always_in(query, self._product),
        )

    def _turns(self, atom: AtomQuery) -> tuple[bool, bool]:
        """Return whether an atom's conditions may turn true, and whether they may turn false, at an anchor."""
        if not any(name in COUNTED for name, _ in atom.conditions):
            return False, False
        found = [atom.could_turn(*change) for changes in self._changes.values() for change in changes]
        return any(made for made, _ in found), any(broken for _, broken in found)


@lru_cache(maxsize=1_024)
def graft_of(smirks: str, numbers: tuple[int, ...] = ()) -> Graft | None:
    """Return a transform as a graft, or None if it may do more.

    Args:
        smirks: the transform.
        numbers: atomic numbers that queries name.

    Examples:
        >>> graft_of("[c:1][OX2H:2]>>[c:1][O:2]C").fate(Substructure("c1ccccc1"))
        Fate(makes=False, breaks=False, always=False)
        >>> graft_of("[C:1]=[C:2]>>[C:1][C:2]") is None
        True
    """
    reaction = Reaction(Transform("", smirks))
    edit = compile_edit(reaction)
    if edit is None:
        return None
    footprint = edit.footprint
    if edit.broken or edit.retyped or edit.hydrogens or edit.adds_ring or footprint.bends:
        return None
    if footprint.bonds or footprint.open_bonds:
        return None
    for anchor in footprint.anchors:
        elements = AtomQuery(reaction.query.GetAtomWithIdx(anchor.position)).listed
        if anchor.gain < 0 or anchor.gain != anchor.orders or not elements or not _OF_ONE_VALENCE.issuperset(elements):
            return None
    graft = Graft(reaction, edit, numbers)
    return graft if graft.leaves_are_whole and graft.keeps_elements else None


def _possible(atom: Chem.Atom, numbers: Iterable[int]) -> tuple[PossibleAtom, ...]:
    """Return the atoms of usual molecules that may match a template's atom."""
    return tuple(AtomQuery(atom).possible_atoms(numbers, range(atom.GetDegree(), _MOST_NEIGHBORS)))


def _grown(atom: PossibleAtom, gain: int) -> PossibleAtom | None:
    """Return an atom with more neighbours in the place of hydrogens; None if it has too few of these."""
    if atom.hydrogens < gain:
        return None
    return atom._replace(hydrogens=atom.hydrogens - gain, degree=atom.degree + gain)


def _new_atoms(template: Chem.Mol, new: frozenset[int]) -> dict[int, PossibleAtom]:
    """Return the new atoms of a product template as they are in products."""
    model = Chem.RWMol()
    place = {
        atom.GetIdx(): model.AddAtom(Chem.Atom(atom.GetAtomicNum() if atom.GetIdx() in new else 0))
        for atom in template.GetAtoms()
    }
    for bond in template.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if new.intersection(ends):
            model.AddBond(*(place[end] for end in ends), _BONDS[bond.GetSmarts()].GetBondType())
    Chem.SanitizeMol(model)
    found = {index: model.GetAtomWithIdx(place[index]) for index in new}
    return {
        index: PossibleAtom(atom.GetAtomicNum(), atom.GetIsAromatic(), 0, atom.GetTotalNumHs(), atom.GetDegree())
        for index, atom in found.items()
    }


def _nodes(
    template: Chem.Mol, states: dict[int, tuple[PossibleAtom, ...]], changing: frozenset[int]
) -> dict[int, _Node]:
    """Return the atoms of a template; ``changing``: those that come or leave, each part of them on one single bond."""
    rings = Chem.Mol(template)
    Chem.FastFindRings(rings)
    nodes = {}
    for atom in template.GetAtoms():
        index = atom.GetIdx()
        near: dict[int, Chem.Bond | None] = {}
        certain = {}
        for bond in atom.GetBonds():
            other = bond.GetOtherAtomIdx(index)
            count = len(changing & {index, other})
            # Within a leaving group, a bond without a symbol may be aromatic, and any bond be in a ring.
            near[other] = _SINGLE if count == 1 else None
            if count == 2 and not rings.GetBondBetweenAtoms(index, other).IsInRing():
                near[other] = _BONDS.get(bond.GetSmarts())
            if count == 0:
                certain[other] = bond.GetSmarts()
        closed = all(state.degree == atom.GetDegree() for state in states[index])
        chain = index in changing and not rings.GetAtomWithIdx(index).IsInRing()
        nodes[index] = _Node(states[index], near, closed, chain, certain)
    return nodes


def _can_use(query: Substructure, nodes: dict[int, _Node], wanted: frozenset[int]) -> bool:
    """Return whether some atom of a query may be matched by one of the wanted atoms.

    An atom of the query goes with an atom of the template, for all that is known, if the conditions allow it and each
    of its neighbours goes with a neighbour. This is more than any match needs; what is left out is certain.
    """
    if not wanted:
        return False
    pairs = {
        (atom.atom.GetIdx(), index)
        for atom in query.atoms
        for index, node in nodes.items()
        if _may_be(query, atom, node)
    }
    count = -1
    while count != len(pairs):
        count = len(pairs)
        pairs = {pair for pair in pairs if _neighbors_fit(query, nodes, pairs, *pair)}
    return any(index in wanted for _, index in pairs)


def _may_be(query: Substructure, atom: AtomQuery, node: _Node) -> bool:
    """Return whether an atom of a query may be matched by an atom of a template, by itself."""
    if node.is_open_chain and atom.atom.GetIdx() in query.rings:
        return False
    degree = atom.atom.GetDegree()
    return any(state.degree >= degree and atom.holds(state) is not False for state in node.states)


def _neighbors_fit(
    query: Substructure, nodes: dict[int, _Node], pairs: set[tuple[int, int]], position: int, index: int
) -> bool:
    """Return whether each neighbour of a query's atom may be matched by a neighbour of a template's atom."""
    node = nodes[index]
    if not node.is_closed:
        return True
    for bond in query.query.GetAtomWithIdx(position).GetBonds():
        other = bond.GetOtherAtomIdx(position)
        fitting = ((other, near) in pairs and (known is None or bond.Match(known)) for near, known in node.near.items())
        if not any(fitting):
            return False
    return True


def _is_always_in(query: Substructure, nodes: dict[int, _Node]) -> bool:
    """Return whether a query is certainly matched by atoms of a product template."""
    if len(query.atoms) > min(_MOST_ATOMS, len(nodes)):
        return False
    certain = [
        [index for index, node in nodes.items() if node.states and all(atom.holds(s) is True for s in node.states)]
        for atom in query.atoms
    ]
    return _place(query, nodes, certain, [])


def _place(query: Substructure, nodes: dict[int, _Node], certain: list[list[int]], placed: list[int]) -> bool:
    """Return whether a query's atoms that are not yet placed can be placed, each on a template's atom of its own."""
    position = len(placed)
    if position == len(certain):
        return True
    bonds = [
        (bond, bond.GetOtherAtomIdx(position))
        for bond in query.query.GetAtomWithIdx(position).GetBonds()
        if bond.GetOtherAtomIdx(position) < position
    ]
    for index in certain[position]:
        if index in placed or not all(_is_certain(bond, nodes[index], placed[other]) for bond, other in bonds):
            continue
        if _place(query, nodes, certain, [*placed, index]):
            return True
    return False


def _is_certain(bond: Chem.Bond, node: _Node, other: int) -> bool:
    """Return whether a query's bond certainly matches that of a template's atom with another one."""
    known = node.near.get(other)
    if known is not None:
        return bool(bond.Match(known))
    return node.certain.get(other) == bond.GetSmarts() or (other in node.near and bond.GetSmarts() == "~")
