"""Checks of the templates of a SMIRKS: for ambiguities, which are errors, and likely mistakes, which are warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.atom_queries import AtomQuery
from halogenator.chemistry.reaction import states_bond_stereo
from halogenator.chemistry.stereochemistry import UNSPECIFIED
from halogenator.smirks import in_one_product

_ORDERS = {Chem.BondType.SINGLE: 1.0, Chem.BondType.DOUBLE: 2.0, Chem.BondType.TRIPLE: 3.0, Chem.BondType.AROMATIC: 1.5}
_WORDS = {Chem.BondType.SINGLE: "single", Chem.BondType.DOUBLE: "double", Chem.BondType.TRIPLE: "triple"}
# A bond of one stated order; a condition on rings may be added.
_STATED_BOND = re.compile(r"(|[-=#:/\\$]|->|<-)([&;]?!?@)*")
_ONE_ORDER = "new and changed bonds of one stated order: - single, = double, # triple, : aromatic"

# Small molecules to try a transform on, with groups and ions that natural products seldom have.
_MOLECULES = """
CC(=O)[O-] C[NH3+] C[N+](C)(C)C C[n+]1ccccc1 [O-]c1ccccc1 C[N+](=O)[O-] C[N+](C)(C)[O-] [O-][n+]1ccccc1
CN=[N+]=[N-] CC#N CC#CC C=CC C/C=C/C C/C=C\\C CF CCl CBr CI Clc1ccccc1 Brc1ccccc1 Ic1ccccc1 FC(F)(F)c1ccccc1
Cc1ccccc1Cl C[C@H](F)Cl CC(=O)Cl CC=O CC(C)=O CC(C)=NC CC(C)=NO CN=NC CNN CS CSC CSSC CS(C)=O CS(C)(=O)=O
CS(N)(=O)=O CS(=O)(=O)O CP(=O)(O)O COP(=O)(OC)OC CP(C)C OB(O)c1ccccc1 C[Si](C)(C)OC CC(C)(C)[Si](C)(C)OC COCOC
CC(C)(C)OC(=O)NC COC(=O)c1ccccc1 CC(=O)OC CC(=O)NC CC(=O)N CC(=O)N(C)C CN CNC CN(C)C Nc1ccccc1 CNc1ccccc1
CNC(=O)NC COC(=O)OC CC(=O)OC(C)=O CO CC(C)O CC(C)(C)O OCCO Oc1ccccc1 COc1ccccc1 SCc1ccccc1 O=C(O)c1ccccc1
OC(=O)CC(=O)O C1CO1 C1CC1 C1CCCCC1 c1ccncc1 c1cc[nH]c1 c1ccoc1 c1ccsc1 c1c[nH]cn1 Cn1cccc1 O=c1cccc[nH]1
c1ccc2[nH]ccc2c1 C[C@H](N)C(=O)O C[C@@H](O)CC C[C@H]1CCCC[C@@H]1O CC=C=CC CC(=O)CC(C)=O COCc1ccccc1
CC1(C)OCCO1 O=CO CN1CCOCC1 C1CCNCC1 C1CNCCN1 NCc1ccccc1 O=C1c2ccccc2C(=O)N1C FC(F)(F)C(=O)NC
"""
PROBES = tuple(_MOLECULES.split())


class Templates:
    """The two templates of a SMIRKS.

    Attributes:
        reactant, product: the templates.
        kept: (atom of the reactant, atom of the product) of each kept atom.
        origin: {index of a kept atom in the product: the same atom in the reactant}.
        leaving: the reactant's other atoms.
        new: the product's other atoms.
    """

    def __init__(self, smirks: str) -> None:
        self._reaction = rdChemReactions.ReactionFromSmarts(in_one_product(smirks))
        self.reactant = self._reaction.GetReactantTemplate(0)
        self.product = self._reaction.GetProductTemplate(0)
        after = {atom.GetAtomMapNum(): atom for atom in self.product.GetAtoms() if atom.GetAtomMapNum()}
        self.kept = [
            (atom, after[atom.GetAtomMapNum()]) for atom in self.reactant.GetAtoms() if atom.GetAtomMapNum() in after
        ]
        self.origin = {after.GetIdx(): before for before, after in self.kept}
        stays = {before.GetIdx() for before, _ in self.kept}
        self.leaving = [atom for atom in self.reactant.GetAtoms() if atom.GetIdx() not in stays]
        self.new = [atom for atom in self.product.GetAtoms() if atom.GetIdx() not in self.origin]

    @property
    def heavy_atoms_gained(self) -> int:
        """The number of heavy atoms in the product template, less that in the reactant template.

        Examples:
            >>> Templates("[c:1][OX2H:2]>>[c:1][O:2]C(C)=O").heavy_atoms_gained
            3
        """
        new, leaving = (sum(atom.GetAtomicNum() != 1 for atom in atoms) for atoms in (self.new, self.leaving))
        return int(new - leaving)

    @property
    def charge_gained(self) -> int:
        """The charge that a molecule gains according to the templates.

        Examples:
            >>> Templates("[N+:1](=[O:2])[O-:3]>>[NH2+0:1].[O:2].[OH2+0:3]").charge_gained
            0
        """
        gained = sum(int(atom.GetFormalCharge()) for atom in self.new) - sum(_charge(atom) for atom in self.leaving)
        for before, after in self.kept:
            if AtomQuery(after).states("AtomFormalCharge"):
                gained += int(after.GetFormalCharge()) - _charge(before)
        return gained

    def bonds(self) -> Iterator[tuple[Chem.Bond, str | None]]:
        """Yield the bonds of the product, each with its SMARTS in the reactant; None: a new bond."""
        for bond in self.product.GetBonds():
            begin, end = (self.origin.get(index) for index in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
            before = begin and end and self.reactant.GetBondBetweenAtoms(begin.GetIdx(), end.GetIdx())
            yield bond, before.GetSmarts() if before else None


def _charge(atom: Chem.Atom) -> int:
    """Return the charge that every match of a template's atom has; 0 if matches may differ."""
    return int(atom.GetFormalCharge()) if AtomQuery(atom).states("AtomFormalCharge") else 0


