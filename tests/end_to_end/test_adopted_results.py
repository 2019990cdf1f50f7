"""Outputs of an earlier pipeline become finished jobs: the plan leaves them out, until something else is asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rdkit import Chem
from rdkit.Chem import Descriptors, rdMolDescriptors

from halogenator.config import read_config
from helpers.earlier import EARLIER, write_earlier
from helpers.runs import OME, REPOSITORY, named_parents, rules, shipped, snakemake, tasks, write_molecules, write_yaml
from helpers.samples import SAFETY_NET, few

DEFAULT = REPOSITORY / "configs" / "config.yaml"


def adopt(folder: Path, *flags: object, fails: bool = False) -> str:
    """Run the verb in a folder, in a process of its own: it holds the folder's lock until it ends."""
    words = [sys.executable, "-m", "halogenator", "adopt", *map(str, flags)]
    done = subprocess.run(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SAFETY_NET
    )
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its time and content."""
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file()}


# ---- the default configuration: 58 whole, 2 corrupt, 58 missing -----------------------------------------------------


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str]], str]:
    """A folder into which the default configuration's first 58 jobs were adopted, those jobs, and what was printed."""
    folder = tmp_path_factory.mktemp("default")
    jobs = read_config([DEFAULT], working_dir=folder).jobs
    assert len(jobs) == 118
    whole, corrupt = list(jobs[:58]), jobs[58:60]
    for job in [*whole, *corrupt]:
        write_earlier(folder / "earlier", job)
    truncated, empty = (folder / "earlier" / "_".join(job) / "products.parquet" for job in corrupt)
    truncated.write_bytes(truncated.read_bytes()[:-100])  # no footer
    truncated.with_name("dedup.db").write_bytes(b"SQLite format 3\0")
    empty.write_bytes(b"")
    empty.with_name("dedup.db-wal").write_bytes(b"\x37\x7f\x06\x82")
    before = files(folder)
    said = adopt(folder, "earlier", "--dry-run")
    assert files(folder) == before
    assert not (folder / "results").exists()
    printed = adopt(folder, "earlier")
    assert said.replace("would be ", "").splitlines()[-1] == printed.splitlines()[-1]
    assert said.count("would adopt  ") == 58
    return folder, whole, printed


@pytest.mark.long
def test_58_are_adopted_2_are_broken_and_60_are_to_be_run(default: tuple[Path, list[tuple[str, str]], str]) -> None:
    _, whole, printed = default
    adopted = [line.split("  ")[1] for line in printed.splitlines() if line.startswith("adopted  ")]
    assert adopted == sorted("_".join(job) for job in whole)
    broken = [line for line in printed.splitlines() if line.startswith("broken")]
    assert len(broken) == 2
    assert any("dedup.db-wal" in line and "empty" in line for line in broken)
    assert any("cannot be read" in line and "dedup.db" in line for line in broken)
    assert printed.splitlines()[-1] == "58 adopted, 2 broken, 0 unknown; 60 of 118 jobs are to be run"


@pytest.mark.long
def test_the_plan_holds_the_other_60(default: tuple[Path, list[tuple[str, str]], str]) -> None:
    """Also though the libraries, that all jobs start from, are still to be made."""
    folder, whole, _ = default
    plan = snakemake(folder, "-n", "--configfile", DEFAULT)
    assert rules(plan)["merge_products"] == 60
    assert "transform_chunk" not in rules(plan)  # these jobs are small
    assert rules(plan)["merge_library"] == 21
    assert "118 jobs: 58 adopted, 60 to do" in plan
    assert not [task for task in tasks(plan) if any(f"{transform} on {name}" in task for name, transform in whole)]


@pytest.mark.long
def test_adopting_again_leaves_all_as_it_is(default: tuple[Path, list[tuple[str, str]], str]) -> None:
    folder, _, _ = default
    before = files(folder / "results")
    printed = adopt(folder, "earlier")
    assert printed.count("finished  ") == 58
    assert printed.splitlines()[-1].startswith("0 adopted, 2 broken")
    assert files(folder / "results") == before


