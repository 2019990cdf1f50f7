"""Extra columns: columns of an input file other than id, name and SMILES, with their names and types in the tables.

An extra column keeps its name, unless a table or a view of this program has a column of that name, or two names differ
in case only, which DuckDB cannot tell apart. Then it is renamed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import FILTERS
from halogenator.tables.columns import INCHIKEY, LIBRARY, PRODUCTS, RAW, STEPS, Column
from halogenator.tables.metadata import read_metadata

_SUFFIX = "_in_file"
_UNNAMED = "unnamed"
# Column names that folders, views, exports and DuckDB add.
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

# Keys of a table's metadata: its extra columns, whether its input file has names, the library that a built library
# comes from, and {step: SMIRKS} of the steps since then.
COLUMNS_KEY, NAMED_KEY, ROOT_KEY, SMIRKS_KEY = "columns", "named", "root", "smirks_of_steps"


@dataclass(frozen=True)
class FileColumn:
    """An extra column.

    Attributes:
        name: its name in the tables.
        type: its Arrow type there.
        given: its name in the input file.
    """

    name: str
    type: pa.DataType
    given: str

    @property
    def renamed(self) -> bool:
        return self.name != self.given.strip()

    @property
    def as_column(self) -> Column:
        """The column of the tables."""
        return Column(self.name, self.type, f"column {self.given!r} of the input file")


def file_columns(others: Iterable[tuple[str, pa.DataType]], scores: Sequence[str] = ()) -> tuple[FileColumn, ...]:
    """Return the extra columns of a file, given as (name, Arrow type), in their order.

    ``scores`` are the names of score columns that the table has.

    A name that this program uses gets the suffix ``_in_file``. A name that an earlier column has gets a number. A
    column without a name becomes ``unnamed``. Line ends and runs of spaces become one space.
    """
    others = list(others)
    clean = [_BREAKS.sub(" ", given).strip() or _UNNAMED for given, _ in others]
    # Names that need no change are reserved first, so that a renamed column never gets one of them.
    reserved = _reserved().union(scores)
    taken = {*reserved} | {name.casefold() for name in clean if not _is_reserved(name, reserved)}
    seen: set[str] = set()
    found = []
    for (given, kind), name in zip(others, clean, strict=True):
        if _is_reserved(name, reserved):
            name = _free(name + _SUFFIX, taken)
        elif name.casefold() in seen:
            name = _free(name, taken)
        seen.add(name.casefold())
        taken.add(name.casefold())
        found.append(FileColumn(name, stored_type(kind), given))
    return tuple(found)


def _free(name: str, taken: set[str]) -> str:
    """Return ``name``, with a number if it is taken."""
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}_{number}"
    return free


@cache
def _reserved() -> frozenset[str]:
    """Return the names that this program uses, in lower case."""
    tables = [column.name for column in (*RAW, *LIBRARY, STEPS, *PRODUCTS, INCHIKEY)]
    return frozenset(name.casefold() for name in (*tables, *DESCRIPTORS, *FILTERS, *_VIEWS))


def _is_reserved(name: str, reserved: Collection[str]) -> bool:
    return name.casefold() in reserved or bool(_SITES.fullmatch(name.casefold()))


def stored_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column in the tables: plain values for dictionaries, and plain text for kinds of text."""
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
    """Return the type for a column of several libraries: their common type, or a number that fits all, or text.

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
    """Return values cast to another type. As text, nested values are JSON, and bytes that are not UTF-8 hexadecimal."""
    if values.type == kind:
        return values
    as_text: Callable[[Any], str] | None = None
    if pa.types.is_string(kind):
        if pa.types.is_nested(values.type):
            as_text = partial(json.dumps, default=str)
        elif pa.types.is_binary(values.type) or pa.types.is_fixed_size_binary(values.type):
            as_text = _decoded
        elif pa.types.is_floating(values.type):
            as_text = str
    if as_text is None:
        return values.cast(kind, safe=False)
    return pa.array((None if value is None else as_text(value) for value in values.to_pylist()), pa.string())


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def extra_metadata(columns: Sequence[FileColumn], *, named: bool) -> dict[str, Any]:
    """Return the metadata of a table with extra columns; ``named``: whether its input file has names."""
    return {COLUMNS_KEY: {column.name: column.given for column in columns}, NAMED_KEY: named}


def inherited(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a table's metadata that a table made from it gets too."""
    return {key: metadata[key] for key in (COLUMNS_KEY, NAMED_KEY, ROOT_KEY, SMIRKS_KEY) if key in metadata}


def extra_names(metadata: Mapping[str, Any]) -> list[str]:
    """Return the names of the extra columns in a table with this metadata."""
    return list(metadata.get(COLUMNS_KEY) or ())


def extra_columns_of(metadata: Mapping[str, Any], schema: pa.Schema) -> list[Column]:
    """Return the extra columns of a table with this metadata and this schema."""
    given = metadata.get(COLUMNS_KEY) or {}
    return [FileColumn(name, schema.field(name).type, given[name]).as_column for name in given]


@dataclass(frozen=True)
class ExtraColumns:
    """The extra columns of a library.

    Attributes:
        path: its molecules.
        library: its name.
        root: the library of natural products that it is built from; ``library`` itself, if it is read from a file.
        fields: the extra columns in ``path``.
        named: whether the input file has names.
    """

    path: Path
    library: str
    root: str
    fields: tuple[pa.Field, ...]
    named: bool

    @property
    def is_built(self) -> bool:
        """Whether the library is made from another one."""
        return self.root != self.library

    @property
    def has_any(self) -> bool:
        """Whether the input file has names or extra columns."""
        return bool(self.fields or self.named)


def read_extra_columns(path: Path, library: str) -> ExtraColumns:
    """Return the extra columns of a library's molecules."""
    metadata: Mapping[str, Any] = read_metadata(path)
    fields: tuple[pa.Field, ...] = ()
    if names := extra_names(metadata):
        schema = pq.read_schema(path)
        fields = tuple(schema.field(name) for name in names if schema.get_field_index(name) >= 0)
    return ExtraColumns(path, library, str(metadata.get(ROOT_KEY) or library), fields, bool(metadata.get(NAMED_KEY)))


def common_fields(libraries: Iterable[ExtraColumns]) -> tuple[pa.Field, ...]:
    """Return the extra columns of several libraries: each name once, whatever its case, with a type that fits all."""
    same: dict[str, list[pa.Field]] = {}
    for field in (field for library in libraries for field in library.fields):
        same.setdefault(field.name.casefold(), []).append(field)
    return tuple(fields[0].with_type(common_type(field.type for field in fields)) for fields in same.values())
