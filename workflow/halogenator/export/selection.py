"""The rows to export, always in the same order: products of jobs, molecules of libraries, or the result of a query."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.scores import SCORES
from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.column_names import COLUMN_NAMES, by_name
from halogenator.inputs.content_hash import content_hash
from halogenator.model import Export, fingerprint
from halogenator.process.guard import is_refusal
from halogenator.results import Results
from halogenator.search.parts import Part
from halogenator.tables.columns import INCHIKEY, LIBRARY, PRODUCTS, STEPS, Column, descriptor_columns, score_columns
from halogenator.tables.file_columns import as_type, extra_names
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer, open_parquet, read_rows, table_writer

POSITION = "position in the selection"  # an additional column of batches: the number of each row, from 0
_NAME = Column("name", pa.string(), "what it is called in this file").field
_SMILES = Column("smiles", pa.string(), "canonical SMILES").field
_OF_FOLDERS = (
    Column("library", pa.string(), "name of the library").field,
    Column("transform", pa.string(), "name of the transform").field,
)
# Columns by which products and molecules are recognised in the result of a query.
_PRODUCT = frozenset({"parent_id", "transform", "site"})
_MOLECULE = frozenset({"id", "row", "name", "parent_name"})
# Names for the column ``name`` of molecules in the result of a query, the first that is free.
_NAMES_IN_FILE = ("name_in_file", "name in the file", "name, as the file has it")
_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
# Rows read before the first wanted one, to number the products of one site from the first of them.
_LOOK_BACK = 1_000
_QUERY_ROWS = 256  # rows of a query's result in memory; each may have a megabyte of extra columns
# In an export, a molecule's ``name`` is its id. Its name in the input file is ``parent_name``.
_NOT_EXPORTED = frozenset({"row", "stripped_from", "name"})


@dataclass(frozen=True)
class Selection:
    """Rows of Parquet files, one file after the other.

    Attributes:
        parts: the files.
        counts: the number of rows of each.
        schema: the columns of all rows, ``smiles`` and ``name`` first.
        prefixed: whether names need the library as a prefix to be unique.
    """

    parts: tuple[Part, ...]
    counts: tuple[int, ...]
    schema: pa.Schema
    prefixed: bool = False

    @property
    def rows(self) -> int:
        return sum(self.counts)

    def read(self, start: int, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches with the schema's columns and ``POSITION``, from row ``start`` on; each is of one file."""
        first = 0
        for part, count in zip(self.parts, self.counts, strict=True):
            if start < first + count:
                for row, batch in self._read_part(part, count, max(start - first, 0), batch_rows):
                    positions = pa.array(np.arange(first + row, first + row + batch.num_rows))
                    yield batch.append_column(POSITION, positions)
            first += count

    def _read_part(self, part: Part, count: int, start: int, batch_rows: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (number of the first row in the file, batch) from row ``start`` of a file on."""
        file = open_parquet(part.path)
        position = max(start - _LOOK_BACK, 0) if part.transform else start
        namer = _Namer(part, self.prefixed)
        hidden = {"name"} if part.library else set()  # the input file's name, which is not the name in the export
        columns = sorted(({*self.schema.names, "id"} - hidden) & _own_columns(part.path))
        for raw in read_rows(file, columns, position, count, batch_rows):
            name = namer.names(raw, position)
            constants = {"name": name, "library": part.library, "transform": part.transform}
            skipped = max(start - position, 0)
            if skipped < raw.num_rows:
                yield position + skipped, self._conform(raw, constants).slice(skipped)
            position += raw.num_rows

    def _conform(self, raw: pa.RecordBatch, constants: Mapping[str, Any]) -> pa.RecordBatch:
        """Return a batch with all columns of the selection: of the file, of ``constants``, or nulls."""

        def column(name: str, kind: pa.DataType) -> pa.Array:
            value = constants.get(name)
            if isinstance(value, pa.Array):
                return value
            if value is not None:
                return pa.repeat(pa.scalar(value, kind), raw.num_rows)
            return raw[name].cast(kind) if name in raw.schema.names else pa.nulls(raw.num_rows, kind)

        arrays = [column(item.name, item.type) for item in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


class _Namer:
    """Makes the names of rows.

    A molecule has its id. A product has <parent>_<transform>_<site>; the second product of a site has .2 after it, and
    so on.
    """

    def __init__(self, part: Part, prefixed: bool) -> None:
        self._part = part
        self._prefixed = prefixed
        # (parent, site, products of the same site before it) of the last row
        self._last: tuple[object, object, int] = (None, None, 0)

    def names(self, raw: pa.RecordBatch, position: int) -> pa.Array:
        """Return the names of the next batch; ``position``: the number of its first row in the file, from 0."""
        columns = set(raw.schema.names)
        if "name" in columns:
            named = _named(raw["name"])
            if "id" in columns:
                named = pc.coalesce(named, _named(raw["id"]))
        elif self._part.transform or columns >= _PRODUCT:
            named = self._product_names(raw)
        else:
            named = _named(raw["id"]) if "id" in columns else pa.nulls(raw.num_rows, pa.string())
        if self._prefixed and self._part.library:
            has_prefix = pc.starts_with(named, self._part.library)
            named = pc.if_else(has_prefix, named, pc.binary_join_element_wise(self._part.library, named, "_"))
        if named.null_count:
            words = filter(None, (self._part.library, self._part.transform))
            rows = np.arange(position + 1, position + 1 + raw.num_rows)
            numbered = pc.binary_join_element_wise(*words, "row", pa.array(rows).cast(pa.string()), "_")
            named = pc.coalesce(named, numbered)
        return pc.replace_substring_regex(named, r"[\s\x00-\x1f\x7f]+", "_")

    def _product_names(self, raw: pa.RecordBatch) -> pa.Array:
        transform = self._part.transform or _named(raw["transform"])
        named = pc.binary_join_element_wise(_named(raw["parent_id"]), transform, _named(raw["site"]), "_")
        if not self._part.transform:
            return named  # the rows of a query can have any order
        runs = self._runs(raw)
        repeated = np.flatnonzero(runs)
        if not len(repeated):
            return named
        texts = named.to_pylist()
        for index in repeated:
            texts[index] = texts[index] and f"{texts[index]}.{runs[index] + 1}"
        return pa.array(texts, pa.string())

    def _runs(self, raw: pa.RecordBatch) -> np.ndarray[Any, Any]:
        """Return for each row the number of rows directly before it that have the same parent and site."""
        parents, sites = raw["parent_id"], raw["site"]
        same = np.zeros(raw.num_rows, bool)
        equal = pc.and_(pc.equal(parents[1:], parents[:-1]), pc.equal(sites[1:], sites[:-1])).fill_null(False)
        same[1:] = equal.to_numpy(zero_copy_only=False)
        first = (parents[0].as_py(), sites[0].as_py())
        same[0] = first[0] is not None and first == self._last[:2]
        runs = np.zeros(raw.num_rows, np.int64)
        for index in np.flatnonzero(same):
            runs[index] = (runs[index - 1] if index else self._last[2]) + 1
        self._last = (parents[-1].as_py(), sites[-1].as_py(), int(runs[-1]))
        return runs


def _named(column: pa.Array) -> pa.Array:
    """Return the values of a column of names, of any type, as text; null where there is none."""
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), None, column.cast(pa.string()))
    texts = as_type(column, pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), None, texts)


def at_positions(selection: Selection, positions: npt.NDArray[np.int64], batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows at some positions, given in order, in batches."""
    if not len(positions):
        return
    for batch in selection.read(int(positions[0]), batch_rows):
        first = batch[POSITION][0].as_py()
        begin, end = np.searchsorted(positions, [first, first + batch.num_rows])
        if begin < end:
            yield batch.take(pa.array(positions[begin:end] - first))
        if end == len(positions):
            return


def find_selection(results: Path, export: Export) -> Selection:
    """Return the rows of an export of products or molecules.

    Raises:
        UserError: there are no results of a library or transform that is asked for.
    """
    if export.molecules:
        paths = Results(results).libraries()
        parts = [Part(paths[name], name) for name in chosen_names("library", export.libraries, paths, results)]
    else:
        parts = _product_parts(results, export)
    base: Sequence[Column] = (*LIBRARY, STEPS) if export.molecules else PRODUCTS
    computed = (*descriptor_columns(list(DESCRIPTORS)), *score_columns(list(SCORES)), INCHIKEY)
    known = {column.name: column.field for column in (*base, *computed)}
    exported = {name for part in parts for name in _own_columns(part.path)} - _NOT_EXPORTED - {"smiles"}
    fields = [_SMILES, _NAME, *_OF_FOLDERS[: 1 if export.molecules else 2]]
    fields += [item for name, item in known.items() if name in exported]
    counts = tuple(footer(part.path).rows for part in parts)
    return Selection(tuple(parts), counts, pa.schema(fields), len({part.library for part in parts}) > 1)


def selection_content(results: Path, selection: Selection) -> str:
    """Return a fingerprint of the content of a selection's files."""
    return _content(results, [part.path for part in selection.parts])


def _own_columns(path: Path) -> set[str]:
    """Return the columns of a file without those of an input file, which can be called as a score is."""
    found = footer(path)
    return set(found.columns) - set(extra_names(found.metadata))


def _product_parts(results: Path, export: Export) -> list[Part]:
    jobs = Results(results).jobs()
    libraries = chosen_names("library", export.libraries, dict.fromkeys(library for library, _ in jobs), results)
    within = dict.fromkeys(transform for library, transform in jobs if library in libraries)
    transforms = chosen_names("transform", export.transforms, within, results)
    parts = [Part(path, *job) for job, path in jobs.items() if job[0] in libraries and job[1] in transforms]
    if not parts:
        raise UserError("there is no finished job of these", where=results, value=[*libraries, *transforms])
    return parts


def chosen_names(kind: str, wanted: Sequence[str], known: Mapping[str, object], results: Path) -> list[str]:
    """Return the wanted names in the order of the known ones, or all of these; ``kind`` is for messages.

    Raises:
        UserError: a name is unknown, or there are no results.
    """
    names = list(known)
    if not names:
        raise UserError("there are no finished results here", where=results, fix="run snakemake --cores all first")
    for name in wanted:
        if name not in known:
            raise UserError(
                f"there are no results of {kind} '{name}'",
                where=results,
                value=name,
                allowed=names,
                fix=did_you_mean(name, names) or "take one of the allowed names, or run its jobs first",
            )
    return [name for name in names if name in wanted] if wanted else names


def _content(results: Path, paths: Sequence[Path]) -> str:
    """Return a fingerprint of the content of files, from their seals, for which only footers are read."""
    return fingerprint(
        [(path.relative_to(results).as_posix(), footer(path).seal or content_hash(path)) for path in paths]
    )


def query_content(results: Path, sql: str, *, memory_mb: int, scratch: Path) -> str:
    """Return a fingerprint of all files that a query can read. The query is checked, but not run.

    Raises:
        UserError: the query is no SELECT with a column of SMILES, or there are no results.
    """
    with _checked_query(results, sql, memory_mb, scratch):
        pass
    places = Results(results)
    patterns = places.molecules("*"), places.products("*", "*"), places.rejects("*"), places.rejects("*", "*")
    files = sorted(path for pattern in patterns for path in places.find(pattern))
    if not files:
        raise UserError("there are no finished results here", where=results, fix="run snakemake --cores all first")
    return _content(results, files)


def run_query(results: Path, sql: str, rows: Path, identity: str, *, memory_mb: int, scratch: Path) -> Selection:
    """Run a query, write its rows to the file ``rows``, and return them; a file of the same ``identity`` is used again.

    A query without ORDER BY can have another order each time. With the file, an interrupted export goes on with the
    same rows, and the query runs once even if its rows are read several times.

    Raises:
        UserError: DuckDB does not take the query, or the file is somebody else's.
    """
    import duckdb  # here and below, since without a query its loading takes longer than the work

    if os.path.lexists(rows) and not is_of_query(rows):
        raise UserError("a file that no export made stands in the way", where=rows, fix="move it away")
    if not (rows.exists() and read_metadata(rows).get("identity") == identity):
        with _checked_query(results, sql, memory_mb, scratch) as relation:
            try:
                reader = relation.to_arrow_reader(_QUERY_ROWS)
                with table_writer(rows, _query_schema(reader.schema), {"identity": identity}) as table:
                    for batch in reader:
                        table.copy([batch.rename_columns(table.schema.names)])
            except duckdb.Error as error:
                if is_refusal(error):
                    raise
                raise _refused(sql, error) from error
    file = open_parquet(rows)
    fields = {item.name: item for item in file.schema_arrow if item.name != "name"}
    schema = pa.schema([fields.pop("smiles"), _NAME, *fields.values()])
    return Selection((Part(rows),), (int(file.metadata.num_rows),), schema)


def is_of_query(path: Path) -> bool:
    """Return whether a file is one of rows that ``run_query`` wrote."""
    try:
        return not path.is_symlink() and "identity" in read_metadata(path)
    except (OSError, ValueError, pa.ArrowException):
        return False


@contextmanager
def _checked_query(results: Path, sql: str, memory_mb: int, scratch: Path) -> Iterator[Any]:
    """Give a checked query over the views of a results folder. It runs when its rows are read."""
    import duckdb

    from halogenator.tables.catalog import create_views
    from halogenator.tables.duck import connect

    with connect(memory_mb, scratch) as connection:
        try:
            create_views(connection, results)
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UserError("not one SELECT", where="--sql", value=sql, allowed=_ALLOWED, fix=_EXAMPLE)
            relation = connection.sql(sql)
            _query_schema(relation.limit(0).to_arrow_reader(1).schema)
        except duckdb.Error as error:
            raise _refused(sql, error) from error
        yield relation


_ALLOWED = "one SELECT over the views products, molecules, rejects, libraries and jobs, with a column smiles"
_EXAMPLE = "--sql \"SELECT * FROM products WHERE mw < 400 AND library = 'polyphenol-1X'\""


def _refused(sql: str, error: Exception) -> UserError:
    return UserError(f"DuckDB does not take this query: {error}", where="--sql", value=sql, allowed=_ALLOWED)


def _query_schema(schema: pa.Schema) -> pa.Schema:
    """Return the columns of a query's rows, with the SMILES renamed to ``smiles`` and the id or name to ``name``.

    Raises:
        UserError: there is no column of SMILES, two columns have one name, or no file can hold a column.
    """
    names = list(schema.names)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(
            "two columns have one name", where="--sql", value=twice, fix=f"rename one: SELECT … AS {twice}_2"
        )
    for item in schema:
        try:
            pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([item])).close()
        except pa.ArrowNotImplementedError as error:
            cast = f'CAST("{item.name}" AS VARCHAR) AS "{item.name}"'
            what = f"no file can hold a column of type {item.type}"
            raise UserError(what, where="--sql", value=item.name, fix=f"make it text: SELECT … {cast}") from error
    texts = [item.name if any(is_text(item.type) for is_text in _TEXT) else "" for item in schema]
    # ``smiles`` goes before extra columns, which can have any name.
    smiles = texts.index("smiles") if "smiles" in texts else by_name("smiles", texts)
    if smiles is None:
        raise UserError(
            "the query has no column of SMILES",
            where="--sql",
            value=names,
            allowed=f"a text column called {', '.join(COLUMN_NAMES['smiles'])}",
            fix="select it: SELECT smiles, … FROM products",
        )
    named = names.index("id") if "id" in names else None
    if named is None and not set(names) >= _PRODUCT:
        named = by_name("id", ["" if index == smiles else name for index, name in enumerate(names)])
    kinds = {index: pa.string() for index, text in enumerate(texts) if text}
    renamed = {smiles: "smiles"}
    if set(names) >= _MOLECULE:  # molecules are named by their ids, which are unique
        renamed[names.index("name")] = next(name for name in _NAMES_IN_FILE if name not in names)
    elif named is not None and "name" not in names:
        renamed[named] = "name"
    return pa.schema(
        [
            pa.field(renamed.get(index, item.name), kinds.get(index, item.type), nullable=True)
            for index, item in enumerate(schema)
        ]
    )
