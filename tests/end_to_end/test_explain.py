"""Where a molecule of a run comes from: all that RunReactants, tried on every molecule of the library, says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
import yaml

from halogenator.cli import build_parser, main
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.explain import Explainer
from halogenator.search.settings import config_of, recorded
from helpers import oracle
from helpers.finished import Finished
from helpers.runs import COOME, OME, REPOSITORY, named_parents, shipped, snakemake, write_molecules, write_yaml


def explain(capsys: pytest.CaptureFixture[str], results: Path, *words: object, fails: bool = False) -> str:
    capsys.readouterr()
    assert main(["explain", "--results", str(results), *map(str, words)]) == int(fails)
    printed = capsys.readouterr()
    return printed.err if fails else printed.out


def found(capsys: pytest.CaptureFixture[str], results: Path, *words: object) -> dict[str, Any]:
    return json.loads(explain(capsys, results, *words, "--json"))


def table(path: Path) -> list[dict[str, Any]]:
    return pq.ParquetFile(path).read().to_pylist()


def smirks(name: str) -> str:
    return next(rule.smirks for rule in oracle.shipped_transforms() if rule.name == name)


@pytest.fixture(scope="module")
def results(finished: Finished) -> Path:
    return finished.folder / "results"


def test_ways_to_a_product_are_all_pairs_of_a_molecule_and_a_site_that_give_it(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which pairs give it, RunReactants says of every molecule of the library."""
    places = Results(results)
    for library, transform in ((library, OME) for library in ("mine", "other-1X")):
        molecules = {row["id"]: row["smiles"] for row in table(places.molecules(library))}
        given = {name: oracle.apply(smirks(transform), smiles).products for name, smiles in molecules.items()}
        rows = sorted(table(places.products(library, transform)), key=lambda row: -row["n_routes"])
        for row in (rows[0], rows[-1]):
            expected = {(name, site) for name, products in given.items() for _, site in products.get(row["smiles"], ())}
            (node,) = [
                each for each in found(capsys, results, row["smiles"])["found"] if each["transform"] == transform
            ]
            last = {((way["steps"][-2:-1] or [way["from"]])[0]["id"], way["steps"][-1]["site"]) for way in node["ways"]}
            assert last == expected and len(expected) == row["n_routes"] and node["complete"]


