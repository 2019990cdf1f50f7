"""Libraries that are made from others: what their entries come to, and how slips are answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from halogenator.config import read_config
from halogenator.errors import UserError
from halogenator.model import HALOGENATION, Config
from halogenator.planning.identity import library_identity

REPOSITORY = Path(__file__).parents[3]
OME, COCL = "FG_PHENOL_OH__OH__TO__OMe", "FG_CARBOXYL__COOH__TO__COCl"
TRANSFORMS = f"""\
transforms:
  - {{name: {OME}, smirks: "[c:1][OX2H:2]>>[c:1][O:2]C"}}
  - {{name: {COCL}, smirks: "[CX3:1](=[OX1:2])[OX2H:3]>>[C:1](=[O:2])Cl"}}
"""
RULES = '{halogens: [F, Cl], rules: [{name: aromatic_ch, smirks: "[cH:1]>>[c:1]{X}"}]}\n'
BASE = "transforms: transforms.yaml\nhalogenation: rules.yaml\nexclude: []\nparents: {my: mine.smi, lipid: mine.smi}\n"
Read = Callable[[str], Config]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads libraries, written beside ``mine``, from a folder with a molecule, two transforms and a rule."""
    (tmp_path / "mine.smi").write_text("Oc1ccccc1O catechol\n")
    (tmp_path / "transforms.yaml").write_text(TRANSFORMS)
    (tmp_path / "rules.yaml").write_text(RULES)

    def config(libraries: str) -> Config:
        path = tmp_path / "my.yaml"
        path.write_text(f"{BASE}libraries:\n  mine: {{class: polyphenol, path: mine.smi}}\n{libraries}\n")
        return read_config([path], working_dir=tmp_path)

    return config


def test_steps_are_levels_below_or_a_walk(read: Read) -> None:
    """Fewer steps of the same kind are the level below, if an entry has them, selected or not."""
    found = read(
        f"  three: {{from: mine, by: [{OME}], times: 3}}\n"
        f"  one: {{from: mine, by: {OME}}}\n"
        f"  all: {{from: mine, by: [{OME}], times: all, keep_levels: true}}\n"
        f"  up-to-two: {{from: one, by: [{OME}], times: 2, keep_levels: true, class: lipid}}\n"
        f"  chlorides: {{from: all, by: [{COCL}, halogenation]}}"
    ).libraries
    made = {
        name: (library.base, library.by, library.times, library.keep_levels, library.k, library.implicit)
        for name, library in found.items()
        if library.class_name == "polyphenol" and library.by[0] != HALOGENATION
    }
    assert made == {
        "one": ("mine", (OME,), 1, False, 1, False),
        "three-step-2": ("one", (OME,), 1, False, 2, True),
        "three": ("three-step-2", (OME,), 1, False, 3, False),
        "all": ("mine", (OME,), None, True, None, False),
        "chlorides": ("all", (COCL, HALOGENATION), 1, False, None, False),
    }
    assert (found["up-to-two"].base, found["up-to-two"].k, found["up-to-two"].times) == ("one", 3, 2)
    assert list(found).index("one") < list(found).index("three")


def test_halogenation_of_natural_products_is_one_thing_in_both_forms(read: Read, tmp_path: Path) -> None:
    """The same levels, and the same identity: what is finished stays as it is when it is written the other way."""
    short = read("  my-3X: {class: my, k: 3}\n  my-2X: {class: my, k: 2}")
    long = read("  my-3X: {from: my-0X, by: [halogenation], times: 3}\n  my-2X: {from: my-1X, by: [halogenation]}")
    chain = ["my-0X", "my-1X", "my-2X", "my-3X"]
    for config in (short, long):
        levels = [config.libraries[name] for name in chain]
        assert [library.k for library in levels] == [0, 1, 2, 3]
        assert [library.base for library in levels] == [None, *chain[:-1]]
    assert [library_identity(config, name, tmp_path) for config in (short, long) for name in chain] == 2 * [
        library_identity(short, name, tmp_path) for name in chain
    ]


def test_only_libraries_that_need_it_tell_their_steps(read: Read) -> None:
    found = read(f"  ethers: {{from: lipid-2X, by: [{OME}]}}").libraries
    telling = {name for name, library in found.items() if library.tells_steps}
    assert telling == {"ethers", "lipid-1X", "lipid-2X"}


def test_another_step_choice_or_end_is_another_library(read: Read, tmp_path: Path) -> None:
    forms = [
        f"by: [{OME}]",
        f"by: [{COCL}]",
        f"by: [{OME}, {COCL}]",
        f"by: [{OME}], times: all",
        f"by: [{OME}], times: all, keep_levels: true",
        f"by: [{OME}], times: 2, keep_levels: true",
        f"by: [{OME}], protect: ['[OX2]']",
        f"by: [{OME}], exclude: ['[CX3]Cl']",
        "by: [halogenation]",
    ]
    identities = {library_identity(read(f"  it: {{from: mine, {form}}}"), "it", tmp_path) for form in forms}
    assert len(identities) == len(forms)


SLIPS = {
    "from nowhere": ("{from: mien, by: [halogenation]}", "libraries.it.from", "did you mean 'mine'?"),
    "from itself": ("{from: it, by: [halogenation]}", "libraries.it.from", "made from itself: it from it"),
    "round and round": ("{from: at, by: [halogenation]}\n  at: {from: it, by: [halogenation]}", "from", "from itself"),
    "without steps": ("{from: mine}", "libraries.it.from", "add by"),
    "by alone": ("{path: mine.smi, by: [halogenation]}", "libraries.it.by", "add from"),
    "by nothing known": ("{from: mine, by: [FG_PHENOL_OH__OH__TO__Ome]}", "by[entry 1]", f"did you mean '{OME}'?"),
    "by one unknown": ("{from: mine, by: halogination}", "libraries.it.by", "did you mean 'halogenation'?"),
    "for ever": ("{from: mine, by: [halogenation], times: ever}", "libraries.it.times", "or the word all"),
    "no times": ("{from: mine, by: [halogenation], times: 0}", "libraries.it.times", "from 1 to 20"),
    "half a step": ("{from: mine, by: [halogenation], times: 1.5}", "libraries.it.times", "fix:     give an allowed"),
    "natural products misspelt": ("{from: lipd-0X, by: [halogenation]}", "libraries.it.from", "mean 'lipid-0X'?"),
    "parents of steps": ("{from: mine, by: [halogenation], parents: my}", "it.parents", "has parents but no k\n"),
    "both forms": ("{class: lipid, k: 1, from: mine, by: [halogenation]}", "libraries.it.k", "exactly one of"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_answered_with_its_place_and_a_way_out(read: Read, slip: str) -> None:
    text, place, advice = SLIPS[slip]
    with pytest.raises(UserError) as caught:
        read(f"  it: {text}")
    assert place in str(caught.value) and advice in str(caught.value), caught.value
