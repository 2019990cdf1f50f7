"""Columns about the origin of an exported row: its parent, and the extra columns of its natural product.

All files are in the order of the natural products, so that they are read in parallel, with a batch of each in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from halogenator.errors import UserError
from halogenator.results import Results
from halogenator.tables.columns import STEPS, Column
from halogenator.tables.file_columns import ExtraColumns, as_type, common_fields, read_extra_columns
from halogenator.tables.parquet import BATCH_BYTES, open_parquet, read_rows

PARENT_FIELDS = (
    Column("parent_smiles", pa.string(), "canonical SMILES of the parent").field,
    Column("parent", pa.string(), "id of the natural product (or input molecule) that it came from").field,
)
# Of a product's parent, for columns that are made from them; they are not written themselves.
PARENT_STEREO = Column("parent_enhanced_stereo", pa.string(), "CXSMILES extension of the parent").field
PARENT_HALOGENS = Column("parent_halogens", pa.string(), "halogens put into the parent, comma-separated").field
_HIDDEN = {"enhanced_stereo": PARENT_STEREO, "halogens": PARENT_HALOGENS}
STEPS_FIELD = STEPS.field
NAME_FIELD = Column("parent_name", pa.string(), "name of that natural product in its file").field
_ROWS = 8_192


class _Lookup:
    """A lookup of a library's molecules by id. The ids must come in the order of the file.

    Args:
        path: the molecules.
        columns: {column of the file: its name and type in the result}.
    """

    def __init__(self, path: Path, columns: Mapping[str, pa.Field]) -> None:
        self._path = path
        self._schema = pa.schema(list(columns.values()))
        self._names = list(columns)
        file = open_parquet(path)
        names = list(dict.fromkeys(["id", *columns]))
        self._batches = read_rows(file, names, 0, file.metadata.num_rows, _ROWS)
        self._row_of: dict[str, int] = {}  # {id: its row in the present batch}
        self._bytes: list[int] = []  # of the texts of each of its rows
        self._batch = pa.RecordBatch.from_arrays(
            [pa.nulls(0, kind) for kind in self._schema.types], schema=self._schema
        )

    def rows(self, ids: Sequence[str | None], room: float = inf) -> pa.Table:
        """Return a row for each id, a row of nulls for None.

        Args:
            ids: the ids.
            room: bytes, from which on no more rows are returned. Many ids can have the same long row.

        Raises:
            UserError: the library lacks an id, or has it before the last one.
        """
        found, rows = [], list[int | None]()
        size = 0
        for name in ids:
            if size > room:
                break
            if name is not None and name not in self._row_of:
                found.append(self._batch.take(pa.array(rows, pa.int64())))
                rows = []
                self._advance(name)
            rows.append(None if name is None else self._row_of[name])
            size += 0 if name is None else self._bytes[self._row_of[name]]
        found.append(self._batch.take(pa.array(rows, pa.int64())))
        return pa.Table.from_batches(found, schema=self._schema)

    def _advance(self, name: str) -> None:
        """Read batches until one has the id ``name``."""
        while name not in self._row_of:
            batch = next(self._batches, None)
            if batch is None:
                raise UserError(
                    "a product's parent is not in its library, or not in the order of the products",
                    where=self._path,
                    value=name,
                    fix="the library was made again since: run snakemake --cores all, then export again",
                )
            self._row_of = {key: row for row, key in enumerate(batch["id"].to_pylist())}
            typed = zip(self._names, self._schema.types, strict=True)
            columns = [as_type(batch[column], kind) for column, kind in typed]
            self._batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
            self._bytes = _text_bytes(self._batch)


def _text_bytes(batch: pa.RecordBatch) -> list[int]:
    """Return the bytes of the texts of each row."""
    total = pa.array([0] * batch.num_rows, pa.int64())
    for column in batch.columns:
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            total = pc.add(total, pc.binary_length(column).fill_null(0))
    sizes: list[int] = total.to_pylist()
    return sizes


class ParentColumns:
    """The columns about the origin of rows that come in the order of their files.

    Args:
        results: the results folder.
        libraries: names of the libraries of all rows.
    """

    def __init__(self, results: Path, libraries: Iterable[str]) -> None:
        self._results = Results(results)
        self._libraries = list(libraries)
        own = {name: found for name in self._libraries if (found := self._read(name))}
        # {library: the library of its natural products}
        self._origins = {
            name: origin
            for name, found in own.items()
            if (origin := self._read(found.root) if found.is_built else found)
        }
        self._place: tuple[object, object] | None = None
        self._parents: _Lookup | None = None
        self._natural: _Lookup | None = None

    def _read(self, library: str) -> ExtraColumns | None:
        path = self._results.molecules(library)
        return read_extra_columns(path, library) if path.exists() else None

    @property
    def of_parents(self) -> tuple[pa.Field, ...]:
        """The columns about the parents of products: with their steps, if a library tells them."""
        return (*PARENT_FIELDS, STEPS_FIELD) if any(map(self._tells_steps, self._libraries)) else PARENT_FIELDS

    def _tells_steps(self, library: str) -> bool:
        path = self._results.molecules(library)
        return path.exists() and STEPS.name in open_parquet(path).schema_arrow.names

    @property
    def fields(self) -> list[pa.Field]:
        """The columns about natural products: their names, if an input file has names, and the extra columns."""
        named = [NAME_FIELD] if any(origin.named for origin in self._origins.values()) else []
        return [*named, *common_fields(self._origins.values())]

    def with_columns(
        self, batch: pa.RecordBatch, fields: Sequence[pa.Field]
    ) -> Iterator[tuple[pa.RecordBatch, list[pa.Array]]]:
        """Yield the rows of a batch, in pieces of bounded size, and their columns; null where nothing is known.

        Args:
            batch: rows of one job's products or one library's molecules, with ``library``; products with ``parent_id``,
                molecules with ``parent``.
            fields: some of ``self.of_parents`` and of those that are not written (for products only), and of
                ``self.fields``.

        Raises:
            UserError: the library lacks a molecule, or has another order.
        """
        if not batch.num_rows:
            yield batch, [pa.nulls(0, field.type) for field in fields]
            return
        self._open(batch, fields)
        parents = self._parents.rows(batch["parent_id"].to_pylist()) if self._parents else None
        ids = (batch if parents is None else parents)["parent"].to_pylist()
        first = 0
        while first < batch.num_rows:
            natural = self._natural.rows(ids[first:], BATCH_BYTES) if self._natural else None
            count = batch.num_rows if natural is None else natural.num_rows
            tables = [None if parents is None else parents.slice(first, count), natural]
            known = {name: table[name] for table in tables if table is not None for name in table.column_names}
            columns = [
                known[field.name].combine_chunks() if field.name in known else pa.nulls(count, field.type)
                for field in fields
            ]
            yield batch.slice(first, count), columns
            first += count

    def _open(self, batch: pa.RecordBatch, fields: Sequence[pa.Field]) -> None:
        """Open the lookups of a batch's job or library, unless it is that of the batch before."""
        is_job = "transform" in batch.schema.names
        place = batch["library"][0].as_py(), batch["transform"][0].as_py() if is_job else None
        if place != self._place:
            self._place = place
            columns = dict(zip(("smiles", "parent"), PARENT_FIELDS, strict=True))
            columns |= {STEPS.name: STEPS_FIELD} if self._tells_steps(place[0]) else {}
            columns |= {name: field for name, field in _HIDDEN.items() if field in fields}
            self._parents = _Lookup(self._results.molecules(place[0]), columns) if is_job else None
            self._natural = self._open_natural(place[0], fields)

    def _open_natural(self, library: str, fields: Sequence[pa.Field]) -> _Lookup | None:
        """Return a lookup of the natural products of a library; None if none of ``fields`` is known of them."""
        origin = self._origins.get(library)
        if origin is None:
            return None
        wanted = {field.name.casefold(): field for field in fields}
        columns = {"name": NAME_FIELD} if NAME_FIELD.name in wanted else {}
        columns |= {own.name: wanted[own.name.casefold()] for own in origin.fields if own.name.casefold() in wanted}
        return _Lookup(origin.path, columns) if columns else None
