"""An input file's other columns (neither id nor SMILES) in the tables: names, types, and which library has them.

They keep their names, unless a table or a view has a column of that name already, or DuckDB, for which case does not
matter, could not tell two of them apart. Such a column gets another name, which ``Renamed`` columns say in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import FILTERS
from halogenator.tables.columns import INCHIKEY, LIBRARY, PRODUCTS, RAW
from halogenator.tables.metadata import read_metadata

SUFFIX = "_in_file"
UNNAMED = "unnamed"
# What folders' names, views, exports and DuckDB call columns of theirs.
_VIEWS = (
    "library",
    "transform",
    "parent_smiles",
    "parent_name",
    "file_row_number",
    "file of the chunk",
    "mol block",
    "position in the selection",
)
_SITES = re.compile(r"sites_(.*_[0-9a-f]{6}|halogenation)")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f]+")

# Keys of a file's metadata: its other columns, and whether it has names.
COLUMNS_KEY, NAMED_KEY, ROOT_KEY = "columns", "named", "root"


@dataclass(frozen=True)
class FileColumn:
    """A column that comes along.

    Attributes:
        name: what it is called in the tables.
        type: its Arrow type there.
        given: what it is called in the file.
    """

    name: str
    type: pa.DataType
    given: str

    @property
    def renamed(self) -> bool:
        return self.name != self.given.strip()


def file_columns(others: Iterable[tuple[str, pa.DataType]]) -> tuple[FileColumn, ...]:
    """Return what a file's other columns, as (name, Arrow type), are called and are in the tables, in their order.

    A name that a table or view has gets ``_in_file`` after it, one that an earlier column has a number, and a column
    without one is called ``unnamed``; line ends and spaces in a row become one space.
    """
    others = list(others)
    clean = [_BREAKS.sub(" ", given).strip() or UNNAMED for given, _ in others]
    # A column keeps its name even where one before it, renamed, would want it.
    taken = {*_reserved()} | {name.casefold() for name in clean if not _is_reserved(name)}
    seen: set[str] = set()
    found = []
    for (given, kind), name in zip(others, clean, strict=True):
        if _is_reserved(name):
            name = _free(name + SUFFIX, taken)
        elif name.casefold() in seen:
            name = _free(name, taken)
        seen.add(name.casefold())
        taken.add(name.casefold())
        found.append(FileColumn(name, stored_type(kind), given))
    return tuple(found)


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}_{number}"
    return free


@cache
def _reserved() -> frozenset[str]:
    tables = [column.name for column in (*RAW, *LIBRARY, *PRODUCTS, INCHIKEY)]
    return frozenset(name.casefold() for name in (*tables, *DESCRIPTORS, *FILTERS, *_VIEWS))


def _is_reserved(name: str) -> bool:
    return name.casefold() in _reserved() or bool(_SITES.fullmatch(name.casefold()))


def stored_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column of a file has in the tables: the Parquet type itself, however Arrow holds it."""
    if isinstance(kind, pa.BaseExtensionType):
        return stored_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return stored_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    return kind


def common_type(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Return the type of a column that several libraries have: their own, a number, or else text.

    Examples:
        >>> common_type([pa.int32(), pa.float32()])
        DataType(double)
        >>> common_type([pa.int32(), pa.string()])
        DataType(string)
    """
    distinct = set(kinds)
    if len(distinct) == 1:
        return distinct.pop()
    if all(pa.types.is_integer(kind) and kind != pa.uint64() for kind in distinct):
        return pa.int64()
    if all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in distinct):
        return pa.float64()
    return pa.string()


def as_type(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return values as another type, which may be text: the nested as JSON, bytes that are no text in hexadecimal."""
    if values.type == kind:
        return values
    if pa.types.is_string(kind) and pa.types.is_nested(values.type):
        plain = (None if value is None else json.dumps(value, default=str) for value in values.to_pylist())
        return pa.array(plain, pa.string())
    if pa.types.is_string(kind) and (pa.types.is_binary(values.type) or pa.types.is_fixed_size_binary(values.type)):
        return pa.array((None if value is None else _text(value) for value in values.to_pylist()), pa.string())
    if pa.types.is_string(kind) and pa.types.is_floating(values.type):
        return pa.array((None if value is None else str(value) for value in values.to_pylist()), pa.string())
    return values.cast(kind, safe=False)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def metadata_of(columns: Sequence[FileColumn], *, named: bool) -> dict[str, Any]:
    """Return what a table's metadata says of the columns that came along."""
    return {COLUMNS_KEY: {column.name: column.given for column in columns}, NAMED_KEY: named}


def passed_on(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a table's metadata that the table made from it has as well."""
    return {key: metadata[key] for key in (COLUMNS_KEY, NAMED_KEY, ROOT_KEY) if key in metadata}


def names_in(metadata: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns that came along into a table with this metadata."""
    return list(metadata.get(COLUMNS_KEY) or ())


@dataclass(frozen=True)
class Holding:
    """The columns that a library has from its input file, or from that of its natural products.

    Attributes:
        path: its molecules.
        library: its name.
        root: the library of the natural products that it was built from; itself, if it is read from a file.
        fields: the file's other columns.
        named: whether it has names.
    """

    path: Path
    library: str
    root: str
    fields: tuple[pa.Field, ...]
    named: bool

    @property
    def built(self) -> bool:
        """Whether it was made from another library."""
        return self.root != self.library

    @property
    def told(self) -> bool:
        """Whether its file has names or other columns."""
        return bool(self.fields or self.named)


def holding(path: Path, library: str) -> Holding:
    """Return the columns that a library's molecules have from its input file."""
    metadata: Mapping[str, Any] = read_metadata(path)
    fields: tuple[pa.Field, ...] = ()
    if names := names_in(metadata):
        schema = pq.read_schema(path)
        fields = tuple(schema.field(name) for name in names if schema.get_field_index(name) >= 0)
    return Holding(path, library, str(metadata.get(ROOT_KEY) or library), fields, bool(metadata.get(NAMED_KEY)))


def common_fields(holdings: Iterable[Holding]) -> tuple[pa.Field, ...]:
    """Return the columns of several libraries, each name once whatever its case, in a type that fits all."""
    spellings: dict[str, str] = {}
    kinds: dict[str, list[pa.DataType]] = {}
    for held in holdings:
        for field in held.fields:
            key = field.name.casefold()
            spellings.setdefault(key, field.name)
            kinds.setdefault(key, []).append(field.type)
    return tuple(pa.field(spellings[key], common_type(found)) for key, found in kinds.items())
