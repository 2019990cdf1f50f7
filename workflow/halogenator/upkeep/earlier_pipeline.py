"""Products files of an earlier pipeline: a check that they are whole, and their conversion to this program's columns.

Such a file holds the products of one job, with ``smiles`` (or ``canonical_smiles``), ``MW``, ``TPSA``, ``HBD``,
``HBA``, ``cLogP``, ``RotB``, ``inchikey`` and more. They become:

* ``smiles``: canonical for this RDKit. A row that RDKit cannot read is a reject. With a larger share of rejects than
  ``MAX_REJECTED``, the file is not adopted;
* the descriptors and ``inchikey``: values of the file, or computed where it has none;
* ``parent_id``, ``site``, ``n_routes``: null, since the file does not have them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.molecules import RejectError, parse_smiles, settled
from halogenator.chemistry.scores import Scorer
from halogenator.errors import UserError
from halogenator.inputs.parquet_batches import read_batches
from halogenator.model import Job
from halogenator.planning.sample import sampled
from halogenator.process.guard import is_refusal
from halogenator.results import PRODUCTS_FILE
from halogenator.tables.columns import product_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import TableWriter, open_strictly
from halogenator.tasks.chunk_task import Chunk, Made

SMILES_COLUMNS = ("smiles", "canonical_smiles")
# Files that SQLite and writers remove when they end without an error. A dedup.db alone means nothing.
LEFTOVERS = ("-wal", "-shm", "-journal", ".tmp", ".lock", ".part")

MAX_REJECTED = 0.01  # share of rows
_SAMPLE = 1_000  # rows that RDKit reads before any row is converted
_LARGEST = 32_767  # the largest count in 16 bits; no descriptor of a molecule in this program is larger

READ_ERRORS = (pa.ArrowException, OSError, ValueError, UserError)


class BrokenError(Exception):
    """A file of an earlier pipeline cannot be adopted; its text is the reason."""


def examine(folder: Path) -> int:
    """Return the number of rows of a folder's products file, after reading all columns that adoption needs.

    Raises:
        BrokenError: the file is missing, damaged, unfinished, without rows, or no file of products.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise BrokenError(f"the folder cannot be read: {error.strerror}") from error
    left = [name for name in names if name.endswith(LEFTOVERS)]
    beside = f", beside {', '.join(name for name in names if name != PRODUCTS_FILE)}" if len(names) > 1 else ""
    path = folder / PRODUCTS_FILE
    if path.is_symlink():
        raise BrokenError(f"{PRODUCTS_FILE} is a symbolic link, which is not followed")
    if not path.is_file():
        others = f"; there is {', '.join(names)}" if names else ""
        raise BrokenError(f"no {PRODUCTS_FILE}{others}")
    if not path.stat().st_size:
        raise BrokenError(f"{PRODUCTS_FILE} is empty{beside}")
    try:
        with open_strictly(path) as file:
            rows = _examine_rows(file, path)
    except READ_ERRORS as error:
        if is_refusal(error):
            raise
        raise BrokenError(f"{PRODUCTS_FILE} cannot be read: {_first_line(error)}{beside}") from error
    if left:
        raise BrokenError(f"its making was cut off, or still goes on: there is {', '.join(left)}")
    return rows


def convert(chunk: Chunk, job: Job) -> None:
    """Write a file's rows, in its order and with its duplicates, as a chunk of a job; unreadable rows as rejects.

    Args:
        chunk: a chunk with all rows of the earlier pipeline's file.
        job: the job.

    Raises:
        BrokenError: the file cannot be read, or more than ``MAX_REJECTED`` of its rows are rejects.
    """
    wanted = [*job.descriptors, *(["inchikey"] if job.inchikey else [])]
    count, scorer = len(job.descriptors), Scorer(job.scores)

    def make(products: TableWriter, _: None, text: str, *values: object) -> Made:
        mol = parse_smiles(text)
        smiles = Chem.MolToSmiles(mol)
        smiles = text if smiles == text else settled(mol).smiles
        described = list(_described(mol, wanted, values))
        described[count:count] = scorer.values(smiles)
        products.append(smiles, None, None, None, None, *described)
        return 1, ()

    rows = ((row, None, *values) for row, values in enumerate(_rows(chunk.source, wanted), 1))
    chunk.write(rows, make, product_columns(job.descriptors, job.scores, with_inchikey=job.inchikey), with_versions())
    converted, rejected = (pq.read_metadata(path).num_rows for path in (chunk.out, chunk.rejects_out))
    _check_rejected(rejected, converted + rejected)


