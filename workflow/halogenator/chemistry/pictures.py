"""Pictures for files: a molecule as PNG, for programs that show no SVG; a product and its parent as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem
from rdkit.Geometry import Point3D

from halogenator.chemistry.drawing import (
    CANNOT_DRAW,
    MAX_DRAWN_ATOMS,
    Drawing,
    draw,
    frame,
    lay_out,
    lay_over,
    origins,
)

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
    lay_out(mol)
    drawer = rdMolDraw2D.MolDraw2DCairo(width, height)
    options = drawer.drawOptions()
    options.padding = 0.04
    options.fixedBondLength = 28  # a small molecule is not blown up
    drawer.DrawMolecule(rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False))
    drawer.FinishDrawing()
    return bytes(drawer.GetDrawingText())


def draw_made(parent: Chem.Mol, product: Chem.Mol, site: int) -> tuple[Drawing, Drawing] | None:
    """Return the drawings of a parent and its finished product of RunReactants, at the same scale.

    Marked are the site, the atoms that leave and those that come.

    Returns:
        None if the parent is too large, or RDKit cannot draw.
    """
    drawn = draw_steps([(parent, product, site)])
    return (drawn[0], drawn[1]) if drawn else None


def draw_steps(steps: Sequence[tuple[Chem.Mol, Chem.Mol, int]]) -> list[Drawing] | None:
    """Return the drawings of a parent and of what each step makes of it, lying alike and marked as by ``draw_made``.

    Args:
        steps: what each starts from, its finished product of RunReactants, and its site; each starts from the molecule
            that the one before gives.

    Returns:
        None if a molecule is too large, or RDKit cannot draw.
    """
    drawn: list[Drawing] = []
    last: Chem.Mol | None = None
    for before, after, site in steps:
        if CANNOT_DRAW or before.GetNumAtoms() > MAX_DRAWN_ATOMS:
            return None
        parent, product = Chem.Mol(before), Chem.Mol(after)
        known = origins(product)
        gone = set(range(parent.GetNumAtoms())) - set(known.values())
        new = {index for index, origin in known.items() if origin in (None, site)}
        lay_out(parent)
        match = last.GetSubstructMatch(parent) if last is not None else ()
        if last is not None and len(match) == parent.GetNumAtoms():
            places = last.GetConformer().GetPositions()
            for index, at in enumerate(match):
                parent.GetConformer().SetAtomPosition(index, Point3D(*places[at]))
        lay_over(product, parent)
        around = frame([parent, product])
        first = [draw(parent, {site, *gone}, around)] if last is None else []
        drawn += [*first, draw(product, new, around)]
        last = product
    return drawn
