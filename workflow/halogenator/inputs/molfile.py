"""A molfile's molecule as CXSMILES: with what the SMILES cannot say, and without what would make it another one.

What is no single molecule is a problem of its row: an R group, an atom list, a query atom or bond, a polymer's bracket.
Written as SMILES it would be some molecule, which nobody meant.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from halogenator.process import limits

if TYPE_CHECKING:
    from rdkit import Chem

# Atoms of a record, hydrogens and counterions included: the time to write a SMILES is quadratic in it.
MAX_ATOMS = 5_000

# Atoms that a record announces: RDKit reads as many, or refuses it.
_COUNTS = re.compile(r"(?:.*\n){3}(?:(?P<old>[ \d]{3}).*V2000|.*V3000\n(?:.*\n)*?M  V30 COUNTS +(?P<new>\d+))")

_UNREADABLE = "SDF record has no readable molecule: "
_UNSAYABLE = "a double bond without configuration between two with one: a SMILES cannot leave it open"
# Kinds of brackets whose content repeats, or was changed, in an unsaid way.
_POLYMERS = {"SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY"}

_R_LABEL = re.compile(r"R([#\d'*]|$|[a-z]?\d)|R[a-z]?$")


def announced_atoms(block: str) -> int:
    """Return the number of atoms in a record's counts line; 0 where there is none."""
    found = _COUNTS.match(block)
    digits = (found["new"] or found["old"]).strip() if found else ""
    return int(digits[:9]) if digits.isdecimal() else 0


def read_molfile(block: str, row: int) -> tuple[str | None, str | None]:
    """Return a record's molecule as CXSMILES, and what is wrong with it; both where it is no single molecule.

    Args:
        block: the record's text.
        row: its number, by which a run that it holds up finds it again.
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
    except (RuntimeError, ValueError) as error:  # what RDKit's own checks raise
        return None, _UNREADABLE + _first_sentence(str(error))


def no_molecule(mol: Chem.Mol) -> str | None:
    """Return why what was read stands for no single molecule; None: it stands for one."""
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
    """Return the SMILES, with an extension where it does not say which molecule it is.

    An extension has the groups of enhanced stereo, the radicals that the SMILES would be read without, and the sense of
    atropisomers with the coordinates that it is told by.
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
    """Have RDKit say what is wrong: of its readers, only the SDF supplier writes parse errors to the error log."""
    from rdkit import Chem, rdBase

    with rdBase.CaptureErrorLog() as log:
        supplier = Chem.SDMolSupplier()
        supplier.SetData(f"{block}$$$$\n")
        if len(supplier):
            supplier[0]
    return _first_sentence(log.messages)


def _first_sentence(messages: str) -> str:
    """Return the line of RDKit's log that says what happened, without time stamps, banners and stack traces."""
    for line in messages.splitlines():
        text = line[line.startswith("[") and line.find("] ") + 2 :].removeprefix("ERROR: ").strip(" *")
        if text and not text.endswith(" Violation"):
            return text
    return "it has no molecule"