# ---- ambiguities -----------------------------------------------------------------------------------------------------


class Ambiguity(NamedTuple):
    """An atom or bond that a product template leaves open: RDKit makes it unspecified, or takes one of several.

    Attributes:
        what: what the SMIRKS leaves open, as a clause.
        allowed: what is accepted.
        fix: how to mend it.
    """

    what: str
    allowed: str
    fix: str


def ambiguities(smirks: str) -> Iterator[Ambiguity]:
    """Yield the ambiguities of the product template of a SMIRKS.

    A kept atom may be written in any way that includes all of its elements (``[*:1]``, ``[#6:1]``): RDKit copies it.

    Examples:
        >>> list(ambiguities("[c:1][OX2H:2]>>[c:1][O:2]C"))
        []
        >>> [each.what for each in ambiguities("[c:1][OX2H]>>[c:1][F,Cl]")]
        ['leaves open which element the new atom [F,Cl] is']
    """
    templates = Templates(smirks)
    for atom in templates.product.GetAtoms():
        query, origin = AtomQuery(atom), templates.origin.get(atom.GetIdx())
        yield from _open_atom(query, None if origin is None else AtomQuery(origin))
    for bond, before in templates.bonds():
        yield from _open_bond(bond.GetSmarts(), before)


def _open_atom(after: AtomQuery, before: AtomQuery | None) -> Iterator[Ambiguity]:
    """Yield the ambiguities of an atom of the product template; ``before``: the reactant's atom, if it is kept."""
    if before is None and after.atom.GetAtomicNum() == 0:
        yield Ambiguity(
            f"leaves open which element the new atom {after.text} is",
            "new atoms of one stated element, such as F, [NH2] or [O-]",
            _one_each(after),
        )
    elif before is not None and (stays := _left_there(after, before)):
        yield Ambiguity(
            f"leaves open which element {after.text} becomes: RDKit would leave {stays} there",
            "a kept atom as * (it stays what it is) or with one stated element",
            _one_each(after),
        )
    else:
        for word in sorted(after.stated_as_alternative):
            yield Ambiguity(
                f"leaves the {word} of {after.text} open: RDKit would take one of what is named there",
                "in the product, one charge, hydrogen count and isotope an atom, neither negated nor in a list",
                f"state the {word} that the atom gets, or leave it out; e.g. [CH2:1], [N+:1], [C:1]",
            )


def _left_there(after: AtomQuery, before: AtomQuery) -> str:
    """Return which elements the reactant atom allows and the product atom excludes, unless the latter states one."""
    if after.atom.GetAtomicNum():
        return ""
    if after.listed and not before.listed:
        return "any element"
    return " or ".join(_symbol(number) for number in before.listed if not after.allows_element(number))


def _one_each(after: AtomQuery) -> str:
    symbols = [_symbol(number) for number in after.listed]
    if len(symbols) > 1:
        return f"write one transform per element: one with {', one with '.join(symbols)} in place of {after.text}"
    return f"write the element that is meant in place of {after.text}; for several, one transform each"


