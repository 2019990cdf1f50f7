"""Pictures of molecules as PNG, for programs that show no SVG."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import rdDepictor

from halogenator.chemistry.drawing import CANNOT_DRAW, MAX_DRAWN_ATOMS

if not CANNOT_DRAW:
    from rdkit.Chem.Draw import rdMolDraw2D


def png(smiles: str, width: int, height: int) -> bytes | None:
    """Return the picture of a molecule; None if the SMILES is invalid or too large, or RDKit cannot draw.

    Args:
        smiles: the SMILES.
        width: of the picture, in pixels.
        height: likewise.

    Examples:
        >>> (png("CCO", 120, 80) or b"")[1:4]
        b'PNG'
    """
    mol = None if CANNOT_DRAW else Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() > MAX_DRAWN_ATOMS:
        return None
    rdDepictor.Compute2DCoords(mol)
    rdDepictor.NormalizeDepiction(mol)
    drawer = rdMolDraw2D.MolDraw2DCairo(width, height)
    options = drawer.drawOptions()
    options.padding = 0.04
    options.fixedBondLength = 28  # a small molecule is not blown up
    drawer.DrawMolecule(rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False))
    drawer.FinishDrawing()
    return bytes(drawer.GetDrawingText())
