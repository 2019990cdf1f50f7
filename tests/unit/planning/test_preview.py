"""Estimates of a preview against all that RDKit makes of a small library."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from rdkit import Chem

from halogenator.cli.options import configuration
from halogenator.model import Config
from halogenator.planning.intervals import Estimate, estimate, total
from halogenator.planning.preview import make_preview
from helpers import oracle
from helpers.oracle import shipped_halogenation
from helpers.runs import OME, write_yaml
from helpers.samples import size

# Some of them symmetric, some of them giving the same molecules.
NATURAL = ("Oc1ccccc1O", "COc1ccc(C(=O)O)cc1O", "O=C(O)c1ccc(O)cc1", "O=C(O)c1ccc(O)c(O)c1")
HALOGENS = ("F", "Cl")
COOME = "FG_CARBOXYL__COOH__TO__COOMe"
MOTIF = "[CH3]O[c][c]Cl"  # left out of the products


def small(folder: Path, natural: Sequence[str] = NATURAL, **more: object) -> Config:
    """A configuration of two levels and two jobs on each."""
    (folder / "mine.smi").write_text("".join(f"{smiles} m{at}\n" for at, smiles in enumerate(natural)))
    rules = yaml.safe_load((oracle.CONFIGS / "halogenation.yaml").read_text())
    write_yaml(folder / "rules.yaml", {**rules, "halogens": list(HALOGENS)})
    path = write_yaml(
        folder / "small.yaml",
        {
            "parents": {"mine": "mine.smi"},
            "libraries": {f"mine-{k}X": {"class": "polyphenol", "parents": "mine", "k": k} for k in (1, 2)},
            "halogenation": "rules.yaml",
            "select": {"libraries": ["mine-1X", "mine-2X"], "transforms": [OME, COOME]},
            "exclude": {"libraries": [], "products": [MOTIF]},
            **more,
        },
    )
    return configuration([path], folder)


@cache
def truth() -> dict[tuple[str, ...], int]:
    """The numbers of molecules, products, and products that are left out."""
    rules = [rule.smirks for rule in shipped_halogenation("polyphenol") if rule.name.endswith((":F", ":Cl"))]
    smirks = {rule.name: rule.smirks for rule in oracle.shipped_transforms() if rule.name in (OME, COOME)}
    found: dict[tuple[str, ...], int] = {}
    level = {oracle.canonical(smiles) for smiles in NATURAL}
    for k in (1, 2):
        level = {product for smiles in level for product in oracle.apply(rules, smiles).products}
        found[f"mine-{k}X",] = len(level)
        for name, own in smirks.items():
            made = [(smiles, product) for smiles in level for product in oracle.apply(own, smiles).products]
            kept = [product for smiles, product in made if motifs(product) <= motifs(smiles)]
            found[f"mine-{k}X", name] = len(set(kept))
            found[f"mine-{k}X", name, MOTIF] = len(made) - len(kept)
    return found


def motifs(smiles: str) -> int:
    return len(Chem.MolFromSmiles(smiles).GetSubstructMatches(Chem.MolFromSmarts(MOTIF)))


@pytest.mark.sampled
def test_estimates_are_right_on_average_and_their_intervals_hold(tmp_path: Path) -> None:
    config = small(tmp_path)
    expected = {key: count for key, count in truth().items() if count}
    assert len(expected) == 8
    made: dict[tuple[str, ...], list[Estimate]] = {key: [] for key in expected}
    for seed in range(size(2, 40)):
        preview = make_preview(config, 40, seed)
        found = {(library.name,): library.molecules for library in preview.libraries}
        found |= {(row.name, job): each for row in preview.libraries for job, (each, _) in row.jobs.items()}
        found |= {(each.library, each.transform, each.name): each.molecules for each in preview.left_out}
        for key in expected:
            made[key].append(found[key])
    for key, count in expected.items():
        error = sum(each.variance for each in made[key]) ** 0.5 / len(made[key])
        assert abs(float(np.mean([each.value for each in made[key]])) - count) < 4 * error + 1e-6, key
    held = [each.low - 0.5 <= expected[key] <= each.high + 0.5 for key in expected for each in made[key]]
    assert sum(held) >= 0.9 * len(held)


def test_a_sample_of_many_natural_products_stands_for_all_of_them(tmp_path: Path) -> None:
    chains = [f"OC(=O){'C' * length}c1ccc(O)cc1" for length in range(2, 102)]
    config = small(tmp_path, chains, exclude=[], select={"libraries": ["mine-1X"], "transforms": [COOME]})
    (library,) = make_preview(config, 40).libraries
    # Of each the ring, in two ways, its OH, the carbon beside the carboxyl group, and that group: with two halogens 10.
    assert library.molecules.low <= 1000 <= library.molecules.high
    products, _ = library.jobs[COOME]
    assert products.low <= 800 <= products.high  # all but those without the carboxyl group


def test_a_file_is_counted_exactly(tmp_path: Path) -> None:
    (tmp_path / "acids.smi").write_text("OC(=O)CC(=O)O malonic\nCC(=O)O acetic\nOC(=O)CCC(C)C(=O)O methylglutaric\n")
    settings = {
        "libraries": {"acids": {"class": "lipid", "path": "acids.smi"}},
        "select": {"libraries": ["acids"], "transforms": [COOME]},
    }
    preview = make_preview(configuration([write_yaml(tmp_path / "c.yaml", settings)], tmp_path))
    assert preview.libraries[0].jobs[COOME][0].is_exact
    assert str(preview.products) == "4"


def test_libraries_of_several_steps_are_counted(tmp_path: Path) -> None:
    (tmp_path / "phenols.smi").write_text("Oc1cc(O)cc(O)c1 phloroglucinol\nOC(=O)c1cc(O)c(O)c(O)c1 gallic\n")
    settings = {
        "libraries": {
            "phenols": {"class": "polyphenol", "path": "phenols.smi"},
            "partial": {"from": "phenols", "by": [OME], "times": "all", "keep_levels": True},
            "full": {"from": "phenols", "by": [OME], "times": "all"},
            "twice": {"from": "phenols", "by": [OME], "times": 2},
        },
        "select": {"libraries": ["partial", "full", "twice"], "transforms": [COOME]},
    }
    preview = make_preview(configuration([write_yaml(tmp_path / "c.yaml", settings)], tmp_path), 200)
    found = {library.name: library.molecules for library in preview.libraries}
    # Ethers of phloroglucinol: one, two or three methyl groups; of gallic acid 2, 2 and 1 of these.
    for name, count in {"partial": 8, "full": 2, "twice": 3}.items():
        assert found[name].low <= count <= found[name].high and abs(found[name].value - count) < 0.2 * count, name


def test_what_was_not_seen_may_still_be_there() -> None:
    none = estimate(np.zeros(50), [0] * 50, unit=20.0)
    assert (none.value, none.low, none.high) == (0, 0, 60)
    assert str(total([none, estimate(np.ones(50), [0] * 50, exact=True)])) == "50"


def test_an_interval_of_a_skewed_count_is_not_below_what_was_seen() -> None:
    found = estimate(np.array([90.0] + [0.0] * 29), [0] * 30, seen=3)
    assert 3 <= found.low < found.value == 90 < found.high
