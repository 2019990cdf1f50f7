"""A substructure to search for: a SMARTS that RDKit matches, and what of it holds for products without a look at them.

A molecule matches if RDKit's ``HasSubstructMatch`` says so of the molecule that ``MolFromSmiles`` reads. Configurations
that the SMARTS states have to match too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from rdkit import Chem, rdBase

from halogenator.chemistry.atom_queries import AtomQuery, PossibleAtom
from halogenator.chemistry.parent import is_flat, read_flat, reads_flat
from halogenator.chemistry.siblings import HALOGEN, TERMINAL
from halogenator.errors import UserError
from halogenator.model import HALOGENS

# Conditions on an atom that a graft (``chemistry.grafts``) decides at the atoms whose hydrogens and neighbours change.
COUNTED = frozenset({"AtomHCount", "AtomExplicitDegree"})
# Conditions that a graft leaves alone at every atom that stays.
_LASTING = frozenset(
    {
        "AtomType",
        "AtomAtomicNum",
        "AtomIsAromatic",
        "AtomIsAliphatic",
        "AtomFormalCharge",
        "AtomIsotope",
        "AtomTotalDegree",
        "AtomTotalValence",
        "AtomInRing",
        "AtomHasRingBond",
        "AtomRingBondCount",
        "AtomNull",
    }
)
_NESTED = "RecursiveStructure"  # begins the name of a condition ``$(…)``, which is looked at by itself
_IN_A_RING = ("AtomInNRings", -1)
_LASTING_BONDS = frozenset({"SingleOrAromaticBond", "BondOrder", "BondInRing", "BondNull", "BondAnd", "BondOr"})
_HYDROGEN = 1
_MOST_SEEN = 100_000  # answers that are remembered, some 200 bytes each
_MOST_MATCHES = 10_000_000  # of a ``$(…)``; RDKit would stop at 1,000, and miss the others
# What a SMILES with an atom of an element has in it. Texts like Cn count twice, so that the text decides on "no" alone.
_SYMBOLS = {6: "[Cc]", 7: "[Nn]", 8: "[Oo]", 9: "F", 15: "[Pp]", 16: "[Ss]", 17: "Cl", 35: "Br", 53: "I"}
_ALLOWED = "a SMARTS: c1ccccc1 a benzene ring, [OX2H]c1ccccc1[OX2H] a catechol, cCl an aryl chloride"


class Substructure:
    """A substructure.

    Attributes:
        smarts: the SMARTS.
        query: RDKit's query.
        atoms: its atoms with their conditions.
        states_stereo: whether it states a configuration. Without this condition it is its *skeleton*.
        is_lasting: whether a graft leaves all conditions of the skeleton alone, or changes them at its anchors.
        nested: what stands in its ``$(…)``.

    Raises:
        UserError: it is no SMARTS.

    Examples:
        >>> catechol = Substructure("[OX2H]c1ccccc1[OX2H]")
        >>> [catechol.is_in(smiles, stored=True) for smiles in ("Oc1ccccc1O", "COc1ccccc1O")]
        [True, False]
    """

    def __init__(self, smarts: str) -> None:
        with rdBase.BlockLogs():
            query = Chem.MolFromSmarts(smarts) if smarts.strip() else None
        if query is None or not query.GetNumAtoms():
            raise UserError(
                "RDKit cannot read this SMARTS", where="smarts", value=smarts, allowed=_ALLOWED, fix=_hint(smarts)
            )
        self.smarts = smarts
        self.query: Chem.Mol = query
        self.atoms = [AtomQuery(atom) for atom in query.GetAtoms()]
        self.states_stereo = any(sign in smarts for sign in ("/", "\\")) or any(
            atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in query.GetAtoms()
        )
        inner = list(nested(smarts))
        # A configuration within $(…) is part of the skeleton, which then no provenance tells of.
        self.nested = [Substructure(text) for text in inner]
        stereo_within = any(each.states_stereo for each in self.nested)
        self.is_lasting: bool = (
            not stereo_within
            and all(each.is_lasting for each in self.nested)
            and all(map(_lasts, self.atoms))
            and all(map(_bond_lasts, query.GetBonds()))
        )
        self._reads_flat = reads_flat([smarts])
        self._seen: dict[str, bool] = {}
        self._skeleton, self._whole = (_parameters(use_stereo=stereo) for stereo in (stereo_within, True))

    @cached_property
    def rings(self) -> frozenset[int]:
        """The atoms of the query that are in a ring of it."""
        mol = Chem.Mol(self.query)
        Chem.FastFindRings(mol)
        return frozenset(atom.GetIdx() for atom in mol.GetAtoms() if atom.IsInRing())

    @cached_property
    def symbols(self) -> dict[str, int]:
        """{regular expression: how often it is, at least, in the SMILES of a molecule that matches}."""
        counts = Counter(_SYMBOLS[atom.needed] for atom in self.atoms if atom.needed in _SYMBOLS)
        return {symbol: counts[symbol] for symbol in sorted(counts, key=lambda symbol: "C" in symbol.upper())}

    def is_in(self, smiles: str, *, stored: bool, skeleton: bool = False) -> bool:
        """Return whether a molecule has the substructure; False if RDKit cannot read it.

        Args:
            smiles: the molecule.
            stored: whether this program wrote the SMILES, so that it states aromaticity as RDKit perceives it.
            skeleton: whether configurations are to be left aside.
        """
        if not (stored and self._reads_flat and is_flat(smiles)):
            return self._matches(Chem.MolFromSmiles(smiles), skeleton=skeleton)
        if not self._forgives(skeleton=skeleton):
            return self._matches(read_flat(smiles, all_rings=False), skeleton=skeleton)
        sibling = self._sibling(smiles)
        found = self._seen.get(sibling)
        if found is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            found = self._seen[sibling] = self._matches(read_flat(sibling, all_rings=False), skeleton=True)
        return found

    def _matches(self, mol: Chem.Mol | None, *, skeleton: bool) -> bool:
        return mol is not None and bool(mol.HasSubstructMatch(self.query, self._skeleton if skeleton else self._whole))

    def _forgives(self, *, skeleton: bool) -> bool:
        """Return whether molecules of stored SMILES match alike that differ by halogens of one kind."""
        return self.is_lasting and (skeleton or not self.states_stereo)

    def renaming(self, *, stored: bool, skeleton: bool = False) -> dict[str, str]:
        """Return {halogen: another one that the query does not tell from it}, for SMILES that ``may_be_renamed``.

        Args:
            stored: whether this program wrote the SMILES.
            skeleton: whether configurations are to be left aside.
        """
        if not (stored and self._reads_flat and self._forgives(skeleton=skeleton)):
            return {}
        # An element that the query needs keeps its name, by which molecules are passed over that lack it.
        return {
            halogen: other for halogen, other in self._alike.items() if halogen != other and halogen not in self.symbols
        }

    def may_be_renamed(self, smiles: str) -> bool:
        """Return whether a SMILES has usual atoms, and each halogen on a single bond, so that it may be another one."""
        return is_flat(smiles) and len(TERMINAL.findall(smiles)) == len(HALOGEN.findall(smiles))

    def _sibling(self, smiles: str) -> str:
        """Return the SMILES of a molecule that matches if this one does: with other halogens, each on a single bond.

        Halogens of one kind are those that fulfil the same conditions of the query, also of what is nested in it.
        """
        if not self.may_be_renamed(smiles):
            return smiles
        return HALOGEN.sub(lambda found: self._alike[found[0]], smiles)

    @cached_property
    def _alike(self) -> dict[str, str]:
        """{halogen: the first one of its kind}."""
        kinds: dict[object, str] = {}
        found = {}
        for halogen in HALOGENS:
            number = Chem.GetPeriodicTable().GetAtomicNumber(halogen)
            kind = tuple(atom.holds(PossibleAtom(number, False, 0, 0, 1)) for atom in self._all_atoms())
            found[halogen] = kinds.setdefault(kind, halogen)
        return found

    def _all_atoms(self) -> list[AtomQuery]:
        """Return the atoms of the query and of all that is nested in it."""
        return [*self.atoms, *(atom for each in self.nested for atom in each._all_atoms())]


def nested(smarts: str) -> Iterator[str]:
    """Yield the SMARTS in the outermost ``$(…)`` of a SMARTS.

    Examples:
        >>> list(nested("[#6;!$([CX3]=[$(O),$(S)]):1][$(N(C)C)]"))
        ['[CX3]=[$(O),$(S)]', 'N(C)C']
    """
    end = 0
    for found in re.finditer(re.escape("$("), smarts):
        if found.start() < end:
            continue
        depth = 1
        for end in range(found.end(), len(smarts)):
            depth += {"(": 1, ")": -1}.get(smarts[end], 0)
            if not depth:
                break
        yield smarts[found.end() : end]


def kekule_note(smarts: str) -> str | None:
    """Return a warning if a SMARTS is a SMILES with aromatic rings in double bonds, which match none; or None."""
    with rdBase.BlockLogs():
        mol, query = Chem.MolFromSmiles(smarts), Chem.MolFromSmarts(smarts)
    if mol is None or query is None or not any(atom.GetIsAromatic() for atom in mol.GetAtoms()):
        return None
    if any(atom.GetIsAromatic() for atom in query.GetAtoms()):
        return None
    return f"{smarts} has an aromatic ring with double bonds, which no SMARTS finds; write {Chem.MolToSmiles(mol)}"


def _lasts(atom: AtomQuery) -> bool:
    """Return whether grafts leave an atom's conditions alone, or count them."""
    if _HYDROGEN in atom.named:
        return False
    return all(
        name in _LASTING or name in COUNTED or name.startswith(_NESTED) or (name, value) == _IN_A_RING
        for name, value in atom.conditions
    )


def _bond_lasts(bond: Chem.Bond) -> bool:
    words = bond.DescribeQuery().split() if bond.HasQuery() else []
    return all(word in _LASTING_BONDS for word in words if "Bond" in word)


def _parameters(*, use_stereo: bool) -> Chem.SubstructMatchParameters:
    parameters = Chem.SubstructMatchParameters()
    parameters.useChirality = use_stereo
    parameters.maxMatches = 1
    parameters.maxRecursiveMatches = _MOST_MATCHES
    return parameters


def _hint(smarts: str) -> str:
    """Return what to do about a text that is no SMARTS."""
    for pair in ("()", "[]"):
        if smarts.count(pair[0]) != smarts.count(pair[1]):
            return f"close every {pair[0]} with {pair[1]}, and in a shell put the SMARTS in quotes: '…'"
    return "mend what is misspelt; in a shell put the SMARTS in quotes ('…'), since shells read ( $ # ; & themselves"
