"""What is known of a row's origin beside it: its parent, and what the file says of its natural product.

All files are in the order of the natural products, so they are read side by side, in the memory of a batch of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from halogenator.errors import UserError
from halogenator.results import Results
from halogenator.storage.columns import Holding, as_type, common_fields, holding
from halogenator.storage.parquet import open_parquet, read_rows

PARENT_FIELDS = (pa.field("parent_smiles", pa.string()), pa.field("parent", pa.string()))
NAME_FIELD = pa.field("parent_name", pa.string())
_ROWS = 8_192


class _Follower:
    """Looks up rows of a library's molecules by id, asked for in the order in which they stand there.

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
        self._near: dict[str, int] = {}
        self._rows = pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in self._schema.types], schema=self._schema)

    def rows(self, ids: Sequence[str | None]) -> pa.Table:
        """Return a row for each id; nulls for None.

        Raises:
            UserError: the library has no such molecule, or not in this order.
        """
        found, places = [], list[int | None]()
        for name in ids:
            if name is not None and name not in self._near:
                found.append(self._rows.take(pa.array(places, pa.int64())))
                places = []
                self._advance(name)
            places.append(None if name is None else self._near[name])
        found.append(self._rows.take(pa.array(places, pa.int64())))
        return pa.Table.from_batches(found, schema=self._schema)

    def _advance(self, name: str) -> None:
        while name not in self._near:
            batch = next(self._batches, None)
            if batch is None:
                raise UserError(
                    "a product's parent is not in its library, or not in the order of the products",
                    where=self._path,
                    value=name,
                    fix="the library was made again since: run snakemake --cores all, then export again",
                )
            self._near = {key: row for row, key in enumerate(batch["id"].to_pylist())}
            typed = zip(self._names, self._schema.types, strict=True)
            self._rows = pa.RecordBatch.from_arrays(
                [as_type(batch[column], kind) for column, kind in typed], schema=self._schema
            )


class Parents:
    """Gives the columns of rows' origins, whose rows come in the order of their files.

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
            if (origin := self._holding(held.root) if held.built else held)
        }
        self._place: tuple[object, object] | None = None
        self._near: _Follower | None = None
        self._origin: _Follower | None = None

    def _holding(self, library: str) -> Holding | None:
        path = self._results.molecules(library)
        return holding(path, library) if path.exists() else None

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
        names = batch.schema.names
        if not batch.num_rows:
            return [pa.nulls(0, field.type) for field in fields]
        place = batch["library"][0].as_py(), batch["transform"][0].as_py() if "transform" in names else None
        if place != self._place:
            self._open(place, fields, products="transform" in names)
        parents = batch["parent_id"].to_pylist() if self._near else batch["parent"].to_pylist()
        near = self._near.rows(parents) if self._near else None
        known: dict[str, pa.Array] = {}
        if near is not None:
            known |= _columns_of(near, [field.name for field in PARENT_FIELDS])
            parents = near["parent"].to_pylist()
        if self._origin:
            told = self._origin.rows(parents)
            known |= _columns_of(told, told.schema.names)
        return [known.get(field.name, pa.nulls(batch.num_rows, field.type)) for field in fields]

    def _open(self, place: tuple[str, object], fields: Sequence[pa.Field], *, products: bool) -> None:
        self._place = place
        held, origin = self._holdings.get(place[0]), self._origins.get(place[0])
        self._near = self._origin = None
        if products:
            path = held.path if held else self._results.molecules(place[0])
            own = dict(zip(("smiles", "parent"), PARENT_FIELDS, strict=True))
            self._near = _Follower(path, own)
        wanted = {field.name.casefold(): field for field in fields}
        columns: dict[str, pa.Field] = {}
        if origin is not None:
            if NAME_FIELD.name in wanted:
                columns["name"] = NAME_FIELD
            for field in origin.fields:
                if field.name.casefold() in wanted:
                    columns[field.name] = wanted[field.name.casefold()]
        if origin is not None and columns:
            self._origin = _Follower(origin.path, columns)


def _columns_of(table: pa.Table, names: Iterable[str]) -> Iterator[tuple[str, pa.Array]]:
    for name in names:
        column = table[name].combine_chunks()
        yield name, column
