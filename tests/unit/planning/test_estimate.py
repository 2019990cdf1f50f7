"""What the plan expects of a library and a job, against what is really made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from halogenator.chemistry.kernel import Kernel
from halogenator.config import read_config
from halogenator.model import Transform
from halogenator.planning.estimate import Estimates
from helpers.runs import OME, REPOSITORY, named_parents


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
