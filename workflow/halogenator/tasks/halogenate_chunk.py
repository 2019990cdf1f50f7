"""One chunk of a built library: molecules of the library of level k - 1, halogenated once more and indexed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.index import HALOGENATION_SITES, Index
from halogenator.chemistry.kernel import Product
from halogenator.model import Choice, Library, Transform
from halogenator.tables.columns import LIBRARY, library_columns
from halogenator.tables.file_columns import ROOT_KEY, STEPS_KEY
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter
from halogenator.tasks.chunk_task import Chunk, Made, Row, Rows, account_of

Lineage = tuple[str, str, str]  # parent, halogens, rules

_SMILES = [column.name for column in LIBRARY].index("smiles")
_ROUTES = [column.name for column in LIBRARY].index("n_routes")


def halogenate_chunk(
    chunk: Chunk, library: Library, transforms: Sequence[Transform], index: Index, choice: Choice
) -> None:
    """Halogenate molecules once more, and index the products.

    Args:
        chunk: rows of the library of level k - 1; its output rows have no ids yet.
        library: the library to build.
        transforms: the halogenation rules of the class of natural products, one per rule and halogen.
        index: the descriptors and site counts of each molecule.
        choice: what is left out, besides what each rule leaves out.
    """
    rows = chunk.rows(weight=HALOGENATION_SITES)
    chooser = Chooser(
        transforms,
        index.descriptor_names,
        choice=choice,
        examine=index.site_counts,
        examined_queries=index.examined_queries,
    )
    level = _Level(transforms, library.k or 0)

    def make(table: TableWriter, _: str, smiles: str, stereo: str | None, lineage: Lineage, values: Any) -> Made:
        found, errors, left_out = chooser.products(smiles, values, stereo)
        level.add(table, found, *lineage)
        return len(found) + left_out, errors

    base = read_metadata(chunk.source)
    root = base.get(ROOT_KEY) or base.get("library")
    counted = {"rows_in": rows.stop - rows.start, "queries": index.queries, ROOT_KEY: root}
    metadata = with_versions(library=library.name, **counted) | account_of(chooser) | _steps(base, transforms)
    columns = library_columns(index.descriptor_names, index.columns)
    chunk.write(_read(rows, index.descriptor_names), make, columns, metadata)


def _steps(base: Mapping[str, Any], transforms: Sequence[Transform]) -> dict[str, Any]:
    """Return the steps of all levels as metadata; none if an earlier version made the base, and recorded none."""
    below = base.get(STEPS_KEY, []) if ROOT_KEY in base else []
    is_known = STEPS_KEY in base or ROOT_KEY not in base
    return {STEPS_KEY: [*below, {each.name: each.smirks for each in transforms}]} if is_known else {}


def _read(rows: Rows, descriptor_names: Sequence[str]) -> Iterator[Row]:
    """Yield (1-based row, id, SMILES, enhanced stereo, lineage, descriptors)."""
    columns = ["id", "smiles", "enhanced_stereo", "parent", "halogens", "rules", *descriptor_names]
    row = rows.start
    for batch in rows.read(columns):
        for name, smiles, stereo, *rest in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            row += 1
            yield row, name, smiles, stereo, rest[:3], tuple(rest[3:])


class _Level:
    """Writes halogenated molecules, and adds up the routes to one molecule from one natural product.

    Rows come in parent order, so that most routes to a molecule follow each other closely. Only the first is written.
    The merge finds those that are further apart.
    """

    def __init__(self, transforms: Sequence[Transform], k: int) -> None:
        self._steps = [(rule, halogen) for rule, _, halogen in (step.name.partition(":") for step in transforms)]
        self._k = k
        self._parent: str | None = None
        # {(SMILES, enhanced stereo): row in ``rows`` of the writer}
        self._seen: dict[tuple[str, str | None], int] = {}

    def add(self, molecules: TableWriter, products: Sequence[Product], parent: str, halogens: str, rules: str) -> None:
        """Add the products of one molecule; ``parent``, ``halogens`` and ``rules`` are those of that molecule."""
        if parent != self._parent:
            self._parent, self._seen = parent, {}
        for product in products:
            molecule = product.smiles, product.enhanced_stereo
            known = self._seen.get(molecule)
            if known is not None:
                molecules.rows[known][_ROUTES] += product.n_routes
                continue
            rule, halogen = self._steps[product.transform]
            self._seen[molecule] = len(molecules.rows)
            lineage = parent, self._k, _join(halogens, halogen), _join(rules, rule), product.n_routes
            full = molecules.append(None, *molecule, *lineage, *[None] * 4, *product.descriptors, *product.examined)
            if full:
                self._seen = {}


def _join(names: str, name: str) -> str:
    """Return comma-separated names with one more, sorted: ``F`` and ``Cl`` give ``Cl,F``."""
    return ",".join(sorted([*filter(None, names.split(",")), name]))
