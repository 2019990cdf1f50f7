"""SVG drawings of molecules, of products beside their parents, and of templates.

RDKit draws; its SVG is made shorter here. All strokes of one style become one path. Colours become classes, for a style
sheet: ``k`` carbon and bonds, ``n``, ``o`` and ``s`` these elements, ``x`` halogens, ``e`` other elements, ``m`` marks.

If RDKit's drawing module cannot be loaded, nothing is drawn, and ``CANNOT_DRAW`` says why.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from rdkit import Chem
from rdkit.Chem import rdChemReactions, rdDepictor, rdMolAlign
from rdkit.Geometry import Point2D

from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.stereochemistry import origin_of
from halogenator.smirks import in_one_product

try:
    from rdkit.Chem.Draw import rdMolDraw2D
except ImportError as error:  # it needs a system library that servers and slim container images lack
    CANNOT_DRAW = str(error)
else:
    CANNOT_DRAW = ""

# Most heavy atoms of a molecule that is drawn; a larger drawing would be unreadable.
MAX_DRAWN_ATOMS = 100

_SCALE = 17.0  # pixels per Å: a bond is some 25 pixels long
_FRAME = 1.3  # Å around the atoms, for their labels and marks
_RAISED = 0.15  # labels are moved up by this share of the font size: capitals are taller in browsers' fonts
_MARK = (1.0, 0.8, 0.0)
_CLASSES = {  # colour as RDKit writes it -> class
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
    **dict.fromkeys((0, 1, 6), (0.0, 0.0, 0.0)),
    7: (0.0, 0.0, 1.0),
    8: (1.0, 0.0, 0.0),
    16: (0.6, 0.6, 0.0),
    **dict.fromkeys((9, 17, 35, 53), (0.0, 0.8, 0.0)),
    -1: (0.5, 0.25, 0.75),
}
_ATTRIBUTE = re.compile(r"([\w-]+)='([^']*)'")

_REACTION_SIZE = 420, 120  # pixels


@dataclass(frozen=True)
class Drawing:
    """A drawing's width and height in pixels, and its SVG elements."""

    width: int
    height: int
    body: str

    def svg(self, label: str) -> str:
        """Return the drawing as an SVG image; ``label`` is its text for screen readers."""
        return (
            f'<svg class="mol" role="img" aria-label="{escape(label)}" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}">{self.body}</svg>'
        )

    def fitted(self, width: int, height: int) -> str:
        """Return the elements centred in a box (pixels), enlarged up to 1.4 times, or reduced to fit."""
        scale = min(1.4, width / self.width, height / self.height)
        x, y = (width - scale * self.width) / 2, (height - scale * self.height) / 2
        return f'<g transform="translate({x:.1f} {y:.1f}) scale({scale:.3f})">{self.body}</g>'


# ---- molecules -------------------------------------------------------------------------------------------------------


def draw_alone(smiles: str) -> Drawing | None:
    """Return the drawing of a molecule; None if the SMILES is invalid or too large, or RDKit cannot draw."""
    mol = None if CANNOT_DRAW else Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() > MAX_DRAWN_ATOMS:
        return None
    lay_out(mol)
    return draw(mol, (), frame([mol]))


def draw_change(
    reaction: Reaction, parent_smiles: str, product_smiles: str, site: int
) -> tuple[Drawing, Drawing] | None:
    """Return the drawings of a parent and its product, at the same scale, with the atoms of the site marked in both.

    The transform is run again at the site, because RDKit then says from which parent atom each product atom comes.

    Returns:
        None if the site does not give this product, the parent is too large, or RDKit cannot draw.
    """
    parent = None if CANNOT_DRAW else Chem.MolFromSmiles(parent_smiles)
    if parent is None or parent.GetNumAtoms() > MAX_DRAWN_ATOMS:
        return None
    whole = reaction.hydrogenated(parent)
    try:
        for match in reaction.matches(whole):
            if reaction.site(whole, match) != site:
                continue
            mol = Chem.Mol(whole)
            product = reaction.finish(mol, reaction.products_around(mol, match)[match])
            if Chem.MolToSmiles(product) == product_smiles:
                break
        else:
            return None
    except RejectError:
        return None
    known = origins(product)
    lay_out(parent)
    lay_over(product, parent)
    around = frame([parent, product])
    marked = {index for index in match if index < parent.GetNumAtoms()}
    changed = {index for index, origin in known.items() if origin is None or origin in match}
    return draw(parent, marked, around), draw(product, changed, around)


