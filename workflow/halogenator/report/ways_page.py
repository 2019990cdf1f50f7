"""A picture of the ways to a molecule, as a page without script or as an SVG: each step with its site marked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from halogenator.chemistry.drawing import CANNOT_DRAW, Drawing, draw_alone, draw_change
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.sheets import svg_file, svg_text
from halogenator.errors import UserError
from halogenator.model import Config, Transform
from halogenator.process.failures import writing
from halogenator.process.ownership import with_proof
from halogenator.report.preview_page import check_own
from halogenator.report.templates import render
from halogenator.search.absence import Obstacle
from halogenator.search.explain import Explanation
from halogenator.search.ways import Node, Step
from halogenator.tables.parquet import whole_or_absent

_WIDTH, _HEIGHT, _ARROW, _MARGIN, _CAPTION = 230, 190, 150, 16, 30  # pixels of an SVG
_SHOWN_SMILES = 300


def check_out(out: Path) -> None:
    """Check that a picture can be made under a name, and replaces nothing but an earlier page that nobody changed.

    Raises:
        UserError: it cannot.
    """
    if out.suffix not in (".svg", ".html"):
        allowed = "a name that ends in .svg or .html"
        raise UserError("no picture has this ending", where="--out", value=out.name, allowed=allowed)
    if out.suffix == ".svg" and CANNOT_DRAW:
        raise UserError(f"RDKit cannot draw here: {CANNOT_DRAW}", where="--out", fix="make a page: --out ways.html")
    if out.suffix == ".svg" and (out.exists() or out.is_symlink()):
        raise UserError("there is a file already", where=out, fix="give another --out, or move it away")
    check_own(out)


def write_ways(found: Explanation, config: Config, out: Path, limit: int) -> None:
    """Write the picture of an explanation.

    Args:
        found: the explanation.
        config: the configuration of the run.
        out: the file; ``check_out`` has been called.
        limit: the most ways to draw to one place.

    Raises:
        UserError: the file cannot be written.
    """
    made = _Pictures(config, limit)
    text = made.svg(found) if out.suffix == ".svg" else with_proof(made.page(found))
    with whole_or_absent(out) as temporary, writing(out):
        temporary.write_text(text, encoding="utf-8")


def ways_svg(found: Explanation, config: Config, limit: int) -> str:
    """Return the SVG of an explanation; arguments as of ``write_ways``."""
    return _Pictures(config, limit).svg(found)


class _Pictures:
    """Drawings of steps, each made once."""

    def __init__(self, config: Config, limit: int) -> None:
        rules = config.halogenation.rules
        halogenated = [each for rule in rules for each in rule.transforms(config.halogenation.halogens)]
        self._transforms: Mapping[str, Transform] = {
            each.name: each for each in (*halogenated, *config.transforms.values())
        }
        self._limit = limit

    def page(self, found: Explanation) -> str:
        """Return the page."""
        alone = draw_alone(found.smiles) if found.smiles else None
        places = [self._place(node) for node in found.nodes]
        count = sum(node.count for node in found.nodes if node.steps)
        is_input = not any(node.why_incomplete for node in found.nodes)
        title = "An input molecule" if is_input else "A molecule of this run"
        title = f"{count:,} way{'s' * (count != 1)} to this molecule" if count else title
        return render(
            "ways.html.j2",
            found=found,
            title=title if found.nodes else "This molecule is not in the results",
            molecule=alone.svg(f"Molecule {found.smiles}") if alone else "",
            places=places,
            obstacles=[self._obstacle(each) for each in found.obstacles],
        )

    def _place(self, node: Node) -> dict[str, Any]:
        ways = list(islice(node.ways(), self._limit)) if node.steps else []
        name = f"{node.library} × {node.transform}" if node.transform else f"{node.id} of {node.library}"
        count = node.count if node.steps else 0
        counted = f"{count:,} way{'s' * (count != 1)}; the site of each step is marked in both molecules"
        return {
            "name": name,
            "text": counted if node.steps else "an input molecule" if not node.why_incomplete else "made by the run",
            "missing": [node.why_incomplete] if node.why_incomplete else [],
            "ways": [{"origin": _origin(way[0].parent), "steps": self._steps(way, node)} for way in ways],
            "more": count - len(ways),
        }

    def _steps(self, way: list[Step], node: Node) -> list[dict[str, str]]:
        after = [*(step.parent for step in way[1:]), node]
        return [self._step(step, product) for step, product in zip(way, after, strict=True)]

    def _step(self, step: Step, product: Node) -> dict[str, str]:
        change = self._change(step.transform, step.parent.smiles, product.smiles, step.site)
        reached = f" → {product.id}" if product.transform is None else ""
        found = {"text": f"{self._named(step.transform)} at atom {step.site}{reached}", "smiles": product.smiles}
        if change:
            found["before"] = change[0].svg(f"Before: {step.parent.smiles[:_SHOWN_SMILES]}")
            found["after"] = change[1].svg(f"After: {product.smiles[:_SHOWN_SMILES]}")
        return found

    def _named(self, name: str) -> str:
        label = self._transforms[name].label if name in self._transforms else ""
        return f"{label} ({name})" if label and label != name else name

    def _change(self, name: str, parent: str, product: str, site: int) -> tuple[Drawing, Drawing] | None:
        if name not in self._transforms:
            return None
        drawn = draw_change(Reaction(self._transforms[name]), parent, product, site)
        one, two = drawn or (draw_alone(parent), draw_alone(product))
        return (one, two) if one and two else None

    def _obstacle(self, each: Obstacle) -> dict[str, str]:
        place = f"{each.library} × {each.transform}" if each.transform else each.library
        found = {"place": place, "kind": each.kind, "why": each.why, "smiles": each.product[:_SHOWN_SMILES]}
        if each.parent is not None:
            found["text"] = f"{self._named(each.by)} on {each.parent.id} would give it"
            before, after = draw_alone(each.parent.smiles), draw_alone(each.product)
            if before and after:
                found |= {
                    "before": before.svg(f"Parent {each.parent.smiles}"),
                    "after": after.svg(f"Product {each.product}"),
                }
        return found

    # ---- SVG ---------------------------------------------------------------------------------------------------------

    def svg(self, found: Explanation) -> str:
        """Return an SVG with a row for each way: the natural product, then what each step gives."""
        rows: list[str] = []
        longest = 1
        for node in found.nodes:
            title = f"{node.library} × {node.transform}" if node.transform else f"{node.id} of {node.library}"
            for number, way in enumerate(islice(node.ways(), self._limit) if node.steps else (), 1):
                longest = max(longest, len(way))
                rows.append(svg_text(0, 14, f"{title}, way {number} of {node.count:,}", 14) + self._row(way, node))
        for each in found.obstacles:
            place = f"{each.library} {each.transform or ''}".strip()
            rows.append(svg_text(0, 14, f"{place}: {each.kind}: {each.why}", 14))
        rows = rows or [svg_text(0, 14, f"{found.smiles}: an input molecule", 14)]
        tall = _HEIGHT + _CAPTION + 24
        width, height = 2 * _MARGIN + _WIDTH + longest * (_ARROW + _WIDTH), 2 * _MARGIN + len(rows) * tall
        placed = (
            f'<g transform="translate({_MARGIN} {_MARGIN + number * tall})">{row}</g>'
            for number, row in enumerate(rows)
        )
        return svg_file(found.smiles, width, height, placed)

    def _row(self, way: list[Step], node: Node) -> str:
        """Return the elements of a way, side by side."""
        parts, x = [], 0
        for number, step in enumerate(way):
            product = way[number + 1].parent if number + 1 < len(way) else node
            change = self._change(step.transform, step.parent.smiles, product.smiles, step.site)
            if number == 0:
                parts.append(_panel(x, change and change[0], "gone", step.parent.id))
                x += _WIDTH
            parts.append(svg_text(x + _ARROW / 2, _HEIGHT / 2 + 20, "→", 24, "middle"))
            parts.append(svg_text(x + _ARROW / 2, _HEIGHT / 2 + 38, f"{step.transform}, atom {step.site}", 9, "middle"))
            x += _ARROW
            parts.append(_panel(x, change and change[1], "new", product.id if product.transform is None else "product"))
            x += _WIDTH
        return "".join(parts)


def _panel(x: int, drawing: Drawing | None, kind: str, caption: str) -> str:
    drawn = (
        drawing.fitted(_WIDTH, _HEIGHT)
        if drawing
        else svg_text(_WIDTH / 2, _HEIGHT / 2, "too large to draw", 12, "middle")
    )
    text = svg_text(_WIDTH / 2, _HEIGHT + _CAPTION + 6, caption[:34], 11, "middle")
    return f'<g transform="translate({x} 0)"><g class="{kind}" transform="translate(0 20)">{drawn}</g>{text}</g>'


def _origin(node: Node) -> str:
    name = node.molecule.name if node.molecule else None
    return f"{name} ({node.id})" if name and name != node.id else node.id
