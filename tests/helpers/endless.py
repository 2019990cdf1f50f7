"""Molecules and a transform whose matching takes hours."""

from __future__ import annotations

from rdkit import Chem


def grid(size: int) -> str:
    """A sheet of cyclobutanes: every ring is even, so the search for an odd one tries every path."""
    mol = Chem.RWMol()
    for _ in range(size * size):
        mol.AddAtom(Chem.Atom(6))
    for at in range(size * size):
        if (at + 1) % size:
            mol.AddBond(at, at + 1, Chem.BondType.SINGLE)
        if at + size < size * size:
            mol.AddBond(at, at + size, Chem.BondType.SINGLE)
    Chem.SanitizeMol(mol)
    return str(Chem.MolToSmiles(mol))


ODD_RING = "[CX4:1]1" + "C" * 17 + "C1"  # 19 atoms; hours on a sheet of 12 × 12
ENDLESS = f"{ODD_RING}>>[C:1](F)1{'C' * 17}C1"
