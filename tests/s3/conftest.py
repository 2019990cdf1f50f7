"""What tests of stores and clusters need: a store with a library, a finished run, and a clone of the workflow."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from helpers.containers import CSV, SETTINGS
from helpers.finished import lay_out
from helpers.runs import REPOSITORY, named_parents, snakemake, write_molecules
from helpers.store import Store
from helpers.stored import configure


@pytest.fixture(scope="module")
def lipids() -> Iterator[Store]:
    """A store that holds a library of lipids."""
    store = Store()
    store.client.create_bucket(Bucket="inputs")
    store.client.put_object(Bucket="inputs", Key="lipids.csv", Body=CSV.encode())
    yield store
    store.stop()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The workflow in a repository of its own, with a configuration: containers get what git knows of."""
    folder = tmp_path / "checkout"
    listed = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, text=True)
    for name in listed.splitlines():
        if not name.startswith(("tests/", "docs/", "benchmarks/")) and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    (folder / "config.yaml").write_text(yaml.safe_dump(SETTINGS))
    subprocess.run("git init -q . && git add -A", shell=True, check=True, cwd=folder)
    return folder


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on this disk; its library in Parquet has rows that are no molecules."""
    folder = tmp_path_factory.mktemp("local")
    lay_out(folder)
    write_molecules(folder / "mine.parquet", [*named_parents("polyphenol")[:10], ("bad", "CC("), ("none", "")])
    configure(folder, "mine.parquet")
    snakemake(folder, "--cores", 2)
    return folder
