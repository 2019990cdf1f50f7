"""Filters that a selection of molecules goes through: one table drives their help, their checks and their values.

A filter is a property that a molecule has or has not. It can be asked for (``only``), kept out (``without``) or
written beside the molecule (``flag``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from halogenator.chemistry.descriptors import limits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = Mapping[str, npt.NDArray[np.float64]]

UNREADABLE = "no valid RDKit molecule"  # what RunFilterCatalog gives instead of alerts


@dataclass(frozen=True)
class Filter:
    """A property of a molecule.

    Attributes:
        name: as options, configuration and columns call it.
        text: when a molecule has it, exactly.
        source: where the rule was published.
        descriptors: those that decide it; none where a catalog of substructures does.
        holds: {descriptor: values} → whether each molecule has it.
        catalog: the name of RDKit's FilterCatalog, whose alerts are the property.
    """

    name: str
    text: str
    source: str
    descriptors: tuple[str, ...] = ()
    holds: Callable[[Values], Any] | None = None
    catalog: str | None = None


_FIVE, _VEBER = limits("Lipinski"), limits("Veber")


def _lipinski(values: Values) -> Any:
    return sum(1 * (values[name] > limit) for name, limit in _FIVE.items()) <= 1


def _veber(values: Values) -> Any:
    return sum(1 * (values[name] <= limit) for name, limit in _VEBER.items()) == len(_VEBER)


FILTERS = {
    entry.name: entry
    for entry in (
        Filter(
            "lipinski",
            f"at most one of {', '.join(f'{name} > {limit}' for name, limit in _FIVE.items())}, "
            "with the columns' definitions of these",
            "rule of five: Lipinski et al., Adv. Drug Deliv. Rev. 1997, 23, 3",
            tuple(_FIVE),
            _lipinski,
        ),
        Filter(
            "veber",
            " and ".join(f"{name} <= {limit}" for name, limit in _VEBER.items()),
            "oral bioavailability: Veber et al., J. Med. Chem. 2002, 45, 2615",
            tuple(_VEBER),
            _veber,
        ),
        Filter(
            "pains",
            "has a substructure of RDKit's FilterCatalog PAINS (A, B and C)",
            "pan-assay interference: Baell and Holloway, J. Med. Chem. 2010, 53, 2719",
            catalog="PAINS",
        ),
        Filter(
            "brenk",
            "has a substructure of RDKit's FilterCatalog BRENK",
            "unwanted groups: Brenk et al., ChemMedChem 2008, 3, 435",
            catalog="BRENK",
        ),
    )
}


def alerts(name: str, smiles: Sequence[str], threads: int = 1) -> list[list[str] | None]:
    """Return what a catalog objects to in each molecule, by RDKit's names; None for what RDKit cannot read.

    Method: RDKit's ``FilterCatalog``.

    Args:
        name: a filter with a catalog.
        smiles: of the molecules.
        threads: how many RDKit may use; the result does not depend on it.

    Examples:
        >>> alerts("brenk", ["CC=O", "CCO"])
        [['aldehyde'], []]
    """
    from rdkit.Chem import FilterCatalog

    found = FilterCatalog.RunFilterCatalog(_catalog(name), list(smiles), threads)
    listed = [[entry.GetDescription() for entry in entries] for entries in found]
    return [None if descriptions == [UNREADABLE] else descriptions for descriptions in listed]


@cache
def _catalog(name: str) -> Any:
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    parameters = FilterCatalogParams()
    parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, str(FILTERS[name].catalog)))
    return FilterCatalog(parameters)
