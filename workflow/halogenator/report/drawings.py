"""Molecules and transforms as small SVG drawings whose colours are left to the page's style sheet.

``CANNOT_DRAW`` says why there are none where RDKit's drawing module cannot be loaded.

RDKit draws; its SVG states every stroke's style anew and every colour as a number. Here strokes of one style become one
path, and colours become classes: ``k`` carbon and bonds, ``n`` ``o`` ``s`` ``x`` (halogens) ``e`` (other elements) and
``m`` for what is marked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from html import escape

from rdkit import Chem
from rdkit.Chem import rdDepictor, rdMolAlign
from rdkit.Geometry import Point2D

from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.templates import drawable_reaction

try:
    from rdkit.Chem.Draw import rdMolDraw2D
except ImportError as error:  # of a library of the system, which servers and slim images lack
    CANNOT_DRAW = str(error)
else:
    CANNOT_DRAW = ""

# Heavy atoms of a molecule that is drawn; a larger one would be no more than a tangle.
MAX_DRAWN_ATOMS = 100

_SCALE = 17.0  # pixels per Å: a bond is some 25 pixels long
_MARGIN = 1.3  # Å around the atoms, for their labels and marks
_RAISED = 0.15  # of a letter's size: RDKit takes capitals for lower than they are in the fonts of browsers
_MARK = (1.0, 0.8, 0.0)
_COLORS = {  # as RDKit writes them -> class
    "#000000": "k",
    "#0000FF": "n",
    "#FF0000": "o",
    "#999900": "s",
    "#00CC00": "x",
    "#7F3FBF": "e",
    "#7F7F7F": "e",
    "#FFCC00": "m",
}
_PALETTE = {
    0: (0.0, 0.0, 0.0),
    1: (0.0, 0.0, 0.0),
    6: (0.0, 0.0, 0.0),
    7: (0.0, 0.0, 1.0),
    8: (1.0, 0.0, 0.0),
    16: (0.6, 0.6, 0.0),
    **dict.fromkeys((9, 17, 35, 53), (0.0, 0.8, 0.0)),
    -1: (0.5, 0.25, 0.75),
}

_ELEMENT = re.compile(r"<(path|ellipse|text)\s([^>]*?)/?>(?:([^<]*)</text>)?")
_ATTRIBUTE = re.compile(r"([\w-]+)='([^']*)'")


@dataclass(frozen=True)
class Drawing:
    """A drawing's width and height in pixels, and its SVG elements."""

    width: int
    height: int
    body: str

    def svg(self, label: str) -> str:
        """Return the drawing as an SVG image with a text for those who cannot see it."""
        return (
            f'<svg class="mol" role="img" aria-label="{escape(label)}" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}">{self.body}</svg>'
        )


@dataclass
class Pair:
    """A product beside its parent, with what is marked in each."""

    parent: Chem.Mol
    product: Chem.Mol
    parent_marks: set[int] = field(default_factory=set)
    product_marks: set[int] = field(default_factory=set)


def find_change(reaction: Reaction, parent_smiles: str, product_smiles: str, site: int) -> Pair | None:
    """Return a product with its parent, aligned, the atoms of the site marked in both; None if they do not belong.

    The transform is run once more at the site, for RDKit to say which atom of the product is which of the parent.

    Raises:
        RejectError: if the parent has too many matches.
    """
    parent = None if CANNOT_DRAW else Chem.MolFromSmiles(parent_smiles)
    if parent is None or parent.GetNumAtoms() > MAX_DRAWN_ATOMS:
        return None
    for match in reaction.matches(parent):
        if match[reaction.site_position] != site:
            continue
        made = reaction.products_around(Chem.Mol(parent), match)[match]
        if Chem.SanitizeMol(made, catchErrors=True) or Chem.MolToSmiles(made) != product_smiles:
            continue
        origins = {
            atom.GetIdx(): atom.GetIntProp("react_atom_idx") if atom.HasProp("react_atom_idx") else None
            for atom in made.GetAtoms()
        }
        product_marks = {index for index, origin in origins.items() if origin is None or origin in match}
        _align(made, parent, {index: origin for index, origin in origins.items() if origin is not None})
        return Pair(parent, made, set(match), product_marks)
    return None


def _align(product: Chem.Mol, parent: Chem.Mol, origins: dict[int, int]) -> None:
    rdDepictor.Compute2DCoords(parent)
    rdDepictor.NormalizeDepiction(parent)
    atoms = parent.GetConformer()
    known = {index: Point2D(*list(atoms.GetAtomPosition(origin))[:2]) for index, origin in origins.items()}
    rdDepictor.Compute2DCoords(product, coordMap=known)
    # RDKit keeps the shape of what is given, not its place.
    pairs = list(origins.items())
    if len(pairs) > 1:
        rdMolAlign.AlignMol(product, parent, atomMap=pairs)


