"""Patterns and choices: what a configuration leaves out, what is refused, and what is made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rdkit.Chem.FilterCatalog import FilterCatalogParams

from halogenator import shipped
from halogenator.chemistry.filters import CATALOGS
from halogenator.config.loader import read_config
from halogenator.config.patterns import load_patterns
from halogenator.dataclass_json import from_json, to_json
from halogenator.errors import UserError
from halogenator.model import Choice, Config, Job, Recipe, Window
from halogenator.planning.identity import job_identity, job_of, library_identity, recipe_of

REPOSITORY = Path(__file__).parents[3]
OME = "FG_PHENOL_OH__OH__TO__OMe"
LIBRARIES = {"mine-2X": {"class": "polyphenol", "parents": "mine", "k": 2}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mine.smi").write_text("OC(=O)C=Cc1ccc(O)cc1 coumaric-acid\n")
    methylation = {"name": OME, "smirks": "[c:1][OX2H:2]>>[c:1][O:2]C"}
    Path("transforms.yaml").write_text(yaml.safe_dump({"transforms": [methylation]}))
    return tmp_path


def config(**keys: Any) -> Config:
    """A configuration with one built library, whose lower level no entry names."""
    own = {"transforms": "transforms.yaml", "halogenation": with_rule()}
    keys = {"parents": {"mine": "mine.smi"}, "libraries": LIBRARIES, "exclude": [], **own, **keys}
    Path("my.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    return read_config([Path("my.yaml")], working_dir=Path.cwd())


def complaint(**keys: Any) -> str:
    with pytest.raises(UserError) as caught:
        config(**keys)
    return str(caught.value)


def names(choice: Choice) -> list[str]:
    return [pattern.name for pattern in choice.exclude]


def patterns(**entry: Any) -> str:
    Path("patterns.yaml").write_text(yaml.safe_dump({"patterns": [{"name": "mine", "smarts": "[Cl]", **entry}]}))
    return "patterns.yaml"


def with_rule(path: str = "halogenation.yaml", **entry: Any) -> str:
    rule = {"name": "r", "label": "r", "smirks": "[cH:1]>>[c:1]{X}", **entry}
    rule["examples"] = [{"reactant": "c1ccccc1", "products": ["{X}c1ccccc1"]}]
    Path(path).write_text(yaml.safe_dump({"halogens": ["F"], "rules": [rule]}))
    return path


def test_lists_of_all_places_add_up() -> None:
    made = config(
        libraries={"mine-2X": {**LIBRARIES["mine-2X"], "exclude": ["n_halogen", "gem_halohydrin"]}},
        exclude={"libraries": ["gem_halohydrin"], "products": ["acyl_halide"]},
        halogenation=with_rule("of_its_own.yaml", exclude=["[Br]"]),
    )
    recipe, job = recipe_of(made, "mine-2X"), job_of(made, "mine-2X", OME)
    assert names(recipe.choice) == ["gem_halohydrin", "n_halogen"]
    assert recipe.halogenation and names(recipe.halogenation.rules[0].choice) == ["[Br]"]
    assert names(job.choice) == ["acyl_halide", "n_halogen", "gem_halohydrin"]
    assert from_json(Job, to_json(job)) == job and from_json(Recipe, to_json(recipe)) == recipe


def test_an_empty_list_of_a_library_is_said_to_turn_nothing_off() -> None:
    empty = {"mine-2X": {**LIBRARIES["mine-2X"], "exclude": []}}
    made = config(libraries=empty, exclude=["n_halogen"], select={"transforms": []})
    (note,) = made.notes
    assert "exclude: [] of libraries.mine-2X turns nothing off" in note
    assert names(recipe_of(made, "mine-2X").choice) == ["n_halogen"]
    assert config(libraries=empty, exclude={"libraries": [], "products": []}, select={"transforms": []}).notes == ()


def test_a_level_that_no_entry_names_leaves_out_what_the_one_above_does() -> None:
    made = config(libraries={"mine-2X": {**LIBRARIES["mine-2X"], "exclude": ["n_halogen"]}})
    assert names(recipe_of(made, "mine-1X").choice) == ["n_halogen"]
    assert not recipe_of(made, "mine-0X").choice


def test_bounds_of_all_places_add_up_and_must_leave_something() -> None:
    made = config(
        libraries={"mine-2X": {**LIBRARIES["mine-2X"], "within": {"rotb": [None, 9]}}},
        within={"mw": [None, 700]},
    )
    bounds = [("mw", Window(high=700)), ("rotb", Window(high=9))]
    assert list(recipe_of(made, "mine-2X").choice.within) == list(job_of(made, "mine-2X", OME).choice.within) == bounds
    assert list(recipe_of(made, "mine-1X").choice.within) == bounds
    message = complaint(within={"mw": [700, 200]})
    assert "no mw is within these bounds" in message and "my.yaml, line" in message
    assert "did you mean 'clogp'?" in complaint(within={"logp": [None, 5]})


def test_quotas_of_all_places_add_up() -> None:
    own = {"per_halogen": {"I": 1, "Br": 2}, "per_parent": 5}
    made = config(
        quota={"per_ring": 2, "distance": 4},
        libraries={"mine-2X": {**LIBRARIES["mine-2X"], "quota": own}},
        halogenation=with_rule("of_its_own.yaml", quota={"per_ring": 1}),
    )
    everywhere = [("per_ring", 2), ("distance", 4), ("I", 1), ("Br", 2), ("per_parent", 5)]
    recipe, job = recipe_of(made, "mine-2X"), job_of(made, "mine-2X", OME)
    assert list(recipe.choice.quota) == list(job.choice.quota) == everywhere
    assert recipe.halogenation and recipe.halogenation.rules[0].choice.quota == (("per_ring", 1),)
    assert from_json(Job, to_json(job)) == job
    assert "did you mean 'per_ring'?" in complaint(quota={"perring": 2})
    assert library_identity(made, "mine-2X", Path.cwd()) != library_identity(config(), "mine-2X", Path.cwd())


def test_atoms_to_protect_are_named_in_all_places() -> None:
    made = config(protect=["anomeric"], libraries={"mine-2X": {**LIBRARIES["mine-2X"], "protect": ["[CH3]"]}})
    for choice in (recipe_of(made, "mine-1X").choice, job_of(made, "mine-2X", OME).choice):
        assert [pattern.name for pattern in choice.protect] == ["anomeric", "[CH3]"]
    sugars = config(protect=["sugars"]).product_choice.protect
    assert len(sugars) > 1 and {pattern.name for pattern in sugars} == {"sugars"}
    assert "name no atoms" in complaint(protect=["pains"])
    assert "did you mean 'sugars'?" in complaint(protect=["sugar"])


def test_a_transform_ranks_sites_and_chooses_parents() -> None:
    entry = {"rank": ["activated_by_oxygen", "[cH]"], "parents": {"within": {"mw": [None, 500]}, "matching": ["[Cl]"]}}
    iodination = {"name": OME, "smirks": "[cH:1]>>[c:1]I", **entry}
    Path("iodides.yaml").write_text(yaml.safe_dump({"transforms": [iodination]}))
    job = job_of(config(transforms="iodides.yaml"), "mine-2X", OME)
    choice = job.transform.choice
    assert [pattern.name for pattern in choice.rank] == ["activated_by_oxygen", "[cH]"]
    assert choice.parents_within == (("mw", Window(high=500)),)
    assert [pattern.smarts for pattern in choice.parents_matching] == ["[Cl]"]
    assert from_json(Job, to_json(job)) == job
    iodination["parents"] = {"not_matching": ["sugar"]}
    Path("iodides.yaml").write_text(yaml.safe_dump({"transforms": [iodination]}))
    assert "did you mean 'sugars'?" in complaint(transforms="iodides.yaml")


def test_by_default_libraries_leave_out_what_cannot_be_isolated_and_products_nothing() -> None:
    made = read_config([REPOSITORY / "configs" / "config.yaml"], working_dir=Path.cwd())
    recipe, job = recipe_of(made, "lipid-2X"), job_of(made, "lipid-2X", "FG_CARBOXYL__COOH__TO__COCl")
    assert names(recipe.choice)[:2] == ["gem_halohydrin", "alpha_halo_ether"] and "acyl_halide" in names(recipe.choice)
    assert not job.choice and not recipe_of(made, "lipid-0X").choice


def test_a_list_at_the_top_is_for_libraries_and_products() -> None:
    made = config(exclude=["pains", "[CX4][I]"])
    assert names(made.library_choice) == names(made.product_choice) == ["pains", "[CX4][I]"]
    assert not config(exclude=[]).library_choice


def test_only_what_a_choice_changes_is_made_again() -> None:
    def identities(**keys: Any) -> tuple[str, str]:
        made = config(**keys)
        return library_identity(made, "mine-2X", Path.cwd()), job_identity(made, "mine-2X", OME)

    library, job = identities()
    assert identities(exclude=[], patterns=patterns()) == (library, job)
    for keys, same in (
        ({"exclude": {"libraries": ["n_halogen"]}}, (False, True)),
        ({"exclude": {"libraries": [], "products": ["n_halogen"]}}, (True, False)),
        ({"exclude": ["n_halogen"]}, (False, False)),
    ):
        found = identities(**keys)
        assert (found[0] == library, found[1] == job) == same
    by_smarts = [identities(exclude=["mine"], patterns=patterns(smarts=smarts)) for smarts in ("[Cl]", "[Cl]", "[Br]")]
    assert by_smarts[0] == by_smarts[1] != by_smarts[2]


def test_a_shipped_name_given_anew_means_what_the_file_says() -> None:
    (shipped_one,) = config(exclude=["acyl_halide"]).library_choice.exclude
    (anew,) = config(
        exclude=["acyl_halide"], patterns=patterns(name="acyl_halide", smarts="[I]")
    ).library_choice.exclude
    assert (anew.name, anew.smarts) == (shipped_one.name, "[I]") != (shipped_one.name, shipped_one.smarts)


def test_an_unknown_name_offers_the_nearest_and_says_where_patterns_stand() -> None:
    message = complaint(exclude=["acyl_halid"])
    assert "there is no pattern 'acyl_halid'" in message and "did you mean 'acyl_halide'?" in message
    assert "my.yaml, line" in message and "exclude[entry 1]" in message
    message = complaint(exclude=["zzz"], patterns=patterns())
    assert f"add it to a file of patterns ({shipped.PATTERNS}, {Path.cwd() / 'patterns.yaml'})" in message
    assert "acyl_halide, " in message and "mine, " in message
    assert "RDKit cannot read this SMARTS" in complaint(exclude=["[Cl"])


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"matches": ["CCBr"]}, "'mine' is not in one of its matches"),
        ({"spares": ["CCCl"]}, "'mine' is in one of its spares"),
        ({"spares": ["CC("]}, "one of the spares of 'mine' does not parse"),
        ({"smarts": "[Cl"}, "RDKit cannot read this SMARTS"),
        ({"name": "a-b"}, "name is not allowed"),
    ],
)
def test_a_wrong_pattern_stops_the_run(entry: dict[str, Any], what: str) -> None:
    message = complaint(patterns=patterns(**entry))
    assert what in message and "patterns.yaml, line" in message


def test_shipped_patterns_have_reasons_and_examples() -> None:
    for pattern, *_ in load_patterns(shipped.PATTERNS).values():
        assert pattern.why and pattern.matches and pattern.spares


def test_names_of_alerts_are_rdkits() -> None:
    known = set(FilterCatalogParams.FilterCatalogs.names)
    assert set(CATALOGS.values()) == known - {"ALL"}
