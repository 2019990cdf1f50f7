"""A parent as its products need it: read from its stored SMILES, with no more perceived than what decides them.

RDKit spends most of the time of ``MolFromSmiles`` on perception: Kekulé form, aromaticity, conjugation, stereo. The
stored SMILES is canonical, so it states aromaticity, and of a *flat* one, without stereo or isotopes, only hydrogens
and rings are left to work out. Products by edit and the matches of a query that asks for nothing else are then those of
the molecule read in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import rdqueries

from halogenator.chemistry.enhanced_stereo import read_cxsmiles
from halogenator.chemistry.molecules import reread
from halogenator.chemistry.reaction import Match, Reaction

# The organic subset, bonds and rings; in brackets only [nH] and common ions, none of them a radical.
_FLAT = re.compile(r"(?:Cl|Br|[BCNOPSFIbcnops()0-9%=#:-]|\[(?:nH\+?|[Nnos]\+|[NOSn]-|NH[23]?\+)\])+")
# Ring counts and sizes, hybridisation, valence, heteroatom neighbours, implicit hydrogens, chirality; and hydrogens as
# atoms, which are put on a molecule that is read in full.
_PERCEIVED = re.compile(r"[Rk]\d|[x^@/\\]|(?<![A-Z])[rvhz]|Z(?![nr])|\[\d*H[+-]?[\]:]|#1(?!\d)")
# Isotopes, whose masses have more decimals than descriptors keep, and dative bonds.
_UNEVEN = re.compile(r"\[\d|->|<-")
_STEREO = frozenset("@/\\")
_LABELLED = rdqueries.HasPropQueryAtom("_CIPCode")
_RING_STEREO = rdqueries.HasPropQueryAtom("_ringStereoAtoms")


def reads_flat(queries: Iterable[str]) -> bool:
    """Return whether queries (SMARTS) can be matched in a molecule of which only hydrogens and rings are known.

    Examples:
        >>> reads_flat(["[c:1][OX2H:2]"]), reads_flat(["[C^3:1]"])  # hybridisation is not known of it
        (True, False)
    """
    return not any(_PERCEIVED.search(query) for query in queries)


class Parent:
    """A molecule that products are made of.

    Attributes:
        smiles: as stored; atom indices are those of it.
        mol: the molecule, for matching.
        is_flat: whether only hydrogens and rings were perceived; no atom then has an isotope or stereo.
        is_plain: whether it is known that no atom has a charge, radical or isotope either.
        is_connected: whether it is one fragment.
        has_stereo: whether the SMILES states any stereo.
        is_even: whether differences of descriptors are those of rounded values.

    Args:
        smiles: canonical SMILES.
        enhanced_stereo: what the SMILES cannot say, as a CXSMILES extension.
        flat: whether to perceive no more than needed where the SMILES allows it.

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
        self._with_hydrogens: Chem.Mol | None = None

    @cached_property
    def base(self) -> Chem.Mol:
        """The molecule to edit copies of, its stereo to be perceived anew.

        A change far away can make or end a stereo centre, so the molecule forgets that its stereo was perceived;
        MolToSmiles then perceives it again, from chiral tags and the directions of bonds.
        """
        if not self.has_stereo:
            return self.mol
        base = Chem.Mol(self.mol)
        base.ClearProp("_StereochemDone")
        return base

    @cached_property
    def is_settled(self) -> bool:
        """Whether RDKit writes an edited copy as it would after reading that SMILES again.

        Marks of centres that depend on each other, as on rings and cages, can be redundant: RDKit drops them one at a
        time. Such centres are those without a CIP label of their own, and those that RDKit keeps for a ring's sake.
        """
        if not self.has_stereo:
            return True
        centres = self.smiles.count("@") - self.smiles.count("@@")
        return len(self.mol.GetAtomsMatchingQuery(_LABELLED)) == centres and not self.mol.GetAtomsMatchingQuery(
            _RING_STEREO
        )

    def hydrogenated(self, reaction: Reaction) -> Chem.Mol:
        """Return the molecule that a reaction is matched to."""
        if not reaction.has_hydrogens:
            return self.mol
        if self._with_hydrogens is None:
            self._with_hydrogens = Chem.AddHs(self.mol)
        return self._with_hydrogens

    def plain_product(self, reaction: Reaction, match: Match) -> Chem.Mol:
        """Return RunReactants' product of a match, finished. Products made along with it are kept for the next matches.

        Raises:
            RejectError: RDKit cannot sanitise it.
        """
        if self._plain[0] is not reaction or match not in self._plain[1]:
            self._whole = reread(self.smiles) if self.is_flat else Chem.Mol(self.hydrogenated(reaction))
            self._plain = reaction, reaction.products_around(self._whole, match)
        return reaction.finish(self._whole, self._plain[1][match])


def _read_flat(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles, sanitize=False)
    mol.UpdatePropertyCache(True)
    Chem.GetSymmSSSR(mol)  # what MolToSmiles would else do for every product
    mol.SetIntProp("_StereochemDone", 1, True)
    return mol
