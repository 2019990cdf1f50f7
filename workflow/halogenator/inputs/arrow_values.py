"""Values of Arrow columns as text, for SMILES, ids and names, and as Python values, for the other columns.

A whole number that a database or pandas made 1772661200.0, 12.00 or 1.77e+12 is a whole number again.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from halogenator.inputs.rows import Undecoded

if TYPE_CHECKING:
    import pyarrow

_EXACT = 1e22  # a float below this that is whole is written with all its digits


def is_string(kind: pyarrow.DataType) -> bool:
    """Return whether a type is text, or a dictionary of text."""
    from pyarrow import types

    kind = _plain(kind)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def is_binary(kind: pyarrow.DataType) -> bool:
    """Return whether a type is bytes, or a dictionary of them."""
    from pyarrow import types

    kind = _plain(kind)
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )  # fmt: skip


def has_text(kind: pyarrow.DataType) -> bool:
    """Return whether a type's values have a text form."""
    import pyarrow

    try:
        return is_binary(kind) or bool(pyarrow.array([], _plain(kind)).cast(pyarrow.string()) is not None)
    except (pyarrow.ArrowException, TypeError):
        return False


def kept_type(kind: pyarrow.DataType) -> pyarrow.DataType:
    """Return the type in which a column is kept: its own if it is a number, date, time or boolean; else text."""
    import pyarrow
    from pyarrow import types

    kind = _plain(kind)
    if types.is_float16(kind):
        return pyarrow.float32()
    own = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    return kind if own or (types.is_temporal(kind) and not types.is_interval(kind)) else pyarrow.string()


def texts_of(column: pyarrow.Array) -> list[str | None]:
    """Return a column's values as text: None for a missing one, ``Undecoded`` for bytes that are not UTF-8.

    Raises:
        pyarrow.ArrowInvalid: the column is damaged.
    """
    import pyarrow
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        # Arrow's own decoding would copy a long string for each row that points to it.
        texts = texts_of(column.dictionary)
        try:
            return [None if index is None else texts[index] for index in column.indices.to_pylist()]
        except IndexError as error:
            raise pyarrow.ArrowInvalid("an index is beyond its dictionary") from error  # of a damaged file
    if isinstance(kind, pyarrow.BaseExtensionType):
        return texts_of(column.storage)
    if is_string(kind):
        try:
            return list(column.to_pylist())
        except UnicodeDecodeError:
            return _decoded(column.cast(pyarrow.large_string()).cast(pyarrow.large_binary()).to_pylist())
    if is_binary(kind):
        return _decoded(column.to_pylist())
    if types.is_floating(kind):
        short = column.cast(pyarrow.string()).to_pylist()  # the fewest digits that give the same float
        return [_number(value, text) for value, text in zip(column.to_pylist(), short, strict=True)]
    if types.is_decimal(kind):
        return [None if value is None else _decimal(value) for value in column.to_pylist()]
    return list(column.cast(pyarrow.string(), safe=False).to_pylist())


def values_of(column: pyarrow.Array, kind: pyarrow.DataType) -> list[Any]:
    """Return a column's values as Python values, from which Arrow can make an array of the type ``kind``.

    Args:
        column: the column.
        kind: its ``kept_type``.
    """
    import pyarrow
    from pyarrow import types

    if isinstance(column.type, pyarrow.BaseExtensionType):
        return values_of(column.storage, kind)
    if types.is_dictionary(column.type) and not types.is_string(kind):
        column = column.dictionary_decode()
    if not types.is_string(kind):
        if types.is_temporal(kind) and not types.is_date(kind):
            # Python's own times have no nanoseconds, so whole numbers are returned.
            column = column.cast(pyarrow.int32() if types.is_time32(kind) else pyarrow.int64())
        return list(column.to_pylist())
    if has_text(column.type):
        return texts_of(column)
    return [None if value is None else _json(value) for value in column.to_pylist()]


def number_text(value: float) -> str:
    """Return a float as text, without a point where it is a whole number."""
    return str(_number(value, repr(value)))


def _number(value: float | None, text: str | None) -> str | None:
    if value is None or value != value:
        return None  # what pandas writes for a missing number
    return str(int(value)) if abs(value) < _EXACT and value == int(value) else text


def _decimal(value: Decimal) -> str:
    return str(int(value)) if value == value.to_integral_value() else format(value, "f")


def _decoded(values: list[bytes | None]) -> list[str | None]:
    found: list[str | None] = []
    for value in values:
        try:
            found.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            assert value is not None
            found.append(Undecoded(value.decode("utf-8", "backslashreplace")))
    return found


def _json(value: object) -> str:
    def plain(other: object) -> str:
        return other.decode("utf-8", "backslashreplace") if isinstance(other, bytes) else str(other)

    return json.dumps(value, default=plain, ensure_ascii=False)


def _plain(kind: pyarrow.DataType) -> pyarrow.DataType:
    import pyarrow
    from pyarrow import types

    while True:
        if types.is_dictionary(kind):
            kind = kind.value_type
        elif isinstance(kind, pyarrow.BaseExtensionType):
            kind = kind.storage_type
        else:
            return kind
