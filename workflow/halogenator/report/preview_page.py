"""The page of a preview: estimates, products beside their parents, what is left out, distributions; no script."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.drawing import draw_alone, draw_change
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.reaction import Reaction
from halogenator.errors import UserError
from halogenator.model import Config, Transform
from halogenator.planning.preview import LeftOut, LibraryPreview, Preview, Sampled
from halogenator.process.failures import writing
from halogenator.process.ownership import has_proof, with_proof
from halogenator.report.distributions import BINS, LIMITS
from halogenator.report.gallery import LEFT_OUT_DRAWN
from halogenator.report.templates import render
from halogenator.tables.parquet import whole_or_absent

_PAIRS = 60  # products drawn in all; of each library at least two
_MOST_PAIRS = 12  # of a library
_SHOWN_SMILES = 300
_WIDTH, _HEIGHT, _FOOT = 300, 90, 16  # of a histogram, in pixels


def check_own(out: Path) -> None:
    """Check that writing a page replaces nothing but an earlier one that nobody has changed.

    Raises:
        UserError: it would.
    """
    if (out.exists() or out.is_symlink()) and not has_proof(out):
        what = "the file is not a page that this verb made, or was changed since"
        raise UserError(what, where=out, fix="give another --out, or move it away")


def write_preview(preview: Preview, config: Config, out: Path, *, command: str, seed: int) -> None:
    """Write the page.

    Args:
        preview: the preview.
        config: its configuration.
        out: the HTML file; ``check_own`` has been called.
        command: how the preview was asked for.
        seed: of the choice of what is drawn.

    Raises:
        UserError: the file cannot be written.
    """
    quiet()
    reactions = {name: Reaction(transform) for name, transform in config.transforms.items()}
    share = min(_MOST_PAIRS, max(2, _PAIRS // max(len(preview.libraries), 1)))
    rng = random.Random(seed)
    shown = [_library(library, config, reactions, share, rng) for library in preview.libraries]
    left_out = [_left_out(entry, config, drawn=at < LEFT_OUT_DRAWN) for at, entry in enumerate(preview.left_out)]
    page = render("preview.html.j2", preview=preview, libraries=shown, left_out=left_out, command=command)
    with whole_or_absent(out) as temporary, writing(out):
        temporary.write_text(with_proof(page), encoding="utf-8")


def _library(
    library: LibraryPreview, config: Config, reactions: dict[str, Reaction], share: int, rng: random.Random
) -> dict[str, Any]:
    pairs = (_pair(sampled, reactions[sampled.transform]) for sampled in _picked(library.sampled, share, rng))
    after = [(sampled.weight, sampled.values) for sampled in library.sampled]
    charts = (_histogram(place, name, library.values, after) for place, name in enumerate(config.descriptors))
    return {
        "preview": library,
        "labels": {name: config.transforms[name].label for name in library.jobs},
        "pairs": list(pairs),
        "charts": [chart for chart in charts if chart],
    }


def _picked(sampled: Sequence[Sampled], number: int, rng: random.Random) -> list[Sampled]:
    """Return some products, drawn in proportion to what they stand for: one of each job first, as far as they go."""
    order = sorted(sampled, key=lambda each: rng.random() ** (1 / each.weight), reverse=True)
    firsts = {each.transform: each for each in reversed(order)}
    picked = [each for each in order if firsts[each.transform] is each][:number]
    others = [each for each in order if each not in picked]
    return sorted([*picked, *others[: number - len(picked)]], key=lambda each: list(firsts).index(each.transform))


def _pair(sampled: Sampled, reaction: Reaction) -> dict[str, Any]:
    """Return a product drawn beside its parent, or its SMILES alone if it is too large."""
    change = draw_change(reaction, sampled.parent, sampled.product, sampled.site)
    return {"sampled": sampled, "smiles": sampled.product[:_SHOWN_SMILES], **_drawn(change, sampled.parent)}


def _drawn(change: tuple[Any, Any] | None, parent: str) -> dict[str, str]:
    parent = parent[:_SHOWN_SMILES]
    if change is None:
        return {"parent": parent}
    before, after = change
    return {
        "parent": parent,
        "before": before.svg(f"Parent {parent}"),
        "after": after.svg("Product, changed site marked"),
    }


def _left_out(entry: LeftOut, config: Config, *, drawn: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"entry": entry}
    if not entry.examples:
        return found
    parent, *product = entry.examples[0]
    found["smiles"] = ">>".join(entry.examples[0])[:_SHOWN_SMILES]
    if drawn and product:
        found |= _change(parent, product[0], _transforms(entry, config))
    elif drawn and (alone := draw_alone(parent)):
        found["before"] = alone.svg(f"Parent {parent}")
    return found


def _transforms(entry: LeftOut, config: Config) -> Sequence[Transform]:
    """Return the transforms by which something that is left out can have been made."""
    if entry.transform in config.transforms:
        return [config.transforms[entry.transform]]
    rules = (rule for rule in config.halogenation.rules if rule.name == entry.transform)
    return [transform for rule in rules for transform in rule.transforms(config.halogenation.halogens)]


def _change(parent: str, product: str, transforms: Sequence[Transform]) -> dict[str, str]:
    """Return the drawings of a parent and what one of some transforms makes of it."""
    for made in Kernel(transforms).products(parent, bare=True)[0] if transforms else ():
        if made.smiles == product:
            change = draw_change(Reaction(transforms[made.transform]), parent, product, made.site)
            if change:
                return _drawn(change, parent)
    alone = draw_alone(product)
    return {"after": alone.svg(f"Product {product}")} if alone else {}


# ---- distributions ---------------------------------------------------------------------------------------------------

_Weighted = Sequence[tuple[float, tuple[float, ...]]]


def _histogram(place: int, name: str, before: _Weighted, after: _Weighted) -> dict[str, str] | None:
    """Return the chart of a descriptor: molecules of the library as a line, products as bars; None without any."""
    start, width, count = BINS[name]
    edges = [start + width * number for number in range(count + 1)]
    shares, means = [], []
    for weighted in (before, after):
        weights = np.array([weight for weight, _ in weighted])
        values = np.array([values[place] for _, values in weighted])
        binned = np.histogram(np.clip(values, edges[0], edges[-1] - width / 2), edges, weights=weights)[0]
        shares.append(binned / weights.sum() if len(weights) else binned)
        means.append(float((values * weights).sum() / weights.sum()) if len(weights) else None)
    used = np.flatnonzero(shares[0] + shares[1])
    if not len(used):
        return None
    first, last = int(used[0]), int(used[-1]) + 1
    descriptor = DESCRIPTORS[name]
    said = [f"{mean:,.1f}" for mean in means if mean is not None]
    text = f"{descriptor.meaning}{f', {descriptor.unit}' if descriptor.unit else ''}; mean {' → '.join(said)}"
    drawn = _svg(shares[0][first:last], shares[1][first:last], edges[first : last + 1], name)
    return {"name": name, "text": text, "svg": drawn}


def _svg(line: np.ndarray, bars: np.ndarray, edges: Sequence[float], name: str) -> str:
    """Return the SVG of a histogram."""
    highest, step = max(line.max(), bars.max()), _WIDTH / len(bars)
    base = _HEIGHT - _FOOT

    def top(share: float) -> float:
        return float(base - share / highest * (base - 4))

    parts = [
        f'<rect x="{at * step:.1f}" y="{top(share):.1f}" width="{max(step - 1, 0.5):.1f}" '
        f'height="{base - top(share):.1f}" fill="var(--after)"/>'
        for at, share in enumerate(bars)
        if share
    ]
    if line.any():
        corners = " ".join(
            f"{x:.1f},{top(share):.1f}" for at, share in enumerate(line) for x in (at * step, (at + 1) * step)
        )
        parts.append(f'<polyline points="{corners}" fill="none" stroke="var(--before)" stroke-width="1.6"/>')
    limit = LIMITS.get(name)
    if limit and edges[0] < limit.value < edges[-1]:
        x = (limit.value - edges[0]) / (edges[-1] - edges[0]) * _WIDTH
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{base}" stroke="var(--limit)" stroke-dasharray="4 3"/>'
        )
    parts.append(f'<line x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}" stroke="var(--mute)"/>')
    parts += _labels(edges)
    return (
        f'<svg role="img" aria-label="{escape(name)} of library and products" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}">{"".join(parts)}</svg>'
    )


def _labels(edges: Sequence[float]) -> Iterable[str]:
    """Yield the numbers below a histogram."""
    middle = (edges[0] + edges[-1]) / 2
    for value, x, anchor in ((edges[0], 0, "start"), (middle, _WIDTH / 2, "middle"), (edges[-1], _WIDTH, "end")):
        place = f'x="{x:.0f}" y="{_HEIGHT - 3}" text-anchor="{anchor}"'
        yield f'<text {place} font-size="11" fill="var(--mute)">{value:g}</text>'
