"""Which rows stand for all of a file: always the same ones, evenly spread."""

from __future__ import annotations

from collections.abc import Iterator


def sampled(rows: int, size: int, start: int, stop: int) -> Iterator[int]:
    """Yield the sampled rows from ``start`` to ``stop`` (exclusive), of a sample of ``size`` of all ``rows``.

    The k-th is row ``k * rows // size``; where there are no more rows than ``size``, all are sampled.
    """
    size = min(size, rows)
    if size:
        for number in range(-(-start * size // rows), -(-stop * size // rows)):
            yield number * rows // size
