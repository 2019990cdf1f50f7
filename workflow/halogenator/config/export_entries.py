"""The entries under ``exports``, checked against the libraries, transforms and jobs of the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from halogenator.chemistry.filters import LEAD_LIKE
from halogenator.chemistry.scores import WINDOWED
from halogenator.config.layers import Layers
from halogenator.errors import UserError, collecting, did_you_mean, located
from halogenator.model import Conditions, Export, Library, Transform, Window

_SAME = (
    *("molecules", "sql", "format", "split", "coordinates", "parents", "reaction", "titles", "conformers"),
    *("sample", "diverse", "seed"),
)
_CONDITIONS = ("similar", "threshold", "parent", "molecule", "where")
_LISTS = ("columns", "only", "without", "flag", "fingerprints", "scaffold_split")


def resolve_exports(
    libraries: Mapping[str, Library],
    transforms: Mapping[str, Transform],
    jobs: Sequence[tuple[str, str]],
    layers: Layers,
    problems: list[UserError],
    find: Callable[[str], Path],
) -> dict[str, Export]:
    """Return the exports by name, each with the names of its libraries and transforms.

    Args:
        libraries: the libraries of the run.
        transforms: all transforms.
        jobs: the (library, transform) pairs of the run.
        layers: the configuration.
        problems: a list to which problems are added.
        find: finds the file or folder of a path that is written there.
    """
    from halogenator.planning.export_request import check

    exports: dict[str, Export] = {}
    made = [name for name, library in libraries.items() if not library.implicit]
    for name, entry in layers.settings["exports"].items():
        with collecting(problems), located(layers.place("exports", name)):
            _check_named(entry)
            chosen = _names("library", entry, made)
            of_jobs = [job for job in jobs if not chosen or job[0] in chosen]
            steps = _names("transform", entry, transforms)
            of_jobs = [job for job in of_jobs if not steps or job[1] in steps]
            if not (of_jobs or entry["molecules"] or "sql" in entry):
                raise _no_job(chosen, steps, jobs)
            if "sql" not in entry:
                chosen = chosen or (made if entry["molecules"] else _first(of_jobs, 0))
                steps = steps or ([] if entry["molecules"] else _first(of_jobs, 1))
            exports[name] = replace(_export(entry, chosen, steps), **_sets(entry, find))
            check(exports[name])
    return exports


def _export(entry: Mapping[str, Any], libraries: Iterable[str], transforms: Iterable[str]) -> Export:
    bounds = {name: entry[name] for name in WINDOWED if name in entry}
    same: dict[str, Any] = {name: entry[name] for name in _SAME if name in entry}
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in _LISTS if name in entry}
    asked: dict[str, Any] = {name: entry[name] for name in _CONDITIONS if name in entry}
    smarts = entry.get("smarts", [])
    if entry.get("lead_like"):
        lists["only"] = tuple(dict.fromkeys((*lists.get("only", ()), LEAD_LIKE)))
    return Export(
        conditions=Conditions(smarts=(smarts,) if isinstance(smarts, str) else tuple(smarts), **asked),
        libraries=tuple(libraries),
        transforms=tuple(transforms),
        windows={
            name: Window(-math.inf if low is None else float(low), math.inf if high is None else float(high))
            for name, (low, high) in bounds.items()
        },
        **same,
        **lists,
    )


def _sets(entry: Mapping[str, Any], find: Callable[[str], Path]) -> dict[str, Any]:
    """Return the fields of ``Export`` for what its rows are compared with."""
    found: dict[str, Any] = {"same_by": entry["same_by"]} if "same_by" in entry else {}
    for key, field in {"in": "in_sets", "not_in": "not_in_sets", "novel": "novel"}.items():
        listed = entry.get(key, [])
        found[field] = tuple(find(path) for path in ([listed] if isinstance(listed, str) else listed))
    return found


def _check_named(entry: Mapping[str, Any]) -> None:
    if not {"library", "transform", "sql", "smarts", "similar", "parent", "molecule", "where"} & entry.keys():
        raise UserError(
            "nothing says what to export",
            value=sorted(entry),
            allowed="library, transform, both, sql, or a condition such as parent",
            fix="add library: all for the products of all jobs",
        )


def _names(kind: str, entry: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Return the names under ``library`` or ``transform``; [] for all of them.

    Raises:
        UserError: there is no such library or transform in this run.
    """
    value = entry.get(kind, "all")
    names = [value] if isinstance(value, str) else list(value)
    if names == ["all"]:
        return []
    for name in names:
        if name not in known:
            raise UserError(
                f"there is no {kind} '{name}' in this run",
                value=name,
                allowed=["all", *known],
                fix=did_you_mean(name, known) or "take one of the allowed names",
            )
    return names


def _first(jobs: Iterable[tuple[str, str]], index: int) -> list[str]:
    return list(dict.fromkeys(job[index] for job in jobs))


def _no_job(libraries: Sequence[str], transforms: Sequence[str], jobs: Sequence[tuple[str, str]]) -> UserError:
    related = [job for job in jobs if job[0] in libraries or job[1] in transforms] or jobs
    return UserError(
        "no job of this run has these products",
        value=f"library {', '.join(libraries) or 'all'}; transform {', '.join(transforms) or 'all'}",
        allowed=[" × ".join(job) for job in related] or "no products at all, since the run makes none",
        fix="take a transform that is for the library's class, or molecules: true for the library itself",
    )
