"""A parent, read from its stored SMILES with only the perception that its products need.

``MolFromSmiles`` spends most of its time on perception: Kekulé form, aromaticity, conjugation, stereo. A stored SMILES
is canonical, so it states aromaticity. If it has usual atoms only (no isotopes, no radicals), hydrogens, rings and
stereo suffice for edits and for simple queries: matches and products are those of the molecule read in full.

Stereo is perceived once a parent if it *lasts*: no edit with a new group of its own (``chemistry.new_group``) makes or
removes a stereocentre or a double bond's configuration, or renames one that RDKit compares by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import rdqueries

from halogenator.chemistry.edit import Edit
from halogenator.chemistry.enhanced_stereo import read_cxsmiles
from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.reaction import Match, Reaction

# A flat SMILES: the organic subset, bonds and rings; in brackets only [nH], common ions without radicals, and centres
# of carbon and sulfur. For RDKit nitrogen is a centre in some rings only, as in C1C[N@]2CC[C@H]1C2. Outside of brackets
# l and r are only in Cl and Br.
_FLAT = re.compile(r"(?:[BCNOPSFIbcnopslr()0-9%=#:/\\-]++|\[(?:nH\+?|[Nnos]\+|[NOSn]-|NH[23]?\+|C@@?H?|S@@?\+?)\])++")
# Conditions in SMARTS that need more: ring counts and sizes, hybridisation, valence, heteroatom neighbours, implicit
# hydrogens, chirality, and hydrogens as atoms.
_PERCEIVED = re.compile(r"[Rk]\d|[x^@/\\]|(?<![A-Z])[rvhz]|Z(?![nr])|\[\d*H[+-]?[\]:]|#1(?!\d)")
# Isotopes, whose masses have more decimals than descriptors keep, and dative bonds, in a SMILES.
_UNEVEN = re.compile(r"\[\d|->|<-")
_DOUBLE, _BRANCHED = map(Chem.MolFromSmarts, ("[!D1]=[!D1]", "[!D1]=[D3]"))
_CARBON = 6
_PHOSPHORYL = re.compile(r"^O=P|P\(=O\)")
_MARKS_OF_ONE = 2  # / and \\ in a SMILES that states the configuration of one double bond
_PERCEIVED_NOTE = "_StereochemDone"
_LABELLED = rdqueries.HasPropQueryAtom("_CIPCode")
_RING_STEREO = rdqueries.HasPropQueryAtom("_ringStereoAtoms")


def reads_flat(queries: Iterable[str]) -> bool:
    """Return whether queries (SMARTS) can be matched in a molecule of which only hydrogens and rings are known.

    Examples:
        >>> reads_flat(["[c:1][OX2H:2]"]), reads_flat(["[C^3:1]"])  # the second asks for hybridisation
        (True, False)
    """
    return not any(_PERCEIVED.search(query) for query in queries)


def is_flat(smiles: str) -> bool:
    """Return whether a stored SMILES has usual atoms only, so that simple queries can be matched in ``read_flat``."""
    return _FLAT.fullmatch(smiles) is not None


def read_flat(smiles: str, *, stereo: bool = False, all_rings: bool = True) -> Chem.Mol:
    """Return the molecule of a flat SMILES; of its perception there are hydrogens, rings and, if asked for, stereo.

    Args:
        smiles: the SMILES.
        stereo: whether to perceive stereo.
        all_rings: whether to find all small rings; False: only which atoms and bonds are in one, in half the time.

    Raises:
        RejectError: RDKit cannot read the SMILES.
    """
    mol = Chem.MolFromSmiles(smiles, sanitize=False) or reread(smiles)  # which says that RDKit cannot read it
    try:
        mol.UpdatePropertyCache(True)
    except Chem.AtomValenceException as error:
        raise RejectError("unparsable SMILES", f"{smiles[:200]!r}: {error}") from error
    if all_rings:
        Chem.GetSymmSSSR(mol)  # else MolToSmiles does this for every product
    else:
        Chem.FastFindRings(mol)
    if stereo:
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)  # which leaves the note, too
    else:
        mol.SetIntProp(_PERCEIVED_NOTE, 1)
    return mol


class Parent:
    """A parent, ready to be matched and edited.

    Attributes:
        smiles: the stored SMILES; atom indices are those of its atoms.
        mol: the molecule, for matching.
        is_flat: True if only hydrogens, rings and stereo were perceived; then it has no isotopes and no radicals.
        is_plain: True if, besides, no atom has a charge or radical.
        is_connected: True if it is one fragment.
        has_stereo: whether the SMILES states any stereo.
        is_even: whether descriptors of products may be computed as differences.
        whole: the molecule read in full, as RunReactants got it; known after ``plain_product``.

    Args:
        smiles: the stored, canonical SMILES.
        enhanced_stereo: its CXSMILES extension, if it has one.
        flat: whether to read the molecule flat if its SMILES is.

    Raises:
        RejectError: RDKit cannot read the SMILES.
    """

    def __init__(self, smiles: str, enhanced_stereo: str | None = None, *, flat: bool) -> None:
        self.smiles = smiles
        self.enhanced_stereo = enhanced_stereo
        self.is_flat = flat and enhanced_stereo is None and is_flat(smiles)
        self.is_plain = self.is_flat and "+" not in smiles and "-]" not in smiles
        self.is_connected = self.is_flat or "." not in smiles
        self._n_marks = smiles.count("/") + smiles.count("\\")
        self.has_stereo = self._n_marks > 0 or "@" in smiles
        self.is_even = self.is_flat or _UNEVEN.search(smiles) is None
        self.mol = read_flat(smiles, stereo=self.has_stereo) if self.is_flat else read_cxsmiles(smiles, enhanced_stereo)
        self.whole = self.mol
        self._plain: tuple[Reaction | None, dict[Match, Chem.Mol]] = (None, {})

    @cached_property
    def base(self) -> Chem.Mol:
        """The molecule that edits copy. RDKit's note that its stereo was perceived stays only if its stereo lasts.

        Without the note, MolToSmiles perceives stereo again, from chiral tags and the directions of bonds.
        """
        if not self.has_stereo:
            return self.mol
        if self.stereo_lasts:
            self.mol.ClearComputedProps(False)  # ranks of neighbours, which every copy would have
            self.mol.SetIntProp(_PERCEIVED_NOTE, 1)
            return self.mol
        base = Chem.Mol(self.mol)
        base.ClearProp(_PERCEIVED_NOTE)
        return base

    @cached_property
    def is_settled(self) -> bool:
        """Whether the SMILES of a copy with other groups stays the same when it is read and written again.

        Stereo marks of centres that depend on each other, as in rings and cages, can be redundant: RDKit drops them one
        at a time. Such centres have no CIP label, or RDKit notes ring stereo for them.
        """
        if "@" not in self.smiles:
            return True
        labelled, in_rings = map(self.mol.GetAtomsMatchingQuery, (_LABELLED, _RING_STEREO))
        return len(labelled) == self.smiles.count("@") - self.smiles.count("@@") and not in_rings

    def settles(self, edit: Edit) -> bool:
        """Return whether the SMILES of a product of an edit stays the same when it is read and written again.

        A centre that goes, as where a double bond comes, can make others depend on each other.
        """
        return self.is_settled and not (edit.footprint.bends and "@" in self.smiles)

    @cached_property
    def _bonds(self) -> _Bonds:
        return _Bonds(self.mol, several=self._n_marks > _MARKS_OF_ONE)

    @cached_property
    def stereo_lasts(self) -> bool:
        """Whether no edit with a new group of its own changes stereo or its names, but for ``_Bonds.naming``.

        RDKit counts double bonds of phosphorus in its own way when it ranks neighbours: none to carbon may be there.
        """
        if not (self.is_flat and self.is_settled and self._bonds.keep_names):
            return False
        return self.smiles.upper().count("P") == len(_PHOSPHORYL.findall(self.smiles))

    def edited(self, edit: Edit, match: Match, stereo: str) -> Chem.Mol | None:
        """Return an edit's product of a match that its footprint describes, ready for MolToSmiles.

        Returns:
            None if only RunReactants gives the right configuration, or an atom would have too many bonds.
        """
        if not self.has_stereo:
            return edit.apply(self.mol, match)
        if not edit.keeps_centres(self.mol, match, stereo):
            return None
        if self._n_marks and not edit.keeps_double_bonds(self.mol, match, stereo):
            return None
        product = edit.apply(self.base, match)
        if product is not None and self.stereo_lasts and not self._keeps_note(edit, match, product):
            product.ClearProp(_PERCEIVED_NOTE)
        return product

    def _keeps_note(self, edit: Edit, match: Match, product: Chem.Mol) -> bool:
        """Return whether stereo of a product need not be perceived again."""
        group = edit.new_group
        if group is None:
            return False
        anchor = edit.footprint.anchors[0]
        index = match[anchor.position]
        atom = self.mol.GetAtomWithIdx(index)
        hydrogens = atom.GetTotalNumHs() - anchor.gain
        return index not in self._bonds.naming and group.is_alone(product, self.smiles, atom.GetAtomicNum(), hydrogens)

    def hydrogenated(self, reaction: Reaction) -> Chem.Mol:
        """Return the molecule to match a reaction to, as ``Reaction.hydrogenated``."""
        return self._with_hydrogens if reaction.has_hydrogens else self.mol

    @cached_property
    def _with_hydrogens(self) -> Chem.Mol:
        return Chem.AddHs(self.mol)

    def plain_product(self, reaction: Reaction, match: Match) -> Chem.Mol:
        """Return RunReactants' product of a match, finished. Products of other matches, made with it, are kept.

        Raises:
            RejectError: RDKit cannot sanitise it.
        """
        if self._plain[0] is not reaction or match not in self._plain[1]:
            self.whole = reread(self.smiles) if self.is_flat else Chem.Mol(self.hydrogenated(reaction))
            self._plain = reaction, reaction.products_around(self.whole, match)
        return reaction.finish(self.whole, self._plain[1][match])


class _Bonds:
    """What the double bonds of a molecule with configuration mean for those of its products.

    Attributes:
        naming: atoms whose neighbours may decide on E or Z, if several bonds have it: RDKit compares these names.
        keep_names: whether nothing else can rename one.
    """

    def __init__(self, mol: Chem.Mol, *, several: bool) -> None:
        self.naming: set[int] = set()
        self.keep_names = True
        if not several:
            return
        self.naming.update(*mol.GetSubstructMatches(_DOUBLE))
        for partner, end in mol.GetSubstructMatches(_BRANCHED, uniquify=False):
            if not _is_open(mol, partner, end):
                first, second = (near for near in mol.GetAtomWithIdx(end).GetNeighbors() if near.GetIdx() != partner)
                if first.GetAtomicNum() == second.GetAtomicNum():
                    self.naming.update((first.GetIdx(), second.GetIdx()))
                    self.keep_names &= _look_different(first, second)


def _is_open(mol: Chem.Mol, begin: int, end: int) -> bool:
    """Return whether a double bond has no configuration."""
    return bool(mol.GetBondBetweenAtoms(begin, end).GetStereo() == Chem.BondStereo.STEREONONE)


def _look_different(first: Chem.Atom, second: Chem.Atom) -> bool:
    """Return whether RDKit ranks two atoms of one element by their neighbours alone."""
    if first.GetAtomicNum() == _CARBON and first.GetTotalNumHs() != second.GetTotalNumHs():
        return True
    return _around(first) != _around(second)


def _around(atom: Chem.Atom) -> list[int]:
    """Return the elements of an atom's neighbours, each twice as often as its bond order, as RDKit ranks them."""
    return sorted(
        number
        for bond in atom.GetBonds()
        for number in [bond.GetOtherAtom(atom).GetAtomicNum()] * round(2 * bond.GetBondTypeAsDouble())
    )
