"""Products by RDKit's RunReactants, the careful way: a product per match, with the right configuration.

Edits (``chemistry.edit``) must give the same products. Three things differ from plain RunReactants. The configuration
is that of the parent (``chemistry.stereochemistry``). A kept bond that both templates state by the same query stays as
it is in the parent. If a SMIRKS has hydrogens as atoms, the parent gets its hydrogens as atoms too.
"""

from __future__ import annotations

import re

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.stereochemistry import UNSPECIFIED, carry_configuration, map_number_of, origin_of
from halogenator.model import Transform
from halogenator.smirks import in_one_product, is_grouped

# Most matches of a molecule; with more it becomes a reject. This bounds the time of one row.
MAX_MATCHES = 10_000
# Most atoms of all products that RunReactants makes at once; an atom with its bonds takes about 1 kB.
MAX_ATOMS_AT_ONCE = 50_000

# Most atoms of a product: those of the largest parent (chemistry.molecules.MAX_ATOMS), and 500 new ones.
MAX_PRODUCT_ATOMS = 1_500

Match = tuple[int, ...]

# A hydrogen that is an atom of a template: [H], [2H:3], [#1], [#6,#1:1].
_HYDROGEN = re.compile(r"\[\d*H[+-]?(?::\d+)?\]|(?<!!)#1(?!\d)")
# A hydrogen count of an atom: [CH2:1], [nH], [OX2H:2], [C;H1:3].
_STATED_HYDROGENS = re.compile(r"H\d?(?![a-z])")
# Bonds between kept atoms that RunReactants treats rightly: makes them as written, or copies them from the parent.
_PLAIN_BONDS = frozenset(["", "-", "=", "#", ":", "~", "/", "\\"])


class Query:
    """A reactant template (SMARTS) whose matches are counted.

    Attributes:
        smarts: the template.
        leaving: positions, in a match, of the atoms without a map number, which leave.
    """

    def __init__(self, smarts: str) -> None:
        self.smarts = smarts
        self._pattern = Chem.MolFromSmarts(smarts)
        self._has_hydrogens = has_hydrogens(smarts)
        self.leaving = [atom.GetIdx() for atom in self._pattern.GetAtoms() if not atom.GetAtomMapNum()]

    def count(self, mol: Chem.Mol) -> int:
        """Return the number of matches, an upper bound of the number of products.

        A molecule with too many matches counts as 1, for its reject.
        """
        try:
            return len(find_matches(Chem.AddHs(mol) if self._has_hydrogens else mol, self._pattern))
        except RejectError:
            return 1

    def distinct(self, mol: Chem.Mol) -> tuple[tuple[Match, ...], int]:
        """Return the matches, and how many of them differ in the symmetry classes of their atoms.

        A molecule with too many matches has one of no atoms.
        """
        whole = Chem.AddHs(mol) if self._has_hydrogens else mol
        try:
            matches = find_matches(whole, self._pattern)
        except RejectError:
            return ((),), 1
        if len(matches) < 2:
            return matches, len(matches)
        classes = list(Chem.CanonicalRankAtoms(whole, breakTies=False))
        return matches, len({tuple(classes[atom] for atom in match) for match in matches})


