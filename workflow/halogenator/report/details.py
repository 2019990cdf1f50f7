"""What the page shows of one library or one job once it is chosen: distributions, drawings, reasons of rejects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.scores import SCORES
from halogenator.model import Transform
from halogenator.report import distributions, gallery
from halogenator.results import Results
from halogenator.tables.file_columns import extra_names, read_extra_columns
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

Key = tuple[str, str | None]  # library, transform; a library alone has None
Found = dict[str, Any]

_PARENT_COLUMNS = ("smiles", "parent", "halogens")
_ORIGIN_COLUMNS = ("smiles", "name")


@dataclass(frozen=True)
class _Picked:
    """Products to draw of a library's jobs.

    Attributes:
        products: {transform: rows of its products}.
        parents: {id: row} of the molecules that they came from.
        origins: {id: row} of the natural products of these.
    """

    products: dict[str, list[Found]]
    parents: dict[str, Found]
    origins: dict[str, Found]


class Details:
    """The details of all libraries and jobs of a page.

    Args:
        connection: an in-memory database.
        results: the results folder.
        keys: the libraries and jobs; those without a file have no details.
        rejects: rows of ``figures.rejects``.

    Attributes:
        profiles: {library or job: distributions of its molecules}.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        results: Results,
        keys: Iterable[Key],
        rejects: Sequence[Mapping[str, Any]],
    ) -> None:
        self._connection = connection
        self._results = results
        self._rejects = rejects
        self._known_origins: dict[str, dict[str, Found]] = defaultdict(dict)  # by library of natural products, by id
        present = [key for key in keys if results.main(*key).exists()]
        self._shown = gallery.counts({key: footer(results.main(*key)).rows for key in present})
        self.profiles = {key: self._profile(results.main(*key)) for key in present}

    def of(self, library: str, transforms: Sequence[str | None]) -> Iterator[tuple[str | None, Found]]:
        """Yield (transform, details) of a library's jobs, and of itself for None; {} where there is no file."""
        molecules = self._results.molecules(library)
        metadata = read_metadata(molecules) if molecules.exists() else {}
        queries = metadata.get("queries", {})
        counted = {query: column for column, query in queries.items()} if isinstance(queries, dict) else {}
        before: dict[str | None, Found] = {}
        picked = self._picked(library, transforms)
        for transform in transforms:
            if (library, transform) not in self.profiles:
                yield transform, {}
            elif transform is None:
                yield None, self._of_library(library)
            else:
                made = read_metadata(self._results.products(library, transform))
                applied = Transform(name=transform, smirks=str(made.get("smirks") or ""))
                sites = counted.get(applied.query)
                if sites not in before and metadata:
                    before[sites] = self._profile(molecules, sites)
                found = self._of_job(library, applied, picked)
                yield (
                    transform,
                    {**found, "adopted": bool(made.get("adopted")), "before": before.get(sites)}
                    | ({"matched": True} if sites is not None else {}),
                )

    def _picked(self, library: str, transforms: Sequence[str | None]) -> _Picked:
        """Return the products to draw of a library's jobs, with their parents and natural products, in one pass."""
        paths = {name: self._results.products(library, name) for name in transforms if name is not None}
        columns = {name: described_in(path) for name, path in paths.items() if (library, name) in self.profiles}
        products = {
            name: gallery.pick(paths[name], ["parent_id", "site", *described], self._shown[library, name])
            for name, described in columns.items()
        }
        wanted = [row["parent_id"] for rows in products.values() for row in rows]
        described = list(dict.fromkeys(name for names in columns.values() for name in names))
        molecules = self._results.molecules(library)
        parents = gallery.find_molecules(self._connection, molecules, wanted, [*_PARENT_COLUMNS, *described])
        return _Picked(products, parents, self._origins(library, (row["parent"] for row in parents.values())))

    def _of_job(self, library: str, transform: Transform, picked: _Picked) -> Found:
        key = library, transform.name
        described = described_in(self._results.products(*key))
        reaction = Reaction(transform) if transform.smirks else None

        def draw(row: Found) -> Found | None:
            parent = picked.parents.get(row["parent_id"])
            origin = parent and picked.origins.get(parent["parent"])
            return gallery.draw_product(row, parent, origin, reaction, described)

        drawn = gallery.first_drawn(map(draw, picked.products[transform.name]), self._shown[key])
        return self._details(key, drawn)

    def _of_library(self, library: str) -> Found:
        path = self._results.molecules(library)
        described = described_in(path)
        shown = self._shown[library, None]
        picked = gallery.pick(path, ["id", "name", "parent", "halogens", *described], shown)
        root = self._root(library)
        origins = self._origins(library, (row["parent"] for row in picked)) if root != library else {}
        drawn = (gallery.draw_molecule(row, origins.get(row["parent"]), described) for row in picked)
        before = {"before": self.profiles.get((root, None))} if root != library else {}
        return {**self._details((library, None), gallery.first_drawn(drawn, shown)), **before}

    def _details(self, key: Key, drawn: list[Found]) -> Found:
        reasons = [
            [row["reason"], row["rejects"]] for row in self._rejects if (row["library"], row["transform"]) == key
        ]
        return {"reasons": reasons, "after": self.profiles[key], "gallery": drawn}

    def _profile(self, path: Path, sites: str | None = None) -> Found:
        return distributions.profile(path, described_in(path), sites=sites)

    def _root(self, library: str) -> str:
        """Return the library of natural products that a library is built from; itself if it is from a file."""
        path = self._results.molecules(library)
        return read_extra_columns(path, library).root if path.exists() else library

    def _origins(self, library: str, ids: Iterable[str | None]) -> dict[str, Found]:
        """Return {id: row} of natural products; those that were asked for before are remembered."""
        root = self._root(library)
        known, path = self._known_origins[root], self._results.molecules(root)
        described = described_in(path) if path.exists() else []
        wanted = set(ids) - known.keys()
        known |= gallery.find_molecules(self._connection, path, wanted, [*_ORIGIN_COLUMNS, *described])
        return known


def described_in(path: Path) -> list[str]:
    """Return the descriptors and scores that a file of molecules or products has, without columns of the input file."""
    found = footer(path)
    own = set(found.columns) - set(extra_names(found.metadata))
    return [name for name in (*DESCRIPTORS, *SCORES) if name in own]
