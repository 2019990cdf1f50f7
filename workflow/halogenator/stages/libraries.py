"""From an input file or a library one level down to a library's chunks: read, standardise, halogenate, index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from halogenator import limits
from halogenator.chemistry.index import HALOGENATION_SITES, Index
from halogenator.chemistry.kernel import Kernel, Product
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.chemistry.prepare import prepare
from halogenator.inputs.arrow_values import values_of
from halogenator.inputs.reading import describe, find_files, read_records
from halogenator.memory.usage import Task
from halogenator.model import Library, Transform
from halogenator.planning.chunks import chunk_bounds
from halogenator.stages.places import Places
from halogenator.stages.records import begin_row, provenance, write_reject
from halogenator.storage.columns import ROOT_KEY, file_columns, names_in, note_of, passed_on
from halogenator.storage.marks import unchanged
from halogenator.storage.parquet import TableWriter, limit_arrow_threads, open_parquet, read_rows, table_writer
from halogenator.storage.remote import address
from halogenator.storage.schema import LIBRARY, RAW, REJECTS, Column, descriptor_columns, read_metadata, site_columns

_SMILES = [column.name for column in LIBRARY].index("smiles")
_ROUTES = [column.name for column in LIBRARY].index("n_routes")


def read_library(library: Library, out: Path, task: Task, mark: str | None = None) -> None:
    """Stream an input file of any format into a table of raw rows that chunk tasks can cut anywhere.

    Args:
        library: the library, with its file.
        out: the table.
        task: this process's record.
        mark: ``content_mark`` of the file when the run was planned.

    Raises:
        UserError: if the file cannot be read, or is not the one of ``mark``.
    """
    limit_arrow_threads()
    paths = tuple(path for given in library.paths for path in find_files(given))
    source = describe(paths, library.reading, whole=True)
    along = file_columns(source.others)
    starts = [0]  # rows before each file: those of several are counted on from one to the next
    note = provenance(library=library.name, source=library.shown, **note_of(along, named=source.name is not None))
    columns = (*RAW, *(Column(column.name, column.type, column.given) for column in along))
    with table_writer(out, columns, note) as raw, unchanged(paths, mark):
        row = 0
        for record in read_records(paths, library.reading, source):
            starts += [row] * (record.file + 1 - len(starts))
            row = starts[-1] + record.row
            # A row that could not be read to its end may lack the rest of its values.
            extra = record.extra or (None,) * len(along)
            raw.append(row, record.id, record.name, record.smiles, record.problem, *extra)
        limits.end()
        note["sources"] = [[address(path), start] for path, start in zip(paths, starts, strict=False)]
        note["task"] = task.usage()


def library_columns(index: Index) -> tuple[Column, ...]:
    """Return the columns of a library with the index's descriptors and site counts."""
    return LIBRARY + descriptor_columns(index.descriptor_names) + site_columns(index.columns)


def standardize_chunk(
    raw: Path, library: Library, index: Index, *, chunk: tuple[int, int], out: Path, rejects_out: Path, task: Task
) -> None:
    """Standardise and index rows of an input file; every row ends in ``out`` or in ``rejects_out``.

    Args:
        raw: what ``read_library`` made.
        library: the library that the rows belong to.
        index: what to know of each molecule.
        chunk: (0-based number, how many).
        out: library rows, without final ids.
        rejects_out: rows that cannot be used.
        task: this process's record.
    """
    limit_arrow_threads()
    quiet()
    file = open_parquet(raw)
    start, stop = chunk_bounds(file, None, *chunk)
    made, places = read_metadata(raw), Places.of(raw)
    along = [Column(name, file.schema_arrow.field(name).type, "of the file") for name in names_in(made)]
    counted = {"rows_in": stop - start, "queries": index.queries, "sources": places.plain()}
    note = provenance(library=library.name, **counted, **passed_on(made))
    with (
        table_writer(out, (*library_columns(index), *along), note) as molecules,
        table_writer(rejects_out, REJECTS, {}) as rejects,
    ):
        columns = [*(column.name for column in RAW), *(column.name for column in along)]
        for batch in read_rows(file, columns, start, stop):
            values = [pa.Array.to_pylist(column) for column in batch.columns[: len(RAW)]]
            values += [values_of(column, column.type) for column in batch.columns[len(RAW) :]]
            rows = zip(*values, strict=True)
            for row, identifier, name, text, problem, *extra in rows:
                try:
                    begin_row(row)
                    if problem is not None:
                        raise RejectError("unreadable row", problem)
                    found = prepare(text, library.reading)
                    known = index.row(found.mol)
                except RejectError as error:
                    source, own = places.find(row)
                    write_reject(rejects, error, source=source, row=own, identifier=identifier, smiles=text)
                    continue
                changed = found.prepared, found.stripped_from
                lineage = None, library.k, "", "", 1, row, name
                molecules.append(identifier, found.smiles, found.enhanced_stereo, *lineage, *changed, *known, *extra)
        limits.end()
        note["task"] = task.usage()