def draw_grown(parent_smiles: str, product_smiles: str) -> tuple[Drawing, Drawing] | None:
    """Return the drawings of a molecule and of one that holds it whole, lying alike, with what is new marked in both.

    Returns:
        None if the first is no substructure of the second, one of them is too large, or RDKit cannot draw.
    """
    parent, product = (None if CANNOT_DRAW else Chem.MolFromSmiles(text) for text in (parent_smiles, product_smiles))
    if parent is None or product is None or max(parent.GetNumAtoms(), product.GetNumAtoms()) > MAX_DRAWN_ATOMS:
        return None
    match = product.GetSubstructMatch(parent)
    if not match:
        return None
    lay_out(parent)
    lay_over(product, parent, {index: origin for origin, index in enumerate(match)})
    around = frame([parent, product])
    new = set(range(product.GetNumAtoms())) - set(match)
    bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in product.GetBonds()]
    changed = {match.index(a) for pair in bonds for a, b in (pair, pair[::-1]) if b in new and a not in new}
    return draw(parent, changed, around), draw(product, new, around)


def origins(product: Chem.Mol) -> dict[int, int | None]:
    """Return {atom: the parent's atom that it comes from; None: a new atom} of a product of RunReactants."""
    return {atom.GetIdx(): origin_of(atom) for atom in product.GetAtoms()}


def lay_out(mol: Chem.Mol) -> None:
    """Give a molecule 2D coordinates."""
    rdDepictor.Compute2DCoords(mol)
    rdDepictor.NormalizeDepiction(mol)


def lay_over(product: Chem.Mol, parent: Chem.Mol, known_origins: Mapping[int, int | None] | None = None) -> None:
    """Give a product the parent's 2D coordinates where atoms are kept; by default these are told by ``origins``."""
    places = parent.GetConformer().GetPositions().tolist()
    kept = [(index, at) for index, at in (known_origins or origins(product)).items() if at is not None]
    known = {index: Point2D(*places[origin][:2]) for index, origin in kept}
    rdDepictor.Compute2DCoords(product, coordMap=known)
    if len(kept) > 1:  # Compute2DCoords keeps the shape of the given part, not its place
        rdMolAlign.AlignMol(product, parent, atomMap=kept)


def frame(mols: Iterable[Chem.Mol]) -> tuple[Point2D, Point2D]:
    """Return the corners of a frame around molecules with coordinates."""
    places = [place for mol in mols for place in mol.GetConformer().GetPositions().tolist()]
    xs, ys = [x for x, _, _ in places], [y for _, y, _ in places]
    return Point2D(min(xs) - _FRAME, min(ys) - _FRAME), Point2D(max(xs) + _FRAME, max(ys) + _FRAME)


def draw(mol: Chem.Mol, marks: Collection[int], within: tuple[Point2D, Point2D]) -> Drawing:
    """Return the drawing of a molecule with coordinates, some atoms of it marked, within a frame."""
    low, high = within
    width, height = round((high.x - low.x) * _SCALE), round((high.y - low.y) * _SCALE)
    drawer = _drawer(width, height)
    drawer.SetScale(width, height, low, high)
    ready = rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False)
    bonds = [b.GetIdx() for b in ready.GetBonds() if b.GetBeginAtomIdx() in marks and b.GetEndAtomIdx() in marks]
    drawer.DrawMolecule(ready, highlightAtoms=sorted(marks), highlightBonds=bonds)
    return _finish(drawer, width, height)


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


def _finish(drawer: rdMolDraw2D.MolDraw2DSVG, width: int, height: int) -> Drawing:
    """Return the finished drawing, with styles as classes and one path per style."""
    drawer.FinishDrawing()
    paths: dict[str, list[str]] = {}
    marks: list[str] = []
    labels: list[str] = []
    for element in drawer.GetDrawingText().splitlines():  # RDKit writes an element a line, its style last
        if element.startswith("<path"):
            *_, line, _, style, _ = element.split("'")
            name, path, _ = _style(style)
            line = line.replace(" ", "")
            if name == "m":
                marks.append(f'<path class="m" d="{line}"/>')
            else:
                paths.setdefault(path, []).append(line)
        elif element.startswith(("<ellipse", "<text")):
            values = dict(_ATTRIBUTE.findall(element))
            name, _, size = _style(values["style"])
            if element.startswith("<text"):
                baseline = float(values["y"]) - _RAISED * float(size)
                content = element[element.index(">") + 1 : element.rindex("</text>")]
                labels.append(
                    f'<text class="{name}" x="{values["x"]}" y="{baseline:.1f}" font-size="{size}">{content}</text>'
                )
            else:
                places = " ".join(f'{key}="{values[key]}"' for key in ("cx", "cy", "rx", "ry"))
                marks.append(f'<ellipse class="{name}" {places}/>')
    drawn = [f'<path {style} d="{"".join(lines)}"/>' for style, lines in paths.items()]
    return Drawing(width, height, "".join([*marks, *drawn, *labels]))


