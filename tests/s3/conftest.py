"""What runs in clusters need: a store with a library in it, and a clone of the workflow."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from helpers.containers import CSV, SETTINGS
from helpers.runs import REPOSITORY
from helpers.store import Store


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
