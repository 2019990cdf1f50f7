"""Exports of a run: made with it, made again when what they are of changes, taken up again after a kill."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rdkit import Chem

from helpers.exports import export, records, rows
from helpers.finished import Finished, lay_out
from helpers.planned import Plan, Planned
from helpers.runs import (
    OME,
    REPOSITORY,
    command,
    rules,
    snakemake,
    write_yaml,
)
from helpers.samples import few

EXPORTS = {
    "ethers": {"library": "mine", "transform": OME, "format": "sdf.gz", "split": 5, "only": ["lipinski"]}
    | {"mw": [None, 400], "parents": True, "coordinates": True},
    "acids": {"sql": "SELECT * FROM products WHERE hbd > 1", "format": "csv", "sample": 12, "diverse": 4, "seed": 3},
    "docked": {"library": "mine", "transform": OME, "format": "sdf", "conformers": 2, "sample": 3}
    | {"reaction": True, "titles": True, "lead_like": False, "scaffold_split": [0.7, 0.3]},
    "library": {"library": "all", "molecules": True, "without": ["pains"], "fsp3": [0.1, None]},
}


def export_as(folder: Path, exports: object) -> None:
    """Write these exports into a configuration."""
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    write_yaml(folder / "config.yaml", {**settings, "exports": exports})


@pytest.fixture(scope="module")
def folder(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = finished.copy(tmp_path_factory.mktemp("exports"))
    export_as(made, EXPORTS)
    assert rules(snakemake(made, "--cores", 2, "exports")) == {"export": len(EXPORTS), "exports": 1}
    return made


def files(folder: Path) -> dict[str, bytes]:
    place = folder / "results/exports"
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def test_a_run_makes_its_exports(folder: Path) -> None:
    made = [name for name in files(folder) if not name.endswith(".json")]
    ethers = [name for name in made if name.startswith("ethers")]
    assert ethers == [f"ethers/ethers-{number:04}.sdf.gz" for number in range(1, len(ethers) + 1)]
    assert [name for name in made if name not in ethers] == [
        "acids/acids.csv",
        "docked/docked.sdf",
        "library/library.smi",
    ]
    place = folder / "results/exports"
    found = records([place / name for name in ethers])
    assert found and all(float(mol.GetProp("mw")) <= 400 for mol in found)
    assert all(Chem.MolToSmiles(mol) == mol.GetProp("smiles") for mol in found)
    assert all(mol.HasProp("parent_smiles") for mol in found)
    docked = records([place / "docked/docked.sdf"])
    assert len({mol.GetProp("name") for mol in docked}) == 3 and all(mol.GetConformer().Is3D() for mol in docked)
    assert all(mol.HasProp(tag) for mol in docked for tag in ("reaction", "title", "set", "energy"))
    picked = rows([place / "acids/acids.csv"])
    assert len(picked) == 4 and all(int(row["hbd"]) > 1 for row in picked)


def test_an_export_is_what_the_verb_makes(folder: Path, tmp_path: Path) -> None:
    words = ["--library", "mine", "--transform", OME, "--split", 5, "--only", "lipinski", "--mw", ":400"]
    made = export(folder / "results", tmp_path / "ethers.sdf.gz", *words, "--parents", "--coordinates")
    whole = files(folder)
    assert all(path.read_bytes() == whole[f"ethers/{path.name}"] for path in made)


@pytest.mark.long
def test_only_a_changed_export_is_made_again(folder: Path) -> None:
    snakemake(folder, "--cores", 2)  # its catalog and its report are older than the exports
    assert "Nothing to be done" in snakemake(folder, "-n")
    before = files(folder)
    changed = {**EXPORTS, "ethers": {**EXPORTS["ethers"], "split": 8}}
    export_as(folder, changed)
    assert rules(snakemake(folder, "--cores", 1, "exports")) == {"export": 1, "exports": 1}
    assert len([name for name in files(folder) if name.startswith("ethers/ethers-")]) < len(
        [name for name in before if name.startswith("ethers/ethers-")]
    )
    export_as(folder, EXPORTS)
    snakemake(folder, "--cores", 1, "exports")
    assert files(folder) == before
    assert "Nothing to be done" in snakemake(folder, "-n")


@pytest.mark.long
def test_an_export_is_made_again_when_what_it_is_compared_with_changes(
    finished: Finished, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = finished.copy(tmp_path_factory.mktemp("novel"))
    known = folder / "known.csv"
    known.write_text("smiles\nCCO\n")
    export_as(folder, {"new": {"library": "mine", "transform": OME, "format": "csv", "novel": "known.csv"}})
    snakemake(folder, "--cores", 1, "exports")
    made = rows([folder / "results/exports/new/new.csv"])
    known.write_text(f"smiles\n{made[0]['smiles']}\n")
    assert rules(snakemake(folder, "--cores", 1, "exports")) == {"export": 1, "exports": 1}
    assert rows([folder / "results/exports/new/new.csv"]) == made[1:]


WRONG = {
    "library": ({"library": "mime"}, "did you mean 'mine'?"),
    "transform": ({"library": "mine", "transform": OME[:-1]}, f"did you mean '{OME}'?"),
    "key": ({"library": "mine", "splt": 5}, "did you mean 'split'?"),
    "format": ({"library": "mine", "format": "sfd"}, "did you mean 'sdf'?"),
    "filter": ({"library": "mine", "only": ["lipinksi"]}, "did you mean 'lipinski'?"),
    "set": ({"library": "mine", "novel": "mine.csx"}, "did you mean 'mine.csv'?"),
    "nothing": ({"format": "sdf"}, "nothing says what to export"),
    "window": ({"library": "mine", "mw": [500, 200]}, "LOW <= HIGH"),
    "window as text": ({"library": "mine", "mw": "200:500"}, "[low, high]"),
    "coordinates": ({"library": "mine", "coordinates": True}, "coordinates are for SDF"),
    "query and library": ({"library": "mine", "sql": "SELECT smiles FROM products"}, "a query says itself"),
}


@pytest.mark.parametrize("name", few(WRONG, 1))
def test_a_wrong_export_stops_before_the_first_job(tmp_path: Path, name: str) -> None:
    entry, said = WRONG[name]
    lay_out(tmp_path)
    export_as(tmp_path, {"wrong": entry})
    output = snakemake(tmp_path, "-n", fails=True)
    assert said in output
    assert re.search(r"exports\.wrong", output), output


# ---- killed ----------------------------------------------------------------------------------------------------------


def kill_at(line: Sequence[object], plan: Plan, **how: object) -> None:
    """Start a program and kill its process group when a task of it has come to what is planned."""
    how |= {"env": {**os.environ, **plan.variables}, "text": True}
    process = subprocess.Popen(list(map(str, line)), start_new_session=True, **how)
    plan.reached(process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


BIG = {"library": "mine", "format": "sdf", "split": 3, "coordinates": True, "sample": 40, "flag": ["pains"]}


@pytest.mark.long
def test_a_killed_verb_goes_on_and_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    words = ["--library", "mine", "--split", "3", "--coordinates", "--sample", "40", "--flag", "pains"]
    (tmp_path / "whole").mkdir()
    export(folder / "results", tmp_path / "whole/big.sdf", *words)
    out = tmp_path / "killed/big.sdf"
    line = [sys.executable, "-m", "halogenator", "export", "--results", folder / "results", "--out", out, *words]
    for split in (2, 5, 10):
        kill_at(line, Plan(tmp_path / str(split), [Planned("export", name=f"big-{split:04}.sdf")]))
        assert not (tmp_path / "killed/big.sdf.json").exists()
    stands = {path: path.stat().st_mtime_ns for path in sorted(out.parent.glob("big-*.sdf"))[:8]}
    export(folder / "results", out, *words)
    assert all(path.stat().st_mtime_ns == when for path, when in stands.items())
    whole, killed = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("whole", "killed")
    )
    assert killed == whole


@pytest.mark.long
def test_a_killed_run_goes_on_with_its_export(finished: Finished, tmp_path: Path) -> None:
    finished.copy(tmp_path)
    export_as(tmp_path, {"big": BIG})
    words, how = command(tmp_path, "--cores", 1)
    place = tmp_path / "results/exports/big"
    kill_at(words, Plan(tmp_path, [Planned("export", name="big-0005.sdf")]), **how)
    stands = {path: path.stat().st_mtime_ns for path in sorted(place.glob("big-*.sdf"))[:3]}
    snakemake(tmp_path, "--cores", 1)
    assert all(path.stat().st_mtime_ns == when for path, when in stands.items())
    manifest = json.loads((place / "big.sdf.json").read_text())
    assert manifest["molecules"] == BIG["sample"]
    names = [split["file"] for split in manifest["files"]]
    assert len(names) > 10 and sorted(path.name for path in place.iterdir()) == [*names, "big.sdf.json"]


# ---- documentation ---------------------------------------------------------------------------------------------------


def test_the_commands_of_the_guide_are_right(folder: Path) -> None:
    """Each is read by the verb's own parser; the configuration in it is valid."""
    from halogenator.cli import build_parser
    from halogenator.cli.export_verb import request_of
    from halogenator.config import read_config
    from halogenator.planning.export_request import check

    guide = (REPOSITORY / "docs/how-to/export.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) for line in _joined(block)]
    verbs = [shlex.split(line, comments=True)[3:] for line in lines if "halogenator export" in line]
    assert len(verbs) > 8
    for words in verbs:
        if "--help" not in words:
            check(replace(request_of(build_parser().parse_args(words)), in_sets=(), not_in_sets=(), novel=()))
    (settled,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    path = write_yaml(folder / "guide.yaml", yaml.safe_load(settled))
    for name in ("chembl.smi.gz", "stock.csv"):
        (folder / name).write_text("")
    shipped_config = REPOSITORY / "configs/config.yaml"
    config = read_config([shipped_config, path], working_dir=folder)
    assert len(config.exports) == 7


def _joined(block: str) -> list[str]:
    return block.replace("\\\n", " ").splitlines()
