"""One chunk of a job: all products of a run of library rows, in parent order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.scores import Scorer
from halogenator.model import Job
from halogenator.planning.chunks import site_column
from halogenator.process.usage import Task
from halogenator.tables.columns import product_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import TableWriter
from halogenator.tasks.chunk_task import Chunk, Made, Row, Rows, account_of


def transform_chunk(chunk: Chunk, job: Job) -> None:
    """Write a chunk's products, in the order of parents and sites, and as rejects the sites whose product is invalid.

    Args:
        chunk: rows of a library's molecules.parquet; its products may have duplicates of different parents.
        job: the job.
    """
    transform, with_inchikey = job.transform, job.inchikey
    column = site_column(chunk.source, transform)
    rows = chunk.rows(column)
    chooser = Chooser([transform], job.descriptors, choice=job.choice, with_inchikey=with_inchikey)
    scorer = Scorer(job.scores)

    def make(products: TableWriter, parent: str, smiles: str, stereo: str | None, values: tuple[float, ...]) -> Made:
        found, errors, left_out = chooser.products(smiles, values, stereo)
        made = [
            [each.smiles, parent, each.site, each.n_routes, each.enhanced_stereo, *each.descriptors] for each in found
        ]
        for row, product in zip(made, found, strict=True) if job.scores or with_inchikey else ():
            row += [*scorer.values(product.smiles), *([product.inchikey] if with_inchikey else [])]
        products.extend(made)
        return len(found) + left_out, errors

    columns = product_columns(job.descriptors, job.scores, with_inchikey=with_inchikey)
    metadata = with_versions(transform=transform.name, smirks=transform.smirks, rows_in=rows.stop - rows.start)
    metadata |= account_of(chooser)
    chunk.write(read_parents(rows, column, job.descriptors), make, columns, metadata)


@contextmanager
def as_single_chunk(molecules: Path, job: Job, scratch: Path, task: Task) -> Iterator[Chunk]:
    """Give a whole job as one finished chunk, whose files exist until the block ends.

    A small job is planned without chunk tasks (``planning.estimate``): each costs more than its products would. One
    without a site in the sample is among them, since the sample can miss some.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="job-", dir=scratch) as folder:
        chunk = Chunk.passing(molecules, Path(folder), task)
        transform_chunk(chunk, job)
        yield chunk


def read_parents(rows: Rows, column: str | None, descriptor_names: Sequence[str]) -> Iterator[Row]:
    """Yield (1-based row, id, SMILES, enhanced stereo, descriptor values) of the rows that have a site.

    Args:
        rows: rows of a library.
        column: column with the number of sites; None: every row is yielded.
        descriptor_names: columns of descriptors.
    """
    columns = ["id", "smiles", "enhanced_stereo", *descriptor_names, *([column] if column else [])]
    row = rows.start
    for batch in rows.read(columns):
        for name, smiles, stereo, *rest in zip(*(values.to_pylist() for values in batch.columns), strict=True):
            row += 1
            if column is None or rest.pop():
                yield row, name, smiles, stereo, tuple(rest)
