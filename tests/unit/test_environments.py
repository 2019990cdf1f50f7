"""The environments: that of conda, and the locks, name the same versions; every rule with a command has the former."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from halogenator.environment import preload_allocator

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENT = REPOSITORY / "envs" / "halogenator.yaml"
CONDA_NAMES = {"python-duckdb": "duckdb"}  # where conda-forge calls a package of PyPI otherwise


def locked(name: str) -> dict[str, str]:
    """{package: version} of a lock; the first, where Python's version decides."""
    text = (REPOSITORY / "envs" / f"{name}.txt").read_text()
    return dict(reversed(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)))


def test_conda_and_the_lock_name_the_same_versions() -> None:
    wanted = dict(entry.split(" =") for entry in yaml.safe_load(ENVIRONMENT.read_text())["dependencies"])
    assert wanted.pop("python") == "3.11"
    versions = locked("requirements")
    assert {CONDA_NAMES.get(name, name): version for name, version in wanted.items()} == {
        name: versions[name] for name in (CONDA_NAMES.get(name, name) for name in wanted)
    }


@pytest.mark.parametrize("name", ["s3", "kubernetes", "aws-batch", "s3-test"])
def test_other_locks_agree_with_the_first(name: str) -> None:
    first, other = locked("requirements"), locked(name)
    shared = first.keys() & other.keys()
    assert {"snakemake", "rdkit", "pyarrow", "duckdb"} <= shared
    assert {key: other[key] for key in shared} == {key: first[key] for key in shared}


def test_every_rule_with_a_command_has_the_environment() -> None:
    found = 0
    for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        for rule in re.findall(r"^rule .*?(?=^rule |\Z)", path.read_text(), re.DOTALL | re.MULTILINE):
            if "\n    shell:" in rule:
                (environment,) = re.findall(r'^    conda:\n        "(.+)"$', rule, re.MULTILINE)
                assert (path.parent / environment).resolve() == ENVIRONMENT
                found += 1
    assert found >= 11


@pytest.mark.skipif(sys.platform != "linux", reason="preloading is Linux's")
def test_an_allocator_that_does_not_load_is_not_preloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an image without libatomic: preloaded all the same, it would end every command of every task."""
    library = tmp_path / "cmeel.prefix" / "lib" / "libmimalloc.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"not a library")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    assert preload_allocator().startswith("the default, for mimalloc cannot be loaded")
    assert "LD_PRELOAD" not in os.environ
