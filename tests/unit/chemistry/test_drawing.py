"""Transforms as reactions to draw: nothing that the SMIRKS says of an atom may get lost."""

from __future__ import annotations

import pytest
from rdkit import Chem

from halogenator.chemistry.drawing import drawable_reaction


def drawn(template: Chem.Mol) -> list[str]:
    """Each atom's label where it has one, else its isotope, symbol and charge."""
    return sorted(
        atom.GetProp("atomLabel")
        if atom.HasProp("atomLabel")
        else f"{atom.GetIsotope() or ''}{atom.GetSymbol()}{atom.GetFormalCharge() or ''}"
        for atom in template.GetAtoms()
    )


@pytest.mark.parametrize(
    ("smirks", "reactant", "product"),
    [
        ("[c:1][OX2H:2]>>[c:1][O:2]C", ["Ar", "O"], ["Ar", "C", "O"]),
        ("[c:1][OX2H:2]>>[c:1][O-:2]", ["Ar", "O"], ["Ar", "O-1"]),
        ("[C:1][NX3H2:2]>>[C:1][NH3+:2]", ["C", "N"], ["C", "N1"]),
        ("[c:1][OX2H:2]>>[c:1][O:2][13CH3]", ["Ar", "O"], ["13C", "Ar", "O"]),
        ("[c:1][CX4]>>[c:1]Br", ["Ar", "C"], ["Ar", "Br"]),
        ("[C:1](=[O:2])[OX2H:3]>>[C:1](=[O:2])[O:3]C", ["C", "O", "O"], ["C", "C", "O", "O"]),
    ],
)
def test_atoms_are_drawn_as_they_are(smirks: str, reactant: list[str], product: list[str]) -> None:
    reaction = drawable_reaction(smirks)
    assert (drawn(reaction.GetReactantTemplate(0)), drawn(reaction.GetProductTemplate(0))) == (reactant, product)
