"""One chunk of a built library: molecules of the library that it is built from, taken further by steps, and indexed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.index import HALOGENATION_SITES, Index
from halogenator.chemistry.kernel import Product, Reject
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.scores import Scorer
from halogenator.chemistry.steps import MAX_STEPS, Key, Reached, Repeated
from halogenator.model import HALOGENATION, Choice, Library, Transform
from halogenator.planning.chunks import site_column
from halogenator.tables.columns import LIBRARY, STEPS, library_columns
from halogenator.tables.file_columns import ROOT_KEY, SMIRKS_KEY
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter
from halogenator.tasks.chunk_task import Chunk, Made, Row, Rows, account_of

MAX_REACHED = 20_000  # molecules that are made of one of the base by repeated steps

_ROUTES = [column.name for column in LIBRARY].index("n_routes")


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


def halogenate_chunk(
    chunk: Chunk, library: Library, transforms: Sequence[Transform], index: Index, choice: Choice
) -> None:
    """Take molecules some steps further, and index what they give.

    Args:
        chunk: rows of the library that this one is built from; its output rows have no ids yet.
        library: the library to build.
        transforms: what one step applies.
        index: the descriptors and site counts of each molecule.
        choice: what is left out, besides what each transform leaves out.
    """
    rows = chunk.rows(*_weights(chunk, library, transforms))
    chooser = Chooser(
        transforms,
        index.descriptor_names,
        choice=choice,
        examine=index.site_counts,
        examined_queries=index.examined_queries,
    )
    steps = Repeated(chooser, library.times, library.keep_levels, MAX_REACHED)
    names = [transform.name for transform in transforms]
    level = _Level(library)

    def make(table: TableWriter, _: str, smiles: str, stereo: str | None, lineage: Lineage, values: Any) -> Made:
        start = smiles, stereo
        reached = steps.reach(start, values, MAX_STEPS - lineage.k)
        for product, told in kept(reached, start, lineage, names):
            level.add(table, product, told)
        return reached.made, list(refused_of(reached, start))

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


def kept(reached: Reached, start: Key, lineage: Lineage, names: Sequence[str]) -> Iterator[tuple[Product, Lineage]]:
    """Yield the molecules of the library that come from one of the base, each with its lineage.

    Args:
        reached: what comes from it.
        start: the one of the base.
        lineage: its own.
        names: of the transforms.
    """
    lineages: dict[Key, Lineage] = {}
    for molecule, (product, origin) in reached.products.items():
        before = lineage if origin == start else lineages[origin]
        lineages[molecule] = before.after(names[product.transform], product.site)
    for molecule in reached.kept():
        yield reached.products[molecule][0], lineages[molecule]


def refused_of(reached: Reached, start: Key) -> Iterator[Reject]:
    """Yield the sites without a product, and the bound at which the steps from a molecule of the base stopped."""
    for (smiles, stereo), (site, error) in reached.rejects:
        if (smiles, stereo) == start:
            yield site, error
        else:  # sites of rejects are those of molecules of the base
            where = "" if site is None else f", at atom {site}"
            yield None, RejectError(error.reason, f"{error.detail} (of {smiles}{where})")
    if reached.cut_at:
        bounds = {"molecules": f"{MAX_REACHED:,} molecules come from it", "steps": f"{MAX_STEPS} steps lead on"}
        detail = f"of what {reached.steps} steps give all is here, what is further on may be left out"
        yield None, RejectError(f"too many {reached.cut_at}", f"{bounds[reached.cut_at]}, and more; {detail}")


class _Level:
    """Writes molecules, and adds up the routes to one molecule from one natural product.

    Rows come in parent order, so that most routes to a molecule follow each other closely. Only the first is written.
    The merge finds those that are further apart.
    """

    def __init__(self, library: Library) -> None:
        self._tells_steps = library.tells_steps
        self._scorer = Scorer(library.scores)
        self._parent: str | None = None
        # {(SMILES, enhanced stereo): row in ``rows`` of the writer}
        self._seen: dict[Key, int] = {}

    def add(self, table: TableWriter, product: Product, lineage: Lineage) -> None:
        """Add a molecule."""
        if lineage.parent != self._parent:
            self._parent, self._seen = lineage.parent, {}
        molecule = product.smiles, product.enhanced_stereo
        known = self._seen.get(molecule)
        if known is not None:
            table.rows[known][_ROUTES] += product.n_routes
            return
        self._seen[molecule] = len(table.rows)
        parent, k, halogens, rules, steps = lineage
        own = None, *molecule, parent, k, halogens, rules, product.n_routes, *[None] * 4
        told = (steps,) if self._tells_steps else ()
        described = *product.descriptors, *product.examined, *self._scorer.values(product.smiles)
        if table.append(*own, *told, *described):
            self._seen = {}


def _join(names: str, name: str) -> str:
    """Return comma-separated names with one more, sorted: ``F`` and ``Cl`` give ``Cl,F``."""
    return ",".join(sorted(filter(None, [*names.split(","), name])))