def test_a_way_goes_from_the_natural_product_to_the_molecule(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = table(Results(results).products("other-1X", OME))[0]
    told = found(capsys, results, row["smiles"])
    natural = {each["id"] for each in table(Results(results).molecules("other-0X"))}
    for way in told["found"][0]["ways"]:
        assert way["from"]["library"] == "other-0X" and way["from"]["id"] in natural
        halogenation, ether = way["steps"]
        assert re.fullmatch(r"aromatic_ch:(F|I)", halogenation["by"]) and ether["by"] == OME
        assert ether["smiles"] == told["smiles"] == row["smiles"]
    text = explain(capsys, results, row["smiles"])
    assert f"product of other-1X by {OME}" in text and "aromatic_ch:" in text and "→ the molecule" in text


def test_a_molecule_is_known_by_smiles_id_and_the_names_of_exports(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = table(Results(results).products("other-1X", OME))[0]
    library = next(each for each in table(Results(results).molecules("other-1X")) if each["id"] == row["parent_id"])
    name = f"{row['parent_id']}_{OME}_{row['site']}"
    assert found(capsys, results, name)["smiles"] == row["smiles"]
    assert found(capsys, results, row["parent_id"])["smiles"] == library["smiles"]
    assert "in library other-0X: " in explain(capsys, results, named_parents("other")[3][0])
    assert "neither a SMILES nor an id" in explain(capsys, results, "quercitrin-77", fails=True)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ("C1CC(", "reject", "unparsable"),  # a row of the file
        ("COC(=O)c1ccc(O)cc1F", "not in the library", ""),
        ("CCCCCC", "not in the library", "no input molecule is this"),
    ],
)
def test_what_is_not_made_says_why(
    results: Path, capsys: pytest.CaptureFixture[str], asked: str, kind: str, said: str
) -> None:
    told = found(capsys, results, asked)
    assert not told["found"]
    assert any(each["kind"] == kind and said in each["why"] for each in told["obstacles"]), told["obstacles"]


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_ways_are_drawn(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    row = table(Results(results).products("other-1X", OME))[0]
    out = tmp_path / f"ways.{ending}"
    explain(capsys, results, row["smiles"], "--out", out)
    text = out.read_text()
    assert text.count("aromatic_ch:") and OME in text and "<script" not in text
    if ending == "svg":
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "there is a file already" in explain(capsys, results, row["smiles"], "--out", out, fails=True)
    else:
        assert text.count('class="drawn"') >= 2


def test_examples_of_the_page_are_command_lines() -> None:
    page = (REPOSITORY / "docs/how-to/explain.md").read_text()
    lines = re.findall(r"^python -m halogenator ((?:explain|compare) .*?)(?: *[#>] .*)?$", page, flags=re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        build_parser().parse_args(shlex.split(line))


# ---- a run of three levels -------------------------------------------------------------------------------------------

ODD = {  # turned round, it does not say which halogen was there
    "name": "HYDROLYSIS",
    "smirks": "[c:1][F,I]>>[c:1][OH]",
    "scope_classes": ["polyphenol"],
    "examples": [{"reactant": "Fc1ccccc1", "products": ["Oc1ccccc1"]}] * 2,
}


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of gallic acid and two catechins, halogenated twice, as ethers and hydrolysed."""
    folder = tmp_path_factory.mktemp("deep")
    names = ("catechin", "epicatechin", "gallic-acid")
    write_molecules(folder / "phenols.csv", [row for row in named_parents("polyphenol") if row[0] in names])
    halogenation = yaml.safe_load((REPOSITORY / "configs" / "halogenation.yaml").read_text())
    rules = [rule for rule in halogenation["rules"] if rule["name"] in ("aromatic_ch", "ring_sp3_ch")]
    write_yaml(folder / "halogenation.yaml", {**halogenation, "rules": rules, "halogens": ["F", "I"]})
    write_yaml(folder / "transforms.yaml", {"transforms": [shipped(OME, "polyphenol"), ODD, shipped(COOME, "lipid")]})
    write_yaml(
        folder / "config.yaml",
        {
            "parents": {"phenols": "phenols.csv"},
            "libraries": {
                **{f"phenols-{k}X": {"class": "polyphenol", "parents": "phenols", "k": k} for k in (1, 2)},
                "ethers": {"from": "phenols-0X", "by": OME, "times": 2, "keep_levels": True, "class": "lipid"},
            },
            "transforms": "transforms.yaml",
            "halogenation": "halogenation.yaml",
            "select": {"libraries": ["phenols-1X", "phenols-2X", "ethers"]},
        },
    )
    snakemake(folder, "--cores", 2)
    return folder / "results"


@pytest.mark.long
def test_of_every_molecule_as_many_ways_are_found_as_the_run_counted(deep: Path, tmp_path: Path) -> None:
    config = config_of(recorded(Results(deep)), deep.parent)
    explainer = Explainer(deep, config, memory_mb=500, scratch=tmp_path, progress=Progress())
    rows = [
        *table(Results(deep).products("phenols-2X", OME))[::400],
        *table(Results(deep).products("phenols-2X", "HYDROLYSIS"))[::400],
        *table(Results(deep).molecules("phenols-2X"))[::60],
    ]
    for row in rows:
        told = explainer.explain(row["smiles"])
        assert told.nodes and not told.notes
        for node in told.nodes:
            assert node.is_complete and node.count == len(list(node.ways()))
            assert not node.steps or len(node.steps) == node.n_routes


@pytest.mark.long
def test_what_a_choice_left_out_is_told_with_the_choice(deep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alpha = "Oc1cc(O)c2c(c1)O[C@](I)(c1ccc(O)c(O)c1)[C@@H](O)C2"
    (obstacle, *_) = [each for each in found(capsys, deep, alpha)["obstacles"] if each["kind"] == "left out"]
    assert obstacle["why"] == "exclude: alpha_halo_ether" and obstacle["parent"]["id"] == "catechin"
    ether = alpha.replace("Oc1cc(O)", "COc1cc(O)")  # which would be made of it
    told = found(capsys, deep, ether)["obstacles"]
    assert {(each["library"], each["why"]) for each in told} == {("phenols-1X", "exclude: alpha_halo_ether")}


@pytest.mark.long
def test_a_transform_that_is_not_for_the_library_is_named(deep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (obstacle, *_) = found(capsys, deep, "COC(=O)c1cc(O)c(O)c(O)c1F")["obstacles"]
    assert obstacle["kind"] == "no job" and f"{COOME} is for lipid, and phenols-1X is polyphenol" in obstacle["why"]
    (isomer, *_) = found(capsys, deep, "Oc1cc(O)c2c(c1)OC(c1ccc(O)c(O)c1)C(O)C2")["obstacles"]
    assert isomer["kind"] == "isomer" and "catechin" in isomer["why"]


@pytest.mark.long
def test_of_a_library_by_several_steps_all_walks_are_found(deep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which walks there are, RunReactants says of every molecule, and of all that it gives."""
    starts = {row["id"]: row["smiles"] for row in table(Results(deep).molecules("phenols-0X"))}
    rows = table(Results(deep).molecules("ethers"))
    given = {smiles: oracle.apply(smirks(OME), smiles).products for smiles in starts.values()}
    given |= {each: oracle.apply(smirks(OME), each).products for products in list(given.values()) for each in products}
    several = 0
    for row in [row for row in rows if row["k"] == 2][::5] + [row for row in rows if row["k"] == 1][::5]:
        wanted = set()
        for name, smiles in starts.items():
            wanted |= {(name, f"{OME}@{site}") for _, site in given[smiles].get(row["smiles"], ())}
            for middle, first in given[smiles].items():
                for _, site in given[middle].get(row["smiles"], ()):
                    wanted |= {(name, f"{OME}@{one},{OME}@{site}") for _, one in first}
        (node,) = [each for each in found(capsys, deep, row["id"])["found"] if each["library"] == "ethers"]
        walks = [
            (way["from"]["id"], ",".join(f"{step['by']}@{step['site']}" for step in way["steps"]))
            for way in node["ways"]
        ]
        assert len(walks) == len(set(walks)) and set(walks) == wanted
        assert (row["parent"], row["steps"]) in wanted
        assert node["complete"] and all(way["steps"][-1]["smiles"] == row["smiles"] for way in node["ways"])
        several += len(walks) > 1
    assert several
