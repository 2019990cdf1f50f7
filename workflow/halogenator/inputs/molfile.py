"""The molecule of a molfile as CXSMILES, whose extension says what the SMILES alone cannot.

A record that stands for no single molecule is a problem of its row: it has an R group, an atom list, a query atom or
bond, or the bracket of a polymer. As SMILES it would be a molecule that nobody meant.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from halogenator.process import limits

if TYPE_CHECKING:
    from rdkit import Chem

# Atoms of a record, hydrogens and counterions included. The time to write a SMILES grows with their square.
MAX_ATOMS = 5_000

# The number of atoms in a record's counts line. RDKit reads as many atoms, or refuses the record.
_COUNTS = re.compile(r"(?:.*\n){3}(?:(?P<old>[ \d]{3}).*V2000|.*V3000\n(?:.*\n)*?M  V30 COUNTS +(?P<new>\d+))")

_UNREADABLE = "SDF record has no readable molecule: "
_UNSAYABLE = "a double bond without configuration between two with one: a SMILES cannot leave it open"
# Types of brackets whose content is repeated or changed, without a number that says how often.
_POLYMERS = {"SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY"}

_R_LABEL = re.compile(r"R([#\d'*]|$|[a-z]?\d)|R[a-z]?$")


def announced_atoms(block: str) -> int:
    """Return the number of atoms in the counts line of a record; 0 if there is none."""
    found = _COUNTS.match(block)
    digits = (found["new"] or found["old"]).strip() if found else ""
    return int(digits[:9]) if digits.isdecimal() else 0


def read_molfile(block: str, row: int) -> tuple[str | None, str | None]:
    """Return the molecule of a record as CXSMILES, and the problem of the record; None for either that is not there.

    A record that stands for no single molecule has both.

    Args:
        block: the text of the record.
        row: its number, the step for ``limits.begin``.
    """
    slow = limits.begin(row)
    if slow:
        return None, _UNREADABLE + slow
    if "\0" in block:
        return None, f"{_UNREADABLE}NUL byte in the record"
    if announced_atoms(block) > MAX_ATOMS:
        return None, f"{_UNREADABLE}{announced_atoms(block):,} atoms; at most {MAX_ATOMS:,} are read"
    from rdkit import Chem, rdBase

    from halogenator.chemistry.stereochemistry import states_more_double_bonds

    try:
        with rdBase.BlockLogs():
            mol = Chem.MolFromMolBlock(block)
        if mol is None:
            return None, _UNREADABLE + _rdkit_reason(block)
        with rdBase.BlockLogs():
            reason = no_molecule(mol)
            if reason:
                return Chem.MolToSmiles(mol), f"no single molecule: {reason}"
            text = cxsmiles(mol)
            return text, _UNSAYABLE if states_more_double_bonds(text, mol) else None
    except (RuntimeError, ValueError) as error:  # from checks within RDKit
        return None, _UNREADABLE + _first_sentence(str(error))


def no_molecule(mol: Chem.Mol) -> str | None:
    """Return why a record stands for no single molecule; None if it stands for one."""
    from rdkit import Chem

    for atom in mol.GetAtoms():
        label = atom.GetProp("dummyLabel") if atom.HasProp("dummyLabel") else ""
        if atom.HasProp("_MolFileRLabel") or (atom.GetAtomicNum() == 0 and _R_LABEL.match(label)):
            return "R group"
        if atom.HasQuery():
            listed = "," in atom.GetSmarts() or "AtomOr" in atom.DescribeQuery()
            return "atom list" if listed else "query atom"
        if atom.GetAtomicNum() == 0:
            return f"atom of no element ({label or '*'})"
        if atom.HasProp("molAttchpt"):
            return "attachment point"
        alias = atom.GetProp("molFileAlias").strip() if atom.HasProp("molFileAlias") else ""
        if alias and (_R_LABEL.match(alias) or alias in _abbreviations()):
            return f"atom that stands for a group ({alias})"
    kinds = Chem.BondType
    known = (kinds.SINGLE, kinds.DOUBLE, kinds.TRIPLE, kinds.AROMATIC, kinds.DATIVE, kinds.QUADRUPLE)
    for bond in mol.GetBonds():
        if bond.HasQuery():
            return "query bond"
        if bond.GetBondType() not in known:
            return f"bond of no known order ({str(bond.GetBondType()).lower()})"
    for group in Chem.GetMolSubstanceGroups(mol):
        if group.HasProp("TYPE") and group.GetProp("TYPE") in _POLYMERS:
            return "polymer bracket"
    return "link node" if mol.HasProp("_molLinkNodes") else None


def cxsmiles(mol: Chem.Mol) -> str:
    """Return the SMILES of a molecule, with an extension if it does not say all by itself.

    The extension has the groups of enhanced stereo, radicals that RDKit would not read from the SMILES, and the
    configuration of atropisomers with the coordinates that define it.
    """
    from rdkit import Chem

    fields = Chem.CXSmilesFields
    wanted = fields.CX_NONE
    if mol.GetStereoGroups():
        wanted |= fields.CX_ENHANCEDSTEREO
    atropisomers = (Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW)
    if any(bond.GetStereo() in atropisomers for bond in mol.GetBonds()):
        wanted |= fields.CX_BOND_ATROPISOMER | fields.CX_BOND_CFG
        if mol.GetNumConformers():
            wanted |= fields.CX_COORDS
    plain = Chem.MolToSmiles(mol)
    radicals = sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    if radicals:
        again = Chem.MolFromSmiles(plain)
        if again is None or sum(atom.GetNumRadicalElectrons() for atom in again.GetAtoms()) != radicals:
            wanted |= fields.CX_RADICALS
    if wanted == fields.CX_NONE:
        return str(plain)
    return str(Chem.MolToCXSmiles(mol, Chem.SmilesWriteParams(), int(wanted)))


@cache
def _abbreviations() -> frozenset[str]:
    from rdkit.Chem import rdAbbreviations

    return frozenset(each.label for each in rdAbbreviations.GetDefaultAbbreviations())


def _rdkit_reason(block: str) -> str:
    """Return RDKit's reason for refusing a record. Of its readers only the SDF supplier logs parse errors."""
    from rdkit import Chem, rdBase

    with rdBase.CaptureErrorLog() as log:
        supplier = Chem.SDMolSupplier()
        supplier.SetData(f"{block}$$$$\n")
        if len(supplier):
            supplier[0]
    return _first_sentence(log.messages)


def _first_sentence(messages: str) -> str:
    """Return the line of RDKit's log that says what happened, without time stamp and banner."""
    for line in messages.splitlines():
        text = line[line.startswith("[") and line.find("] ") + 2 :].removeprefix("ERROR: ").strip(" *")
        if text and not text.endswith(" Violation"):
            return text
    return "it has no molecule"