@pytest.mark.long
def test_an_adopted_job_as_a_target_has_nothing_to_do(default: tuple[Path, list[tuple[str, str]], str]) -> None:
    folder, whole, _ = default
    library, transform = whole[0]
    target = f"results/products/library={library}/transform={transform}/products.parquet"
    assert "Nothing to be done" in snakemake(folder, "-n", target, "--configfile", DEFAULT)


# ---- a small configuration, run for real ----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library and two transforms, of which the earlier pipeline has done one."""
    write_molecules(tmp_path / "mine.csv", named_parents("polyphenol")[:6])
    write_yaml(tmp_path / "transforms.yaml", {"transforms": [shipped(OME, "polyphenol"), another()]})
    config = {
        "libraries": {"mine": {"class": "polyphenol", "path": "mine.csv"}},
        "transforms": "transforms.yaml",
        "select": {"libraries": ["mine"]},
    }
    write_yaml(tmp_path / "config.yaml", config)
    write_earlier(tmp_path / "earlier", ("mine", OME))
    return tmp_path


def another() -> dict[str, object]:
    return {**shipped(OME, "polyphenol"), "name": "OTHER"}


def products(folder: Path, transform: str = OME) -> Path:
    return folder / f"results/products/library=mine/transform={transform}/products.parquet"


def stats(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / f"results/stats/products/mine/{OME}.json").read_text())
    return found


def adopt_small(folder: Path, *flags: object) -> str:
    return adopt(folder, "earlier", "--configfile", "config.yaml", *flags)


def test_rows_come_in_the_columns_of_this_program(folder: Path) -> None:
    printed = adopt_small(folder)
    assert "4 rows, 1 duplicates" in printed
    rows = pq.read_table(products(folder), partitioning=None).to_pylist()
    assert [row["smiles"] for row in rows] == [Chem.CanonSmiles(text) for text in EARLIER[:3]]
    for row in rows:
        mol = Chem.MolFromSmiles(row["smiles"])
        assert (row["parent_id"], row["site"], row["n_routes"]) == (None, None, None)
        assert row["mw"] == pytest.approx(Descriptors.MolWt(mol), abs=1e-6)
        assert row["tpsa"] == pytest.approx(rdMolDescriptors.CalcTPSA(mol), abs=1e-6)
        assert row["clogp"] == pytest.approx(rdMolDescriptors.CalcCrippenDescriptors(mol)[0], abs=1e-6)
        assert (row["hbd"], row["hba"]) == (rdMolDescriptors.CalcNumHBD(mol), rdMolDescriptors.CalcNumHBA(mol))
        assert row["rotb"] == rdMolDescriptors.CalcNumRotatableBonds(mol)
    note = json.loads(pq.read_metadata(products(folder)).metadata[b"halogenator"])
    assert note["adopted"]["from"] == str(folder / f"earlier/mine_{OME}/products.parquet")
    record = stats(folder)
    assert (record["products"], record["duplicates"], record["rejects"], record["rows_in"]) == (3, 1, 0, None)


@pytest.mark.long
def test_columns_that_the_earlier_file_lacks_are_computed(folder: Path) -> None:
    path = write_earlier(folder / "earlier", ("mine", OME))
    pq.write_table(pq.read_table(path).select(["canonical_smiles", "MW"]), path)
    write_yaml(folder / "inchikey.yaml", {"identifiers": ["inchikey"]})
    adopt(folder, "earlier", "--configfile", "config.yaml", "inchikey.yaml")
    (row, *_) = pq.read_table(products(folder), partitioning=None).to_pylist()
    mol = Chem.MolFromSmiles(EARLIER[0])
    assert row["inchikey"] == Chem.MolToInchiKey(mol)
    assert row["hba"] == rdMolDescriptors.CalcNumHBA(mol)


