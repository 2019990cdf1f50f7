"""Drawings: nothing that a SMIRKS says of an atom may get lost, and products are drawn as they are stored."""

from __future__ import annotations

import pytest
from rdkit import Chem

from halogenator.chemistry.drawing import draw_change, drawable_reaction
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.sheets import draw_transform
from halogenator.model import Example, Transform


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


@pytest.mark.parametrize(
    "smirks", ["[CX4H1:1]>>[C:1]F", "[CX4:1][H]>>[C:1]F", "[OX2H:1]>>[O:1]C"], ids=["centre", "hydrogen", "ether"]
)
def test_a_product_is_drawn_beside_its_parent_whatever_runreactants_does_to_its_centre(smirks: str) -> None:
    transform = Transform("mine", smirks)
    products = Kernel([transform]).products("C[C@H](O)c1ccccc1")[0]
    assert products
    for product in products:
        drawn = draw_change(Reaction(transform), "C[C@H](O)c1ccccc1", product.smiles, product.site)
        assert drawn is not None
        assert all('class="m"' in each.body for each in drawn)


def test_a_picture_of_a_transform_has_its_products() -> None:
    example = Example("C[C@H](O)c1ccccc1", ("C[C@@](O)(F)c1ccccc1",))
    picture = draw_transform(Transform("mine", "[CX4H1:1]>>[C:1]F", examples=(example,)))
    assert "C[C@@](O)(F)c1ccccc1" in picture and 'class="new"' in picture
