"""The verb ``explain``: every way in which a run makes a molecule, or why it does not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, memory_option, positive, recorded_configuration, results_option

_SHOWN = 20
_MEMORY_MB = 1500


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "explain",
        _explain,
        "say every way in which a run makes a molecule, from natural products on, or why it does not",
        "explain 'COc1ccc(O)cc1F' --out ways.html",
    )
    text = "SMILES, an id of a library, a name or id of a natural product, or a product's name in exports"
    parser.add_argument("molecule", metavar="SMILES|ID", help=text)
    results_option(parser)
    text = "as for snakemake (default: the configuration that the results record)"
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help=text)
    parser.add_argument("--json", action="store_true", help="a JSON object, with all ways")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a picture of the ways, too: .svg or .html")
    text = "ways to list and to draw of each library and job (default: %(default)s)"
    parser.add_argument("--limit", type=positive, default=_SHOWN, metavar="N", help=text)
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")
    memory_option(parser, default=_MEMORY_MB)


def _explain(options: argparse.Namespace) -> None:
    from tempfile import gettempdir

    from halogenator.chemistry.molecules import quiet
    from halogenator.process.progress import Lines
    from halogenator.search.explain import Explainer
    from halogenator.tables.parquet import limit_arrow_threads

    quiet()
    limit_arrow_threads()
    if options.out:
        from halogenator.report.ways_page import check_out

        check_out(options.out)
    config = recorded_configuration(options.results, options.configfile, _say)
    explainer = Explainer(
        options.results,
        config,
        memory_mb=options.mem_mb,
        scratch=options.scratch or Path(gettempdir()),
        progress=Lines(_say, announce=False),
    )
    found = explainer.explain(options.molecule)
    if options.out:
        from halogenator.report.ways_page import write_ways

        write_ways(found, config, options.out, options.limit)
    if options.json:
        print(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        print("\n".join(_lines(found, options.limit)))
    for note in found.notes:
        _say(f"note: {note}")
    if options.out:
        _say(f"written: {options.out}")


def _lines(found: Any, limit: int) -> Iterator[str]:
    """Yield an explanation as lines to read."""
    yield f"{found.smiles} {found.enhanced_stereo or ''}".strip() or found.asked
    for node in found.nodes:
        yield ""
        yield from _of_node(node, limit)
    if found.nodes:
        return
    yield ""
    yield (
        "is not in these results."
        if found.obstacles
        else "is not in these results, and no step of this run leads to it."
    )
    yield from _of_obstacles(found.obstacles)


def _of_node(node: Any, limit: int) -> Iterator[str]:
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
        yield f"  … and {count - limit:,} more: --limit {count}, or --json"
    for why in dict.fromkeys(_incomplete(node)):
        yield f"  not all: {why}"


def _incomplete(node: Any) -> Iterator[str]:
    if node.why_incomplete:
        name = "" if node.transform else f"{node.id}: "
        recorded = node.molecule and node.molecule.steps
        told = f"; one: {recorded} from {node.molecule.parent}" if recorded and not node.steps else ""
        yield f"{name}{node.why_incomplete}{told}"
    for step in node.steps:
        yield from _incomplete(step.parent)


def _origin(node: Any) -> str:
    """Return what a molecule without steps is: a row of a file, or one whose steps are not known."""
    molecule = node.molecule
    if molecule is None or molecule.row is None:
        return f"in {node.library}"
    named = f"{molecule.name}, " if molecule.name and molecule.name != molecule.id else ""
    more = f", and {molecule.n_routes - 1:,} more" if molecule.n_routes > 1 else ""
    return f"{named}row {molecule.row}{more} of {node.library}"


def _of_obstacles(obstacles: Sequence[Any]) -> Iterator[str]:
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


def _as_json(found: Any) -> dict[str, Any]:
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


def _node_as_json(node: Any) -> dict[str, Any]:
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


def _brief(each: Any) -> dict[str, Any]:
    return {"id": each.id, "smiles": each.smiles, "enhanced_stereo": each.enhanced_stereo}


def _say(text: str) -> None:
    print(f"halogenator: {text}", file=sys.stderr, flush=True)
