"""How large the pages of a Parquet column are once decompressed, read from their headers before Arrow allocates them.

A header is a Thrift struct in the compact protocol (apache/parquet-format, ``PageHeader``; apache/thrift,
``thrift-compact-protocol.md``). Its second field is the decompressed size, its third the size of what follows it.
"""

from __future__ import annotations

from typing import IO, NoReturn

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS = (4, 5, 6)
_MAX_DEPTH = 10
_UNCOMPRESSED, _COMPRESSED = 2, 3


def largest_page(stream: IO[bytes], start: int, stop: int) -> int:
    """Return the decompressed size in bytes of the largest page between two offsets of a file.

    Raises:
        ValueError: there is something else than pages.
    """
    largest = 0
    at = start
    while at < stop:
        stream.seek(at)
        sizes = _struct(stream, 0)
        if sizes.get(_COMPRESSED, -1) < 0 or _UNCOMPRESSED not in sizes:
            _refuse()
        largest = max(largest, sizes[_UNCOMPRESSED])
        at = stream.tell() + sizes[_COMPRESSED]
    return largest


def _struct(stream: IO[bytes], depth: int) -> dict[int, int]:
    """Read a struct; return its integer fields by number."""
    if depth > _MAX_DEPTH:
        _refuse()
    found: dict[int, int] = {}
    field = 0
    while True:
        head = _byte(stream)
        kind = head & 15
        if kind == _STOP:
            return found
        field = field + (head >> 4) if head >> 4 else _integer(stream)
        if kind in _INTEGERS:
            found[field] = _integer(stream)
        elif kind not in (_TRUE, _FALSE):
            _skip(stream, kind, depth)


def _skip(stream: IO[bytes], kind: int, depth: int) -> None:
    if kind in _INTEGERS:
        _varint(stream)
    elif kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
        for _ in range(8 if kind == _DOUBLE else 1):
            _byte(stream)  # not a seek: where the file ends, so must a list
    elif kind == _BINARY:
        stream.seek(_varint(stream), 1)
    elif kind == _STRUCT:
        _struct(stream, depth + 1)
    elif kind in (_LIST, _SET):
        head = _byte(stream)
        for _ in range(_varint(stream) if head >> 4 == 15 else head >> 4):
            _skip(stream, head & 15, depth + 1)
    else:
        _refuse()


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
    return _refuse()


def _byte(stream: IO[bytes]) -> int:
    byte = stream.read(1)
    if not byte:
        _refuse()
    return byte[0]


def _refuse() -> NoReturn:
    raise ValueError("not a page header")
