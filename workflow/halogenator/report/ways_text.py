"""An explanation of a molecule in words, and as JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from halogenator.search.absence import Obstacle
from halogenator.search.explain import Explanation
from halogenator.search.shapes import Molecule
from halogenator.search.ways import Node


def in_words(found: Explanation, limit: int, more: str = "--limit {count}, or --json") -> Iterator[str]:
    """Yield an explanation as lines to read.

    Args:
        found: the explanation.
        limit: the most ways of each library and job.
        more: how to see all ``{count}`` of them.
    """
    yield f"{found.smiles} {found.enhanced_stereo or ''}".strip() or found.asked
    for node in found.nodes:
        yield ""
        yield from _of_node(node, limit, more)
    if found.nodes:
        return
    yield ""
    yield (
        "is not in these results."
        if found.obstacles
        else "is not in these results, and no step of this run leads to it."
    )
    yield from _of_obstacles(found.obstacles)


def _of_node(node: Node, limit: int, more: str) -> Iterator[str]:
    what = (
        f"product of {node.library} by {node.transform}" if node.transform else f"{node.id}, in library {node.library}"
    )
    if not node.steps and not node.why_incomplete:
        yield f"{what}: {_origin(node)}"
        return
    count = node.count if node.steps else 0
    if node.steps:
        yield f"{what}: {count:,} way{'s' * (count != 1)}" + ("" if node.is_complete else ", and perhaps more")
    else:
        yield f"{what}: made in {node.n_routes:,} way{'s' * (node.n_routes != 1)}"
    for number, way in enumerate(islice(node.ways(), limit if node.steps else 0), 1):
        first = way[0].parent
        yield f"  {number}. {first.id}  {first.smiles}  ({_origin(first)})"
        for at, step in enumerate(way):
            after = way[at + 1].parent if at + 1 < len(way) else node
            name = "the molecule  " if after is node else f"{after.id}  ".lstrip()
            yield f"     {step.transform} at atom {step.site} → {name}{after.smiles}"
    if count > limit:
        yield f"  … and {count - limit:,} more: {more.format(count=count)}"
    for why in dict.fromkeys(_incomplete(node)):
        yield f"  not all: {why}"


def _incomplete(node: Node) -> Iterator[str]:
    if node.why_incomplete:
        name = "" if node.transform else f"{node.id}: "
        row = node.molecule
        told = f"; one: {row.steps} from {row.parent}" if row and row.steps and not node.steps else ""
        yield f"{name}{node.why_incomplete}{told}"
    for step in node.steps:
        yield from _incomplete(step.parent)


def _origin(node: Node) -> str:
    """Return what a molecule without steps is: a row of a file, or one whose steps are not known."""
    molecule = node.molecule
    if molecule is None or molecule.row is None:
        return f"in {node.library}"
    named = f"{molecule.name}, " if molecule.name and molecule.name != molecule.id else ""
    more = f", and {molecule.n_routes - 1:,} more" if molecule.n_routes > 1 else ""
    return f"{named}row {molecule.row}{more} of {node.library}"


def _of_obstacles(obstacles: Sequence[Obstacle]) -> Iterator[str]:
    """Yield obstacles as lines; those that differ in their place alone are one."""
    places: dict[tuple[str, ...], list[str]] = {}
    lines: dict[tuple[str, ...], list[str]] = {}
    for each in obstacles:
        place = f"{each.library} × {each.transform}" if each.transform else each.library
        told = [f"     {each.product}" + (f", from which {each.by} would lead on" if each.by else "")] * bool(
            each.product
        )
        if each.parent is not None:
            told = [f"     {each.parent.id}  {each.parent.smiles}", f"     {each.by} would give  {each.product}"]
        key = (each.kind, each.why, *told)
        places.setdefault(key, []).append(place)
        lines[key] = told
    for key, names in places.items():
        yield f"  {', '.join(dict.fromkeys(names))}: {key[0]}: {key[1]}"
        yield from lines[key]


def as_json(found: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON values, with all ways."""
    obstacles = [
        vars(each) | {"parent": {"library": each.parent.library, **_brief(each.parent)} if each.parent else None}
        for each in found.obstacles
    ]
    return {
        "asked": found.asked,
        "smiles": found.smiles,
        "enhanced_stereo": found.enhanced_stereo,
        "found": [_node_as_json(node) for node in found.nodes],
        "obstacles": obstacles,
        "notes": found.notes,
    }


def _node_as_json(node: Node) -> dict[str, Any]:
    place = {"library": node.library, "transform": node.transform, "id": node.id, "n_routes": node.n_routes}
    ways: list[dict[str, Any]] = []
    for way in node.ways() if node.steps else ():
        steps: list[dict[str, Any]] = []
        for at, step in enumerate(way):
            after = way[at + 1].parent if at + 1 < len(way) else node
            steps.append({"by": step.transform, "site": step.site, **_brief(after)})
        first = way[0].parent
        ways.append({"from": {"library": first.library, **_brief(first)}, "steps": steps})
    missing = list(dict.fromkeys(_incomplete(node)))
    return {**place, "complete": node.is_complete, "missing": missing, "ways": ways}


def _brief(each: Node | Molecule) -> dict[str, Any]:
    return {"id": each.id, "smiles": each.smiles, "enhanced_stereo": each.enhanced_stereo}
