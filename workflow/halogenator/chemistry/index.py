"""The index of a library: site counts and descriptors of its molecules, computed before any product is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.reaction import Query
from halogenator.model import Halogenation, Recipe, Transform, fingerprint

# The column with the number of products, at most, that one more halogenation of the molecule gives.
HALOGENATION_SITES = "sites_halogenation"


def site_queries(transforms: Iterable[Transform]) -> dict[str, str]:
    """Return {column: query SMARTS} for the distinct queries of transforms.

    A column's name has the family of the first transform with this query, for people, and the query's fingerprint. So
    one name never means two queries, even if libraries were built with different configurations.

    Examples:
        >>> site_queries([Transform("ether", "[c:1][OX2H:2]>>[c:1][O:2]C", family="phenol_OH")])
        {'sites_phenol_OH_ec613f': '[c:1][OX2H:2]'}
    """
    columns: dict[str, str] = {}
    for transform in transforms:
        if transform.query not in columns.values():
            family = re.sub(r"\W", "_", transform.family)
            columns[f"sites_{family}_{fingerprint(transform.query)[:6]}"] = transform.query
    return columns


class Index:
    """The site counts and descriptors that a library has as columns.

    Attributes:
        queries: {column: query SMARTS} of the transforms.
        columns: {column: what it counts}, in order; ``HALOGENATION_SITES`` is the last, if it is counted.

    Args:
        queries: {column: query SMARTS} from ``site_queries``.
        halogenation: rules for ``HALOGENATION_SITES``; None for a library that is not halogenated further.
        class_name: the library's class.
        descriptor_names: descriptor columns, in order.
    """

    def __init__(
        self,
        queries: Mapping[str, str],
        halogenation: Halogenation | None,
        class_name: str,
        descriptor_names: Sequence[str],
    ) -> None:
        self.queries = dict(queries)
        self.columns = dict(queries)
        self.descriptor_names = tuple(descriptor_names)
        self._counted = [Query(query) for query in queries.values()]
        self._rules = None
        if halogenation is not None:
            self.columns[HALOGENATION_SITES] = f"any halogenation rule of {class_name}, times the halogens"
            rules = halogenation.rules_for(class_name)
            self._rules = [(Query(rule.query), rule.max_sites, len(halogenation.halogens)) for rule in rules]

    @classmethod
    def of(cls, recipe: Recipe) -> Index:
        """Return the index of the library of a recipe."""
        rules = recipe.halogenation if recipe.is_base else None
        return cls(recipe.queries, rules, recipe.library.class_name, recipe.descriptors)

    @property
    def examined_queries(self) -> list[str]:
        """The queries that ``site_counts`` matches, as SMARTS."""
        return [*self.queries.values(), *(query.smarts for query, _, _ in self._rules or ())]

    def site_counts(self, mol: Chem.Mol) -> tuple[int, ...]:
        counts = [query.count(mol) for query in self._counted]
        if self._rules is not None:
            found = ((query.count(mol), limit, times) for query, limit, times in self._rules)
            counts.append(sum(min(count, limit or count) * times for count, limit, times in found))
        return tuple(counts)

    def row(self, mol: Chem.Mol) -> tuple[float, ...]:
        """Return a molecule's descriptors, then its site counts, both in column order."""
        return descriptors.compute(mol, self.descriptor_names) + self.site_counts(mol)