def _symbol(number: int) -> str:
    return str(Chem.GetPeriodicTable().GetElementSymbol(number))


def _open_bond(after: str, before: str | None) -> Iterator[Ambiguity]:
    if _STATED_BOND.fullmatch(after) and (after in {"", *"-=#:/\\$", "->", "<-"} or after[0] not in "!@"):
        return
    if before is None:
        what = f"leaves open what the new bond {after} is"
    elif after == before or after == "~" or not re.fullmatch(r"[&;!@]+", after):
        return
    else:
        what = f"leaves open what the bond {after} becomes, which is {before or 'not stated'} in the reactant"
    yield Ambiguity(what, _ONE_ORDER, "write the bond that is meant; for several, one transform each")


# ---- likely mistakes -------------------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """Something in a SMIRKS that its author hardly meant.

    Attributes:
        kind: its kind; trials on molecules use the same words for the same mistakes.
        text: a sentence that describes it.
    """

    kind: str
    text: str


def likely_mistakes(templates: Templates) -> Iterator[Mistake]:
    """Yield the likely mistakes in templates; if nothing can match, only this one.

    Examples:
        >>> [each.kind for each in likely_mistakes(Templates("[c:1][O:2]>>[c:1]F"))]
        ['lost atoms']
    """
    queries = [AtomQuery(atom) for atom in templates.reactant.GetAtoms()]
    impossible = [each.text for each in queries if not each.fits_any_atom()]
    if impossible:
        yield Mistake("impossible", f"can never match: no atom can be {' or '.join(impossible)} as it is bonded there")
        return
    roomy = dict.fromkeys(atom.GetSmarts() for atom in templates.leaving if AtomQuery(atom).has_room())
    if roomy:
        yield Mistake(
            "lost atoms",
            f"{' and '.join(roomy)} of the reactant may have other neighbours, which vanish with it: say that it has "
            "none by H or X ([CH3], [OX2H]), or keep it by a map number on both sides",
        )
    for atom in templates.new:
        if number := atom.GetAtomMapNum():
            text = f"map number {number} is in the product only: {atom.GetSmarts()} is a new atom, not one that is kept"
            yield Mistake("new number", text)
    yield from _charges(templates)
    yield from _stereo(templates)
    yield from _bonds(templates)


def _charges(templates: Templates) -> Iterator[Mistake]:
    for before, after in templates.kept:
        query = AtomQuery(after)
        if not _charge(before):
            continue
        if not query.states("AtomFormalCharge"):
            yield Mistake(
                "charge left",
                f"the charge of {before.GetSmarts()} stays, as the product states no other: write +0 there with the "
                "hydrogens that the atom gets, or repeat the charge to say that it stays",
            )
        elif after.GetFormalCharge() == 0 and not query.states("AtomHCount") and _orders(after) <= _orders(before):
            yield Mistake(
                "radical left",
                f"{query.text} loses its charge and gets no hydrogen or bond for it, which leaves a radical or is "
                f"refused: state the hydrogens, e.g. [{after.GetSymbol()}H+0:{after.GetAtomMapNum()}]",
            )


def _orders(atom: Chem.Atom) -> float:
    return sum(_ORDERS.get(bond.GetBondType(), 1.0) for bond in atom.GetBonds())


def _stereo(templates: Templates) -> Iterator[Mistake]:
    for before, after in templates.kept:
        stated = [atom.GetChiralTag() != UNSPECIFIED for atom in (before, after)]
        if stated == [True, False]:
            yield Mistake(
                "stereo",
                f"the configuration of {before.GetSmarts()} is stated in the reactant only: write it in the product "
                "too, to keep or to invert it",
            )
        elif stated == [False, True]:
            yield Mistake(
                "stereo",
                f"the configuration of {after.GetSmarts()} is stated in the product only: every product gets it, "
                "whatever its parent's is",
            )
    if states_bond_stereo(templates.reactant) and not states_bond_stereo(templates.product):
        yield Mistake("stereo", "E or Z (/ and \\) is stated in the reactant only")


def _bonds(templates: Templates) -> Iterator[Mistake]:
    """Yield kept bonds that the product states by alternatives or a negation, of which RDKit takes one order."""
    for bond, before in templates.bonds():
        after = bond.GetSmarts()
        word = _WORDS.get(bond.GetBondType())
        if before not in {None, after} and ("," in after or after.startswith("!")) and word:
            yield Mistake(
                "bond",
                f"the bond {after} of the product becomes a {word} one wherever it is: write the bond that is meant",
            )