@lru_cache(maxsize=1_024)  # a drawing has dozens of elements of a few styles
def _style(text: str) -> tuple[str, str, str]:
    """Return the class of an element with a style, the attributes of a path with it, and the size of its font."""
    style = dict(part.split(":", 1) for part in text.split(";") if ":" in part)
    fill, stroke, dash = style.get("fill", "none"), style.get("stroke", "none"), style.get("stroke-dasharray")
    name = _CLASSES.get((stroke if fill == "none" else fill).upper(), "e")
    if fill != "none":
        path = f'class="{name}"'
    else:
        path = f'class="{name} l"' + (f' stroke-dasharray="{dash}"' if dash else "")
    return name, path, style.get("font-size", "15px").removesuffix("px")


# ---- templates of a transform ----------------------------------------------------------------------------------------


def draw_reaction(smirks: str) -> Drawing | None:
    """Return the drawing of a transform: reactant, arrow, product; None if RDKit cannot read it, or cannot draw."""
    if CANNOT_DRAW:
        return None
    try:
        reaction = drawable_reaction(smirks)
    except (ValueError, RuntimeError):
        return None
    drawer = _drawer(*_REACTION_SIZE)
    drawer.drawOptions().baseFontSize = 0.6
    drawer.drawOptions().fixedBondLength = 34
    drawer.DrawReaction(reaction)
    return _finish(drawer, *_REACTION_SIZE)


def drawable_reaction(smirks: str) -> rdChemReactions.ChemicalReaction:
    """Return the reaction to draw: templates as molecules, with Ar and R for the rest of the molecule.

    If a template is too complicated for a molecule, it is RDKit's reaction with both templates as they are.

    Raises:
        ValueError, RuntimeError: the SMIRKS is no reaction, or lacks a reactant or a product.
    """
    reaction = rdChemReactions.ReactionFromSmarts(in_one_product(smirks))
    reactant, product = reaction.GetReactantTemplate(0), reaction.GetProductTemplate(0)
    if set("$,!~*@") & set(smirks) or _has_ring(reactant) or _has_ring(product):
        return reaction
    ends = _open_ends(reactant)
    left, right = _as_molecule(reactant, ends), _as_molecule(product, ends or _open_ends(product))
    if not left or not right:
        return reaction
    shown = rdChemReactions.ChemicalReaction()
    shown.AddReactantTemplate(left)
    shown.AddProductTemplate(right)
    return shown


def _has_ring(template: Chem.Mol) -> bool:
    return bool(template.GetNumBonds() >= template.GetNumAtoms())


def _open_ends(template: Chem.Mol) -> dict[int, int]:
    """Return {map number: number of neighbours outside the template} of the atoms whose SMARTS states it by X."""
    found = {}
    for atom in template.GetAtoms():
        connections = re.search(r"X(\d)", atom.GetSmarts())
        hydrogens = re.search(r"H(\d?)", atom.GetSmarts())
        taken = atom.GetDegree() + (int(hydrogens[1] or 1) if hydrogens else 0)
        if connections and atom.GetAtomMapNum() and not atom.GetIsAromatic():
            found[atom.GetAtomMapNum()] = max(0, int(connections[1]) - taken)
    return found


def _as_molecule(template: Chem.Mol, ends: dict[int, int]) -> Chem.Mol | None:
    """Return a template as a molecule to draw; None if its atoms or bonds are too complicated.

    Args:
        template: a template of a reaction.
        ends: ``_open_ends`` of the reactant.
    """
    mol = Chem.RWMol()
    for atom in template.GetAtoms():
        lone = atom.GetDegree() <= 1 and template.GetNumAtoms() > 1
        aromatic = re.match(r"\[?[a-z]", atom.GetSmarts())
        if not atom.GetAtomicNum() or (aromatic and not lone):
            return None
        label = "Ar" if aromatic else "R" if lone and ends.get(atom.GetAtomMapNum(), 0) > 1 else None
        drawn = _labelled(label) if label else Chem.Atom(atom.GetAtomicNum())
        drawn.SetFormalCharge(atom.GetFormalCharge())
        drawn.SetIsotope(atom.GetIsotope())
        mol.AddAtom(drawn)
    for bond in template.GetBonds():
        kind = {"=": Chem.BondType.DOUBLE, "#": Chem.BondType.TRIPLE}.get(bond.GetSmarts(), Chem.BondType.SINGLE)
        mol.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), kind)
    for atom in template.GetAtoms():
        if mol.GetAtomWithIdx(atom.GetIdx()).GetAtomicNum() == 6 and atom.GetAtomMapNum():
            for _ in range(ends.get(atom.GetAtomMapNum(), 0)):
                mol.AddBond(atom.GetIdx(), mol.AddAtom(_labelled("R")), Chem.BondType.SINGLE)
    try:
        mol.UpdatePropertyCache()
    except Chem.AtomValenceException:
        return None
    rdDepictor.Compute2DCoords(mol)
    return mol.GetMol()


def _labelled(label: str) -> Chem.Atom:
    atom = Chem.Atom(0)
    atom.SetProp("atomLabel", label)
    return atom
