"""Samples: which rows stand for all of a file; and molecules of a library's source with their sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from halogenator.errors import UserError
from halogenator.model import Library
from halogenator.process import limits

SAMPLE_ROWS = 500
# Rows that are read at most to draw it from, of which those that are compressed are the first.
READ_ROWS = 20_000

# Steps (see ``process.limits``) below this are rows being read; above it, molecules being parsed and then matched.
_FIRST_MOLECULE = 1_000_000_000


def sampled(rows: int, size: int, start: int, stop: int) -> Iterator[int]:
    """Yield the sampled rows from ``start`` to ``stop`` (exclusive), of a sample of ``size`` of all ``rows``.

    The sample is always the same and evenly spread: the k-th of it is row ``k * rows // size``. Where there are no
    more rows than ``size``, all are sampled.

    Examples:
        >>> list(sampled(100, 4, 0, 100)), list(sampled(100, 4, 30, 60))
        ([0, 25, 50, 75], [50])
    """
    size = min(size, rows)
    if size:
        for number in range(-(-start * size // rows), -(-stop * size // rows)):
            yield number * rows // size


@dataclass(frozen=True)
class Sample:
    """Some molecules of a library's ultimate source, evenly spread over it.

    Attributes:
        rows: rows of the source.
        scale: rows per sampled row; 0 where there is none.
        whole: whether the sample is the source.
        first: whether only the source's first rows were looked at.
        sites: per molecule, {query: sites}.
    """

    rows: int
    scale: float
    whole: bool
    first: bool
    sites: tuple[dict[str, int], ...]


def read_sample(source: Library, queries: Mapping[str, str]) -> Sample:
    """Return the sample of a library that is read from a file, taken in a child that no molecule can hold up.

    Args:
        source: the library.
        queries: {SMARTS: what it is the reactant of}.

    Raises:
        UserError: the file cannot be read, or matching a query does not come to an end.
    """
    import rdkit.Chem  # noqa: F401 - here, or every child would load it anew

    return limits.in_child(lambda: _count(source, queries))


def _count(source: Library, queries: Mapping[str, str]) -> Sample:
    from halogenator.chemistry.molecules import RejectError, quiet
    from halogenator.chemistry.prepare import prepare
    from halogenator.chemistry.reaction import Query
    from halogenator.inputs.sampling import spread

    assert source.paths
    quiet()
    reading = source.reading
    texts, rows, whole, first_only = spread(source.paths, reading, READ_ROWS)
    every = -(-len(texts) // SAMPLE_ROWS) or 1
    texts, whole = texts[::every], whole and every == 1
    counters = {query: Query(query) for query in queries}
    sites: list[dict[str, int]] = []
    for number, text in enumerate(texts):
        first = _FIRST_MOLECULE + number * (len(queries) + 1)
        if limits.begin(first):
            continue  # the run will make a reject of it
        try:
            mol = prepare(text, reading).mol
        except RejectError:
            continue
        sites.append({})
        for position, (query, counter) in enumerate(counters.items(), 1):
            if reason := limits.begin(first + position):
                raise _endless(source, query, queries[query], number + 1, reason)
            sites[-1][query] = counter.count(mol)
    scale = rows / len(texts) if texts and not whole else 1
    return Sample(rows, scale, whole, first_only, tuple(sites))


def _endless(source: Library, query: str, name: str, number: int, reason: str) -> UserError:
    return UserError(
        f"matching the reactant of {name} does not come to an end: {reason} on one molecule",
        where=f"{source.shown}, molecule {number}",
        value=query,
        allowed=f"a reactant whose matches in a molecule are found in {limits.PLAN_SECONDS} s",
        fix="make the reactant smaller or more specific: long runs of atoms that match much match in endless ways",
    )
