"""Files that are shipped, but off by default: narrower and more transforms and halogenation rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from halogenator.config import load_halogenation, load_transforms
from halogenator.config.loader import read_config
from halogenator.errors import UserError

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.long
def test_they_can_be_switched_on_beside_the_shipped_ones(tmp_path: Path) -> None:
    """Reading a file runs all its examples."""
    (tmp_path / "my.yaml").write_text(
        "transforms: [configs/transforms.yaml, configs/transforms-narrow.yaml, configs/transforms-extended.yaml]\n"
        "halogenation: [configs/halogenation.yaml, configs/halogenation-extended.yaml]\n"
    )
    config = read_config([CONFIGS / "config.yaml", tmp_path / "my.yaml"], working_dir=tmp_path)
    assert {"FG_PHENOL_OH__OH__TO__OMe", "FG_ANILINE__NH2__TO__F", "FG_PHENOL_OH__OH__TO__OEt"} <= set(
        config.transforms
    )
    assert [rule.name for rule in config.halogenation.rules if rule.name in ("hydroxyl", "methyl")] == [
        "hydroxyl",
        "methyl",
    ]
    assert len(config.transforms) == 19 + 19 + 4 and config.halogenation.halogens == ("F", "Cl", "Br", "I")
    assert all(each.examples for each in (*config.transforms.values(), *config.halogenation.rules))


def test_narrower_rules_stand_alone() -> None:
    rules = load_halogenation(CONFIGS / "halogenation-narrow.yaml").rules
    assert [rule.name for rule in rules] == ["alcohol", "phenol", "alpha_ketone_ch2", "aniline", "alkyl_amine"]
    assert len(load_transforms(CONFIGS / "transforms-narrow.yaml")) == 19


def test_files_of_rules_name_the_same_halogens(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("halogens: [F]\nrules: [{name: mine, smirks: '[cH:1]>>[c:1]{X}'}]\n")
    with pytest.raises(UserError, match="name different halogens"):
        load_halogenation(CONFIGS / "halogenation.yaml", own)
