"""From the text of a row to a molecule, or to a reason."""

import pytest
from rdkit import Chem

from halogenator.chemistry.molecules import MAX_ATOMS, RejectError, parse_smiles, quiet, settled
from halogenator.chemistry.prepare import prepare
from halogenator.model import Reading

quiet()

KEEP = Reading(fragments="keep", charges="keep")


@pytest.mark.parametrize(
    ("text", "smiles", "stripped"),
    [
        ("OC(=O)c1ccccc1OC(C)=O", "CC(=O)Oc1ccccc1C(=O)O", None),  # aspirin, written another way
        ("CC(=O)[O-].[Na+]", "CC(=O)[O-]", "CC(=O)[O-].[Na+]"),  # sodium acetate: the charge stays
        ("[2H]OC", "[2H]OC", None),  # deuterated methanol keeps its isotope
    ],
)
def test_a_molecule_keeps_all_but_its_smaller_fragments(text: str, smiles: str, stripped: str | None) -> None:
    found = prepare(text, Reading(charges="keep"))
    assert (found.smiles, found.stripped_from) == (smiles, stripped)


def test_keeping_fragments_keeps_them() -> None:
    found = prepare("CC(=O)[O-].[Na+]", KEEP)
    assert (found.smiles, found.prepared, found.stripped_from) == ("CC(=O)[O-].[Na+]", None, None)


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        (None, "empty", "no SMILES"),
        ("  ", "empty", "no SMILES"),
        ("c1ccccc", "unparsable SMILES", "'c1ccccc'"),
        ("CC(C)(C)(C)C", "impossible molecule", "valence for atom # 1 C, 5"),
        ("c1cccn1", "impossible molecule", "kekulize"),
        ("C" * 10_000, "too long", "10,000 characters"),
        ("C" * 1_001, "too large", "1,001 atoms; at most 1,000"),
        ("[Na+]." + "C" * 1_001, "too large", "1,001 atoms"),
        ("[Na+].[Cl-]", "no organic fragment", "[Na+].[Cl-]"),
    ],
)
def test_a_bad_row_says_why(text: str | None, reason: str, says: str) -> None:
    with pytest.raises(RejectError) as caught:
        prepare(text, Reading())
    assert caught.value.reason == reason
    assert says.casefold() in caught.value.detail.casefold()


def test_the_largest_molecule_allowed_is_read() -> None:
    assert parse_smiles("C" * MAX_ATOMS).GetNumAtoms() == MAX_ATOMS


def test_atom_indices_are_those_of_the_stored_smiles() -> None:
    smiles, mol, _ = settled(Chem.MolFromSmiles("OCC"))
    assert smiles == "CCO"
    assert [atom.GetSymbol() for atom in mol.GetAtoms()] == ["C", "C", "O"]
