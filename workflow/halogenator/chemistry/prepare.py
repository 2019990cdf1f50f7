"""Standardisation: from the text of a row to the compound that it means, with a word for each change."""

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
        mol: the molecule read from ``smiles``.
        smiles: canonical SMILES, which stays the same when read and written again.
        enhanced_stereo: CXSMILES extension, if it has enhanced stereo.
        prepared: the words of ``model.PREPARED`` for the changes, comma-separated; None: no change.
        stripped_from: canonical CXSMILES of the input, if something was changed.
    """

    mol: Chem.Mol
    smiles: str
    enhanced_stereo: str | None
    prepared: str | None
    stripped_from: str | None


def prepare(text: str | None, reading: Reading) -> Prepared:
    """Return the standardised molecule of a row.

    Args:
        text: SMILES or CXSMILES.
        reading: the library's options of standardisation.

    Raises:
        RejectError: the text cannot be read, or is not one molecule.

    Examples:
        >>> found = prepare("CC(=O)[O-].[Na+]", Reading())
        >>> found.smiles, found.prepared
        ('CC(=O)O', 'fragments,charges')
    """
    given = parse_smiles(text)
    assert text is not None
    # To look at all atoms takes longer than to read them, so first the text is searched for signs that each step needs.
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
    """The steps of standardisation; each that changes the molecule adds its word.

    Attributes:
        mol: the molecule so far, with stereo groups as notes on its atoms.
    """

    def __init__(self, given: Chem.Mol) -> None:
        self._given = given
        self._words: list[str] = []
        self._as_given: str | None = None  # the text, if RDKit's molecule lacks something of it
        self.mol = note_groups(given) if given.GetStereoGroups() else given

    def take_off_maps(self) -> None:
        """Remove atom-map numbers, and the stereocentres that are such only because of them."""
        if not any(atom.HasProp("molAtomMapNumber") for atom in self.mol.GetAtoms()):  # it may be 0
            return
        mol = Chem.Mol(self.mol)
        for atom in mol.GetAtoms():
            atom.ClearProp("molAtomMapNumber")
        mol = Chem.RemoveHs(mol)
        mol.ClearComputedProps(False)
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
        self._take("atom maps", mol)

    def open_axes(self, text: str) -> None:
        """Remove axial chirality: that of wedged bonds, which RDKit reads, and that of allenes, which it ignores."""
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
        """Keep the compound of a salt, solvate or mixture; a pair of enantiomers becomes a racemate."""
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
        """Remove charges by adding or removing protons; a metal complex keeps its charges."""
        if any(a.GetFormalCharge() for a in self.mol.GetAtoms()) and not fragments.has_metal_bond(self.mol):
            self._take_if_other("charges", fragments.uncharge(self.mol))

    def canonical_tautomer(self) -> None:
        """Take RDKit's canonical tautomer, with the stereo that it can still have."""
        enumerator = rdMolStandardize.TautomerEnumerator()
        enumerator.SetRemoveSp3Stereo(False)
        enumerator.SetRemoveBondStereo(False)
        self._take_if_other("tautomer", enumerator.Canonicalize(self.mol))

    def result(self, *, check_electrons: bool) -> Prepared:
        """Return the molecule with all changes.

        Raises:
            RejectError: its SMILES loses radicals, or does not stay the same when read and written.
        """
        stereo: str | None = None
        if (self._given.GetStereoGroups() or "racemate" in self._words) and has_notes(self.mol):
            smiles, stereo = write_cxsmiles(restore_groups(self.mol))
            mol = reread(smiles)
        else:
            smiles, mol, _ = settled(self.mol)
        if check_electrons and _electrons(self.mol) != _electrons(mol):
            raise RejectError("lost in SMILES", f"{_text(self.mol)[:200]} has radicals that its SMILES does not say")
        words = ",".join(word for word in PREPARED if word in self._words)
        return Prepared(mol, smiles, stereo, words or None, (self._as_given or _text(self._given)) if words else None)

    def _take(self, word: str, mol: Chem.Mol) -> None:
        self._words.append(word)
        self.mol = mol

    def _take_if_other(self, word: str, mol: Chem.Mol) -> None:
        """Take a molecule that RDKit made, if it differs and RDKit can read its SMILES."""
        smiles = Chem.MolToSmiles(mol)
        if smiles != Chem.MolToSmiles(self.mol) and Chem.MolFromSmiles(smiles) is not None:
            self._take(word, mol)


def _text(mol: Chem.Mol) -> str:
    """Return the canonical CXSMILES of a molecule, with enhanced stereo and axes."""
    fields = Chem.CXSmilesFields.CX_ENHANCEDSTEREO | Chem.CXSmilesFields.CX_BOND_ATROPISOMER
    return str(Chem.MolToCXSmiles(mol, Chem.SmilesWriteParams(), int(fields)))


def _electrons(mol: Chem.Mol) -> tuple[int, int]:
    """Return the number of unpaired electrons and of hydrogens of a molecule."""
    atoms: Sequence[Chem.Atom] = mol.GetAtoms()
    hydrogens = sum(atom.GetTotalNumHs() + (atom.GetAtomicNum() == 1) for atom in atoms)
    return sum(atom.GetNumRadicalElectrons() for atom in atoms), hydrogens
