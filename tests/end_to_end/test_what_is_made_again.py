"""What is made, and what is made again: plans, additions, edits, losses."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import oracle
from helpers.finished import TRANSFORMS, Finished
from helpers.runs import (
    COOME,
    OME,
    REPOSITORY,
    rules,
    snakemake,
    tasks,
    transform,
    write_yaml,
)

CATALOG = ["Cataloguing all results", "Reporting all results"]
ETHYL = transform("ETHYL", "[c:1][OX2H:2]>>[c:1][O:2]CC", ["polyphenol", "other"], "Oc1ccccc1", "CCOc1ccccc1")


@pytest.fixture(scope="module")
def folder(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished.copy(tmp_path_factory.mktemp("run"))


def products(folder: Path) -> dict[str, pa.Table]:
    """Every product file."""
    return {str(path): pq.read_table(path, partitioning=None) for path in folder.rglob("products.parquet")}


def test_the_first_plan_lists_every_task(finished: Finished) -> None:
    """A checkpoint would hide the chunks until the library is there."""
    plan, output = finished.plan, finished.output
    assert tasks(plan) == tasks(output)
    assert rules(plan) == rules(output)
    assert rules(plan)["transform_chunk"] == sum(", chunk" in task and " on " in task for task in tasks(plan)) > 2


def test_a_finished_run_has_nothing_to_do(folder: Path) -> None:
    assert "Nothing to be done" in snakemake(folder, "-n")


def plan_with(folder: Path, tmp_path: Path, **changes: object) -> list[str]:
    """The tasks that a changed configuration would run."""
    layer = write_yaml(tmp_path / "layer.yaml", changes)
    return tasks(snakemake(folder, "-n", "--configfile", folder / "config.yaml", layer))


def test_a_new_transform_runs_its_own_jobs_only(folder: Path, tmp_path: Path) -> None:
    path = write_yaml(tmp_path / "transforms.yaml", {"transforms": [*TRANSFORMS, ETHYL]})
    planned = plan_with(folder, tmp_path, transforms=str(path))
    assert {"Merging ETHYL on mine", "Merging ETHYL on other-1X"} < set(planned)
    assert [task for task in planned if "ETHYL" not in task] == [*CATALOG, "Summarising 5 jobs"]


@pytest.mark.long
def test_a_second_file_of_transforms_adds_its_own_jobs_only(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f'transforms: [{{name: MINE, smirks: "{ETHYL["smirks"]}", scope_classes: [polyphenol]}}]\n')
    planned = plan_with(folder, tmp_path, transforms=["transforms.yaml", str(mine)])
    assert "Merging MINE on mine" in planned
    assert [task for task in planned if "MINE" not in task] == [*CATALOG, "Summarising 4 jobs"]


def edited(smirks: str | None = None, **changes: object) -> list[dict[str, object]]:
    """The transforms with the first one changed."""
    entry = TRANSFORMS[0] | ({"smirks": smirks, "examples": ETHYL["examples"]} if smirks else {}) | changes
    return [entry, *TRANSFORMS[1:]]


def test_an_edited_smirks_runs_that_transform_again(folder: Path, tmp_path: Path) -> None:
    path = write_yaml(tmp_path / "transforms.yaml", {"transforms": edited("[c:1][OX2H:2]>>[c:1][O:2]CC")})
    planned = plan_with(folder, tmp_path, transforms=str(path))
    assert {f"Merging {OME} on mine", f"Merging {OME} on other-1X"} < set(planned)
    assert [task for task in planned if OME not in task] == [*CATALOG, "Summarising 3 jobs"]


def test_what_changes_no_result_reruns_nothing(folder: Path, tmp_path: Path) -> None:
    """Words for people, comments, the size of chunks, the memory, a library that is not selected."""
    path = tmp_path / "transforms.yaml"
    write_yaml(path, {"transforms": edited(label="methylation", family="ethers", description="with iodomethane")})
    path.write_text("# a comment\n" + path.read_text())
    later = {"later": {"class": "lipid", "path": "mine.csv"}}
    changes = {"chunk": {"products": 7}, "memory": {"cap_mb": 2_000}, "libraries": later, "transforms": str(path)}
    assert plan_with(folder, tmp_path, **changes) == []


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"descriptors": ["mw"]}, ()),
        ({"identifiers": ["inchikey"]}, ("library",)),
        ({"libraries": {"mine": {"fragments": "keep", "id_column": "smiles"}}}, ("other",)),
    ],
    ids=str,
)
@pytest.mark.long
def test_settings_that_change_results_rerun_what_they_change(
    folder: Path, tmp_path: Path, changes: dict[str, object], kept: tuple[str, ...]
) -> None:
    planned = plan_with(folder, tmp_path, **changes)
    merges = {f"Merging {OME} on mine", f"Merging {OME} on other-1X", f"Merging {COOME} on mine"}
    merges |= {"Merging library mine", "Merging library other-1X"}
    expected = {task for task in merges if not any(word in task for word in kept)}
    assert merges & set(planned) == expected


def test_a_changed_input_file_runs_its_library_again(folder: Path) -> None:
    """Its first tables are temporary and gone, so that only the rules between know."""
    path = folder / "mine.csv"
    text, times = path.read_text(), path.stat()
    try:
        path.write_text(text + "phenol,Oc1ccccc1\n")
        planned = tasks(snakemake(folder, "-n"))
    finally:
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert {"Merging library mine", f"Merging {OME} on mine", f"Merging {COOME} on mine"} < set(planned)
    assert not [task for task in planned if "other-1X" in task]


# ---- the code --------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the repository, to edit."""
    copy = tmp_path / "repository"
    for name in ("workflow", "configs", "profiles", "envs"):
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(REPOSITORY / "Snakefile", copy)
    return copy