def draw_pair(pair: Pair) -> tuple[Drawing, Drawing]:
    """Return the drawings of parent and product, in one frame and at one scale."""
    frame = _frame([pair.parent, pair.product])
    return _draw(pair.parent, pair.parent_marks, frame), _draw(pair.product, pair.product_marks, frame)


def draw_alone(smiles: str) -> Drawing | None:
    """Return the drawing of a molecule; None if it is no molecule, too large, or RDKit cannot draw."""
    mol = None if CANNOT_DRAW else Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() > MAX_DRAWN_ATOMS:
        return None
    rdDepictor.Compute2DCoords(mol)
    rdDepictor.NormalizeDepiction(mol)
    return _draw(mol, (), _frame([mol]))


def draw_reaction(smirks: str) -> Drawing | None:
    """Return the drawing of a transform: reactant, arrow, product; None if it is none, or RDKit cannot draw."""
    if CANNOT_DRAW:
        return None
    try:
        reaction = drawable_reaction(smirks)
    except (ValueError, RuntimeError):
        return None
    width, height = 420, 120
    drawer = _drawer(width, height)
    drawer.drawOptions().baseFontSize = 0.6
    drawer.drawOptions().fixedBondLength = 34
    drawer.DrawReaction(reaction)
    drawer.FinishDrawing()
    return Drawing(width, height, _shorten(drawer.GetDrawingText()))


def _drawer(width: int, height: int) -> rdMolDraw2D.MolDraw2DSVG:
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height, width, height, True)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.prepareMolsBeforeDrawing = False
    options.setAtomPalette(_PALETTE)
    options.setHighlightColour(_MARK)
    options.highlightRadius = 0.4
    options.bondLineWidth = 1.6
    options.baseFontSize = 0.85
    return drawer


def _frame(mols: Sequence[Chem.Mol]) -> tuple[Point2D, Point2D]:
    xs, ys = [], []
    for mol in mols:
        for x, y, _ in mol.GetConformer().GetPositions():
            xs.append(float(x))
            ys.append(float(y))
    return (
        Point2D(min(xs) - _MARGIN, min(ys) - _MARGIN),
        Point2D(max(xs) + _MARGIN, max(ys) + _MARGIN),
    )


def _draw(mol: Chem.Mol, marks: Collection[int], frame: tuple[Point2D, Point2D]) -> Drawing:
    low, high = frame
    width, height = round((high.x - low.x) * _SCALE), round((high.y - low.y) * _SCALE)
    drawer = _drawer(width, height)
    drawer.SetScale(width, height, low, high)
    ready = rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False)
    bonds = [
        bond.GetIdx() for bond in ready.GetBonds() if bond.GetBeginAtomIdx() in marks and bond.GetEndAtomIdx() in marks
    ]
    drawer.DrawMolecule(ready, highlightAtoms=sorted(marks), highlightBonds=bonds)
    drawer.FinishDrawing()
    return Drawing(width, height, _shorten(drawer.GetDrawingText()))


def _shorten(text: str) -> str:
    """Return the elements of RDKit's SVG with their styles as classes, strokes of one style joined."""
    paths: dict[str, list[str]] = {}
    marks: list[str] = []
    labels: list[str] = []
    for kind, attributes, content in _ELEMENT.findall(text):
        values = dict(_ATTRIBUTE.findall(attributes))
        style = dict(part.split(":", 1) for part in values.get("style", "").split(";") if ":" in part)
        fill, stroke = style.get("fill", "none"), style.get("stroke", "none")
        name = _COLORS.get((stroke if fill == "none" else fill).upper(), "e")
        if kind == "text":
            size = style.get("font-size", "15px").removesuffix("px")
            baseline = float(values["y"]) - _RAISED * float(size)
            labels.append(
                f'<text class="{name}" x="{values["x"]}" y="{baseline:.1f}" font-size="{size}">{content}</text>'
            )
        elif kind == "ellipse":
            places = " ".join(f'{key}="{values[key]}"' for key in ("cx", "cy", "rx", "ry"))
            marks.append(f'<ellipse class="{name}" {places}/>')
        else:
            line = values["d"].replace(" L ", "L").replace("M ", "M").replace(" Z", "Z").replace(" ", "")
            if name == "m":
                marks.append(f'<path class="m" d="{line}"/>')
            elif fill != "none":
                paths.setdefault(f'class="{name}"', []).append(line)
            else:
                dash = style.get("stroke-dasharray")
                paths.setdefault(f'class="{name} l"' + (f' stroke-dasharray="{dash}"' if dash else ""), []).append(line)
    drawn = [f'<path {style} d="{"".join(lines)}"/>' for style, lines in paths.items()]
    return "".join([*marks, *drawn, *labels])
