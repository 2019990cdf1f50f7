"""Standardisation: a row's text as the compound that a chemist takes it for, with a word for all that was changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from halogenator.chemistry import fragments
from halogenator.chemistry.enhanced_stereo import as_racemate, has_notes, note_groups, restore_groups, write_cxsmiles
from halogenator.chemistry.molecules import RejectError, check_molecule, check_size, parse_smiles, reread, settled
from halogenator.model import PREPARED, Reading

_OPEN = re.compile(r"[*~|]")
_MAP = re.compile(r":\d+\]")
_ALLENE = re.compile(r"=\[C@@?\]=")
_AXES = (Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A molecule as a library stores it.

    Attributes:
        mol: as parsed from ``smiles``.
        smiles: stays the same when read and written again.
        enhanced_stereo: CXSMILES extension with what the SMILES cannot say; None: nothing.
        prepared: ``model.PREPARED`` of what was changed, comma-separated; None: nothing.
        stripped_from: the canonical input, where something was.
    """

    mol: Chem.Mol
    smiles: str
    enhanced_stereo: str | None
    prepared: str | None
    stripped_from: str | None


def prepare(text: str | None, reading: Reading) -> Prepared:
    """Return the molecule that a row stands for.

    Args:
        text: SMILES or CXSMILES.
        reading: what of it is to be changed.

    Raises:
        RejectError: it is no molecule, or not one.

    Examples:
        >>> found = prepare("CC(=O)[O-].[Na+]", Reading())
        >>> found.smiles, found.prepared
        ('CC(=O)O', 'fragments,charges')
    """
    given = parse_smiles(text)
    assert text is not None
    # Going through all atoms takes longer than reading them: these signs are in every text that has what is looked for.
    if _OPEN.search(text):
        check_molecule(given, text)
    steps = _Steps(given)
    if _MAP.search(text):
        steps.take_off_maps()
    if "|" in text or _ALLENE.search(text):
        steps.open_axes(text)
    if reading.fragments != "keep" and ("." in text or "[" in text):
        steps.keep_compound()
    check_size(steps.mol)
    if reading.charges != "keep" and "[" in text:
        steps.neutralize()
    if reading.tautomers != "keep":
        steps.canonical_tautomer()
    return steps.result(check_electrons="|" in text)


class _Steps:
    """The steps of standardisation; each adds its word where it changes something.

    Attributes:
        mol: the molecule so far, its stereo groups noted on its atoms.
    """

    def __init__(self, given: Chem.Mol) -> None:
        self._given = given
        self._words: list[str] = []
        self._as_given: str | None = None  # where RDKit's molecule does not say all of it
        self.mol = note_groups(given) if given.GetStereoGroups() else given

    def take_off_maps(self) -> None:
        """Take atom-map numbers off, and with them the stereocentres that only they make different."""
        if not any(atom.HasProp("molAtomMapNumber") for atom in self.mol.GetAtoms()):
            return  # a map number of 0 is one too, to be taken off
        mol = Chem.Mol(self.mol)
        for atom in mol.GetAtoms():
            atom.ClearProp("molAtomMapNumber")
        mol = Chem.RemoveHs(mol)
        mol.ClearComputedProps(False)
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
        self._take("atom maps", mol)

    def open_axes(self, text: str) -> None:
        """Leave chirality axes open: those that RDKit reads from wedged bonds, and allenes', which it passes over."""
        if _ALLENE.search(text):
            self._as_given = text
            self._take("axis", self.mol)
        axes = [bond.GetIdx() for bond in self.mol.GetBonds() if bond.GetStereo() in _AXES]
        if axes:
            mol = Chem.Mol(self.mol)
            for index in axes:
                mol.GetBondWithIdx(index).SetStereo(Chem.BondStereo.STEREONONE)
            self._take("axis", mol)

    def keep_compound(self) -> None:
        """Keep the compound of a salt, solvate or mixture; two enantiomers become their racemate."""
        if fragments.has_metal_bond(self.mol):
            ions = fragments.disconnect(self.mol)
            if ions.GetNumBonds() < self.mol.GetNumBonds():
                self._take("metal", ions)
        count = len(Chem.GetMolFrags(self.mol))
        if count == 1:
            return
        kept, is_racemate = fragments.compound(self.mol)
        if is_racemate and has_notes(self.mol):
            raise RejectError("mixture of stereoisomers", "the enantiomers are there, and stereo groups besides")
        if count > 2 or not is_racemate:
            self._take("fragments", kept)
        if is_racemate:
            self._take("racemate", as_racemate(kept))

    def neutralize(self) -> None:
        """Take charges away by protons; those of a metal's ligands stay, as they belong to the metal."""
        if not any(a.GetFormalCharge() for a in self.mol.GetAtoms()) or fragments.has_metal_bond(self.mol):
            return
        self._take_if_other("charges", fragments.uncharge(self.mol))

    def canonical_tautomer(self) -> None:
        """Take RDKit's canonical tautomer, with the stereo that still is one in it."""
        enumerator = rdMolStandardize.TautomerEnumerator()
        enumerator.SetRemoveSp3Stereo(False)
        enumerator.SetRemoveBondStereo(False)
        self._take_if_other("tautomer", enumerator.Canonicalize(self.mol))

    def result(self, *, check_electrons: bool) -> Prepared:
        """Return the molecule with all changes.

        Raises:
            RejectError: its SMILES does not say all of its electrons, or RDKit does not settle on one.
        """
        stereo: str | None = None
        if (self._given.GetStereoGroups() or "racemate" in self._words) and has_notes(self.mol):
            smiles, stereo = write_cxsmiles(restore_groups(self.mol))
            mol = reread(smiles)
        else:
            smiles, mol, _ = settled(self.mol)
        if check_electrons and _electrons(self.mol) != _electrons(mol):
            raise RejectError("lost in SMILES", f"{_said(self.mol)[:200]} has radicals that its SMILES does not say")
        words = ",".join(word for word in PREPARED if word in self._words)
        return Prepared(mol, smiles, stereo, words or None, (self._as_given or _said(self._given)) if words else None)

    def _take(self, word: str, mol: Chem.Mol) -> None:
        self._words.append(word)
        self.mol = mol

    def _take_if_other(self, word: str, mol: Chem.Mol) -> None:
        """Take a molecule that RDKit made, if it is another one and RDKit reads it."""
        smiles = Chem.MolToSmiles(mol)
        if smiles != Chem.MolToSmiles(self.mol) and Chem.MolFromSmiles(smiles) is not None:
            self._take(word, mol)


def _said(mol: Chem.Mol) -> str:
    """Return the canonical CXSMILES of a molecule as it was given."""
    fields = Chem.CXSmilesFields.CX_ENHANCEDSTEREO | Chem.CXSmilesFields.CX_BOND_ATROPISOMER
    return str(Chem.MolToCXSmiles(mol, Chem.SmilesWriteParams(), int(fields)))


def _electrons(mol: Chem.Mol) -> tuple[int, int]:
    """Return the unpaired electrons and the hydrogens of a molecule."""
    atoms: Sequence[Chem.Atom] = mol.GetAtoms()
    hydrogens = sum(atom.GetTotalNumHs() + (atom.GetAtomicNum() == 1) for atom in atoms)
    return sum(atom.GetNumRadicalElectrons() for atom in atoms), hydrogens
