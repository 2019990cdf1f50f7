"""One chunk of a job: the rows of a library that a transform touches, and all their products, in parent order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from halogenator import limits
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.memory.usage import Task
from halogenator.model import Transform
from halogenator.planning.chunks import chunk_bounds
from halogenator.results import PRODUCTS_FILE, REJECTS_FILE
from halogenator.stages.records import begin_row, provenance, write_reject
from halogenator.storage.parquet import limit_arrow_threads, open_parquet, read_rows, table_writer
from halogenator.storage.schema import INCHIKEY, PRODUCTS, REJECTS, Column, descriptor_columns, read_metadata


def product_columns(descriptor_names: Sequence[str], *, with_inchikey: bool) -> tuple[Column, ...]:
    """Return the columns of a product table."""
    return PRODUCTS + descriptor_columns(descriptor_names) + ((INCHIKEY,) if with_inchikey else ())


def site_column(library: Path, transform: Transform) -> str | None:
    """Return the library column that counts the transform's sites, or None where the library was built without it."""
    queries = read_metadata(library).get("queries", {})
    assert isinstance(queries, dict)
    return next((column for column, query in queries.items() if query == transform.query), None)


def transform_chunk(
    library: Path,
    transform: Transform,
    *,
    descriptor_names: Sequence[str],
    with_inchikey: bool,
    chunk: tuple[int, int],
    out: Path,
    rejects_out: Path,
    task: Task,
) -> None:
    """Write a chunk's products, in parent then site order, and the sites whose product RDKit refuses.

    Args:
        library: a library's molecules.parquet.
        transform: what to apply.
        descriptor_names: descriptor columns, in order.
        with_inchikey: whether to add the InChIKey.
        chunk: (0-based number, how many).
        out: the products, duplicates between parents included.
        rejects_out: the rejects.
        task: this process's record.
    """
    limit_arrow_threads()
    quiet()
    file = open_parquet(library)
    column = site_column(library, transform)
    start, stop = chunk_bounds(file, column, *chunk)
    kernel = Kernel([transform], descriptor_names, with_inchikey=with_inchikey)
    matched = rejected = 0
    note = provenance(transform=transform.name, smirks=transform.smirks, rows_in=stop - start)
    with (
        table_writer(out, product_columns(descriptor_names, with_inchikey=with_inchikey), note) as products,
        table_writer(rejects_out, REJECTS, {}) as rejects,
    ):
        for row, name, smiles, stereo, values in read_parents(file, column, descriptor_names, start, stop):
            try:
                begin_row(row)
                found, errors = kernel.products(smiles, values, stereo)
            except RejectError as slow:
                found, errors = [], [(None, slow)]
            matched += bool(found or errors)
            for product in found:
                identifiers = (product.inchikey,) if with_inchikey else ()
                products.append(
                    product.smiles,
                    name,
                    product.site,
                    product.n_routes,
                    product.enhanced_stereo,
                    *product.descriptors,
                    *identifiers,
                )
            for site, error in errors:
                rejected += 1
                write_reject(rejects, error, source=str(library), row=row, identifier=name, smiles=smiles, site=site)
        limits.end()
        note |= {"rows_matched": matched, "rejects": rejected, "task": task.usage()}


@contextmanager
def as_single_chunk(
    library: Path,
    transform: Transform,
    *,
    descriptor_names: Sequence[str],
    with_inchikey: bool,
    scratch: Path,
    task: Task,
) -> Iterator[tuple[Sequence[Path], Sequence[Path]]]:
    """Make and give the one chunk of a job that was planned without any, because nothing in it seemed to match.

    The plan is made from the parents before the library exists. Where it was wrong the products are made here, so a job
    without chunk tasks is as exact as any other.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="job-", dir=scratch) as folder:
        out, rejects_out = Path(folder) / PRODUCTS_FILE, Path(folder) / REJECTS_FILE
        transform_chunk(
            library,
            transform,
            descriptor_names=descriptor_names,
            with_inchikey=with_inchikey,
            chunk=(0, 1),
            out=out,
            rejects_out=rejects_out,
            task=task,
        )
        yield [out], [rejects_out]


def read_parents(
    file: pq.ParquetFile, column: str | None, descriptor_names: Sequence[str], start: int, stop: int
) -> Iterator[tuple[int, str, str, str | None, tuple[float, ...]]]:
    """Yield (1-based row, id, smiles, enhanced stereo, descriptors) of rows that have a site.

    Where the index does not count its sites, all rows are taken for such.
    """
    row = start
    columns = ["id", "smiles", "enhanced_stereo", *descriptor_names, *([column] if column else [])]
    for batch in read_rows(file, columns, start, stop):
        names, smiles, stereo, *rest = (values.to_pylist() for values in batch.columns)
        counts = rest.pop() if column else [1] * len(names)
        values: Iterable[tuple[float, ...]] = zip(*rest, strict=True) if rest else [()] * len(names)
        for name, text, beyond, count, described in zip(names, smiles, stereo, counts, values, strict=True):
            row += 1
            if count:
                yield row, name, text, beyond, described
