"""Descriptor and identifier columns: one table drives computation, schema, help and documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import inchi, rdMolDescriptors


@dataclass(frozen=True)
class Descriptor:
    """A column computed from a molecule alone.

    Attributes:
        name: column name.
        unit: unit of the values; "" for counts and ratios.
        text: what the column holds, and the RDKit function that defines it.
        integer: whether the values are counts.
        compute: the RDKit function itself.
    """

    name: str
    unit: str
    text: str
    integer: bool
    compute: Callable[[Chem.Mol], float]


def _clogp(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0])


def _mw(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors._CalcMolWt(mol))


DESCRIPTORS = {
    descriptor.name: descriptor
    for descriptor in (
        Descriptor("mw", "g/mol", "molecular weight (Descriptors.MolWt)", False, _mw),
        Descriptor("tpsa", "Å²", "topological polar surface area (CalcTPSA)", False, rdMolDescriptors.CalcTPSA),
        Descriptor("hbd", "", "hydrogen-bond donors (CalcNumHBD)", True, rdMolDescriptors.CalcNumHBD),
        Descriptor("hba", "", "hydrogen-bond acceptors (CalcNumHBA)", True, rdMolDescriptors.CalcNumHBA),
        Descriptor("clogp", "", "Wildman-Crippen logP (CalcCrippenDescriptors)", False, _clogp),
        Descriptor(
            "rotb", "", "strict rotatable bonds (CalcNumRotatableBonds)", True, rdMolDescriptors.CalcNumRotatableBonds
        ),
    )
}


# All of these are sums of constants with at most four decimals (a molecule with isotopes aside), so this only takes
# away the noise of adding them in one order or another: equal molecules get equal values however they were reached.
DECIMALS = 6


def compute(mol: Chem.Mol, names: Sequence[str]) -> tuple[float, ...]:
    """Return the named descriptors of a sanitised molecule, in the order given, as ``settle`` leaves them."""
    return settle([DESCRIPTORS[name].compute(mol) for name in names])


def settle(values: Iterable[float]) -> tuple[float, ...]:
    """Return descriptor values rounded to ``DECIMALS``."""
    return tuple([round(value, DECIMALS) for value in values])


def inchikey(mol: Chem.Mol) -> str | None:
    """Return the standard InChIKey, or None where InChI has none for the molecule."""
    return inchi.MolToInchiKey(mol) or None
