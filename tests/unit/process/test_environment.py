"""The environments: that of conda, and the locks, name the same versions; every rule with a command has the former."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from halogenator.process.environment import preload_allocator

REPOSITORY = Path(__file__).parents[3]
ENVIRONMENT = REPOSITORY / "envs" / "halogenator.yaml"
CONDA_NAMES = {"python-duckdb": "duckdb"}  # where conda-forge calls a package of PyPI otherwise
PACKAGES = {"yaml": "pyyaml", "botocore": "boto3"}  # what a module comes with, where that is called otherwise
# Of `completion`, `browse` and `publish`, which no rule calls; of workbooks, for which each user installs the reader.
PEOPLE_ONLY = {"shtab", "starlette", "uvicorn", "packaging", "openpyxl", "pandas", "polars"}


def locked(name: str) -> dict[str, str]:
    """{package: version} of a lock; the first, where Python's version decides."""
    text = (REPOSITORY / "envs" / f"{name}.txt").read_text()
    return dict(reversed(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)))


def in_conda() -> dict[str, str]:
    """{package as PyPI calls it: version} of the file for conda."""
    entries = dict(entry.split(" =") for entry in yaml.safe_load(ENVIRONMENT.read_text())["dependencies"])
    return {CONDA_NAMES.get(name, name): version for name, version in entries.items()}


def imported() -> set[str]:
    """Packages that the code of halogenator imports anywhere, inside functions too, beside Python's own."""
    modules = set()
    for path in (REPOSITORY / "workflow" / "halogenator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module)
    tops = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"halogenator"}
    return {PACKAGES.get(name, name) for name in tops}


def test_conda_and_the_lock_name_the_same_versions() -> None:
    wanted, versions = in_conda(), locked("s3")
    assert wanted.pop("python") == "3.11"
    assert wanted == {name: versions[name] for name in wanted}


def test_conda_has_what_tasks_import() -> None:
    assert {"rdkit", "boto3"} <= imported()
    assert imported() - PEOPLE_ONLY == in_conda().keys() - {"python"}


@pytest.mark.parametrize("name", ["slurm", "s3", "gcs", "azure", "kubernetes", "aws-batch", "s3-test"])
def test_other_locks_agree_with_the_first(name: str) -> None:
    first, other = locked("requirements"), locked(name)
    shared = first.keys() & other.keys()
    assert {"snakemake", "rdkit", "pyarrow", "duckdb", "hatchling"} <= shared
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
    environment = {"PATH": os.environ["PATH"]}
    assert preload_allocator(environment).startswith("the default, for mimalloc cannot be loaded")
    assert "LD_PRELOAD" not in environment
