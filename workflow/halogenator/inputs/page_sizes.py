"""Sizes of the decompressed pages of a Parquet column, read from the page headers before Arrow allocates memory.

A header is a Thrift struct in the compact protocol (apache/parquet-format, ``PageHeader``; apache/thrift,
``thrift-compact-protocol.md``). Its second field is the decompressed size, its third the size of what follows it.
"""

from __future__ import annotations

from typing import IO

_STOP, _TRUE, _FALSE, _BINARY, _STRUCT = 0, 1, 2, 8, 12
_INTEGERS = (4, 5, 6)
_MAX_DEPTH = 10
_UNCOMPRESSED, _COMPRESSED = 2, 3


def largest_page(stream: IO[bytes], start: int, stop: int) -> int:
    """Return the decompressed size in bytes of the largest page between two offsets of a file.

    Raises:
        ValueError: there is something else than pages between them.
    """
    largest = 0
    at = start
    while at < stop:
        stream.seek(at)
        sizes = _struct(stream, 0)
        if sizes.get(_COMPRESSED, -1) < 0 or _UNCOMPRESSED not in sizes:
            raise _no_header()
        largest = max(largest, sizes[_UNCOMPRESSED])
        at = stream.tell() + sizes[_COMPRESSED]
    return largest


def _struct(stream: IO[bytes], depth: int) -> dict[int, int]:
    """Read a struct and return {number of an integer field: its value}. Page headers have no lists and no doubles."""
    found: dict[int, int] = {}
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
            _struct(stream, depth + 1)
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
