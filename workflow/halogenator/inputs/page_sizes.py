"""Sizes of the decompressed pages of a Parquet column, read from the page headers before Arrow allocates memory.

A header is a Thrift struct in the compact protocol (apache/parquet-format, ``PageHeader``; apache/thrift,
``thrift-compact-protocol.md``). Its second field is the decompressed size, its third the size of what follows it.
"""

from __future__ import annotations

from typing import IO, Any, NamedTuple

_STOP, _TRUE, _FALSE, _BINARY, _STRUCT = 0, 1, 2, 8, 12
_INTEGERS = (4, 5, 6)
_MAX_DEPTH = 10
_UNCOMPRESSED, _COMPRESSED = 2, 3
_DATA_PAGES = (5, 8)  # headers of data pages, versions 1 and 2, whose first field is the number of values


class PageSizes(NamedTuple):
    """Decompressed sizes of some pages.

    Attributes:
        largest: of the largest page, in bytes.
        densest: of the data page with the largest values, in bytes per value.
    """

    largest: int
    densest: float


def page_sizes(stream: IO[bytes], start: int, stop: int) -> PageSizes:
    """Return the sizes of the pages between two offsets of a file.

    Raises:
        ValueError: there is something else than pages between them.
    """
    largest, densest = 0, 0.0
    at = start
    while at < stop:
        stream.seek(at)
        sizes = _struct(stream, 0)
        if not all(isinstance(sizes.get(key), int) for key in (_UNCOMPRESSED, _COMPRESSED)) or sizes[_COMPRESSED] < 0:
            raise _no_header()
        largest = max(largest, sizes[_UNCOMPRESSED])
        values = next((sizes[kind].get(1, 0) for kind in _DATA_PAGES if isinstance(sizes.get(kind), dict)), 0)
        densest = max(densest, sizes[_UNCOMPRESSED] / values if values > 0 else 0)
        at = stream.tell() + sizes[_COMPRESSED]
    return PageSizes(largest, densest)


def _struct(stream: IO[bytes], depth: int) -> dict[int, Any]:
    """Read a struct and return {number of an integer or a struct: its value}. Page headers have no lists or doubles."""
    found: dict[int, Any] = {}
    field = 0
    while depth <= _MAX_DEPTH:
        head = _byte(stream)
        kind = head & 15
        if kind == _STOP:
            return found
        field = field + (head >> 4) if head >> 4 else _integer(stream)
        if kind in _INTEGERS:
            found[field] = _integer(stream)
        elif kind == _BINARY:
            stream.seek(_varint(stream), 1)
        elif kind == _STRUCT:
            found[field] = _struct(stream, depth + 1)
        elif kind not in (_TRUE, _FALSE):
            break
    raise _no_header()


def _integer(stream: IO[bytes]) -> int:
    raw = _varint(stream)
    return (raw >> 1) ^ -(raw & 1)  # zigzag


def _varint(stream: IO[bytes]) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = _byte(stream)
        value |= (byte & 127) << shift
        if byte < 128:
            return value
    raise _no_header()


def _byte(stream: IO[bytes]) -> int:
    byte = stream.read(1)
    if not byte:
        raise _no_header()
    return byte[0]


def _no_header() -> ValueError:
    return ValueError("not a page header")
