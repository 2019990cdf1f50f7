"""One chunk of a job: the rows of a library that a transform touches, and all their products, in parent order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from halogenator.chemistry.kernel import Kernel
from halogenator.model import Transform
from halogenator.planning.chunks import site_column
from halogenator.process.usage import Task
from halogenator.results import PRODUCTS_FILE, REJECTS_FILE
from halogenator.tables.columns import product_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import TableWriter
from halogenator.tasks.chunk_task import Chunk, Made, Row, Rows


def transform_chunk(
    chunk: Chunk, transform: Transform, *, descriptor_names: Sequence[str], with_inchikey: bool
) -> None:
    """Write a chunk's products, in parent then site order, and the sites whose product RDKit refuses.

    Args:
        chunk: rows of a library's molecules.parquet; the products, duplicates between parents included; the rejects.
        transform: what to apply.
        descriptor_names: descriptor columns, in order.
        with_inchikey: whether to add the InChIKey.
    """
    column = site_column(chunk.source, transform)
    rows = chunk.rows(weight=column)
    kernel = Kernel([transform], descriptor_names, with_inchikey=with_inchikey)

    def make(products: TableWriter, parent: str, smiles: str, stereo: str | None, values: tuple[float, ...]) -> Made:
        found, errors = kernel.products(smiles, values, stereo)
        for product in found:
            own = product.smiles, parent, product.site, product.n_routes, product.enhanced_stereo
            products.append(*own, *product.descriptors, *((product.inchikey,) if with_inchikey else ()))
        return len(found), errors

    columns = product_columns(descriptor_names, with_inchikey=with_inchikey)
    metadata = with_versions(transform=transform.name, smirks=transform.smirks, rows_in=rows.stop - rows.start)
    chunk.write(read_parents(rows, column, descriptor_names), make, columns, metadata)


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
        chunk = Chunk(library, (0, 1), Path(folder) / PRODUCTS_FILE, Path(folder) / REJECTS_FILE, task)
        transform_chunk(chunk, transform, descriptor_names=descriptor_names, with_inchikey=with_inchikey)
        yield [chunk.out], [chunk.rejects_out]


def read_parents(rows: Rows, column: str | None, descriptor_names: Sequence[str]) -> Iterator[Row]:
    """Yield (1-based row, id, smiles, enhanced stereo, descriptors) of rows that have a site.

    Args:
        rows: of a library.
        column: the column that counts a row's sites; None: all rows are taken to have one.
        descriptor_names: the columns of descriptors.
    """
    row = rows.start
    columns = ["id", "smiles", "enhanced_stereo", *descriptor_names, *([column] if column else [])]
    for batch in rows.read(columns):
        names, smiles, stereo, *rest = (values.to_pylist() for values in batch.columns)
        counts = rest.pop() if column else [1] * len(names)
        values: Iterable[tuple[Any, ...]] = zip(*rest, strict=True) if rest else [()] * len(names)
        for name, text, beyond, count, described in zip(names, smiles, stereo, counts, values, strict=True):
            row += 1
            if count:
                yield row, name, text, beyond, described
