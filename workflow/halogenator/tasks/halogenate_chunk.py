"""One chunk of a built library: molecules of the library that it is built from, taken further by steps, and indexed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.descriptor_differences import Values
from halogenator.chemistry.index import HALOGENATION_SITES, Index
from halogenator.chemistry.kernel import Product, Reject
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.scores import Scorer
from halogenator.model import HALOGENATION, Choice, Library, Transform
from halogenator.planning.chunks import site_column
from halogenator.tables.columns import LIBRARY, STEPS, library_columns
from halogenator.tables.file_columns import ROOT_KEY, SMIRKS_KEY
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter
from halogenator.tasks.chunk_task import Chunk, Made, Row, Rows, account_of

# Bounds of a walk: molecules that are reached from one of the base, which bounds memory, and steps since the natural
# product, since a walk that goes round in ever larger molecules does not end.
MAX_REACHED = 20_000
MAX_STEPS = 100

_ROUTES = [column.name for column in LIBRARY].index("n_routes")

Molecule = tuple[str, str | None]  # SMILES, enhanced stereo


class Lineage(NamedTuple):
    """How a molecule was made from a natural product: values of the columns of these names."""

    parent: str
    k: int
    halogens: str
    rules: str
    steps: str

    def after(self, step: str, site: int) -> Lineage:
        """Return the lineage after one more step: the name of a transform, or a rule and its halogen, at a site."""
        rule, _, halogen = step.partition(":")
        steps = f"{self.steps},{step}@{site}".removeprefix(",")
        return Lineage(self.parent, self.k + 1, _join(self.halogens, halogen), _join(self.rules, rule), steps)


def halogenate_chunk(chunk: Chunk, library: Library, transforms: Sequence[Transform], index: Index) -> None:
    """Take molecules some steps further, and index what they give.

    Args:
        chunk: rows of the library that this one is built from; its output rows have no ids yet.
        library: the library to build.
        transforms: what one step applies, with all that is left out of what it makes.
        index: the descriptors and site counts of each molecule.
    """
    rows = chunk.rows(*_weights(chunk, library, transforms))
    chooser = Chooser(
        transforms,
        index.descriptor_names,
        choice=Choice(),
        examine=index.site_counts,
        examined_queries=index.examined_queries,
    )
    names = [transform.name for transform in transforms]
    level = _Level(names, library)

    def make(table: TableWriter, _: str, smiles: str, stereo: str | None, lineage: Lineage, values: Any) -> Made:
        walk = _Walk(chooser, library, names)
        for product, before in walk.molecules((smiles, stereo), values, lineage):
            level.add(table, product, before)
        return walk.made, walk.rejects

    base = read_metadata(chunk.source)
    root = base.get(ROOT_KEY) or base.get("library")
    counted = {"rows_in": rows.stop - rows.start, "queries": index.queries, ROOT_KEY: root}
    metadata = with_versions(library=library.name, **counted) | account_of(chooser) | _smirks(base, transforms)
    columns = library_columns(index.descriptor_names, index.columns, library.scores, steps=library.tells_steps)
    chunk.write(_read(rows, index.descriptor_names), make, columns, metadata)


def _smirks(base: Mapping[str, Any], transforms: Sequence[Transform]) -> dict[str, Any]:
    """Return the SMIRKS of all steps since the natural product, as metadata; nothing if the base does not tell its own.

    An earlier version recorded none. Nor is anything told if two steps of one name have another SMIRKS.
    """
    if ROOT_KEY in base and SMIRKS_KEY not in base:
        return {}
    own, before = {each.name: each.smirks for each in transforms}, base.get(SMIRKS_KEY, {})
    return {SMIRKS_KEY: before | own} if before | own == own | before else {}


def _weights(chunk: Chunk, library: Library, transforms: Sequence[Transform]) -> list[str]:
    """Return the columns of the base whose sum says how much work a molecule is; none if one of them is missing."""
    named = [transform for transform in transforms if transform.name in library.by]
    columns = [site_column(chunk.source, transform) for transform in named]
    columns += [HALOGENATION_SITES] if HALOGENATION in library.by else []
    return list(dict.fromkeys(column for column in columns if column)) if all(columns) else []


def _read(rows: Rows, descriptor_names: Sequence[str]) -> Iterator[Row]:
    """Yield (1-based row, id, SMILES, enhanced stereo, lineage, descriptors).

    Where the base does not tell its steps, they are its rules, without sites.
    """
    steps = STEPS.name if STEPS.name in rows.file.schema_arrow.names else "rules"
    lineage = ["parent", "k", "halogens", "rules", steps]
    columns = list(dict.fromkeys(["id", "smiles", "enhanced_stereo", *lineage, *descriptor_names]))
    row = rows.start
    for batch in rows.read(columns):
        known = {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}
        own = zip(*(known[name] for name in ("id", "smiles", "enhanced_stereo")), strict=True)
        origins = zip(*(known[name] for name in lineage), strict=True)
        described = zip(*(known[name] for name in descriptor_names), strict=True) if descriptor_names else None
        for (name, smiles, stereo), (parent, k, *words) in zip(own, origins, strict=True):
            row += 1
            yield row, name, smiles, stereo, Lineage(parent, k or 0, *words), next(described) if described else ()


class _Walk:
    """The steps from one molecule of the base: all that can be made in one step, of each of these again, and so on.

    Each distinct molecule is taken further once, where it is first reached.

    Attributes:
        made: number of products, or of products left out, of all steps.
        rejects: sites without a product, and the bound at which the walk stopped.
    """

    def __init__(self, chooser: Chooser, library: Library, names: Sequence[str]) -> None:
        self._chooser = chooser
        self._names = names
        self._times = library.times
        self._keeps_all = library.keep_levels or library.times is not None
        self._found: dict[Molecule, tuple[Product, Lineage]] = {}
        self.made = 0
        self.rejects: list[Reject] = []

    def molecules(self, start: Molecule, values: Values, lineage: Lineage) -> Iterable[tuple[Product, Lineage]]:
        """Return the molecules of the library that come from ``start``, each with the lineage before its last step."""
        found, ends = self._found, list[Molecule]()
        level = [(start, values, lineage)]
        steps = 0
        while level and steps != self._times:
            following: list[tuple[Molecule, Values, Lineage]] = []
            for molecule, described, before in level:
                if self._stops(before, steps):
                    following = []
                    break
                products = self._products(molecule, described, start)
                if steps and not products:
                    ends.append(molecule)
                for product in products:
                    reached = product.smiles, product.enhanced_stereo
                    if reached in found:
                        found[reached][0].n_routes += product.n_routes
                        continue
                    found[reached] = product, before
                    if reached != start and steps + 1 != self._times:
                        after = before.after(self._names[product.transform], product.site)
                        following.append((reached, product.descriptors, after))
            level = following
            steps += 1
        return found.values() if self._keeps_all else [found[molecule] for molecule in ends]

    def _stops(self, lineage: Lineage, steps: int) -> bool:
        """Return whether the walk has come to a bound, after so many complete steps; a reject says so."""
        reason = ""
        if len(self._found) >= MAX_REACHED:
            reason, most = "too many molecules", f"{MAX_REACHED:,} molecules come from it"
        elif lineage.k >= MAX_STEPS:
            reason, most = "too many steps", f"{MAX_STEPS} steps lead on"
        if reason:
            detail = f"{most}, and more; of what {steps} steps give all is here, what is further on may be left out"
            self.rejects.append((None, RejectError(reason, detail)))
        return bool(reason)

    def _products(self, molecule: Molecule, values: Values, start: Molecule) -> list[Product]:
        smiles, stereo = molecule
        products, rejects, left_out = self._chooser.products(smiles, values, stereo)
        self.made += len(products) + left_out
        for site, error in rejects:
            if molecule != start:  # sites of rejects are those of molecules of the base
                where = "" if site is None else f", at atom {site}"
                site, error = None, RejectError(error.reason, f"{error.detail} (of {smiles}{where})")
            self.rejects.append((site, error))
        return products


class _Level:
    """Writes molecules, and adds up the routes to one molecule from one natural product.

    Rows come in parent order, so that most routes to a molecule follow each other closely. Only the first is written.
    The merge finds those that are further apart.
    """

    def __init__(self, names: Sequence[str], library: Library) -> None:
        self._names = names
        self._tells_steps = library.tells_steps
        self._scorer = Scorer(library.scores)
        self._parent: str | None = None
        # {(SMILES, enhanced stereo): row in ``rows`` of the writer}
        self._seen: dict[Molecule, int] = {}

    def add(self, table: TableWriter, product: Product, before: Lineage) -> None:
        """Add a molecule; ``before``: the lineage of what its last step started from."""
        if before.parent != self._parent:
            self._parent, self._seen = before.parent, {}
        molecule = product.smiles, product.enhanced_stereo
        known = self._seen.get(molecule)
        if known is not None:
            table.rows[known][_ROUTES] += product.n_routes
            return
        self._seen[molecule] = len(table.rows)
        parent, k, halogens, rules, steps = before.after(self._names[product.transform], product.site)
        own = None, *molecule, parent, k, halogens, rules, product.n_routes, *[None] * 4
        told = (steps,) if self._tells_steps else ()
        described = *product.descriptors, *product.examined, *self._scorer.values(product.smiles)
        if table.append(*own, *told, *described):
            self._seen = {}


def _join(names: str, name: str) -> str:
    """Return comma-separated names with one more, sorted: ``F`` and ``Cl`` give ``Cl,F``."""
    return ",".join(sorted(filter(None, [*names.split(","), name])))
