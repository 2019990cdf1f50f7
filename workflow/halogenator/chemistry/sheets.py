"""Sheets: SVG files that show a transform or a pattern with its examples."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from html import escape

from rdkit import Chem

from halogenator.chemistry.drawing import CANNOT_DRAW, draw, draw_reaction, frame, lay_out, lay_over, origins
from halogenator.chemistry.reaction import Reaction
from halogenator.model import Pattern, Transform

# Sizes in pixels, and the style sheet that is written into each file.
_PANEL_WIDTH, _PANEL_HEIGHT, _ARROW, _MARGIN, _HEADING = 230, 170, 50, 16, 66
_SHOWN_PRODUCTS = 3  # per example; a text says how many more there are
_ACROSS = 4  # examples of a pattern beside each other
_LINE = 140  # characters
_STYLE = """<style>
text { font-family: sans-serif; }
.k { fill: #000; } .n { fill: #2343c4; } .o { fill: #bf1d1d; } .s { fill: #766700; } .x { fill: #0a7430; }
.e { fill: #6b3fa0; } .k.l { stroke: #000; } .n.l { stroke: #2343c4; } .o.l { stroke: #bf1d1d; }
.s.l { stroke: #766700; } .x.l { stroke: #0a7430; } .e.l { stroke: #6b3fa0; }
path.l { fill: none; stroke-width: 1.6; stroke-linecap: round; }
path.m { stroke-width: 8; stroke-linejoin: round; }
.gone .m { fill: #ffc7b8; stroke: #ffc7b8; } .new .m { fill: #bde6bd; stroke: #bde6bd; }
.has .m { fill: #ffe08a; stroke: #ffe08a; }
</style>"""


def draw_transform(transform: Transform) -> str:
    """Return the SVG of a transform with its examples; leaving atoms are red in the reactant, new ones green.

    Args:
        transform: a checked one, with a valid SMIRKS and true examples.

    Raises:
        ImportError: RDKit's drawing module cannot be loaded.
    """
    template = draw_reaction(transform.smirks)
    if template is None:
        raise ImportError(CANNOT_DRAW)
    label = "" if transform.label == transform.name else transform.label
    title = (
        svg_text(0, 16, transform.name, 16, weight="bold") + svg_text(0, 36, label) + svg_text(0, 56, transform.smirks)
    )
    reaction = Reaction(transform)
    rows = [(_HEADING, title), (template.height, template.body)]
    rows += [(_PANEL_HEIGHT + 24, _example(reaction, example.reactant)) for example in transform.examples]
    return _sheet(transform.name, rows)


def draw_pattern(patterns: Sequence[Pattern]) -> str:
    """Return the SVG of a pattern with its examples: those that have it, with its atoms marked, and those that do not.

    Args:
        patterns: its SMARTS, each as a pattern of its name; checked ones with examples.

    Raises:
        ImportError: RDKit's drawing module cannot be loaded.
    """
    if CANNOT_DRAW:
        raise ImportError(CANNOT_DRAW)
    first, queries = patterns[0], [Chem.MolFromSmarts(pattern.smarts) for pattern in patterns]
    lines = [*(pattern.smarts for pattern in patterns), *textwrap.wrap(first.why, _LINE)]
    title = svg_text(0, 16, first.name, 16, weight="bold")
    title += "".join(svg_text(0, 36 + 20 * number, line) for number, line in enumerate(lines))
    rows = [(36 + 20 * len(lines), title)]
    for heading, examples in (("has it", first.matches), ("does not", first.spares)):
        for start in range(0, len(examples), _ACROSS):
            panels = [_found(queries, smiles) for smiles in examples[start : start + _ACROSS]]
            places = range(0, _ACROSS * _PANEL_WIDTH, _PANEL_WIDTH)
            drawn = [f'<g transform="translate({x} 24)">{each}</g>' for x, each in zip(places, panels, strict=False)]
            label = "" if start else svg_text(0, 16, heading, weight="bold")
            rows.append((_PANEL_HEIGHT + 48, label + "".join(drawn)))
    return _sheet(first.name, rows)


def _found(queries: Sequence[Chem.Mol], smiles: str) -> str:
    """Return the SVG of a molecule with the atoms marked that any of some queries matches."""
    mol = Chem.MolFromSmiles(smiles)
    lay_out(mol)
    marks = {index for query in queries for match in mol.GetSubstructMatches(query) for index in match}
    return _panel(mol, marks, "has", smiles)


def _sheet(name: str, rows: Sequence[tuple[int, str]]) -> str:
    """Return an SVG file of (height, elements) below each other."""
    width = 2 * _MARGIN + _PANEL_WIDTH + _ARROW + _SHOWN_PRODUCTS * _PANEL_WIDTH
    height, parts = _MARGIN, []
    for tall, elements in rows:
        parts.append(f'<g transform="translate({_MARGIN} {height})">{elements}</g>')
        height += tall
    return svg_file(name, width, height + _MARGIN, parts)


def svg_file(title: str, width: int, height: int, parts: Iterable[str]) -> str:
    """Return the text of an SVG file of elements on white, in the colours of drawings.

    Args:
        title: what a screen reader says of it.
        width: of the picture, in pixels.
        height: likewise.
        parts: the elements.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f'<title>{escape(title)}</title>\n{_STYLE}\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def svg_text(x: float, y: float, text: str, size: int = 14, anchor: str = "start", weight: str = "normal") -> str:
    """Return a text element: ``anchor`` says which part of the text is at x, ``size`` is in pixels."""
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'


def _example(reaction: Reaction, smiles: str) -> str:
    """Return the SVG of a reactant and its distinct products, all in the orientation of the reactant."""
    reactant = Chem.MolFromSmiles(smiles)
    lay_out(reactant)
    whole = reaction.hydrogenated(reactant)
    matches = reaction.matches(whole)
    made = reaction.products_around(whole, matches[0]).values() if matches else ()
    found: dict[str, Chem.Mol] = {}
    for product in [reaction.finish(whole, each) for each in made]:
        found.setdefault(Chem.MolToSmiles(product), product)
    known = {text: origins(product) for text, product in found.items()}
    gone = {i for each in known.values() for i in range(reactant.GetNumAtoms()) if i not in each.values()}
    panels = [_panel(reactant, gone, "gone", smiles)]
    arrow = ("→", 24) if found else ("no site", 12)
    panels.append(svg_text(_ARROW / 2, _PANEL_HEIGHT / 2 + 6, *arrow, anchor="middle"))
    for text, product in list(found.items())[:_SHOWN_PRODUCTS]:
        lay_over(product, reactant)
        panels.append(_panel(product, {i for i, origin in known[text].items() if origin is None}, "new", text))
    places = [0, _PANEL_WIDTH, *(_PANEL_WIDTH * (1 + number) + _ARROW for number in range(_SHOWN_PRODUCTS))]
    drawn = "".join(f'<g transform="translate({x} 0)">{panel}</g>' for x, panel in zip(places, panels, strict=False))
    more = len(found) - _SHOWN_PRODUCTS
    return drawn + (svg_text(places[-1] + _PANEL_WIDTH, 12, f"and {more} more", anchor="end") if more > 0 else "")


def _panel(mol: Chem.Mol, marks: Collection[int], kind: str, caption: str) -> str:
    drawn = draw(mol, marks, frame([mol])).fitted(_PANEL_WIDTH, _PANEL_HEIGHT)
    shown = caption if len(caption) <= 34 else f"{caption[:33]}…"
    return f'<g class="{kind}">{drawn}</g>' + svg_text(_PANEL_WIDTH / 2, _PANEL_HEIGHT + 10, shown, 11, "middle")
