"""What the plan expects of a library and a job, against what is really made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from halogenator.chemistry.choosing import Chooser
from halogenator.config import read_config
from halogenator.model import Choice, Config, Transform
from halogenator.planning.estimate import Estimates
from helpers.runs import COOME, OME, REPOSITORY, named_parents, write_molecules, write_yaml
from helpers.samples import few

NOTHING = Choice()


def made(molecules: Iterable[str], transforms: list[Transform], choice: Choice = NOTHING) -> set[str]:
    chooser = Chooser(transforms, choice=choice)
    return {product.smiles for smiles in molecules for product in chooser.products(smiles)[0]}


def configured(folder: Path, **settings: object) -> Config:
    paths = [REPOSITORY / "configs/config.yaml", write_yaml(folder / "mine.yaml", settings)]
    return read_config(paths, working_dir=folder)


def test_equal_sites_and_those_that_halogenation_takes_are_counted(tmp_path: Path) -> None:
    """Flavonoids and stilbenes: many C-H of one ring are equal, and one hydroxyl in four leaves for a halogen."""
    config = configured(tmp_path, exclude=[])
    library = config.libraries["polyphenol-1X"]
    parents = [smiles for _, smiles in named_parents("polyphenol")]
    molecules = made(parents, config.halogenation.transforms("polyphenol"))
    products = made(molecules, [config.transforms[OME]])
    estimates = Estimates(config)
    assert 0.95 * len(molecules) < estimates.rows(library) < 1.1 * len(molecules)
    assert 0.95 * len(products) < estimates.rows(library, OME) < 1.15 * len(products)


MADECASSIC_ACID = (
    "C[C@@H]1CC[C@@]2(CC[C@@]3(C(=CC[C@H]4[C@]3(C[C@H]([C@@H]5[C@@]4(C[C@H]([C@@H]([C@@]5(C)CO)O)O)C)O)C)"
    "[C@@H]2[C@H]1C)C)C(=O)O"
)
MENTHOL = "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O"


def products_of(folder: Path, smiles: Iterable[str]) -> int:
    """Methyl esters that the plan expects of a library of two halogens."""
    write_molecules(folder / "terpenoids.parquet", [(f"T{number}", text) for number, text in enumerate(smiles)])
    config = configured(
        folder,
        parents={"terpenoid": {"path": "terpenoids.parquet", "replace": True}},
        select={"libraries": ["terpenoid-2X"], "transforms": [COOME]},
        exclude=[],
    )
    return Estimates(config).rows(config.libraries["terpenoid-2X"], COOME)


def test_what_few_molecules_have_is_counted_in_a_larger_sample(tmp_path: Path) -> None:
    """One terpenoid in 40 is an acid: 500 of them tell how many to a quarter only."""
    acids = set(Random(4).sample(range(8_000), 200))
    found = products_of(tmp_path, (MADECASSIC_ACID if number in acids else MENTHOL for number in range(8_000)))
    assert found == pytest.approx(200 * products_of(tmp_path, [MADECASSIC_ACID]), rel=0.1)


@pytest.mark.long
def test_what_no_molecule_of_a_sample_has_is_looked_for_in_a_larger_one(tmp_path: Path) -> None:
    """Each 40th molecule is in the first sample, and none of these is an acid; each fourth is in the second."""
    alcohol = MADECASSIC_ACID.replace("C(=O)O", "CO")
    acids = {1_000 * number + 1 + number % 4 for number in range(20)}
    found = products_of(tmp_path, (MADECASSIC_ACID if number in acids else alcohol for number in range(20_000)))
    assert found == pytest.approx(20 * products_of(tmp_path, [MADECASSIC_ACID]), rel=0.01)


CHOICES = {
    "by default": ("aa_peptide", COOME, {"protect": []}),
    "sites, and motifs of a job": (
        "terpenoid",
        OME,
        {"protect": ["sugars", "[OX2H]"], "exclude": {"products": ["[CH3]Oc1ccccc1[F,Cl]"]}},
    ),
    "bounds": ("terpenoid", OME, {"within": {"mw": [None, 420], "clogp": [None, 5]}}),
}


@pytest.mark.parametrize("name", few(CHOICES, 2))
def test_what_is_left_out_is_not_counted(tmp_path: Path, name: str) -> None:
    """Some of the natural products are tried, and stand for all."""
    class_name, transform, settings = CHOICES[name]
    config, bare = configured(tmp_path, **settings), configured(tmp_path, exclude=[])
    library = config.libraries[f"{class_name}-1X"]
    parents = [smiles for _, smiles in named_parents(class_name)]
    rules = config.halogenation.transforms(class_name)
    every, molecules = made(parents, rules), made(parents, rules, config.library_choice)
    assert len(molecules) < 0.85 * len(every)
    estimates, plain = Estimates(config), Estimates(bare)
    assert plain.rows(library) == pytest.approx(len(every), rel=0.1)
    assert estimates.rows(library) == pytest.approx(len(molecules), rel=0.15)
    products = made(molecules, [config.transforms[transform]], config.product_choice)
    assert estimates.rows(library, transform) == pytest.approx(len(products), rel=0.15)


def test_libraries_by_steps_are_estimated_by_walks_through_them(tmp_path: Path) -> None:
    """Partial ethers of all shipped polyphenols, up to two, then their esters; and ethers of these, with duplicates."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "libraries:\n"
        f"  ethers: {{from: polyphenol-0X, by: [{OME}], times: 2, keep_levels: true}}\n"
        f"  esters: {{from: ethers, by: [{COOME}]}}\n"
    )
    layers = [REPOSITORY / "configs/config.yaml", own]
    config = read_config(layers, working_dir=tmp_path)
    first = made((smiles for _, smiles in named_parents("polyphenol")), [config.transforms[OME]])
    ethers = first | made(first, [config.transforms[OME]])
    esters = made(ethers, [config.transforms[COOME]])
    kernel = Chooser([config.transforms[OME]], choice=NOTHING)
    products = sum(len(kernel.products(smiles)[0]) for smiles in ethers)
    estimates = Estimates(config)
    assert 0.8 * len(ethers) < estimates.rows(config.libraries["ethers"]) < 1.25 * len(ethers)
    assert 0.5 * len(esters) < estimates.rows(config.libraries["esters"]) < 2 * len(esters)
    assert 0.8 * products < estimates.rows(config.libraries["ethers"], OME) < 1.25 * products
