"""Estimates of the rows of each library and job before a run, from samples of the input files.

Each start of the workflow makes them, so they take little time and are always the same. They only set the *number* of
chunks. The bounds of chunks come from the real index, so an estimate that is wrong by a small factor does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import ceil, factorial, inf, prod

from halogenator.model import HALOGENATION, Choice, Config, Library, Recipe
from halogenator.planning.identity import recipe_of
from halogenator.planning.sample import MORE_ROWS, SAMPLE_ROWS, Sample, Sites, read_sample
from halogenator.planning.shares import Step, Trial, first_trials, share, tried
from halogenator.planning.speed import chunk_fingerprints, chunk_products, product_seconds
from halogenator.planning.walks import Walked, walk

# A query that may match an added halogen: it names a halogen or any atom, or says which atom it does not match.
_HALOGEN = re.compile(r"F|Cl|Br|I|#(9|17|35|53)\b|[*A!]")

# An estimate is made anew of a larger sample if its standard error is more than this part of it, and more than so many
# rows. So it is where few molecules have a site: one terpenoid in eleven is an acid, and 500 tell the products to 30 %.
UNSURE = 0.15
UNSURE_ROWS = 100_000

# A job that should take less has no chunk tasks: its merge makes the products itself. So a kill costs that at most.
ONE_TASK_SECONDS = 60


class Estimates:
    """Numbers of rows, products and chunks for every library and job of a configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._samples: dict[tuple[str, int], Sample] = {}  # {source, rows of the sample}
        self._tried: dict[str, list[Trial]] = {}  # {library: molecules of it}
        self._rows: dict[tuple[str, str | None], int] = {}  # {library, transform: what ``rows`` found}
        self._recipes: dict[str, Recipe] = {}  # {library: what it is built by}
        self._walks: dict[str, list[Walked]] = {}

    def rows(self, library: Library, transform: str | None = None) -> int:
        """Return about how many molecules a library will have, or how many products its job with a transform.

        It is 0 only if the sample is the whole source and gives none.
        """
        if (library.name, transform) not in self._rows:
            estimate = self._rows_by_walks if self._takes_steps(library) else self._rows_by_sites
            self._rows[library.name, transform] = estimate(library, transform)
        return self._rows[library.name, transform]

    def _rows_by_sites(self, library: Library, transform: str | None) -> int:
        """Return what ``rows`` does, by the sites of the sample."""
        sample = self._sample(library)
        if transform is None and not library.k:
            return sample.rows
        share, found = self._share(library, transform), self._made(library, transform, sample)
        if sample.more and self._is_unsure(library, sample, found, share):
            sample = self._sample(library, MORE_ROWS)
            found = self._made(library, transform, sample)
        return max(ceil(sample.scale * sum(found) * share), 0 if sample.whole or transform is None else 1)

    def _is_unsure(self, library: Library, sample: Sample, found: list[float], share: float) -> bool:
        """Return whether an estimate from what was found in a sample may be far off."""
        if not any(found):  # as if one of the sample's had a site after all
            molecules = self._made(library, None, sample)
            return share * sample.scale * sum(molecules) / max(len(molecules), 1) > UNSURE_ROWS
        off = share * sample.standard_error(found)
        return off > max(UNSURE_ROWS, UNSURE * share * sample.scale * sum(found))

    def _made(self, library: Library, transform: str | None, sample: Sample) -> list[float]:
        """Return how many molecules of a library, or products of its job, each molecule of a sample gives."""
        molecules = [self._descendants(library, sites) for sites in sample.sites]
        if transform is None:
            return molecules
        query = self.config.transforms[transform].query
        left = [self._left(library, sites, query) for sites in sample.sites]
        found = [number * sites for number, sites in zip(molecules, left, strict=True)]
        if not any(found) and library.k and _HALOGEN.search(query):
            return molecules  # the source has no halogens yet
        return found

    def _takes_steps(self, library: Library) -> bool:
        """Return whether a library is made by other steps than one halogenation after the other."""
        return any(each.by != (HALOGENATION,) or each.walks for each in self.config.line(library)[1:])

    def _rows_by_walks(self, library: Library, transform: str | None) -> int:
        """Return what ``rows`` does, by walks of the natural products of the sample through the steps."""
        sample, config = self._sample(library), self.config
        if library.name not in self._walks:
            recipes = [self._recipe(each) for each in config.line(library)[1:]]
            queries = dict.fromkeys(each.query for each in config.counted(library))
            self._walks[library.name] = walk(recipes, sample.smiles, list(queries))
        walks = self._walks[library.name]
        query = config.transforms[transform].query if transform is not None else None
        found = sum(each.molecules * (each.sites.get(query, 0) if query else 1) for each in walks)
        return max(ceil(sample.scale * len(sample.smiles) * found / max(len(walks), 1)), 1)

    def only_first_rows(self, library: Library) -> bool:
        """Return whether the estimate is from the first rows of a file alone, as for a compressed file."""
        return self._sample(library).first

    def chunks(self, library: Library, transform: str | None = None) -> int:
        """Return the number of chunk tasks of a library or a job; 0 for a job that its merge makes itself."""
        rows, config = self.rows(library, transform), self.config
        scores = config.scores(library.name, transform)
        each = chunk_products(config, scores)
        if transform is not None and not scores:  # a merge does not declare the memory that scores take
            at_once = min(each, config.merge_rows, ONE_TASK_SECONDS / product_seconds(config))
            return ceil(rows / each) if rows > at_once else 0
        ways = max(library.k or 1, 1) if transform is None else 1  # k ways to a level-k molecule
        return max(1, ceil(rows * ways / each))

    def parts(self, library: Library, transform: str | None = None) -> int:
        """Return the number of tasks that find duplicates, each in a range of keys; 0 if the merge finds them."""
        parts = ceil(self.rows(library, transform) / self.config.merge_rows)
        return parts if parts > 1 else 0

    def fingerprint_chunks(self, library: Library, transform: str | None = None) -> int:
        """Return the number of chunk tasks for the fingerprints of a library or a job; 0 if one task computes all."""
        chunks = ceil(self.rows(library, transform) / chunk_fingerprints(self.config))
        return chunks if chunks > 1 else 0

    def _descendants(self, library: Library, sites: Mapping[str, Sites]) -> float:
        """Return how many molecules of level k a parent with these sites gives: k sites, each with any halogen.

        Those that another parent gives as well are counted twice.
        """
        level = library.k or 0
        first = later = 0.0
        for rule in self.config.halogenation.rules_for(library.class_name) if level else ():
            most = inf if rule.max_sites is None else rule.max_sites
            first += min(sites[rule.query].distinct, most)
            later += min(sites[rule.query].once_halogenated, most)
        halogens = len(self.config.halogenation.halogens)
        steps = (max(later - step, 0) if step else first for step in range(level))
        return prod(choices * halogens for choices in steps) / factorial(level)

    def _left(self, library: Library, sites: Mapping[str, Sites], query: str) -> float:
        """Return how many distinct sites of a query such a molecule of level k has on average."""
        level = library.k or 0
        if not level:
            return sites[query].distinct
        rules = [sites[rule.query] for rule in self.config.halogenation.rules_for(library.class_name)]
        choices = sum(len(rule.matches) for rule in rules)
        lost = level * sum(sites[query].lost_to(rule) for rule in rules) / choices if choices else 0
        return max(sites[query].once_halogenated - lost, 0)

    def _share(self, library: Library, name: str | None) -> float:
        """Return the share of a library, or of its job with a transform, that the configuration does not leave out."""
        transform = self.config.transforms[name] if name is not None else None
        kept = 1.0
        if self._chooses(library):
            trials, sites = self._trials(library), self._sample(library).sites
            left = [self._left(library, sites[t.parent], transform.query) if transform else 1 for t in trials]
            kept = share(trials, left if any(left) else [1] * len(left))
        choice = self.config.product_choice + library.choice
        if transform and (choice or transform.choice):
            there = [replace(trial, every=trial.kept) for trial in self._trials(library) if trial.smiles]
            chosen = replace(transform, choice=choice + transform.choice)
            step = Step(transform.name, library.name, (chosen,), Choice())
            kept *= share(tried([step], {library.name: there})[transform.name])
        return kept

    def _chooses(self, library: Library) -> bool:
        """Return whether anything is left out of a library, or of one that it is built from."""
        recipes = [self._recipe(each) for each in self.config.line(library)[1:]]
        return any(recipe.choice or any(each.choice for each in recipe.transforms) for recipe in recipes)

    def _recipe(self, library: Library) -> Recipe:
        """Return what a library is built by, and what is left out of it."""
        if library.name not in self._recipes:
            self._recipes[library.name] = recipe_of(self.config, library.name)
        return self._recipes[library.name]

    def _step(self, library: Library) -> Step:
        """Return the step by which a built library is made."""
        recipe = self._recipe(library)
        return Step(library.name, library.base or "", tuple(recipe.transforms), recipe.choice)

    def _trials(self, library: Library) -> list[Trial]:
        """Return molecules of a library, made from some of the sample; of all libraries of a source at once."""
        if library.name not in self._tried:
            source, libraries = self._source(library), self.config.libraries.values()
            self._tried[source.name] = first_trials(self._sample(source))
            built = [each for each in libraries if self._source(each) is source and not self._takes_steps(each)]
            steps = [self._step(each) for each in built if each.base is not None]
            self._tried |= tried(steps, self._tried)
        return self._tried[library.name]

    def _sample(self, library: Library, size: int = SAMPLE_ROWS) -> Sample:
        source = self._source(library)
        if (source.name, size) not in self._samples:
            self._samples[source.name, size] = read_sample(source, self._queries(source), size)
        return self._samples[source.name, size]

    def _source(self, library: Library) -> Library:
        """Return the library, read from a file, that is at the bottom of a built one."""
        return self.config.line(library)[0]

    def _queries(self, source: Library) -> dict[str, str]:
        """Return {query: name of its rule or transform} of all that runs on a source or on what is built from it."""
        above = [library for library in self.config.libraries.values() if self._source(library) is source]
        named = [
            (rule.query, f"halogenation rule '{rule.name}'")
            for class_name in dict.fromkeys((source.class_name, *(library.class_name for library in above)))
            for rule in self.config.halogenation.rules_for(class_name)
        ]
        for library in above:
            named += [(t.query, f"transform '{t.name}'") for t in self.config.counted(library)]
        queries: dict[str, str] = {}
        for query, name in named:
            queries.setdefault(query, name)
        return queries
