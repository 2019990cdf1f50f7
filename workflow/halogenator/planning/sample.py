"""Samples: evenly spread rows, and the sites of some molecules of a library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import variance

from halogenator.errors import UserError
from halogenator.model import Library
from halogenator.process import limits

SAMPLE_ROWS = 500
MORE_ROWS = 5_000  # of a sample for what few molecules have
READ_ROWS = 20_000  # rows that are read at most, of which the sample is drawn

# Steps (see ``process.limits``) from here on parse molecules and match them; those below read rows.
_FIRST_MOLECULE = 1_000_000_000


def sampled(rows: int, size: int, start: int, stop: int) -> Iterator[int]:
    """Yield those rows of an evenly spread sample that are from ``start`` to ``stop`` (exclusive).

    The sample has ``size`` of ``rows`` rows, or all rows if there are fewer. Its k-th row is ``k * rows // size``.

    Examples:
        >>> list(sampled(100, 4, 0, 100)), list(sampled(100, 4, 30, 60))
        ([0, 25, 50, 75], [50])
    """
    size = min(size, rows)
    if size:
        for number in range(-(-start * size // rows), -(-stop * size // rows)):
            yield number * rows // size


@dataclass(frozen=True)
class Sites:
    """The sites of a query in a molecule.

    Attributes:
        matches: the atoms of each.
        distinct: how many are not equal to another by symmetry.
        leaving: those atoms of all matches that leave.
    """

    matches: tuple[frozenset[int], ...]
    distinct: int
    leaving: frozenset[int]

    @property
    def once_halogenated(self) -> float:
        """About how many are distinct in a molecule that was halogenated: half of the equal ones are equal still."""
        return (len(self.matches) + self.distinct) / 2

    def lost_to(self, rule: Sites) -> int:
        """Return how many lose an atom if the rule with these sites acts at each."""
        return sum(not match.isdisjoint(rule.leaving) for match in self.matches)


@dataclass(frozen=True)
class Sample:
    """Some molecules of a library that is read from a file, evenly spread over it.

    Attributes:
        rows: rows of the library, perhaps estimated.
        scale: rows of the library per row of the sample.
        whole: whether the sample has all rows.
        more: whether a larger sample could be drawn.
        first: whether only the first rows were read.
        sites: {query: its sites} of each molecule.
        smiles: the SMILES of each molecule.
    """

    rows: int
    scale: float
    whole: bool
    more: bool
    first: bool
    sites: tuple[dict[str, Sites], ...]
    smiles: tuple[str, ...]

    def standard_error(self, values: Sequence[float]) -> float:
        """Return the standard error of a sum over the library, estimated from the values of the sample's molecules.

        Of a sample without replacement; Cochran, Sampling Techniques, 3rd ed. (1977), section 2.5.
        """
        if self.whole or len(values) < 2:
            return 0
        return self.scale * sqrt(len(values) * variance(values) * max(1 - 1 / self.scale, 0))


def read_sample(source: Library, queries: Mapping[str, str], size: int = SAMPLE_ROWS) -> Sample:
    """Return a sample of a library that is read from a file. A child process does it, in bounded time.

    Args:
        source: the library.
        queries: {SMARTS: name of the transform or rule whose reactant it is}.
        size: most rows of the sample.

    Raises:
        UserError: the file cannot be read, or matching a query takes too long.
    """
    import rdkit.Chem  # noqa: F401 - loaded once here, not again in each child process

    return limits.in_child(lambda: _count(source, queries, size))


def _count(source: Library, queries: Mapping[str, str], size: int) -> Sample:
    from halogenator.chemistry.molecules import RejectError, quiet
    from halogenator.chemistry.prepare import prepare
    from halogenator.chemistry.reaction import Query
    from halogenator.inputs.sampling import sample_files

    assert source.paths
    quiet()
    reading = source.reading
    texts, rows, whole, first_only = sample_files(source.paths, reading, READ_ROWS)
    everything = len(texts) if whole else rows
    more = len(texts) > size
    texts = [texts[place] for place in sampled(len(texts), size, 0, len(texts))]
    counters = {query: Query(query) for query in queries}
    sites: list[dict[str, Sites]] = []
    smiles: list[str] = []
    for number, text in enumerate(texts):
        first = _FIRST_MOLECULE + number * (len(queries) + 1)
        if limits.begin(first):
            continue  # in the run, the row becomes a reject
        try:
            found = prepare(text, reading)
        except RejectError:
            continue
        sites.append({})
        smiles.append(found.smiles)
        for position, (query, counter) in enumerate(counters.items(), 1):
            if reason := limits.begin(first + position):
                raise _endless(source, query, queries[query], number + 1, reason)
            matches, distinct = counter.distinct(found.mol)
            leaving = frozenset(match[at] for match in matches if match for at in counter.leaving)
            sites[-1][query] = Sites(tuple(map(frozenset, matches)), distinct, leaving)
    scale = everything / len(texts) if texts else 1
    return Sample(rows, scale, whole and not more, more, first_only, tuple(sites), tuple(smiles))


def _endless(source: Library, query: str, name: str, number: int, reason: str) -> UserError:
    return UserError(
        f"matching the reactant of {name} does not come to an end: {reason} on one molecule",
        where=f"{source.shown}, molecule {number}",
        value=query,
        allowed=f"a reactant whose matches in a molecule are found in {limits.PLAN_SECONDS} s",
        fix="make the reactant smaller or more specific: long runs of atoms that match much match in endless ways",
    )
