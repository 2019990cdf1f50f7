"""Natural products by the names that people type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from halogenator.errors import UserError, did_you_mean
from halogenator.results import Results
from halogenator.search.parts import batches
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import read_metadata

_BETWEEN = re.compile(r"[\s_-]+")
_MOST_NAMES = 20_000  # among which the nearest is looked for
_MOST_ROWS = 2_000_000  # of all files, among which a name is completed


def parents_named(results: Results, name: str) -> dict[str, pa.Array]:
    """Return {library of natural products or input molecules: the ids of those with a name or an id}.

    Names are the same if they differ in case only; if there is none, also if they differ in spaces, ``-`` and ``_``.
    """
    folds: tuple[Callable[[str], str], ...] = (str.casefold, lambda text: _BETWEEN.sub("", text.casefold()))
    libraries = list(_libraries(results))
    for fold in folds:
        found = {library: ids for library in libraries if (ids := _with_name(results, library, fold(name), fold))}
        if found:
            return {library: pa.array(ids, pa.string()) for library, ids in found.items()}
    return {}


def find_parents(results: Results, name: str) -> dict[str, pa.Array]:
    """Return what ``parents_named`` does.

    Raises:
        UserError: there is none of this name.
    """
    if found := parents_named(results, name):
        return found
    libraries = list(_libraries(results))
    if not libraries:
        raise UserError(
            "there are no finished results here", where=results.folder, fix="run snakemake --cores all first"
        )
    for library in libraries:
        _refuse_reject(results, library, name)
    known = [each for library in libraries for each in _some_names(results, library)]
    within = [each for each in known if name.casefold() in each.casefold()][:5]
    fix = f"did you mean {', '.join(within)}?" if within else did_you_mean(name, known)
    raise UserError(
        "there is no natural product or input molecule of this name",
        where="parent",
        value=name,
        allowed=f"a name or an id in {', '.join(libraries)}",
        fix=fix or "look for its structure with molecule: its SMILES",
    )


def _libraries(results: Results) -> Iterator[str]:
    """Yield the names of the libraries that are natural products or input molecules."""
    return (library for library, path in results.libraries().items() if ROOT_KEY not in read_metadata(path))


def _refuse_reject(results: Results, library: str, name: str) -> None:
    """Say of an id of a rejected row why nothing was made from it, and of a duplicate from which row it was.

    Raises:
        UserError: a row with this id is a reject.
    """
    if not (path := results.rejects(library, None)).is_file():
        return
    for _, batch in batches(path, ["id", "source", "row", "reason", "detail"]):
        same = pc.equal(pc.utf8_lower(batch["id"]), name.lower()).fill_null(False)
        for row in batch.filter(same).to_pylist():
            again = row["reason"] == "duplicate"
            raise UserError(
                f"the row of this id is a reject: {row['reason']}: {row['detail']}",
                where=f"row {row['row']} of {row['source']}",
                value=name,
                fix="ask for the molecule that it is the same as" if again else "mend the row and run Snakemake again",
            )


def complete(results: Results, start: str, most: int) -> list[str]:
    """Return some names, or ids of those without a name, that have a text in them; first those that begin with it.

    Args:
        results: the results folder.
        start: the text, in capitals or not.
        most: the number of names at which the search ends.
    """
    begin: dict[str, None] = {}
    within: dict[str, None] = {}
    left = _MOST_ROWS
    for library in _libraries(results):
        for _, batch in batches(results.molecules(library), ["id", "name"]):
            names = pc.coalesce(batch["name"], batch["id"])
            found = names.filter(pc.match_substring(names, start, ignore_case=True)).to_pylist()
            for name in found:
                (begin if name.casefold().startswith(start.casefold()) else within)[name] = None
            left -= batch.num_rows
            if len(begin) >= most or left <= 0:
                return [*begin, *within][:most]
    return [*begin, *within][:most]


def _with_name(results: Results, library: str, wanted: str, fold: Callable[[str], str]) -> list[str]:
    """Return the ids of the molecules of a library whose folded name or id is the wanted one."""
    found = []
    for _, batch in batches(results.molecules(library), ["id", "name"]):
        for own, name in zip(batch["id"].to_pylist(), batch["name"].to_pylist(), strict=True):
            if wanted and wanted in (fold(own), fold(name or "")):
                found.append(own)
    return found


def _some_names(results: Results, library: str) -> list[str]:
    """Return names, or ids where there are none, of the first molecules of a library."""
    found: list[str] = []
    for _, batch in batches(results.molecules(library), ["id", "name"]):
        names = zip(batch["id"].to_pylist(), batch["name"].to_pylist(), strict=True)
        found += [name or own for own, name in names]
        if len(found) >= _MOST_NAMES:
            break
    return found