class Reaction:
    """A transform as an RDKit reaction.

    Attributes:
        reaction: RDKit's reaction; only parents with the stereo of its reactant match.
        stereo: what the transform does to configuration: "keep", "open" or "invert".
        query: the reactant template.
        product_template: the product template.
        site_position: position in a match of the atom with the lowest map number; without any, of the first atom.
        has_hydrogens: whether the reactant template has hydrogens as atoms.
        states_stereo: whether a template states a configuration.
        added, removed: atoms of the product template that are new, and of the reactant template that leave.
    """

    def __init__(self, transform: Transform) -> None:
        self.reaction = rdChemReactions.ReactionFromSmarts(in_one_product(transform.smirks))
        self.reaction.GetSubstructParams().useChirality = True
        self.reaction.Initialize()
        self.stereo = transform.stereo
        self._is_grouped = is_grouped(transform.smirks)
        self.query = self.reaction.GetReactantTemplate(0)
        self.product_template = self.reaction.GetProductTemplate(0)
        numbers = [(atom.GetAtomMapNum(), atom.GetIdx()) for atom in self.query.GetAtoms() if atom.GetAtomMapNum()]
        self.site_position = min(numbers)[1] if numbers else 0
        self.has_hydrogens = has_hydrogens(transform.query)
        templates = (self.query, self.product_template)
        self._stated = frozenset(
            atom.GetAtomMapNum()
            for template in templates
            for atom in template.GetAtoms()
            if atom.GetChiralTag() != UNSPECIFIED
        )
        self._stated_bonds = _stated_bonds(self.product_template)
        self.states_stereo = bool(self._stated) or any(map(states_bond_stereo, templates))
        self._kept_bonds = _kept_bonds(*templates)
        before, after = ({atom.GetAtomMapNum() for atom in template.GetAtoms()} - {0} for template in templates)
        self.added, self.removed = (
            sum(atom.GetAtomMapNum() not in before & after for atom in template.GetAtoms())
            for template in reversed(templates)
        )
        self._open_hydrogens = frozenset(
            atom.GetAtomMapNum()
            for atom in self.product_template.GetAtoms()
            if atom.GetAtomMapNum() in dict(numbers) and not _STATED_HYDROGENS.search(atom.GetSmarts())
        )

    def hydrogenated(self, mol: Chem.Mol) -> Chem.Mol:
        """Return the molecule to match. If the query has hydrogens as atoms, it has too, after the other atoms."""
        return Chem.AddHs(mol) if self.has_hydrogens else mol

    def matches(self, mol: Chem.Mol) -> tuple[Match, ...]:
        """Return every match of the reactant template, in the order in which RunReactants makes its products.

        Args:
            mol: result of ``hydrogenated``.

        Raises:
            RejectError: there are more than ``MAX_MATCHES``.
        """
        return find_matches(mol, self.query)

    def is_in_one_molecule(self, mol: Chem.Mol, match: Match) -> bool:
        """Return whether a match is in one fragment of a molecule, or may be in several."""
        if not self._is_grouped:
            return True
        return any(set(match) <= set(fragment) for fragment in Chem.GetMolFrags(mol))

    def site(self, mol: Chem.Mol, match: Match) -> int:
        """Return a match's site, an atom index of the parent's SMILES; instead of a hydrogen, the atom that has it."""
        index = match[self.site_position]
        if self.has_hydrogens:
            atom = mol.GetAtomWithIdx(index)
            if atom.GetAtomicNum() == 1 and atom.GetDegree() == 1:
                return int(atom.GetNeighbors()[0].GetIdx())
        return index

    def check_growth(self, mol: Chem.Mol) -> None:
        """Check, before they are made, that the products of a molecule are not too large.

        Raises:
            RejectError: they are.
        """
        heavy = mol.GetNumHeavyAtoms()
        atoms = heavy + self.added - self.removed
        if atoms > max(MAX_PRODUCT_ATOMS, heavy):
            what = f"a product would have {atoms:,} atoms, {heavy:,} of the parent and {self.added:,} new"
            raise RejectError("too large", f"{what}; at most {MAX_PRODUCT_ATOMS:,} are made")

    def products_around(self, mol: Chem.Mol, match: Match) -> dict[Match, Chem.Mol]:
        """Return RunReactants' unfinished products by match: of all matches, or at least of ``match``.

        RunReactants makes the products of all matches at once. If they had more than ``MAX_ATOMS_AT_ONCE`` atoms
        together, all atoms outside ``match`` are protected, so that only matches within it give products.

        Args:
            mol: result of ``hydrogenated``; it may be changed.
            match: one of its matches.
        """
        matches = self.matches(mol)
        if len(matches) * (mol.GetNumAtoms() + self.added) > MAX_ATOMS_AT_ONCE:
            for atom in mol.GetAtoms():
                if atom.GetIdx() not in match:
                    atom.SetProp("_protected", "1")
            matches = tuple(other for other in matches if set(other) <= set(match))
        products = self.reaction.RunReactants((mol,), MAX_MATCHES)
        return {match: products[0] for match, products in zip(matches, products, strict=True)}

    def finish(self, mol: Chem.Mol, product: Chem.Mol) -> Chem.Mol:
        """Return a product of RunReactants sanitised, with its configuration and implicit hydrogens.

        Args:
            mol: the molecule that RunReactants was given.
            product: its product; changed.

        Raises:
            RejectError: RDKit cannot sanitise it.
        """
        self._keep_bonds(mol, product)
        self._count_hydrogens(mol, product)
        try:
            Chem.SanitizeMol(product)
        except (Chem.MolSanitizeException, ValueError) as error:
            raise RejectError("impossible product", str(error).strip()) from error
        carry_configuration(mol, product, stated=self._stated, stated_bonds=self._stated_bonds, stereo=self.stereo)
        return Chem.RemoveHs(product) if self.has_hydrogens else product

    def _count_hydrogens(self, mol: Chem.Mol, product: Chem.Mol) -> None:
        """Have RDKit compute hydrogens again where bonds or charge change and the template states no hydrogens.

        RunReactants does this for implicit hydrogens only. A stereocentre or isotope, whose hydrogens a SMILES states
        in brackets, would keep them: a chiral alcohol could not become a ketone.
        """
        for atom in product.GetAtoms():
            if map_number_of(atom) not in self._open_hydrogens:
                continue
            before = mol.GetAtomWithIdx(origin_of(atom))
            if (
                before.GetNoImplicit()
                and before.GetNumExplicitHs()
                and not before.GetNumRadicalElectrons()
                and not before.GetIsAromatic()
                and _valence(atom) != _valence(before)
            ):
                atom.SetNoImplicit(False)
                atom.SetNumExplicitHs(0)

    def _keep_bonds(self, mol: Chem.Mol, product: Chem.Mol) -> None:
        """Give bonds that both templates state by the same query the type that they have in the parent."""
        if not self._kept_bonds:
            return
        atoms = {map_number_of(atom): atom for atom in product.GetAtoms()}
        for first, second in self._kept_bonds:
            ends = atoms[first], atoms[second]
            before = mol.GetBondBetweenAtoms(*map(origin_of, ends))
            bond = product.GetBondBetweenAtoms(*(end.GetIdx() for end in ends))
            bond.SetBondType(before.GetBondType())
            bond.SetIsAromatic(before.GetIsAromatic())
            if before.GetIsAromatic():
                for end in ends:
                    end.SetIsAromatic(True)