def test_a_row_that_rdkit_cannot_read_is_a_reject(folder: Path) -> None:
    ethers = [f"CO{'C' * length}" for length in range(1, 200)]
    write_earlier(folder / "earlier", ("mine", OME), [*ethers, "COc1ccccc"])
    assert "200 rows, 1 rejects" in adopt_small(folder)
    rejects = folder / f"results/rejects/products/library=mine/transform={OME}/rejects.parquet"
    (row,) = pq.read_table(rejects, partitioning=None).to_pylist()
    assert (row["row"], row["smiles"], row["reason"]) == (200, "COc1ccccc", "unparsable SMILES")
    assert pq.read_metadata(products(folder)).num_rows == 199


@pytest.mark.long
def test_a_run_does_the_rest_and_counts_what_was_adopted(folder: Path) -> None:
    adopt_small(folder)
    adopted = files(products(folder).parent)
    output = snakemake(folder, "--cores", 2)
    assert rules(output)["merge_products"] == 1
    assert files(products(folder).parent) == adopted
    assert "Nothing to be done" in snakemake(folder, "-n")
    with duckdb.connect(str(folder / "results/catalog.duckdb"), read_only=True) as catalog:
        jobs = dict(catalog.execute("SELECT transform, products FROM jobs").fetchall())
        rows = catalog.execute("SELECT count(*) FROM products WHERE transform = ?", [OME]).fetchall()
        assert catalog.execute("SELECT library, molecules FROM libraries").fetchall() == [("mine", 6)]
    assert jobs[OME] == 3 and jobs["OTHER"] > 3
    assert rows == [(3,)]


@pytest.mark.long
def test_forcing_all_keeps_what_was_adopted(folder: Path) -> None:
    """Snakemake removes the outputs of what it makes anew, and nobody could make these files again."""
    adopt_small(folder)
    adopted = products(folder).read_bytes()
    ran = rules(snakemake(folder, "--cores", 2, "--forceall"))
    assert (ran["merge_products"], ran["keep_adopted"]) == (1, 1)
    assert products(folder).read_bytes() == adopted
    change_smirks(folder)
    assert f"Merging {OME} on mine" in tasks(snakemake(folder, "-n"))


@pytest.mark.long
def test_forcing_all_finds_a_damaged_file_and_keeps_it(folder: Path) -> None:
    adopt_small(folder)
    data = bytearray(products(folder).read_bytes())
    data[30] ^= 1
    products(folder).write_bytes(data)
    assert "BAD" in snakemake(folder, "--cores", 2, "--forceall", "--retries", 0, fails=True)
    assert products(folder).read_bytes() == data


def change_smirks(folder: Path) -> None:
    example = {"reactant": "Oc1ccccc1", "products": ["CCOc1ccccc1"]}
    entry = {**shipped(OME, "polyphenol"), "smirks": "[c:1][OX2H:2]>>[c:1][O:2]CC", "examples": [example]}
    write_yaml(folder / "transforms.yaml", {"transforms": [entry, another()]})


def change_descriptors(folder: Path) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    write_yaml(folder / "config.yaml", {**config, "descriptors": ["mw"]})


def change_input(folder: Path) -> None:
    with (folder / "mine.csv").open("a") as file:
        file.write("phenol,Oc1ccccc1\n")


def lose_times(folder: Path) -> None:
    """As a copy of the folder does; and change the SMIRKS."""
    for path in sorted((folder / "results").rglob("*")):
        os.utime(path)
    change_smirks(folder)


@pytest.mark.long
@pytest.mark.parametrize("run_before", few([False, True], 1), ids=["library not there", "library there"])
@pytest.mark.parametrize("change", few([change_smirks, change_descriptors, change_input, lose_times], 1))
def test_what_is_no_longer_asked_for_is_made_anew(folder: Path, change: object, run_before: bool) -> None:
    adopt_small(folder)
    if run_before:
        snakemake(folder, "--cores", 2)
    assert f"Merging {OME} on mine" not in tasks(snakemake(folder, "-n"))
    change(folder)
    assert f"Merging {OME} on mine" in tasks(snakemake(folder, "-n"))
    if run_before and change is change_smirks:
        snakemake(folder, "--cores", 2)
        made = pq.read_table(products(folder), partitioning=None).column("smiles").to_pylist()
        assert len(made) > 3 and all("CCO" in smiles or "OCC" in smiles for smiles in made)
        assert "adopted" not in stats(folder)
        assert "Nothing to be done" in snakemake(folder, "-n")


