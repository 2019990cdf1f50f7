"""``apply`` removes and replaces what it has recorded as its own, and nothing else that has such a name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from helpers.planned import Plan, Planned
from helpers.runs import OME
from helpers.samples import SAFETY_NET, few
from helpers.verbs import build_library

MINE = b"three years of work"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "phenols.smi"
    path.write_text("Oc1ccccc1 phenol\nCc1ccccc1O cresol\n")
    return path


def words(source: Path, out: Path, *more: object) -> list[str]:
    return ["apply", "--input", str(source), "--outdir", str(out), "--transform", OME, *map(str, more)]


def apply(source: Path, out: Path, *more: object, fails: bool = False) -> None:
    assert main(words(source, out, *more)) == (1 if fails else 0)


def killed(source: Path, out: Path) -> None:
    """Kill the verb when its first chunk is made."""
    plan = Plan(out.parent, [Planned("transform-chunk", "kill the task", "made-00000.parquet", "after")])
    line = [sys.executable, "-m", "halogenator", *words(source, out)]
    done = subprocess.run(line, env={**os.environ, **plan.variables}, capture_output=True, timeout=SAFETY_NET)
    assert done.returncode and plan.happened


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


NAMES = (
    *("work/notes.txt", "work/sub/notes.txt", "work/state.json", "work/raw.parquet", "work"),
    *("molecules.parquet", "products.parquet", "rejects.parquet", "stats.json"),
)


@pytest.mark.parametrize("name", few(NAMES, 2))
def test_a_folder_with_files_of_somebody_else(source: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(MINE)
    before = contents(tmp_path)
    apply(source, tmp_path / "out", fails=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("empty", few([True, False], 1))
def test_a_link_in_the_place_of_its_folder(source: Path, tmp_path: Path, empty: bool) -> None:
    mine, out = tmp_path / "mine", tmp_path / "out"
    mine.mkdir()
    out.mkdir()
    if not empty:
        (mine / "thesis.txt").write_bytes(MINE)
    (out / "work").symlink_to(mine)
    before = contents(tmp_path)
    apply(source, out, fails=True)
    assert contents(tmp_path) == before and (out / "work").is_symlink()


@pytest.mark.long
def test_an_empty_folder_that_was_there_before_is_there_afterwards(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out/work").mkdir(parents=True)
    apply(source, tmp_path / "out")
    assert list((tmp_path / "out/work").iterdir()) == []


@pytest.mark.long
def test_files_that_came_between_two_runs(source: Path, tmp_path: Path) -> None:
    """In the folder of an interrupted run, which goes on; and in the place of results, which are to be made again."""
    out = tmp_path / "out"
    killed(source, out)
    names = ("work/notes.txt", "work/scratch/notes.txt", "work/logs/notes.txt", "work/made-1.parquet", "notes.txt")
    for name in names:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(MINE)
    apply(source, out)
    assert {name for name, content in contents(out).items() if content == MINE} == set(names)
    assert sorted(path.name for path in out.iterdir() if path.suffix in (".parquet", ".json")) == [
        "molecules.parquet",
        "products.parquet",
        "rejects.parquet",
        "stats.json",
    ]
    shutil.rmtree(out / "work")  # as the message says, which a run with other settings would now end with
    for name in ("products.parquet", "molecules.parquet"):
        made = (out / name).read_bytes()
        pq.write_table(pq.read_table(out / name), out / name)  # as another program saves it
        before = contents(out)
        apply(source, out, "--descriptors", "mw", fails=True)
        assert contents(out) == before
        (out / name).write_bytes(made)
    apply(source, out, "--descriptors", "mw")


@pytest.mark.long
def test_a_table_of_somebody_else_beside_results_of_a_librarys_molecules(tmp_path: Path) -> None:
    molecules = build_library(tmp_path, [("phenol", "Oc1ccccc1")]).path
    out = tmp_path / "out"
    apply(molecules, out)
    for content in (MINE, molecules.read_bytes()):
        (out / "molecules.parquet").write_bytes(content)
        apply(molecules, out, "--descriptors", "mw" if content == MINE else "tpsa")
        assert (out / "molecules.parquet").read_bytes() == content


@pytest.mark.long
def test_an_input_that_is_its_own_earlier_result(source: Path, tmp_path: Path) -> None:
    out, link = tmp_path / "out", tmp_path / "link.parquet"
    apply(source, out)
    link.symlink_to(out / "molecules.parquet")
    before = contents(out)
    apply(link, out, fails=True)
    assert contents(out) == before