def _examine_rows(file: pq.ParquetFile, path: Path) -> int:
    """Read the columns that adoption needs, some SMILES with RDKit too; return the number of rows."""
    rows = int(file.metadata.num_rows)
    if not rows:
        raise BrokenError(f"{PRODUCTS_FILE} has no rows; to make them again costs little")
    column = _smiles_column(file.schema_arrow)
    columns = [column, *_columns(file.schema_arrow, [*descriptors.DESCRIPTORS, "inchikey"]).values()]
    row = tried = rejected = 0
    for batch in read_batches(file, path, columns):
        for at in sampled(rows, _SAMPLE, row, row + batch.num_rows):
            tried += 1
            try:
                parse_smiles(batch.column(column)[at - row].as_py())
            except RejectError:
                rejected += 1
        row += batch.num_rows
    if row != rows:
        raise BrokenError(f"{PRODUCTS_FILE} gives {row:,} rows, where its footer says {rows:,}")
    _check_rejected(rejected, tried)
    return rows


def _check_rejected(rejected: int, rows: int) -> None:
    if rejected > MAX_REJECTED * rows:
        raise BrokenError(f"RDKit cannot read {rejected:,} of {rows:,} SMILES")


def _smiles_column(schema: pa.Schema) -> str:
    for name in SMILES_COLUMNS:
        if name in schema.names:
            kind = schema.field(name).type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                return name
    raise BrokenError(f"{PRODUCTS_FILE} has no column {' or '.join(SMILES_COLUMNS)} of text")


def _columns(schema: pa.Schema, wanted: Sequence[str]) -> dict[str, str]:
    """Return {wanted column: column of the file}; names match in any case, and types must fit."""
    own = {name.casefold(): name for name in schema.names}
    found = {name: own[name] for name in wanted if name in own}
    return {name: column for name, column in found.items() if _has_type_of(name, schema.field(column).type)}


def _has_type_of(name: str, kind: pa.DataType) -> bool:
    if name == "inchikey":
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _rows(path: Path, wanted: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield (SMILES, values of the wanted columns, or None where the file has no such column)."""
    try:
        with open_strictly(path) as file:
            columns = _columns(file.schema_arrow, wanted)
            smiles = _smiles_column(file.schema_arrow)
            for batch in read_batches(file, path, [smiles, *columns.values()]):
                none = [None] * batch.num_rows
                values = [batch.column(columns[name]).to_pylist() if name in columns else none for name in wanted]
                yield from zip(batch.column(smiles).to_pylist(), *values, strict=True)
    except READ_ERRORS as error:
        if is_refusal(error):
            raise
        raise BrokenError(f"{PRODUCTS_FILE} cannot be read: {_first_line(error)}") from error


def _described(mol: Chem.Mol, wanted: Sequence[str], values: Sequence[object]) -> Iterator[object]:
    """Yield a product's values from the file, or computed ones where the file has none or an impossible one."""
    for name, value in zip(wanted, values, strict=True):
        if name == "inchikey":
            yield value or descriptors.inchikey(mol)
        elif isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _LARGEST:
            yield round(value) if descriptors.DESCRIPTORS[name].integer else round(value, descriptors.DECIMALS)
        else:
            yield descriptors.compute(mol, [name])[0]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
