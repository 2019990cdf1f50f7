"""The wheel in an environment of its own has all that a checkout has: projects, runs of one command, modules."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers.installed import Installed, build
from helpers.runs import COOME, OME, REPOSITORY, snakemake, write_yaml

SELECTED = {"select": {"libraries": ["lipid-1X"], "transforms": [COOME]}}
ACETATE = "acetate: [c:1][OX2H:2]>>[c:1][O:2]C(C)=O"
HITS = "smiles,name\nOC(=O)c1ccccc1O,salicylic acid\nOc1ccc(/C=C/c2cc(O)cc(O)c2)cc1,resveratrol\n"
IMPORTER = """\
configfile: "config.yaml"

rule counted:
    input: "count.txt"
    default_target: True

module halogenator:
    snakefile: {snakefile}
    config: config["chemistry"]
    prefix: "made"

use rule * from halogenator as halo_*

use rule summarize from halogenator as halo_summarize with:
    log: "made/summary.log"

rule count:
    input: rules.halo_merge_products.output.out.format(library="hits", transform="{transform}")
    output: "count.txt"
    shell: "wc -c < {{input}} > {{output}}"
"""
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"))


def products(folder: Path, library: str, transform: str) -> list[dict[str, object]]:
    (path,) = folder.glob(f"results/products/library={library}/transform={transform}/products.parquet")
    return pq.read_table(path, partitioning=None).to_pylist()


def test_the_sdist_builds_the_wheel_of_the_checkout(tmp_path: Path) -> None:
    wheel, sdist = build(tmp_path / "wheel", "wheel"), build(tmp_path / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = build(tmp_path / "again", "wheel", source)
    contents = [{each.filename: each.CRC for each in zipfile.ZipFile(path).infolist()} for path in (wheel, again)]
    assert contents[0] == contents[1]
    shipped = {name for name in contents[0] if name.startswith("halogenator/shipped/")}
    for folder in ("configs", "profiles", "workflow/rules", "workflow/schemas", "workflow/report", "workflow/browse"):
        files = {path.relative_to(REPOSITORY) for path in (REPOSITORY / folder).rglob("*") if path.is_file()}
        assert files and {f"halogenator/shipped/{path}" for path in files} <= shipped


def test_a_project_makes_what_the_checkout_makes(installed: Installed, tmp_path: Path) -> None:
    said = installed.run(tmp_path, "halogenator", "init", "p")
    assert said.splitlines()[-1] == "edit configs/config.yaml, then: cd p && snakemake --cores all"
    said = installed.run(tmp_path, "halogenator", "init", "my project")
    assert said.splitlines()[-1] == "edit configs/config.yaml, then: cd 'my project' && snakemake --cores all"
    project, beside = tmp_path / "p", tmp_path / "beside"
    write_yaml(project / "small.yaml", SELECTED)
    beside.mkdir()
    write_yaml(beside / "config.yaml", SELECTED)
    assert "jobs:       1\n" in installed.run(project, "halogenator", "check", "small.yaml")
    made = installed.run(project, "snakemake", "--cores", 2, "--configfile", "small.yaml")
    assert "Done: " in made and "report.html" in made
    snakemake(beside, "--cores", 2)
    assert products(project, "lipid-1X", COOME) == products(beside, "lipid-1X", COOME) != []
    assert "Nothing to be done" in installed.run(project, "snakemake", "--cores", 2, "--configfile", "small.yaml")
    taken = installed.run(tmp_path, "halogenator", "init", "p", fails=True)
    assert "nothing was written" in taken and "Snakefile" in taken


def test_a_project_starts_from_its_own_configuration(installed: Installed, tmp_path: Path) -> None:
    installed.run(tmp_path, "halogenator", "init")
    for name, before, after in (
        ("config.yaml", "  other-2X: {class: other, k: 2}\n", ""),
        ("config.yaml", "protect: []", "protect: [sugary]"),
        ("patterns.yaml", "name: sugars", "name: sugary"),
    ):
        path = tmp_path / "configs" / name
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))
    assert "libraries:  13, and" in installed.run(tmp_path, "halogenator", "check")
    assert "Merging" in installed.run(tmp_path, "snakemake", "-n")


def test_a_run_of_one_command(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "my hits.csv").write_text(f"{HITS}xx,slip\n")
    words = ("run", "my hits.csv", "--transform", OME, "--transform", ACETATE, "--cores", 2)
    made = installed.run(tmp_path, "halogenator", *words)
    assert "Done: 6 products of 2 jobs, 2 molecules in 1 library, 1 reject" in made
    folder = tmp_path / "my-hits-halogenator"
    assert sorted(row["smiles"] for row in products(folder, "my-hits", "acetate")) == [
        "CC(=O)Oc1cc(O)cc(/C=C/c2ccc(O)cc2)c1",
        "CC(=O)Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1",
        "CC(=O)Oc1ccccc1C(=O)O",
    ]
    assert "Nothing to be done" in installed.run(tmp_path, "halogenator", *words)
    halogenated = (
        "run",
        "my hits.csv",
        "--halogenate",
        1,
        "--class",
        "polyphenol",
        "--out",
        "fluorinated",
        "--cores",
        2,
    )
    assert "Merging library my-hits-1X" in installed.run(tmp_path, "halogenator", *halogenated)
    typo = installed.run(
        tmp_path, "halogenator", "run", "my hits.csv", "--transform", OME.replace("TO__", "TO_"), fails=True
    )
    assert f"did you mean '{OME}'?" in typo and "Traceback" not in typo
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.yaml").write_text("mine: true\n")
    refused = installed.run(tmp_path, "halogenator", *words, "--out", "mine", fails=True)
    assert (
        "name another folder: --out DIR" in refused and (tmp_path / "mine" / "run.yaml").read_text() == "mine: true\n"
    )


@pytest.mark.parametrize("origin", ["path", "git"])
def test_another_workflow_takes_the_rules(installed: Installed, tmp_path: Path, origin: str) -> None:
    """The rules of a checkout bring their package with them; those that come by git need the installed one."""
    variables = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    snakefile = f'"{REPOSITORY / "Snakefile"}"'
    if origin == "git":
        copy, url = tmp_path / "repository", "https://github.com/halogenator/halogenator"
        subprocess.run(["git", "clone", "--quiet", REPOSITORY, copy], check=True)
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=copy, check=True, capture_output=True, text=True)
        snakefile = f'github("halogenator/halogenator", path="Snakefile", commit="{commit.stdout.strip()}")'
        variables |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{copy}.insteadOf",
            "GIT_CONFIG_VALUE_0": url,
        }
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "Snakefile").write_text(IMPORTER.format(snakefile=snakefile, transform=OME))
    (folder / "hits.csv").write_text(HITS)
    libraries = {"hits": {"class": "polyphenol", "path": "hits.csv"}}
    chemistry = {"libraries": libraries, "select": {"libraries": ["hits"], "transforms": [OME]}}
    settings = {"theirs": 1, "chemistry": {**chemistry, "exports": {"all": {"library": "hits", "format": "smi"}}}}
    write_yaml(folder / "config.yaml", settings)
    installed.run(folder, "snakemake", "--cores", 2, **variables)
    assert len(products(folder / "made", "hits", OME)) == 3
    assert int((folder / "count.txt").read_text()) > 1000
    assert not (folder / "results").exists()
    installed.run(folder, "snakemake", "--cores", 2, "halo_all", **variables)
    assert (folder / "made" / "results" / "report.html").exists() and (folder / "made" / "summary.log").exists()
    assert len((folder / "made" / "results" / "exports" / "all" / "all.smi").read_text().splitlines()) == 3
    assert "Nothing to be done" in installed.run(
        folder, "snakemake", "--cores", 2, "halo_all", "count.txt", **variables
    )
    write_yaml(folder / "config.yaml", {"chemistry": {**chemistry, "chunk": {"product": 3}}})
    slip = installed.run(folder, "snakemake", "--cores", 2, fails=True, **variables)
    assert "configuration of the module: chunk.product" in slip and "Traceback" not in slip
