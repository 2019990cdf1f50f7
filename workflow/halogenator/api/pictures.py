"""Pictures for a notebook: the way from a parent to a product, the change of each step marked, on white."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise

from rdkit import rdBase

from halogenator.chemistry.atom_mapping import Mapper
from halogenator.chemistry.drawing import Drawing, draw_alone, draw_reaction
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.pictures import draw_steps
from halogenator.chemistry.steps import Key

_ARROW, _CAPTION, _MARGIN = 60, 22, 8  # pixels
_TALLEST = 260

# Within the class only: a notebook puts the picture into its own page.
_STYLE = """<style>
.hgr-pic text { font-family: Arial, Helvetica, sans-serif; }
.hgr-pic .k { fill: #000; } .hgr-pic .n { fill: #2343c4; } .hgr-pic .o { fill: #bf1d1d; } .hgr-pic .s { fill: #766700; }
.hgr-pic .x { fill: #0a7430; } .hgr-pic .e { fill: #6b3fa0; } .hgr-pic .m { fill: #ffd978; stroke: #ffd978; }
.hgr-pic .k.l { stroke: #000; } .hgr-pic .n.l { stroke: #2343c4; } .hgr-pic .o.l { stroke: #bf1d1d; }
.hgr-pic .s.l { stroke: #766700; } .hgr-pic .x.l { stroke: #0a7430; } .hgr-pic .e.l { stroke: #6b3fa0; }
.hgr-pic path.l { fill: none; stroke-width: 1.6; stroke-linecap: round; }
.hgr-pic path.m { stroke-width: 8; stroke-linejoin: round; }
</style>"""


def molecule_picture(smiles: str) -> str | None:
    """Return the SVG of a molecule; None if it is too large, or RDKit cannot draw."""
    with rdBase.BlockLogs():
        drawn = draw_alone(smiles)
    return _svg([drawn], [""], smiles) if drawn else None


def transform_picture(smirks: str, label: str) -> str | None:
    """Return the SVG of the two sides of a SMIRKS; None if RDKit cannot draw it."""
    with rdBase.BlockLogs():
        drawn = draw_reaction(smirks)
    return _svg([drawn], [label], label) if drawn else None


def way_picture(
    molecules: Sequence[Key], smirks: Sequence[str], sites: Sequence[int], captions: Sequence[str]
) -> str | None:
    """Return the SVG of a way, each molecule after the one that it is made from, with what changes marked.

    Args:
        molecules: the parent, the molecules on the way, the product.
        smirks: what makes each of them but the first.
        sites: the atom of the molecule before at which it does.
        captions: a text below each of them.

    Returns:
        None if a molecule is too large, or RDKit cannot draw.
    """
    with rdBase.BlockLogs():
        panels = _drawn(molecules, smirks, sites)
    label = " → ".join(smiles for smiles, _ in molecules)
    return _svg(panels, captions, label) if panels else None


def _drawn(molecules: Sequence[Key], smirks: Sequence[str], sites: Sequence[int]) -> list[Drawing] | None:
    try:
        steps = [
            (*_mapper(each).molecules(before, after, site), site)
            for (before, after), each, site in zip(pairwise(molecules), smirks, sites, strict=True)
        ]
    except RejectError:
        alone = [drawn for smiles, _ in molecules if (drawn := draw_alone(smiles))]
        return alone if len(alone) == len(molecules) else None
    return draw_steps(steps)


@lru_cache(64)
def _mapper(smirks: str) -> Mapper:
    return Mapper(smirks)


def _svg(panels: Sequence[Drawing], captions: Sequence[str], label: str) -> str:
    """Return panels side by side, with arrows between them and captions below."""
    scale = min(1.0, _TALLEST / max(panel.height for panel in panels))
    tall = round(scale * max(panel.height for panel in panels))
    parts, x = [], _MARGIN
    for number, (panel, caption) in enumerate(zip(panels, captions, strict=True)):
        if number:
            arrow = (
                f'<text x="{x + _ARROW / 2}" y="{_MARGIN + tall / 2 + 8}" font-size="24" text-anchor="middle">→</text>'
            )
            parts.append(arrow)
            x += _ARROW
        width = max(round(scale * panel.width), round(6.5 * min(len(caption), 50)))
        parts.append(f'<g transform="translate({x} {_MARGIN})">{panel.fitted(width, tall)}</g>')
        middle, below = x + width / 2, _MARGIN + tall + 15
        parts.append(
            f'<text x="{middle}" y="{below}" font-size="12" text-anchor="middle">{escape(caption[:50])}</text>'
        )
        x += width
    wide, high = x + _MARGIN, tall + 2 * _MARGIN + (_CAPTION if any(captions) else 0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="hgr-pic" role="img" aria-label="{escape(label[:500])}" '
        f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">{_STYLE}'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )
