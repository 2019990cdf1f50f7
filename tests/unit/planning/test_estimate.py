"""What the plan expects of a library and a job, against what is really made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from halogenator.chemistry.kernel import Kernel
from halogenator.config import read_config
from halogenator.model import Transform
from halogenator.planning.estimate import Estimates
from helpers.runs import COOME, OME, REPOSITORY, named_parents


def made(molecules: Iterable[str], transforms: list[Transform]) -> set[str]:
    kernel = Kernel(transforms)
    return {product.smiles for smiles in molecules for product in kernel.products(smiles)[0]}


def test_equal_sites_and_those_that_halogenation_takes_are_counted(tmp_path: Path) -> None:
    """Flavonoids and stilbenes: many C-H of one ring are equal, and one hydroxyl in four leaves for a halogen."""
    config = read_config([REPOSITORY / "configs/config.yaml"], working_dir=tmp_path, repository=REPOSITORY)
    library = config.libraries["polyphenol-1X"]
    parents = [smiles for _, smiles in named_parents("polyphenol")]
    molecules = made(parents, config.halogenation.transforms("polyphenol"))
    products = made(molecules, [config.transforms[OME]])
    estimates = Estimates(config)
    assert 0.95 * len(molecules) < estimates.rows(library) < 1.1 * len(molecules)
    assert 0.95 * len(products) < estimates.rows(library, OME) < 1.15 * len(products)


def test_libraries_by_steps_are_estimated_by_walks_through_them(tmp_path: Path) -> None:
    """Partial ethers of all shipped polyphenols, up to two, then their esters; and ethers of these, with duplicates."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "libraries:\n"
        f"  ethers: {{from: polyphenol-0X, by: [{OME}], times: 2, keep_levels: true}}\n"
        f"  esters: {{from: ethers, by: [{COOME}]}}\n"
    )
    layers = [REPOSITORY / "configs/config.yaml", own]
    config = read_config(layers, working_dir=tmp_path, repository=REPOSITORY)
    first = made((smiles for _, smiles in named_parents("polyphenol")), [config.transforms[OME]])
    ethers = first | made(first, [config.transforms[OME]])
    esters = made(ethers, [config.transforms[COOME]])
    kernel = Kernel([config.transforms[OME]])
    products = sum(len(kernel.products(smiles)[0]) for smiles in ethers)
    estimates = Estimates(config)
    assert 0.8 * len(ethers) < estimates.rows(config.libraries["ethers"]) < 1.25 * len(ethers)
    assert 0.5 * len(esters) < estimates.rows(config.libraries["esters"]) < 2 * len(esters)
    assert 0.8 * products < estimates.rows(config.libraries["ethers"], OME) < 1.25 * products
