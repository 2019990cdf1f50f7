"""A transform as a picture (SVG): its reactant and product, and what it does to its examples, the change in colour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rdkit import Chem
from rdkit.Chem import rdChemReactions, rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D
from rdkit.Geometry import Point2D

from halogenator.chemistry.templates import drawable_reaction
from halogenator.model import Transform

# Sizes in pixels.
_WIDTH, _HEIGHT, _ARROW, _MARGIN, _TITLE = 230, 170, 50, 16, 66
_REACTION_HEIGHT = 110
_SHOWN_PRODUCTS = 3  # of an example; it says how many more there are
_GONE, _NEW = (1.0, 0.78, 0.72), (0.74, 0.9, 0.74)
_MAX_PRODUCTS = 1_000

Picture = tuple[int, str]  # height, SVG elements


def draw_transform(transform: Transform) -> str:
    """Return the SVG of a transform with its examples; atoms that go are red in the reactant, new ones green.

    Args:
        transform: one that has been checked, so that its SMIRKS and its examples hold.
    """
    reaction = rdChemReactions.ReactionFromSmarts(transform.smirks)
    rows = [_heading(transform), _template(transform.smirks)]
    rows += [_example(reaction, example.reactant) for example in transform.examples]
    width = 2 * _MARGIN + _WIDTH + _ARROW + _SHOWN_PRODUCTS * _WIDTH
    height, parts = _MARGIN, []
    for tall, elements in rows:
        parts.append(f'<g transform="translate({_MARGIN} {height})">{elements}</g>')
        height += tall
    height += _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f'<title>{escape(transform.name)}</title>\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _heading(transform: Transform) -> Picture:
    label = "" if transform.label == transform.name else transform.label
    return _TITLE, _text(0, 16, transform.name, "bold 16px") + _text(0, 36, label) + _text(0, 56, transform.smirks)


def _text(x: float, y: float, text: str, font: str = "14px", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" style="font: {font} sans-serif" text-anchor="{anchor}">{escape(text)}</text>'


def _template(smirks: str) -> Picture:
    drawer = rdMolDraw2D.MolDraw2DSVG(2 * _WIDTH + _ARROW, _REACTION_HEIGHT)
    drawer.drawOptions().fixedBondLength = 30
    drawer.drawOptions().clearBackground = False
    drawer.DrawReaction(drawable_reaction(smirks))
    return _REACTION_HEIGHT, _finish(drawer)


def _example(reaction: rdChemReactions.ChemicalReaction, smiles: str) -> Picture:
    """Draw a reactant and its distinct products, each lying as the reactant does."""
    reactant = Chem.MolFromSmiles(smiles)
    rdDepictor.Compute2DCoords(reactant)
    found: dict[str, Chem.Mol] = {}
    gone: set[int] = set()
    for (product,) in reaction.RunReactants((reactant,), _MAX_PRODUCTS):
        Chem.SanitizeMol(product)
        found.setdefault(Chem.MolToSmiles(product), product)
        gone |= set(range(reactant.GetNumAtoms())) - {
            parent for parent in map(_origin, product.GetAtoms()) if parent >= 0
        }
    panels = [_panel(reactant, sorted(gone), _GONE, smiles)]
    panels.append(
        _text(_ARROW / 2, _HEIGHT / 2 + 6, "→" if found else "no site", "24px" if found else "12px", "middle")
    )
    for product in list(found.values())[:_SHOWN_PRODUCTS]:
        _lay_out(product, reactant)
        new = [atom.GetIdx() for atom in product.GetAtoms() if _origin(atom) < 0]
        panels.append(_panel(product, new, _NEW, Chem.MolToSmiles(product)))
    more = len(found) - _SHOWN_PRODUCTS
    places = [0, _WIDTH, *(_WIDTH + _ARROW + number * _WIDTH for number in range(_SHOWN_PRODUCTS))]
    drawn = "".join(f'<g transform="translate({x} 0)">{panel}</g>' for x, panel in zip(places, panels, strict=False))
    return _HEIGHT + 24, drawn + (_text(places[-1] + _WIDTH, 12, f"and {more} more", anchor="end") if more > 0 else "")


def _origin(atom: Chem.Atom) -> int:
    """Return the reactant atom that RunReactants made a product atom of; -1 for a new one."""
    return int(atom.GetIntProp("react_atom_idx")) if atom.HasProp("react_atom_idx") else -1


def _lay_out(product: Chem.Mol, reactant: Chem.Mol) -> None:
    conformer = reactant.GetConformer()
    places = {}
    for atom in product.GetAtoms():
        if _origin(atom) >= 0:
            position = conformer.GetAtomPosition(_origin(atom))
            places[atom.GetIdx()] = Point2D(position.x, position.y)
    rdDepictor.Compute2DCoords(product, coordMap=places)


def _panel(mol: Chem.Mol, atoms: Sequence[int], colour: tuple[float, float, float], caption: str) -> str:
    drawer = rdMolDraw2D.MolDraw2DSVG(_WIDTH, _HEIGHT)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.fixedBondLength = 24
    options.setHighlightColour(colour)
    bonds = [bond.GetIdx() for bond in mol.GetBonds() if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= set(atoms)]
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol, highlightAtoms=list(atoms), highlightBonds=bonds)
    shown = caption if len(caption) <= 34 else f"{caption[:33]}…"
    return _finish(drawer) + _text(_WIDTH / 2, _HEIGHT + 10, shown, "11px", "middle")


def _finish(drawer: rdMolDraw2D.MolDraw2DSVG) -> str:
    """Return what was drawn as elements, without the document around them."""
    drawer.FinishDrawing()
    inner = re.search(r"<svg[^>]*>(.*)</svg>", drawer.GetDrawingText(), re.DOTALL)
    assert inner is not None
    return inner[1].replace("<!-- END OF HEADER -->", "")
