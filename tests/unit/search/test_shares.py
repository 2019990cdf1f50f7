"""A search in several processes: what one finds, in the same order, and what RDKit finds in every row."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from halogenator.errors import UserError
from halogenator.export.listing import Listing
from halogenator.model import Conditions, Export
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.shares import ALONE, Sharing
from helpers.finished import PHENOLS, Finished
from helpers.runs import OME

TWO = Sharing(2, 1_500, patience=0, worth=0, range_rows=7)  # workers begin at once
QUERCETIN = "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12"
CATECHOL = "[OX2H]c1ccccc1[OX2H]"
ASKED = {
    "catechols": Conditions(smarts=(CATECHOL,)),
    "aryl fluorides with an ether": Conditions(smarts=("cF", "cO[CH3]")),
    "rings of six, of which nothing is told": Conditions(smarts=("[r6]",)),
    "like quercetin": Conditions(similar=QUERCETIN, threshold=0.3),
    "of a natural product": Conditions(parent=str(PHENOLS[1][0])),
    "light catechols": Conditions(smarts=(CATECHOL,), where="mw < 300"),
    "a condition of products alone": Conditions(smarts=("c",), where="parent_smiles IS NOT NULL AND site > 3"),
    "a molecule": Conditions(molecule=str(PHENOLS[0][1])),
}


def regrouped(finished: Finished, folder: Path, *, shuffled: bool = False) -> Path:
    """The results of a run in row groups of few rows, and products in another order than their parents."""
    results = finished.copy(folder) / "results"
    for path in (*results.glob("libraries/*/molecules.parquet"), *results.glob("products/*/*/products.parquet")):
        table = pq.ParquetFile(path).read()
        if shuffled and path.name == "products.parquet":
            table = table.take(random.Random(7).sample(range(len(table)), len(table)))
        pq.write_table(table, path, row_group_size=5)
    return results


@pytest.fixture(scope="module")
def results(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return regrouped(finished, tmp_path_factory.mktemp("shares"))


def listed(
    results: Path, asked: Conditions, sharing: Sharing, limit: int | None = None, transforms: Sequence[str] = ()
) -> tuple[list[dict[str, Any]], int, int]:
    export = Export((), tuple(transforms), conditions=asked)
    listing = Listing(
        results, export, limit, memory_mb=1_500, scratch=results.parent, progress=Progress(), sharing=sharing
    )
    rows = [row for page in listing.rows() for row in page]
    return rows, listing.count, listing.searched


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_two_processes_find_what_one_finds_in_the_same_order(asked: Conditions, results: Path) -> None:
    alone = listed(results, asked, ALONE)
    assert alone[0] and listed(results, asked, TWO) == alone
    if asked.similar or asked.where:  # a page of the most alike raises what is asked of later rows
        assert listed(results, asked, TWO, 3)[0] == listed(results, asked, ALONE, 3)[0] == alone[0][:3]


@pytest.mark.parametrize("sharing", [ALONE, TWO], ids=["alone", "two"])
def test_they_find_what_rdkit_finds_in_every_product(sharing: Sharing, results: Path) -> None:
    products = [
        (path.parent.parent.name.partition("=")[2], smiles)
        for path in sorted(results.glob(f"products/*/transform={OME}/products.parquet"))
        for smiles in pq.ParquetFile(path).read(["smiles"])["smiles"].to_pylist()
    ]
    mols = [Chem.MolFromSmiles(smiles) for _, smiles in products]
    query = Chem.MolFromSmarts(CATECHOL)
    wanted = [product for product, mol in zip(products, mols, strict=True) if mol.HasSubstructMatch(query)]
    found = listed(results, ASKED["catechols"], sharing, transforms=[OME])[0]
    assert wanted and [(row["library"], row["smiles"]) for row in found] == wanted

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    own = generator.GetFingerprint(Chem.MolFromSmiles(QUERCETIN))
    alike = DataStructs.BulkTanimotoSimilarity(own, [generator.GetFingerprint(mol) for mol in mols])
    order = sorted((place for place, value in enumerate(alike) if value >= 0.3), key=lambda place: -alike[place])
    found = listed(results, ASKED["like quercetin"], sharing, transforms=[OME])[0]
    assert [(row["smiles"], row["similarity"]) for row in found] == [(products[at][1], alike[at]) for at in order]


def test_products_that_do_not_stand_in_the_order_of_their_parents_are_found_too(
    finished: Finished, results: Path, tmp_path: Path
) -> None:
    shuffled = regrouped(finished, tmp_path, shuffled=True)
    for asked in (ASKED["catechols"], ASKED["of a natural product"], ASKED["like quercetin"]):
        wanted = sorted(str(row["smiles"]) for row in listed(results, asked, ALONE)[0])
        for sharing in (ALONE, TWO):
            assert sorted(str(row["smiles"]) for row in listed(shuffled, asked, sharing)[0]) == wanted


def test_a_slip_in_a_file_is_told_by_the_process_that_asked(finished: Finished, tmp_path: Path) -> None:
    results = regrouped(finished, tmp_path)
    path = Results(results).products("mine", OME)
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + bytes(400) + whole[600:])
    for sharing in (ALONE, TWO):
        with pytest.raises(UserError, match="damaged"):
            listed(results, Conditions(smarts=("[r6]",)), sharing, transforms=[OME])


def test_little_memory_is_for_one_process_alone() -> None:
    assert Sharing(8, 1_500).workers in range(2, 9)
    assert Sharing(8, 500).workers == Sharing(1, 1_500).workers == 0
