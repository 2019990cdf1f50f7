"""What is no single molecule: an R group, a query, an undefined bond, a polymer. Each is a reject, with its reason."""

from __future__ import annotations

import re

from rdkit import Chem

from halogenator.chemistry.molecules import RejectError

# Types of substance groups (CTfile) that repeat, or say of which units a polymer is; the others only describe.
_POLYMERS = frozenset({"SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY"})
_BONDS = frozenset(
    {
        Chem.BondType.UNSPECIFIED,
        Chem.BondType.ZERO,
        Chem.BondType.HYDROGEN,
        Chem.BondType.IONIC,
        Chem.BondType.OTHER,
        Chem.BondType.THREECENTER,
    }
)
# Of a CXSMILES extension: what holds commas of its own (labels, coordinates), and the flag of relative stereo.
_QUOTED = re.compile(r"\$[^$]*\$|\([^)]*\)")
_MEND = "draw one molecule, with every atom and bond stated"


def check_molecule(mol: Chem.Mol, text: str = "") -> None:
    """Check that ``mol``, as RDKit reads it from any format, is one molecule and says all of its atoms and bonds.

    Args:
        mol: the molecule.
        text: the SMILES or CXSMILES it was read from, if it was.

    Raises:
        RejectError: it is not.
    """
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0 or atom.HasQuery():
            raise _open_atom(atom)
        if atom.HasProp("molAttchpt"):
            raise RejectError("attachment point", f"{_name(atom)} is where something else is bound; {_MEND}")
    for bond in mol.GetBonds():
        if bond.GetBondType() in _BONDS or bond.HasQuery():
            ends = f"{_name(bond.GetBeginAtom())} and {_name(bond.GetEndAtom())}"
            raise RejectError("undefined bond", f"the bond between {ends} is a query or of no order; {_MEND}")
        if bond.HasProp("_MolFileBondEndPts"):
            raise RejectError("variable attachment", f"a bond has more than one place to end at; {_MEND}")
    for group in Chem.GetMolSubstanceGroups(mol):
        kind = group.GetProp("TYPE") if group.HasProp("TYPE") else ""
        if kind in _POLYMERS:
            raise RejectError("polymer", f"a bracket around a repeating unit ({kind}) has no one structure; {_MEND}")
    if mol.HasProp("_molLinkNodes"):
        raise RejectError("polymer", f"a link node repeats how often is left open; {_MEND}")
    if "|" in text:
        _check_extension(mol, text.partition("|")[2].partition("|")[0])


def _open_atom(atom: Chem.Atom) -> RejectError:
    label = next((atom.GetProp(name) for name in ("dummyLabel", "atomLabel") if atom.HasProp(name)), "")
    label = f" ({label.strip('_')})" if label and label != "*" else ""
    return RejectError(
        "R group or query atom", f"{_name(atom)}{label} stands for no one element; {_MEND}, or take the row out"
    )


def _name(atom: Chem.Atom) -> str:
    return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()})"


def _check_extension(mol: Chem.Mol, extension: str) -> None:
    """Check what a CXSMILES says and RDKit does not take notice of.

    Raises:
        RejectError: it says that stereo is relative, which does not tell a racemate from an unknown enantiomer.
    """
    words = _QUOTED.sub("", extension).split(",")
    groups = [group for group in mol.GetStereoGroups() if group.GetGroupType() != Chem.StereoGroupType.STEREO_ABSOLUTE]
    if "r" in words and not groups and any(atom.GetChiralTag() for atom in mol.GetAtoms()):
        raise RejectError(
            "relative stereo",
            "|r| leaves open whether this is a racemate or one enantiomer; write |&1:…| or |o1:…| with its centres",
        )
