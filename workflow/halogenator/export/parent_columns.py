"""Columns beside a row that say where it comes from: its parent, and what the file says of its natural product.

All files are in the order of the natural products, so they are read side by side, in the memory of a batch of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from halogenator.errors import UserError
from halogenator.results import Results
from halogenator.tables.file_columns import ExtraColumns, as_type, common_fields, read_extra_columns
from halogenator.tables.parquet import open_parquet, read_rows

PARENT_FIELDS = (pa.field("parent_smiles", pa.string()), pa.field("parent", pa.string()))
NAME_FIELD = pa.field("parent_name", pa.string())
_ROWS = 8_192


class _Lookup:
    """Rows of a library's molecules by id, asked for in the order in which they stand there.

    Args:
        path: the molecules.
        columns: {column of the file: the field to give it as}.
    """

    def __init__(self, path: Path, columns: Mapping[str, pa.Field]) -> None:
        self._path = path
        self._schema = pa.schema(list(columns.values()))
        self._names = list(columns)
        file = open_parquet(path)
        names = list(dict.fromkeys(["id", *columns]))
        self._batches = read_rows(file, names, 0, file.metadata.num_rows, _ROWS)
        self._row_of: dict[str, int] = {}  # id -> its row in the batch at hand
        self._batch = pa.RecordBatch.from_arrays(
            [pa.nulls(0, kind) for kind in self._schema.types], schema=self._schema
        )

    def rows(self, ids: Sequence[str | None]) -> pa.Table:
        """Return a row for each id; nulls for None.

        Raises:
            UserError: the library has no such molecule, or not in this order.
        """
        found, rows = [], list[int | None]()
        for name in ids:
            if name is not None and name not in self._row_of:
                found.append(self._batch.take(pa.array(rows, pa.int64())))
                rows = []
                self._advance(name)
            rows.append(None if name is None else self._row_of[name])
        found.append(self._batch.take(pa.array(rows, pa.int64())))
        return pa.Table.from_batches(found, schema=self._schema)

    def _advance(self, name: str) -> None:
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


class ParentColumns:
    """The columns of rows' origins, for rows that come in the order of their files.

    Args:
        results: the folder of results.
        libraries: names of those that rows are of.
    """

    def __init__(self, results: Path, libraries: Iterable[str]) -> None:
        self._results = Results(results)
        self._holdings = {name: found for name in libraries if (found := self._holding(name))}
        self._origins = {
            name: origin
            for name, held in self._holdings.items()
            if (origin := self._holding(held.root) if held.is_built else held)
        }
        self._place: tuple[object, object] | None = None
        self._parents: _Lookup | None = None
        self._natural: _Lookup | None = None

    def _holding(self, library: str) -> ExtraColumns | None:
        path = self._results.molecules(library)
        return read_extra_columns(path, library) if path.exists() else None

    @property
    def fields(self) -> list[pa.Field]:
        """What the files say of the natural products: their names, where they have any, and the other columns."""
        named = [NAME_FIELD] if any(held.named for held in self._origins.values()) else []
        return [*named, *common_fields(self._origins.values())]

    def columns(self, batch: pa.RecordBatch, fields: Sequence[pa.Field]) -> list[pa.Array]:
        """Return columns for a batch of one job's products, or one library's molecules; null where nothing is known.

        Args:
            batch: the rows, with ``library``; products with ``parent_id``, molecules with ``parent``.
            fields: any of ``PARENT_FIELDS`` (of products) and ``fields``.

        Raises:
            UserError: the library has no such molecule, or not in this order.
        """
        if not batch.num_rows:
            return [pa.nulls(0, field.type) for field in fields]
        is_job = "transform" in batch.schema.names
        place = batch["library"][0].as_py(), batch["transform"][0].as_py() if is_job else None
        if place != self._place:
            self._place = place
            self._parents = self._open_parents(place[0]) if is_job else None
            self._natural = self._open_natural(place[0], fields)
        known: dict[str, pa.ChunkedArray] = {}
        ids = batch["parent_id" if self._parents else "parent"].to_pylist()
        if self._parents:
            found = self._parents.rows(ids)
            known |= {name: found[name] for name in found.column_names}
            ids = found["parent"].to_pylist()
        if self._natural:
            found = self._natural.rows(ids)
            known |= {name: found[name] for name in found.column_names}
        nothing = batch.num_rows
        return [
            known[field.name].combine_chunks() if field.name in known else pa.nulls(nothing, field.type)
            for field in fields
        ]

    def _open_parents(self, library: str) -> _Lookup:
        own = dict(zip(("smiles", "parent"), PARENT_FIELDS, strict=True))
        return _Lookup(self._results.molecules(library), own)

    def _open_natural(self, library: str, fields: Sequence[pa.Field]) -> _Lookup | None:
        origin = self._origins.get(library)
        if origin is None:
            return None
        wanted = {field.name.casefold(): field for field in fields}
        columns = {"name": NAME_FIELD} if NAME_FIELD.name in wanted else {}
        columns |= {own.name: wanted[own.name.casefold()] for own in origin.fields if own.name.casefold() in wanted}
        return _Lookup(origin.path, columns) if columns else None
