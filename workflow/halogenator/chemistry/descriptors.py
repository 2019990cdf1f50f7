"""The table of descriptors, from which columns, options, filters and the report are made. Importing loads no RDKit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdkit import Chem


@dataclass(frozen=True)
class Limit:
    """The highest value that a rule of thumb for oral drugs allows, and the author who set it."""

    value: float
    source: str


@dataclass(frozen=True)
class Descriptor:
    """A descriptor of a molecule, as a column.

    Attributes:
        name: column name.
        meaning: what is computed.
        unit: unit of the values; "" for counts and ratios.
        function: the public RDKit function that defines it.
        integer: whether the values are counts.
        limit: the limit in Lipinski's or Veber's rule (cited in ``chemistry.filters``), if it is in one.
    """

    name: str
    meaning: str
    unit: str
    function: str
    integer: bool
    limit: Limit | None = None

    @property
    def text(self) -> str:
        """Meaning and RDKit function, as columns are described to users."""
        return f"{self.meaning} ({self.function})"


DESCRIPTORS = {
    descriptor.name: descriptor
    for descriptor in (
        Descriptor("mw", "molecular weight", "g/mol", "Descriptors.MolWt", False, Limit(500, "Lipinski")),
        Descriptor("tpsa", "topological polar surface area", "Å²", "CalcTPSA", False, Limit(140, "Veber")),
        Descriptor("hbd", "hydrogen-bond donors", "", "CalcNumHBD", True, Limit(5, "Lipinski")),
        Descriptor("hba", "hydrogen-bond acceptors", "", "CalcNumHBA", True, Limit(10, "Lipinski")),
        Descriptor("clogp", "Wildman-Crippen logP", "", "CalcCrippenDescriptors", False, Limit(5, "Lipinski")),
        Descriptor("rotb", "strict rotatable bonds", "", "CalcNumRotatableBonds", True, Limit(10, "Veber")),
    )
}

# Without isotopes, all descriptors are sums of constants with at most four decimals. Rounding removes the noise of
# adding these in another order, so that equal molecules get equal values.
DECIMALS = 6


def limits(source: str) -> dict[str, float]:
    """Return {descriptor: highest value allowed} of the rule of one author.

    Examples:
        >>> limits("Veber")
        {'tpsa': 140, 'rotb': 10}
    """
    return {name: each.limit.value for name, each in DESCRIPTORS.items() if each.limit and each.limit.source == source}


def compute(mol: Chem.Mol, names: Sequence[str]) -> tuple[float, ...]:
    """Return the named descriptors of a sanitised molecule, in the order given, rounded to ``DECIMALS``.

    Examples:
        >>> from rdkit import Chem
        >>> compute(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O"), ["mw", "tpsa", "hbd", "hba", "rotb"])  # aspirin
        (180.159, 63.6, 1, 3, 2)
    """
    functions = _functions()
    return tuple([round(functions[name](mol), DECIMALS) for name in names])


@cache
def _functions() -> dict[str, Callable[[Chem.Mol], float]]:
    from rdkit.Chem import rdMolDescriptors

    return {
        "mw": rdMolDescriptors._CalcMolWt,
        "tpsa": rdMolDescriptors.CalcTPSA,
        "hbd": rdMolDescriptors.CalcNumHBD,
        "hba": rdMolDescriptors.CalcNumHBA,
        "clogp": lambda mol: float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0]),
        "rotb": rdMolDescriptors.CalcNumRotatableBonds,
    }


def inchikey(mol: Chem.Mol) -> str | None:
    """Return the standard InChIKey, or None if InChI cannot make one.

    Examples:
        >>> from rdkit import Chem
        >>> inchikey(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O"))
        'BSYNRYMUTXBXSQ-UHFFFAOYSA-N'
    """
    from rdkit.Chem import inchi

    return inchi.MolToInchiKey(mol) or None
