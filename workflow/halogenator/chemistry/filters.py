"""The table of filters, from which their help, checks and values are made.

A filter is a property that a molecule has or not. A selection may require it (``only``), exclude it (``without``) or
write it beside the molecule (``flag``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from halogenator.chemistry.descriptors import limits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = Mapping[str, npt.NDArray[np.float64]]

# {name in configurations: RDKit's name} of the sets of alerts that FilterCatalog has.
CATALOGS = {
    name.lower(): name
    for name in (
        *("PAINS", "PAINS_A", "PAINS_B", "PAINS_C", "BRENK", "NIH", "ZINC", "CHEMBL", "CHEMBL_BMS", "CHEMBL_Dundee"),
        *("CHEMBL_Glaxo", "CHEMBL_Inpharmatica", "CHEMBL_LINT", "CHEMBL_MLSMR", "CHEMBL_SureChEMBL"),
    )
}

_UNREADABLE = "no valid RDKit molecule"  # RunFilterCatalog's only "alert" for an invalid SMILES


@dataclass(frozen=True)
class Filter:
    """A property of a molecule.

    Attributes:
        name: name in options, configuration and columns.
        text: the exact condition.
        source: publication of the rule.
        descriptors: descriptors that decide it; none if it is a catalog of substructures.
        holds: function from {descriptor: values} to whether each molecule has the property.
        catalog: name of RDKit's FilterCatalog; a molecule with one of its alerts has the property.
    """

    name: str
    text: str
    source: str
    descriptors: tuple[str, ...] = ()
    holds: Callable[[Values], Any] | None = None
    catalog: str | None = None


LEAD_LIKE = "lead_like"

LEAD_WINDOWS = {"mw": (250, 350), "clogp": (-math.inf, 3.5), "rotb": (0, 7)}
_FIVE, _VEBER = limits("Lipinski"), limits("Veber")


def _lipinski(values: Values) -> Any:
    return sum(1 * (values[name] > limit) for name, limit in _FIVE.items()) <= 1


def _veber(values: Values) -> Any:
    return sum(1 * (values[name] <= limit) for name, limit in _VEBER.items()) == len(_VEBER)


def _lead_like(values: Values) -> Any:
    return sum(
        1 * ((values[name] >= low) & (values[name] <= high)) for name, (low, high) in LEAD_WINDOWS.items()
    ) == len(LEAD_WINDOWS)


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
            LEAD_LIKE,
            "250 <= mw <= 350, clogp <= 3.5 and rotb <= 7",
            "room to grow: the lead-like subset of ZINC, after Teague et al., Angew. Chem. Int. Ed. 1999, 38, 3743",
            tuple(LEAD_WINDOWS),
            _lead_like,
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
        Filter(
            "nih",
            "has a substructure of RDKit's FilterCatalog NIH",
            "reactive or assay-disturbing groups: Jadhav et al., J. Med. Chem. 2010, 53, 37",
            catalog="NIH",
        ),
    )
}


def alerts(name: str, smiles: Sequence[str], threads: int = 1) -> list[list[str] | None]:
    """Return the alerts of a catalog in each molecule, by RDKit's names; None for an invalid SMILES.

    Method: RDKit's ``FilterCatalog``.

    Args:
        name: a filter with a catalog.
        smiles: SMILES of the molecules.
        threads: number of threads for RDKit; the result does not depend on it.

    Examples:
        >>> alerts("brenk", ["CC=O", "CCO"])
        [['aldehyde'], []]
        >>> alerts("brenk", ["CC=O", "CCO", "FC(F)(F)(F)F"])
        [['aldehyde'], [], None]
    """
    from rdkit.Chem import FilterCatalog

    try:
        found = FilterCatalog.RunFilterCatalog(catalog(name), list(smiles), threads)
    except ValueError:  # raised for all where one molecule has an impossible valence
        middle = len(smiles) // 2
        halves = smiles[:middle], smiles[middle:]
        return [each for half in halves for each in alerts(name, half, threads)] if middle else [None]
    names = [[entry.GetDescription() for entry in entries] for entries in found]
    return [None if descriptions == [_UNREADABLE] else descriptions for descriptions in names]


@cache
def catalog(name: str) -> Any:
    """Return RDKit's FilterCatalog of a filter that has one."""
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    parameters = FilterCatalogParams()
    parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, str(FILTERS[name].catalog)))
    return FilterCatalog(parameters)
