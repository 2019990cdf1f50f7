"""Drawings as SVG files of their own, light or dark as the page that shows them."""

from __future__ import annotations

from functools import lru_cache

from halogenator.chemistry.drawing import Drawing, draw_alone, draw_change
from halogenator.chemistry.reaction import Reaction
from halogenator.errors import UserError
from halogenator.model import Transform

_STYLE = """<style>
:root { color-scheme: light dark; font-family: Arial, Helvetica, sans-serif; }
.k { fill: #1b1d22; } .n { fill: #2343c4; } .o { fill: #bf1d1d; } .s { fill: #766700; } .x { fill: #0a7430; }
.e { fill: #6b3fa0; } .m { fill: #ffd978; stroke: #ffd978; }
.k.l { stroke: #1b1d22; } .n.l { stroke: #2343c4; } .o.l { stroke: #bf1d1d; } .s.l { stroke: #766700; }
.x.l { stroke: #0a7430; } .e.l { stroke: #6b3fa0; }
path.l { fill: none; stroke-width: 1.6; stroke-linecap: round; }
path.m { stroke-width: 8; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
.k { fill: #e9e9e5; } .n { fill: #94acff; } .o { fill: #ff8d84; } .s { fill: #d8cc55; } .x { fill: #74dd92; }
.e { fill: #cbaaff; } .m { fill: #6a5208; stroke: #6a5208; }
.k.l { stroke: #e9e9e5; } .n.l { stroke: #94acff; } .o.l { stroke: #ff8d84; } .s.l { stroke: #d8cc55; }
.x.l { stroke: #74dd92; } .e.l { stroke: #cbaaff; }
path.l { fill: none; }
}
</style>"""


@lru_cache(512)
def picture(smiles: str, parent: str = "", site: int = -1, smirks: str = "", of_parent: bool = False) -> str | None:
    """Return the drawing of a molecule; None if it cannot be drawn.

    Args:
        smiles: its SMILES.
        parent: SMILES of its parent, over which it is laid; "" draws it alone, and so does what follows.
        site: the atom of the parent that was changed.
        smirks: what changed it.
        of_parent: whether the parent is drawn instead, at the same scale.
    """
    reaction = _reaction(smirks) if parent and smirks and site >= 0 else None
    change = draw_change(reaction, parent, smiles, site) if reaction else None
    if change:
        return _file(change[0 if of_parent else 1])
    drawn = draw_alone(parent if of_parent else smiles)
    return _file(drawn) if drawn else None


@lru_cache(64)
def _reaction(smirks: str) -> Reaction | None:
    """Return a SMIRKS as a reaction; None if it is none, as whoever writes an address by hand may have it."""
    try:
        return Reaction(Transform("", smirks))
    except (UserError, ValueError, RuntimeError):
        return None


def _file(drawing: Drawing) -> str:
    size = f'width="{drawing.width}" height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{_STYLE}{drawing.body}</svg>'
