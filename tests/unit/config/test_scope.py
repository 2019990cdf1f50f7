"""Class and scope: what runs where, what is refused, and what is said of it before a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from halogenator.cli import main
from halogenator.config.loader import read_config
from halogenator.errors import UserError
from halogenator.model import Config

REPOSITORY = Path(__file__).parents[3]
SHIPPED = REPOSITORY / "configs" / "config.yaml"
OME = "FG_PHENOL_OH__OH__TO__OMe"
COOME = "FG_CARBOXYL__COOH__TO__COOMe"

RULE = {"smirks": "[CX4;R;!H0:1]>>[C:1]{X}", "examples": [{"reactant": "C1CC1", "products": ["{X}C1CC1"]}]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a few natural products, as SMILES and as a table with names of its own."""
    monkeypatch.chdir(tmp_path)
    Path("mine.smi").write_text("OC(=O)C=Cc1ccc(O)cc1 coumaric-acid\nOc1ccccc1O catechol\n")
    Path("mine.csv").write_text("Nr;Struktur\nP-001;OC(=O)C=Cc1ccc(O)cc1\nP-002;Oc1ccccc1O\n")
    return tmp_path


def config(**keys: Any) -> Config:
    """The shipped configuration with a file over it."""
    Path("my.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    return read_config([SHIPPED, Path("my.yaml")], working_dir=Path.cwd())


def complaint(**keys: Any) -> str:
    with pytest.raises(UserError) as caught:
        config(**keys)
    return str(caught.value)


def transforms(*entries: dict[str, Any]) -> str:
    """Write transforms.yaml of entries that methylate a hydroxyl group."""
    written = [{"name": f"T{number}", "smirks": "[OX2H:1]>>[O:1]C", **entry} for number, entry in enumerate(entries)]
    Path("transforms.yaml").write_text(yaml.safe_dump({"transforms": written}))
    return "transforms.yaml"


def halogenation(**scopes: list[str]) -> str:
    """Write halogenation.yaml of a rule for each set of classes; an empty one is for all."""
    rules = [{"name": name, "label": name, **RULE, **({"scope_classes": s} if s else {})} for name, s in scopes.items()]
    Path("halogenation.yaml").write_text(yaml.safe_dump({"halogens": ["F"], "rules": rules}))
    return "halogenation.yaml"


# ---- transforms ------------------------------------------------------------------------------------------------------


def test_a_transform_without_scope_is_for_every_class_and_for_none() -> None:
    found = config(
        libraries={
            "a": {"path": "mine.smi"},
            "b": {"path": "mine.smi", "class": "fungal"},
            "c": {"class": "lipid", "k": 0},
        },
        transforms=transforms({}, {"scope_classes": ["fungal"]}, {"scope_classes": ["lipid"]}),
        select={"libraries": ["a", "b", "c"]},
    )
    assert found.jobs == (("a", "T0"), ("b", "T0"), ("b", "T1"), ("c", "T0"), ("c", "T2"))
    assert found.notes == ()


def test_what_is_named_on_both_sides_runs_and_that_is_said() -> None:
    found = config(select={"libraries": ["lipid-1X", "polyphenol-1X"], "transforms": [OME]})
    assert found.jobs == (("polyphenol-1X", OME), ("lipid-1X", OME))
    (note,) = found.notes
    assert f"{OME} is for polyphenol, terpenoid; it runs on lipid-1X (lipid) too" in note


def test_a_named_transform_runs_on_a_library_without_class() -> None:
    found = config(libraries={"mine": {"path": "mine.smi"}}, select={"transforms": [OME]})
    assert ("mine", OME) in found.jobs
    assert ("lipid-1X", OME) not in found.jobs


def test_an_index_counts_the_sites_of_jobs_out_of_scope() -> None:
    found = config(select={"libraries": ["lipid-1X"], "transforms": [OME]})
    assert OME in [transform.name for transform in found.counted(found.libraries["lipid-1X"])]
    assert OME not in [transform.name for transform in found.counted(found.libraries["lipid-0X"])]


def test_named_transforms_without_a_library_are_refused_and_the_fix_works() -> None:
    libraries = {"mine": {"path": "mine.smi", "class": "fungal"}}
    file = transforms({"scope_classes": ["marine"]})
    message = complaint(libraries=libraries, transforms=file, select={"transforms": ["T0"]})
    assert "nothing to run" in message
    assert "my.yaml, line 7: select.transforms" in message
    assert "T0 is for marine" in message
    assert config(libraries=libraries, transforms=file, select={"libraries": ["mine"], "transforms": ["T0"]}).jobs
    assert not config(libraries=libraries, transforms=file, select={"transforms": []}).jobs


def test_check_never_says_all_well_of_no_job(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my.yaml").write_text("libraries: {mine: {path: mine.smi}}\nselect: {libraries: [mine]}\n")
    assert main(["check", "my.yaml"]) == 0
    said = capsys.readouterr().out
    assert "no jobs: no selected transform is for the class of mine (no class)" in said
    assert "all well" not in said


def test_the_default_run_says_which_libraries_no_job_uses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "jobs:       118" in said
    for name in ("polysaccharide-1X", "polysaccharide-2X", "other-1X", "other-2X"):
        assert f"{name} (" in said
    assert main(["plan", "--no-file"]) == 0
    assert "made for the molecules alone" in capsys.readouterr().out


# ---- words for classes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "near"),
    [("polyphenols", "polyphenol"), ("Lipid", "lipid"), ("lipds", "lipid"), ("aa-peptide", "aa_peptide")],
)
def test_a_class_nearly_of_the_shipped_ones_is_noticed(word: str, near: str) -> None:
    message = complaint(libraries={"mine": {"path": "mine.smi", "class": word}})
    assert "my.yaml, line 4: libraries.mine.class" in message
    assert f"did you mean '{near}'?" in message
    message = complaint(transforms=transforms({}, {"scope_classes": [word]}))
    assert "transforms.yaml, line 5: transforms[T1].scope_classes" in message
    assert f"did you mean '{near}'?" in message


@pytest.mark.parametrize("word", ["diterpenoid", "flavonoid", "phenol", "fungal", "glycolipid", "batch-2", "steroid"])
def test_a_word_of_ones_own_is_taken(word: str) -> None:
    libraries = {"mine": {"path": "mine.smi", "class": word}, "other": {"path": "mine.smi", "class": "batch-1"}}
    found = config(libraries=libraries, transforms=transforms({}), select={"libraries": ["mine"]})
    assert found.libraries["mine"].class_name == word
    assert found.jobs == (("mine", "T0"),)


def test_a_misspelling_that_both_sides_share_is_a_word_of_ones_own() -> None:
    found = config(
        libraries={"mine": {"path": "mine.smi", "class": "lipids"}},
        transforms=transforms({"scope_classes": ["lipids"]}),
        select={"libraries": ["mine"]},
    )
    assert found.jobs == (("mine", "T0"),)


# ---- natural products of one's own -----------------------------------------------------------------------------------


def levels(found: Config) -> list[tuple[str, str, str | None, str | None]]:
    return [(x.name, x.class_name, x.base, x.paths[0].name if x.paths else None) for x in found.libraries.values()]


def test_own_parents_have_a_name_of_their_own_and_the_shipped_ones_stay() -> None:
    found = config(
        parents={"my-plants": "mine.smi"},
        libraries={"my-plants-1X": {"class": "polyphenol", "parents": "my-plants", "k": 1}},
        select={"libraries": ["my-plants-1X", "polyphenol-1X"]},
    )
    assert levels(found) == [
        ("polyphenol-0X", "polyphenol", None, "polyphenol.smi"),
        ("polyphenol-1X", "polyphenol", "polyphenol-0X", None),
        ("my-plants-0X", "polyphenol", None, "mine.smi"),
        ("my-plants-1X", "polyphenol", "my-plants-0X", None),
    ]
    assert ("my-plants-1X", OME) in found.jobs
    assert found.notes == ()


@pytest.mark.parametrize("entry", [{"class": "my-plants", "k": 1}, {"parents": "my-plants", "k": 1}])
def test_class_and_parents_stand_for_each_other(entry: dict[str, Any]) -> None:
    found = config(
        parents={"my-plants": "mine.smi"},
        libraries={"mine-1X": entry},
        halogenation=halogenation(ring=[], chain=["my-plants"], sugar=["polysaccharide"]),
        select={"libraries": ["mine-1X"]},
    )
    assert levels(found) == [
        ("my-plants-0X", "my-plants", None, "mine.smi"),
        ("mine-1X", "my-plants", "my-plants-0X", None),
    ]
    assert [rule.name for rule in found.halogenation.rules_for("my-plants")] == ["ring", "chain"]


def test_a_class_that_no_rule_names_is_halogenated_as_other_and_that_is_said() -> None:
    keys: dict[str, Any] = {
        "parents": {"my-plants": "mine.smi"},
        "libraries": {"mine-1X": {"class": "my-plants", "k": 1}},
    }
    found = config(**keys, select={"libraries": ["mine-1X"]})
    assert found.halogenation.transforms("my-plants") == found.halogenation.transforms("other") != []
    assert any("so the rules for other apply" in note for note in found.notes)
    message = complaint(**keys, halogenation=halogenation(ring=["lipid"]), select={"libraries": ["mine-1X"]})
    assert "library 'mine-1X' would be empty" in message
    assert "class: lipid, parents: my-plants" in message


def test_two_classes_of_one_file_have_levels_of_their_own() -> None:
    found = config(
        parents={"my-plants": "mine.smi"},
        libraries={
            "a": {"class": "polyphenol", "parents": "my-plants", "k": 1},
            "b": {"class": "lipid", "parents": "my-plants", "k": 1},
        },
        select={"libraries": ["a", "b"]},
    )
    assert [library.name for library in found.libraries.values()] == ["my-plants-0X", "a", "my-plants-lipid-0X", "b"]
    assert [found.libraries[name].class_name for name in ("my-plants-0X", "my-plants-lipid-0X")] == [
        "polyphenol",
        "lipid",
    ]


def test_parents_may_say_how_their_file_is_read() -> None:
    message = complaint(parents={"my-plants": "mine.csv"}, libraries={"a": {"parents": "my-plants", "k": 1}})
    assert "my.yaml, line 2: parents.my-plants" in message
    assert "my-plants: {path: mine.csv, smiles_column: Struktur}" in message
    found = config(
        parents={"my-plants": {"path": "mine.csv", "smiles_column": "Struktur", "prepare": {"charges": "keep"}}},
        libraries={"a": {"parents": "my-plants", "k": 1}},
        select={"libraries": ["a"]},
    )
    reading = found.libraries["my-plants-0X"].reading
    assert (reading.smiles_column, reading.charges, reading.fragments) == ("Struktur", "keep", "largest")


def test_a_shipped_file_is_replaced_with_a_word_unless_that_is_meant() -> None:
    (note,) = config(parents={"lipid": "mine.smi"}, select={"libraries": ["lipid-2X"]}).notes
    assert "parents.lipid: mine.smi takes the place of configs/parents/lipid.smi" in note
    assert "lipid-2X" in note
    meant = config(parents={"lipid": {"path": "mine.smi", "replace": True}}, select={"libraries": ["lipid-2X"]})
    assert meant.notes == ()
    assert meant.libraries["lipid-0X"].paths == (Path("mine.smi").absolute(),)
    advised = config(
        parents={"my-lipid": "mine.smi"},
        libraries={"my-lipid-1X": {"class": "lipid", "parents": "my-lipid", "k": 1}},
        select={"libraries": ["my-lipid-1X"]},
    )
    assert advised.notes == ()


@pytest.mark.parametrize(
    ("libraries", "hint"),
    [
        ({"a": {"k": 1, "parents": "my-plant"}}, "did you mean 'my-plants'?"),
        ({"a": {"k": 1}}, "add parents: NAME"),
        ({"a": {"path": "mine.smi", "parents": "my-plants"}}, "remove parents, or add k"),
    ],
)
def test_slips_in_what_a_library_is_built_from(libraries: dict[str, Any], hint: str) -> None:
    message = complaint(parents={"my-plants": "mine.smi"}, libraries=libraries)
    assert "libraries.a" in message
    assert hint in message
