"""A parent, read from its stored SMILES with only the perception that its products need.

``MolFromSmiles`` spends most of its time on perception: Kekulé form, aromaticity, conjugation, stereo. A stored SMILES
is canonical, so it states aromaticity. If it is *flat* (no stereo, no isotopes), only hydrogens and rings have to be
perceived for edits and for simple queries: matches and products are those of the molecule read in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import rdqueries

from halogenator.chemistry.enhanced_stereo import read_cxsmiles
from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.reaction import Match, Reaction

# A flat SMILES: the organic subset, bonds and rings; in brackets only [nH] and common ions without radicals.
_FLAT = re.compile(r"(?:Cl|Br|[BCNOPSFIbcnops()0-9%=#:-]|\[(?:nH\+?|[Nnos]\+|[NOSn]-|NH[23]?\+)\])+")
# Conditions in SMARTS that need more: ring counts and sizes, hybridisation, valence, heteroatom neighbours, implicit
# hydrogens, chirality, and hydrogens as atoms.
_PERCEIVED = re.compile(r"[Rk]\d|[x^@/\\]|(?<![A-Z])[rvhz]|Z(?![nr])|\[\d*H[+-]?[\]:]|#1(?!\d)")
# Isotopes, whose masses have more decimals than descriptors keep, and dative bonds, in a SMILES.
_UNEVEN = re.compile(r"\[\d|->|<-")
_STEREO = frozenset("@/\\")
_LABELLED = rdqueries.HasPropQueryAtom("_CIPCode")
_RING_STEREO = rdqueries.HasPropQueryAtom("_ringStereoAtoms")


def reads_flat(queries: Iterable[str]) -> bool:
    """Return whether queries (SMARTS) can be matched in a molecule of which only hydrogens and rings are known.

    Examples:
        >>> reads_flat(["[c:1][OX2H:2]"]), reads_flat(["[C^3:1]"])  # the second asks for hybridisation
        (True, False)
    """
    return not any(_PERCEIVED.search(query) for query in queries)


class Parent:
    """A parent, ready to be matched and edited.

    Attributes:
        smiles: the stored SMILES; atom indices are those of its atoms.
        mol: the molecule, for matching.
        is_flat: True if only hydrogens and rings were perceived; then it has no isotopes and no stereo.
        is_plain: True if, besides, no atom has a charge or radical.
        is_connected: True if it is one fragment.
        has_stereo: whether the SMILES states any stereo.
        is_even: whether descriptors of products may be computed as differences.

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
        self.is_flat = flat and enhanced_stereo is None and _FLAT.fullmatch(smiles) is not None
        self.is_plain = self.is_flat and "+" not in smiles and "-]" not in smiles
        self.is_connected = self.is_flat or "." not in smiles
        self.has_stereo = not self.is_flat and (not _STEREO.isdisjoint(smiles))
        self.is_even = self.is_flat or _UNEVEN.search(smiles) is None
        self.mol = _read_flat(smiles) if self.is_flat else read_cxsmiles(smiles, enhanced_stereo)
        self._plain: tuple[Reaction | None, dict[Match, Chem.Mol]] = (None, {})

    @cached_property
    def base(self) -> Chem.Mol:
        """The molecule that edits copy, without RDKit's note that its stereo was perceived.

        An edit far away can make or remove a stereocentre. Without the note, MolToSmiles perceives stereo again, from
        chiral tags and the directions of bonds.
        """
        if not self.has_stereo:
            return self.mol
        base = Chem.Mol(self.mol)
        base.ClearProp("_StereochemDone")
        return base

    @cached_property
    def is_settled(self) -> bool:
        """Whether the SMILES of an edited copy stays the same when it is read and written again.

        Stereo marks of centres that depend on each other, as in rings and cages, can be redundant: RDKit drops them one
        at a time. Such centres have no CIP label, or RDKit notes ring stereo for them.
        """
        if not self.has_stereo:
            return True
        labelled, in_rings = map(self.mol.GetAtomsMatchingQuery, (_LABELLED, _RING_STEREO))
        return len(labelled) == self.smiles.count("@") - self.smiles.count("@@") and not in_rings

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
            self._whole = reread(self.smiles) if self.is_flat else Chem.Mol(self.hydrogenated(reaction))
            self._plain = reaction, reaction.products_around(self._whole, match)
        return reaction.finish(self._whole, self._plain[1][match])


def _read_flat(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles, sanitize=False) or reread(smiles)  # which says that RDKit cannot read it
    try:
        mol.UpdatePropertyCache(True)
    except Chem.AtomValenceException as error:
        raise RejectError("unparsable SMILES", f"{smiles[:200]!r}: {error}") from error
    Chem.GetSymmSSSR(mol)  # else MolToSmiles does this for every product
    mol.SetIntProp("_StereochemDone", 1, True)
    return mol
