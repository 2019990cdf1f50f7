"""All routes to the molecule of a row, as its page shows them: each step with what makes it, where, and a drawing."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from halogenator.browse.rows import Shown
from halogenator.model import Config, Transform
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.shapes import of_ids
from halogenator.search.ways import Node, Step, Ways, is_made_otherwise

MOST = 24  # routes that a page shows
_SECONDS = 60  # that are spent on the routes to one molecule, or waited for those to others


class Routes:
    """The routes of a results folder; one molecule's are looked for at a time.

    Args:
        results: the results folder.
        config: returns the configuration that made it.
    """

    def __init__(self, results: Results, config: Callable[[], Config]) -> None:
        self._results, self._config = results, config
        self._turn = threading.Lock()

    def to(self, row: Shown) -> dict[str, Any]:
        """Return the routes to the molecule of a row.

        Returns:
            ``ways``: of the first of them the ``origin`` and the ``steps``; ``count``: how many there are; ``missing``:
            why there may be more; ``is_late``: whether the time did not suffice to look for them; ``command``: what
            tells all.
        """
        name = str(row.values.get("parent_id") if row.at.transform else row.values.get("id"))
        command = f"python -m halogenator {shlex.join(('explain', str(row.values['smiles'])))}"
        late = {"ways": [], "count": 0, "missing": [], "is_late": True, "command": command}
        if not self._turn.acquire(timeout=_SECONDS):
            return late
        try:
            config = self._config()
            node = self._traced(row, name, config)
        except _LateError:
            return late
        finally:
            self._turn.release()
        missing = list(dict.fromkeys(_missing(node)))
        if is_made_otherwise(self._results, config, row.at.library, row.at.transform or None):
            missing.append("other settings than those that the results record have made some of them")
        told = _Told(config)
        ways = [told.way(way, node) for way in islice(node.ways(), MOST)] if node.steps else []
        count = node.count if node.steps else 0
        return {"ways": ways, "count": count, "missing": missing, "is_late": False, "command": command}

    def _traced(self, row: Shown, name: str, config: Config) -> Node:
        ways = Ways(self._results, config, _Patience(_SECONDS))
        library, transform = row.at.library, row.at.transform
        if not transform:
            molecules = of_ids(self._results.molecules(library), library, {name}).values()
            return next(iter(ways.of_molecules(library, molecules).values()))
        known = {each: row.values.get(each) for each in ("smiles", "enhanced_stereo", "n_routes", "inchikey")}
        node = Node(library, transform, id=name, **known)  # type: ignore[arg-type]
        if library in config.libraries and transform in config.transforms:
            ways.of_product(node)
        else:
            node.why_incomplete = "the configuration has no such job"
        return node


class _LateError(Exception):
    """The time for a search is over."""


class _Patience(Progress):
    """Ends a search that takes too many seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def advance(self, count: int = 1, step: str | None = None) -> None:
        if time.monotonic() > self._end:
            raise _LateError


class _Told:
    """Steps in words and drawings."""

    def __init__(self, config: Config) -> None:
        halogenation = config.halogenation
        rules = [each for rule in halogenation.rules for each in rule.transforms(halogenation.halogens)]
        self._transforms: Mapping[str, Transform] = {each.name: each for each in (*rules, *config.transforms.values())}

    def way(self, way: list[Step], node: Node) -> dict[str, Any]:
        first = way[0].parent
        name = first.molecule.name if first.molecule else None
        products = [*(step.parent for step in way[1:]), node]
        return {
            "origin": {
                "words": name or first.id,
                "smiles": first.smiles,
                "drawing": self._drawing(way[0], products[0], before=True),
            },
            "steps": [self._step(step, product) for step, product in zip(way, products, strict=True)],
        }

    def _step(self, step: Step, product: Node) -> dict[str, Any]:
        transform = self._transforms.get(step.transform)
        return {
            "label": (transform and transform.label) or step.transform,
            "name": step.transform,
            "site": step.site,
            "words": product.id if product.transform is None else "",
            "smiles": product.smiles,
            "drawing": self._drawing(step, product),
        }

    def _drawing(self, step: Step, product: Node, *, before: bool = False) -> str:
        query = {"smiles": product.smiles, "parent": step.parent.smiles, "site": step.site}
        transform = self._transforms.get(step.transform)
        query |= {"smirks": transform.smirks} if transform else {}
        return "/drawing.svg?" + urlencode(query | ({"before": "1"} if before else {}))


def _missing(node: Node) -> Iterator[str]:
    if node.why_incomplete:
        yield node.why_incomplete if node.transform else f"{node.id}: {node.why_incomplete}"
    for step in node.steps:
        yield from _missing(step.parent)