def halogenate_chunk(
    base: Path,
    library: Library,
    transforms: Sequence[Transform],
    index: Index,
    *,
    chunk: tuple[int, int],
    out: Path,
    rejects_out: Path,
    task: Task,
) -> None:
    """Halogenate a chunk of the library one level down once more, and index what comes out.

    Args:
        base: the library one level down.
        library: the library being built.
        transforms: the class's halogenation rules, one per halogen.
        index: what to know of each molecule.
        chunk: (0-based number, how many).
        out: library rows, without final ids.
        rejects_out: products that cannot be used.
        task: this process's record.
    """
    limit_arrow_threads()
    quiet()
    file = open_parquet(base)
    weight = HALOGENATION_SITES if HALOGENATION_SITES in file.schema_arrow.names else None
    start, stop = chunk_bounds(file, weight, *chunk)
    kernel = Kernel(
        transforms,
        index.descriptor_names,
        examine=index.site_counts,
        examined_queries=index.examined_queries,
    )
    made = read_metadata(base)
    root = made.get(ROOT_KEY) or made.get("library")
    note = provenance(library=library.name, rows_in=stop - start, queries=index.queries, **{ROOT_KEY: root})
    with (
        table_writer(out, library_columns(index), note) as molecules,
        table_writer(rejects_out, REJECTS, {}) as rejects,
    ):
        steps = [(rule, halogen) for rule, _, halogen in (step.name.partition(":") for step in transforms)]
        builder = _LevelBuilder(molecules, steps, library.k or 0)
        row = start
        columns = ["id", "smiles", "enhanced_stereo", "parent", "halogens", "rules", *index.descriptor_names]
        for batch in read_rows(file, columns, start, stop):
            for name, smiles, stereo, parent, halogens, rules, *values in zip(
                *(column.to_pylist() for column in batch.columns), strict=True
            ):
                row += 1
                try:
                    begin_row(row)
                    found, errors = kernel.products(smiles, tuple(values), stereo)
                except RejectError as slow:
                    found, errors = [], [(None, slow)]
                builder.add(found, parent, halogens, rules)
                for site, error in errors:
                    write_reject(rejects, error, source=str(base), row=row, identifier=name, smiles=smiles, site=site)
        limits.end()
        note["task"] = task.usage()


class _LevelBuilder:
    """Writes halogenated molecules, joining those that one natural product gives more than once.

    Rows come in parent order, so two ways to the same molecule lie close together. Joining them at once saves writing
    the second; the merge joins the few that lie further apart.
    """

    def __init__(self, molecules: TableWriter, steps: Sequence[tuple[str, str]], k: int) -> None:
        self.molecules = molecules
        self.steps = steps
        self.k = k
        self.parent: str | None = None
        self.seen: dict[tuple[str, str | None], int] = {}

    def add(self, products: Sequence[Product], parent: str, halogens: str, rules: str) -> None:
        """Add the products of one molecule."""
        if parent != self.parent:
            self.parent, self.seen = parent, {}
        for product in products:
            written = product.smiles, product.enhanced_stereo
            known = self.seen.get(written)
            if known is not None:
                self.molecules.columns[_ROUTES][known] += product.n_routes
                continue
            rule, halogen = self.steps[product.transform]
            self.seen[written] = len(self.molecules.columns[_SMILES])
            full = self.molecules.append(
                None,
                *written,
                parent,
                self.k,
                _join(halogens, halogen),
                _join(rules, rule),
                product.n_routes,
                *[None] * 4,
                *product.descriptors,
                *product.examined,
            )
            if full:
                self.seen = {}


def _join(names: str, name: str) -> str:
    return ",".join(sorted([*filter(None, names.split(",")), name]))