@pytest.mark.long
def test_a_comment_in_the_code_reruns_nothing(folder: Path, repository: Path) -> None:
    for path in [*repository.rglob("*.py"), *repository.rglob("*.smk"), repository / "Snakefile"]:
        path.write_text(path.read_text() + "\n# A comment.\n")
    assert "Nothing to be done" in snakemake(folder, "-n", repository=repository)


@pytest.mark.long
def test_a_raised_engine_version_reruns_all_chemistry(folder: Path, repository: Path) -> None:
    path = repository / "workflow" / "halogenator" / "__init__.py"
    text, count = re.subn(r"^ENGINE_VERSION = (\d+)$", r"ENGINE_VERSION = 1\1", path.read_text(), flags=re.MULTILINE)
    assert count == 1
    path.write_text(text)
    planned = rules(snakemake(folder, "-n", repository=repository))
    assert planned["merge_library"] == 3  # other-0X with them
    assert planned["merge_products"] == 3
    assert planned["read_library"] == 2


# ---- last, since it changes the folder -------------------------------------------------------------------------------


@pytest.mark.long
def test_a_lost_file_is_made_again_alone(folder: Path) -> None:
    before = products(folder)
    (folder / f"results/products/library=mine/transform={OME}/products.parquet").unlink()
    output = snakemake(folder, "--cores", 2)
    assert f"Merging {OME} on mine" in tasks(output)
    assert [task for task in tasks(output) if f"{OME} on mine" not in task] == [*CATALOG, "Summarising 3 jobs"]
    assert products(folder) == before
    assert "Nothing to be done" in snakemake(folder, "-n")


@pytest.mark.long
def test_a_transform_younger_than_its_library_is_exact(folder: Path, tmp_path: Path) -> None:
    """The library does not know this query's sites, so that every row has to be tried."""
    name, smirks = "CARBONYL", "[CX3:1]=[OX1:2]>>[CX4:1][O:2]"
    entry = transform(name, smirks, ["polyphenol"], "CC(C)=O", "CC(C)O")
    path = write_yaml(tmp_path / "transforms.yaml", {"transforms": [*TRANSFORMS, entry]})
    layer = write_yaml(tmp_path / "layer.yaml", {"transforms": str(path)})
    output = snakemake(folder, "--cores", 2, "--configfile", folder / "config.yaml", layer)
    assert not [task for task in tasks(output) if "ibrary mine" in task]
    library = pq.read_table(folder / "results/libraries/library=mine/molecules.parquet", partitioning=None).to_pylist()
    made = folder / f"results/products/library=mine/transform={name}"
    found = pq.read_table(made / "products.parquet", partitioning=None).to_pylist()
    expected: Counter[str] = Counter()
    for molecule in library:
        for smiles, (_, count) in oracle.apply(smirks, molecule["smiles"]).rows.items():
            expected[smiles] += count
    assert {row["smiles"]: row["n_routes"] for row in found} == expected
