"""A SMIRKS as a reaction that can be drawn: its templates as molecules, with Ar and R for what they hang on."""

from __future__ import annotations

import re

from rdkit import Chem
from rdkit.Chem import rdChemReactions, rdDepictor


def drawable_reaction(smirks: str) -> rdChemReactions.ChemicalReaction:
    """Return the reaction to draw; where a template is not plain enough for a molecule, RDKit's own.

    Raises:
        ValueError, RuntimeError: RDKit takes the SMIRKS for no reaction, or for one without reactant or product.
    """
    reaction = rdChemReactions.ReactionFromSmarts(smirks)
    reactant, product = reaction.GetReactantTemplate(0), reaction.GetProductTemplate(0)
    if set("$,!~*@") & set(smirks) or _has_ring(reactant) or _has_ring(product):
        return reaction
    left = _as_molecule(reactant, {})
    right = _as_molecule(product, _open_ends(reactant))
    if not left or not right:
        return reaction
    shown = rdChemReactions.ChemicalReaction()
    shown.AddReactantTemplate(left)
    shown.AddProductTemplate(right)
    return shown


def _has_ring(template: Chem.Mol) -> bool:
    return bool(template.GetNumBonds() >= template.GetNumAtoms())


def _open_ends(template: Chem.Mol) -> dict[int, int]:
    """Return {map number: neighbours that the atom has beyond the template's}, where the SMARTS says so by X."""
    found = {}
    for atom in template.GetAtoms():
        said = re.search(r"X(\d)", atom.GetSmarts())
        hydrogens = re.search(r"H(\d?)", atom.GetSmarts())
        taken = atom.GetDegree() + (int(hydrogens[1] or 1) if hydrogens else 0)
        if said and atom.GetAtomMapNum() and not atom.GetIsAromatic():
            found[atom.GetAtomMapNum()] = max(0, int(said[1]) - taken)
    return found


def _as_molecule(template: Chem.Mol, ends: dict[int, int]) -> Chem.Mol | None:
    """Return a template as a molecule to draw; None where its atoms or bonds are not plain enough."""
    ends = ends or _open_ends(template)
    mol = Chem.RWMol()
    for atom in template.GetAtoms():
        number = atom.GetAtomicNum()
        if not number:
            return None
        lone = atom.GetDegree() <= 1 and template.GetNumAtoms() > 1
        aromatic = re.match(r"\[?[a-z]", atom.GetSmarts())
        if aromatic and not lone:
            return None
        label = "Ar" if aromatic else "R" if lone and ends.get(atom.GetAtomMapNum(), 0) > 1 else None
        drawn = Chem.Atom(0 if label else number)
        drawn.SetFormalCharge(atom.GetFormalCharge())
        drawn.SetIsotope(atom.GetIsotope())
        if label:
            drawn.SetProp("atomLabel", label)
        mol.AddAtom(drawn)
    for bond in template.GetBonds():
        kind = {"=": Chem.BondType.DOUBLE, "#": Chem.BondType.TRIPLE}.get(bond.GetSmarts(), Chem.BondType.SINGLE)
        mol.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), kind)
    for atom in template.GetAtoms():
        if mol.GetAtomWithIdx(atom.GetIdx()).GetAtomicNum():
            for _ in range(ends.get(atom.GetAtomMapNum(), 0) if atom.GetAtomMapNum() else 0):
                if atom.GetAtomicNum() == 6:
                    end = Chem.Atom(0)
                    end.SetProp("atomLabel", "R")
                    mol.AddBond(atom.GetIdx(), mol.AddAtom(end), Chem.BondType.SINGLE)
    try:
        mol.UpdatePropertyCache()
    except Chem.AtomValenceException:
        return None
    rdDepictor.Compute2DCoords(mol)
    return mol.GetMol()
