"""A parent as its products need it: read from its stored SMILES, with no more perceived than decides them.

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

from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.reaction import Match, Reaction

# The organic subset, bonds and rings; in brackets only [nH] and common ions, none of them a radical.
_FLAT = re.compile(r"(?:Cl|Br|[BCNOPSFIbcnops()0-9%=#:-]|\[(?:nH\+?|[Nnos]\+|[NOSn]-|NH[23]?\+)\])+")
# Ring counts and sizes, hybridisation, valence, heteroatom neighbours, implicit hydrogens, chirality.
_PERCEIVED = re.compile(r"[Rk]\d|[x^@]|(?<![A-Z])[rvhz]|Z(?![nr])")
# Isotopes, whose masses have more decimals than descriptors keep, and dative bonds.
_UNEVEN = re.compile(r"\[\d|->|<-")


def reads_flat(queries: Iterable[str]) -> bool:
    """Return whether the matches of queries (SMARTS) show in a molecule whose hydrogens and rings alone are known."""
    return not any(_PERCEIVED.search(query) for query in queries)


class Parent:
    """A parent of a kernel's products.

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
        flat: whether to perceive no more than needed where the SMILES allows it.

    Raises:
        RejectError: if RDKit cannot read the SMILES.
    """

    def __init__(self, smiles: str, *, flat: bool) -> None:
        self.smiles = smiles
        self.is_flat = flat and _FLAT.fullmatch(smiles) is not None
        self.is_plain = self.is_flat and "+" not in smiles and "-]" not in smiles
        self.is_connected = self.is_flat or "." not in smiles
        self.has_stereo = not self.is_flat and ("@" in smiles or _has_double_bond_stereo(smiles))
        self.is_even = self.is_flat or _UNEVEN.search(smiles) is None
        self.mol = _read_flat(smiles) if self.is_flat else reread(smiles)
        self._plain: tuple[Reaction | None, dict[Match, Chem.Mol] | RejectError] = (None, {})

    @cached_property
    def base(self) -> Chem.Mol:
        """The molecule to edit copies of, its stereo as RunReactants hands it on: to be perceived anew.

        A change far away can make or end a stereo centre, so the molecule forgets that its stereo was perceived;
        MolToSmiles then perceives it again, as it does for RunReactants' products.
        """
        if not self.has_stereo:
            return self.mol
        base = Chem.Mol(self.mol)
        for bond in base.GetBonds() if _has_double_bond_stereo(self.smiles) else ():
            stereo = bond.GetStereo()
            if stereo == Chem.BondStereo.STEREOZ:
                bond.SetStereo(Chem.BondStereo.STEREOCIS)
            elif stereo == Chem.BondStereo.STEREOE:
                bond.SetStereo(Chem.BondStereo.STEREOTRANS)
        base.ClearProp("_StereochemDone")
        return base

    def plain_product(self, reaction: Reaction, match: Match) -> Chem.Mol:
        """Return RunReactants' product of a match, not yet sanitised; RunReactants makes those of all matches at once.

        Raises:
            RejectError: if the molecule has too many matches, or their products too many atoms.
        """
        if self._plain[0] is not reaction:
            mol = reread(self.smiles) if self.is_flat else self.mol
            try:
                self._plain = reaction, reaction.products(mol)
            except RejectError as error:
                self._plain = reaction, error
        made = self._plain[1]
        if isinstance(made, RejectError):
            raise made
        return made[match]


def _read_flat(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles, sanitize=False)
    mol.UpdatePropertyCache(True)
    Chem.GetSymmSSSR(mol)  # what MolToSmiles would else do for every product
    mol.SetIntProp("_StereochemDone", 1, True)
    return mol


def _has_double_bond_stereo(smiles: str) -> bool:
    return "/" in smiles or "\\" in smiles
