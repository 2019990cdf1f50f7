"""Results in Google's and in Azure's store: whole runs against stand-ins on this machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.clouds import AZURITE, Azure, Emulator, Google
from helpers.planned import Plan, Planned
from helpers.runs import REPOSITORY, command, snakemake, tasks
from helpers.stored import BUCKET, same_tables

NO_AZURITE = "Azurite is not installed: make .venv-azurite/ready (npm)"
STORES = [
    pytest.param(Google, id="google"),
    pytest.param(Azure, id="azure", marks=pytest.mark.skipif(not AZURITE.exists(), reason=NO_AZURITE)),
]


@pytest.fixture(scope="module", params=STORES)
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = request.param(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


def flags(cloud: Emulator, prefix: str) -> list[object]:
    profile = REPOSITORY / "profiles" / cloud.profile
    return ["--profile", profile, "--cores", 2, "--default-storage-prefix", f"{cloud.address}{BUCKET}/{prefix}"]


def prepare(local: Path, folder: Path) -> Path:
    """A folder with the files of a local run, without its results."""
    folder.mkdir(exist_ok=True)
    for path in local.glob("*.*"):
        if path.is_file():
            shutil.copy2(path, folder)
    return folder


def test_results_are_those_of_a_local_run_and_another_folder_finds_them(
    cloud: Emulator, local: Path, tmp_path: Path
) -> None:
    folder = prepare(local, tmp_path / "first")
    snakemake(folder, *flags(cloud, "whole"), env=cloud.environment)
    assert same_tables(cloud, "whole", local) == 12  # and nothing is left of the chunks
    made = {"whole/results/summary.tsv", "whole/results/catalog.duckdb", "whole/results/report.html"}
    assert made <= set(cloud.objects(BUCKET, "whole/"))
    other = prepare(local, tmp_path / "other")
    assert "Nothing to be done" in snakemake(other, *flags(cloud, "whole"), env=cloud.environment)


def test_a_run_that_was_killed_is_resumed(cloud: Emulator, local: Path, tmp_path: Path) -> None:
    """It ends with all its tasks when the molecules of a library are about to be there; what is in the store stays."""
    folder = prepare(local, tmp_path / "killed")
    plan = Plan(tmp_path, [Planned("merge-library", "kill all", "library=mine/molecules.parquet")])
    words, settings = command(folder, *flags(cloud, "killed"))
    settings["env"] = {**cloud.environment, **plan.variables}
    quiet = subprocess.DEVNULL
    run = subprocess.Popen(words, stdout=quiet, stderr=quiet, start_new_session=True, **settings)
    plan.reached(run)
    run.wait()
    before = set(cloud.objects(BUCKET, "killed/"))
    assert before and not [key for key in before if key.endswith("library=mine/molecules.parquet")]
    again = tasks(snakemake(folder, *flags(cloud, "killed"), env=cloud.environment))
    assert "Merging library mine" in again and not [text for text in again if text.startswith("Reading ")]
    assert same_tables(cloud, "killed", local) == 12
    assert "Nothing to be done" in snakemake(folder, *flags(cloud, "killed"), env=cloud.environment)