def _valence(atom: Chem.Atom) -> float:
    """Return the sum of an atom's bond orders, less its charge."""
    return float(sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds()) - atom.GetFormalCharge())


def has_hydrogens(smarts: str) -> bool:
    """Return whether a SMARTS or SMIRKS has hydrogens as atoms.

    Examples:
        >>> has_hydrogens("[c:1][O:2][H:3]>>[c:1][O:2]C"), has_hydrogens("[c:1][OX2H:2]>>[c:1][O:2]C")
        (True, False)
    """
    return _HYDROGEN.search(smarts) is not None


def states_bond_stereo(template: Chem.Mol) -> bool:
    """Return whether a template states the configuration of a double bond."""
    return any(
        bond.GetStereo() != Chem.BondStereo.STEREONONE or bond.GetBondDir() != Chem.BondDir.NONE
        for bond in template.GetBonds()
    )


def _stated_bonds(template: Chem.Mol) -> frozenset[frozenset[int]]:
    """Return the double bonds with a stated configuration in a product template, by the map numbers of their ends."""
    return frozenset(
        frozenset((bond.GetBeginAtom().GetAtomMapNum(), bond.GetEndAtom().GetAtomMapNum()))
        for bond in template.GetBonds()
        if bond.GetBondType() == Chem.BondType.DOUBLE
        and all(
            any(near.GetBondDir() != Chem.BondDir.NONE for near in end.GetBonds())
            for end in (bond.GetBeginAtom(), bond.GetEndAtom())
        )
    )


def _kept_bonds(reactant: Chem.Mol, product: Chem.Mol) -> list[tuple[int, int]]:
    """Return the bonds that both templates state by the same query, not a plain type, by map numbers of their ends."""

    def stated(template: Chem.Mol) -> dict[frozenset[int], str]:
        bonds = ((b.GetBeginAtom().GetAtomMapNum(), b.GetEndAtom().GetAtomMapNum(), b) for b in template.GetBonds())
        return {frozenset((begin, end)): bond.GetSmarts() for begin, end, bond in bonds if begin and end}

    before = stated(reactant)
    kept = (ends for ends, said in stated(product).items() if said not in _PLAIN_BONDS and before.get(ends) == said)
    return [(min(ends), max(ends)) for ends in kept]


def find_matches(mol: Chem.Mol, query: Chem.Mol) -> tuple[Match, ...]:
    """Return every match of ``query``, not uniquified, in the order of RunReactants; stereo must match too.

    Raises:
        RejectError: there are more than ``MAX_MATCHES``.

    Examples:
        >>> find_matches(Chem.MolFromSmiles("Oc1ccccc1O"), Chem.MolFromSmarts("c[OX2H]"))
        ((1, 0), (6, 7))
    """
    matches: tuple[Match, ...] = mol.GetSubstructMatches(
        query, uniquify=False, useChirality=True, maxMatches=MAX_MATCHES + 1
    )
    if len(matches) > MAX_MATCHES:
        raise RejectError("too many matches", f"more than {MAX_MATCHES:,} matches of {Chem.MolToSmarts(query)}")
    return matches
