"""How large each library and job will be, guessed before anything has run from the first rows of the inputs.

The guess is deterministic and cheap, since every start of the workflow makes it. It only sets the *number* of chunks;
their boundaries come from the real index, so a guess that is off by a factor of a few costs nothing.
"""

from __future__ import annotations

import re
from math import ceil, factorial, prod

from halogenator.model import Config, Library
from halogenator.planning.sample import Sample, read_sample

# A query that may match what halogenation puts in: a halogen, an atom of any kind, or one that is only ruled out.
_HALOGEN = re.compile(r"F|Cl|Br|I|#(9|17|35|53)\b|[*A!]")


class Estimates:
    """Numbers of rows, products and chunks for every library and job of a configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._samples: dict[str, Sample] = {}

    def rows(self, library: Library, transform: str | None = None) -> int:
        """Return about how many molecules a library will have, or products its job with a transform.

        0 only if no molecule of the source is there, or has a site.
        """
        sample = self._sample(library)
        if transform is not None:
            query = self.config.transforms[transform].query
            found = sum(self._descendants(library, sites) * sites[query] for sites in sample.sites)
            if not found and library.k and _HALOGEN.search(query):
                found = sum(self._descendants(library, sites) for sites in sample.sites)  # the parents have none yet
            return max(ceil(sample.scale * found), 0 if sample.whole else 1)
        if not library.k:
            return sample.rows
        return ceil(sample.scale * sum(self._descendants(library, sites) for sites in sample.sites))

    def only_first_rows(self, library: Library) -> bool:
        """Tell whether the guess is made from the first rows of a file alone, as of a compressed one."""
        return self._sample(library).first

    def chunks(self, library: Library, transform: str | None = None) -> int:
        """Return into how many chunk tasks the making of a library or a job is cut; 0 of a job without products."""
        rows = self.rows(library, transform)
        if transform is not None:
            return ceil(rows / self.config.chunk_products)
        return max(1, ceil(rows * max(library.k or 1, 1) / self.config.chunk_products))  # k ways to a level-k molecule

    def parts(self, library: Library, transform: str | None = None) -> int:
        """Return by how many tasks the duplicates are found, each for a range of keys; 0: by the merge."""
        if transform is None and not library.base:
            return 0
        parts = ceil(self.rows(library, transform) / self.config.merge_rows)
        return parts if parts > 1 else 0

    def _descendants(self, library: Library, sites: dict[str, int]) -> float:
        """Return how many level-k molecules a parent gives: k of its sites, each with any halogen."""
        level = library.k or 0
        if level == 0:
            return 1
        routes = sum(
            min(sites[query], limit if limit is not None else sites[query])
            for query, limit in self._rules(library.class_name)
        )
        halogens = len(self.config.halogenation.halogens)
        return prod(max(routes - step, 0) * halogens for step in range(level)) / factorial(level)

    def _rules(self, class_name: str) -> list[tuple[str, int | None]]:
        return [(rule.query, rule.max_sites) for rule in self.config.halogenation.rules_for(class_name)]

    def _sample(self, library: Library) -> Sample:
        source = self._source(library)
        if source.name not in self._samples:
            self._samples[source.name] = read_sample(source, self._queries(source))
        return self._samples[source.name]

    def _source(self, library: Library) -> Library:
        """Return the library that is read from a file and that a built one goes back to."""
        while library.base is not None:
            library = self.config.libraries[library.base]
        return library

    def _queries(self, source: Library) -> dict[str, str]:
        """Return {query: what has it}: the rules of a source's class, the transforms of all that is built from it."""
        named = [
            (rule.query, f"halogenation rule '{rule.name}'")
            for rule in self.config.halogenation.rules_for(source.class_name)
        ]
        for library in self.config.libraries.values():
            if self._source(library) is source:
                named += [(t.query, f"transform '{t.name}'") for t in self.config.counted(library)]
        queries: dict[str, str] = {}
        for query, name in named:
            queries.setdefault(query, name)
        return queries