@pytest.mark.long
def test_a_fresh_checkout_of_the_input_changes_nothing(folder: Path) -> None:
    adopt_small(folder)
    os.utime(folder / "mine.csv")
    assert f"Merging {OME} on mine" not in tasks(snakemake(folder, "-n"))


@pytest.mark.parametrize("kind", ["stats", "products", "rejects"])
@pytest.mark.long
def test_a_lost_file_brings_the_job_back(folder: Path, kind: str) -> None:
    """So does adoption cut off before its record, the last file, was written."""
    adopt_small(folder)
    (path,) = [path for path in (folder / "results" / kind).rglob("*") if path.is_file()]
    path.unlink()
    assert f"Merging {OME} on mine" in tasks(snakemake(folder, "-n"))
    adopt_small(folder)
    assert f"Merging {OME} on mine" not in tasks(snakemake(folder, "-n"))


@pytest.mark.long
def test_adopted_results_are_not_deleted(folder: Path) -> None:
    adopt_small(folder)
    before = files(folder / "results")
    assert "no run can make" in snakemake(folder, "--delete-all-output", fails=True)
    assert files(folder / "results") == before
    assert "Would delete" in snakemake(folder, "-n", "--delete-all-output")


# ---- what must not be adopted ---------------------------------------------------------------------------------------


def broken(folder: Path) -> str:
    """Return the reason that the one entry is broken for; a dry run says the same, and nothing was made."""
    said = adopt_small(folder, "--dry-run")
    printed = adopt_small(folder)
    assert printed.splitlines()[0] == said.splitlines()[0]
    assert printed.startswith("broken  ")
    assert [p for p in (folder / "results").rglob("*") if p.is_file()] == []
    return printed.splitlines()[0]


def test_a_folder_with_the_dedup_database_only(folder: Path) -> None:
    path = folder / f"earlier/mine_{OME}/products.parquet"
    path.rename(path.with_name("dedup.db"))
    assert "no products.parquet; there is dedup.db" in broken(folder)


@pytest.mark.long
def test_a_whole_file_whose_deduplication_was_cut_off(folder: Path) -> None:
    (folder / f"earlier/mine_{OME}/dedup.db-wal").touch()
    assert "cut off" in broken(folder)


@pytest.mark.long
def test_a_page_that_cannot_be_read(folder: Path) -> None:
    """The footer is whole, so that only reading finds it."""
    path = folder / f"earlier/mine_{OME}/products.parquet"
    data = bytearray(path.read_bytes())
    data[4:60] = bytes(56)
    path.write_bytes(data)
    assert "cannot be read" in broken(folder)


@pytest.mark.long
def test_a_file_of_something_else(folder: Path) -> None:
    pq.write_table(pa.table({"weight": [1.0]}), folder / f"earlier/mine_{OME}/products.parquet")
    assert "no column smiles" in broken(folder)


@pytest.mark.long
def test_smiles_that_are_none(folder: Path) -> None:
    write_earlier(folder / "earlier", ("mine", OME), ["aspirin", "COc1ccccc1"])
    assert "RDKit cannot read 1 of 2 SMILES" in broken(folder)


def test_links_and_other_names_are_unknown(folder: Path) -> None:
    earlier = folder / "earlier"
    shutil.move(earlier / f"mine_{OME}", folder / "elsewhere")
    (earlier / f"mine_{OME}").symlink_to(folder / "elsewhere")
    for name in (f"mine_{OME[:-1]}", "nmr", "..%2f..%2fmine"):
        shutil.copytree(folder / "elsewhere", earlier / name)
    printed = adopt_small(folder)
    assert f"did you mean 'mine_{OME}'" in printed
    assert "symbolic link" in printed
    assert printed.count("unknown  ") == 4
    assert [p for p in (folder / "results").rglob("*") if p.is_file()] == []


def test_a_folder_that_is_not_there(folder: Path) -> None:
    assert "no such folder" in adopt(folder, "nowhere", fails=True)
