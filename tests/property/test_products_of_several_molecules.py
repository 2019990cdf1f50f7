"""``products: each`` and ``largest``: what a rule cuts a molecule into, on natural products.

There are two references. RunReactants takes a SMIRKS with several products by itself. And the molecules are cut by
hand: the bond is broken, and the ends get their atoms; this knows no SMIRKS.
"""

from __future__ import annotations

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.model import Transform
from helpers.molecules import embedded
from helpers.samples import size

quiet()
# The bond that is cut, from the atom that gets the new oxygen to the one that gets a hydrogen; and the rule.
CUTS = {
    "esters": ("[CX3;$(C=O)]-;!@[OX2;$(O[#6])]", "[CX3;$(C=O):1]!@[OX2;$(O[#6]):2]>>[C:1]O.[O:2]"),
    "glycosides": ("[CX4;R;$(C[O;R])]-;!@[OX2;$(O[#6])]", "[CX4;R;$(C[O;R]):1]!@[OX2;$(O[#6]):2]>>[C:1]O.[O:2]"),
    "amides": ("[CX3;$(C=O)]-;!@[NX3;!$(N[!#6])]", "[CX3;$(C=O):1]!@[NX3;!$(N[!#6]):2]>CI.[Na+]>([C:1]O).[N:2]"),
    "methyl ethers": ("[CH3]-[OX2;$(Oc)]", "[CH3:1][OX2;$(Oc):2]>>[C:1]O.[O:2]"),
}


def flat_parents() -> list[str]:
    """The shipped natural products without stereo, which RunReactants keeps by rules of its own."""
    mols = list(map(Chem.MolFromSmiles, embedded()[:: size(6, 1)]))
    for mol in mols:
        Chem.RemoveStereochemistry(mol)
    return list(dict.fromkeys(Chem.CanonSmiles(Chem.MolToSmiles(mol)) for mol in mols))


def cut_by_hand(smiles: str, bond: str) -> list[list[str]]:
    """The molecules that each cut gives."""
    mol = Chem.MolFromSmiles(smiles)
    found = []
    for acid, base in mol.GetSubstructMatches(Chem.MolFromSmarts(bond), uniquify=False):
        cut = Chem.RWMol(mol)
        cut.RemoveBond(acid, base)
        cut.AddBond(acid, cut.AddAtom(Chem.Atom(8)), Chem.BondType.SINGLE)
        Chem.SanitizeMol(cut)
        found.append(Chem.MolToSmiles(cut).split("."))
    return found


def canonical(texts: list[str]) -> set[str]:
    return {Chem.CanonSmiles(text) for text in texts}


@pytest.mark.sampled
@pytest.mark.parametrize("name", CUTS)
def test_molecules_are_those_of_rdkit_and_those_cut_by_hand(name: str) -> None:
    bond, smirks = CUTS[name]
    kernels = [Kernel([Transform(name, smirks, products=which)]) for which in ("each", "largest")]
    reaction = AllChem.ReactionFromSmarts(smirks)
    made = 0
    for smiles in flat_parents():
        each, largest = ({product.smiles for product in kernel.products(smiles)[0]} for kernel in kernels)
        by_rdkit = set()
        for products in reaction.RunReactants((Chem.MolFromSmiles(smiles),), maxProducts=10_000):
            for product in products:
                Chem.SanitizeMol(product)
                by_rdkit.add(Chem.CanonSmiles(Chem.MolToSmiles(product)))
        by_hand = cut_by_hand(smiles, bond)
        assert each == by_rdkit, smiles
        assert each == canonical([text for texts in by_hand for text in texts]), smiles
        for texts in by_hand:
            heavy = [Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in texts]
            assert len(texts) == 2
            assert heavy[0] == heavy[1] or Chem.CanonSmiles(texts[heavy.index(max(heavy))]) in largest, smiles
        assert largest <= each
        assert len(largest) <= len(by_hand)
        made += len(each)
    assert made >= size(2, 20)


@pytest.mark.sampled
def test_nothing_is_lost_and_centres_stay() -> None:
    """The molecules of a product together have the atoms and centres of the product that is left whole."""
    smirks = CUTS["glycosides"][1]
    apart, together = (
        Kernel([Transform("glycosides", smirks, products="each")]),
        Kernel([Transform("glycosides", smirks.replace(">>", ">>(") + ")")]),
    )
    sites = 0
    for smiles in embedded()[:: size(6, 1)]:
        whole = [product.smiles for product in together.products(smiles)[0]]
        found = {product.smiles for product in apart.products(smiles)[0]}
        assert found == canonical([text for product in whole for text in product.split(".")]), smiles
        sites += len(whole)
    assert sites >= size(2, 20)
