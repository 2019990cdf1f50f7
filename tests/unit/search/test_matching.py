"""Many molecules against a substructure: as RDKit says of each, although of siblings one alone is read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from rdkit import Chem

from halogenator.chemistry.substructure import Substructure
from halogenator.search.matching import matching

# Arenes and alkanes that differ by halogens, and halogens that are not on one single bond, or charged, or ions.
MOLECULES = [
    *("Fc1ccccc1", "Clc1ccccc1", "Brc1ccccc1", "Ic1ccccc1", "Oc1ccccc1F", "Oc1ccccc1Cl", "Oc1ccccc1I", "FC(F)F"),
    *(
        "ClC(Cl)Cl",
        "FC(F)Cl",
        "FC(Cl)Br",
        "F[C@H](Cl)Br",
        "F[C@@H](Cl)Br",
        "C[I+]c1ccccc1",
        "O=[Cl+]c1ccccc1",
        "F",
        "Cl",
    ),
    *(
        "[Cl-].c1cc[nH+]cc1",
        "[I-].c1cc[nH+]cc1",
        "O=I(=O)c1ccccc1",
        "[In]C",
        "CC(=O)Cl",
        "CC(=O)F",
        "FCl",
        "ClI",
        "COc1ccccc1",
    ),
]
QUERIES = [
    *("cF", "cCl", "c[F,Cl]", "cI", "C(F)F", "[!#6]", "[Cl;X2]", "[I+]", "[#9]~*", "cO", "[$(cF)]", "F[C@H](Cl)Br"),
    *("[D1]", "[X1]", "*-*", "[#17,#35]", "[!F;!Cl]", "[+]", "[v3]", "[F-,Cl-,I-]", "C=O", "[#53]=O", "ccc[!#1]"),
]


@pytest.mark.parametrize("smarts", QUERIES)
@pytest.mark.parametrize("stored", [True, False])
def test_each_molecule_matches_as_rdkit_says(smarts: str, stored: bool) -> None:
    smiles = [Chem.CanonSmiles(text) for text in MOLECULES] * 2
    query = Chem.MolFromSmarts(smarts)
    expected = [Chem.MolFromSmiles(text).HasSubstructMatch(query, useChirality=True) for text in smiles]
    asked = Substructure(smarts)
    every = np.ones(len(smiles), np.bool_)
    assert matching(pa.array(smiles), asked, every, stored=stored).tolist() == expected
    some = np.arange(len(smiles)) % 3 == 1
    assert matching(pa.array(smiles), asked, some, stored=stored).tolist() == (some & np.array(expected)).tolist()


def test_what_is_no_molecule_matches_nothing() -> None:
    texts = pa.array(["c1ccccc1F", None, "no molecule", ""])
    found = matching(texts, Substructure("cF"), np.ones(4, np.bool_), stored=False)
    assert found.tolist() == [True, False, False, False]
