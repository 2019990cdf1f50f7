"""A results folder is replaced and cleaned only if a file in it shows that this program wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from halogenator.cli import main
from halogenator.errors import UserError
from halogenator.process.ownership import unfinished
from halogenator.results import Results
from halogenator.tables.configurations import keep, name_of, read_configuration
from helpers.exports import export, lay_out
from helpers.runs import write_molecules

MINE = b"three years of work"
FOREIGN = (
    *("work/notes.txt", "work/scratch/thesis.txt", "summary.tsv", "plan.tsv", "report.html", "monitor.parquet"),
    *("products/library=mine/transform=T/products.parquet", "stats/products/mine/T.json", "exports/e/e.sdf"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration, and one with nothing to adopt."""
    write_molecules(tmp_path / "mine.csv", [("phenol", "Oc1ccccc1")])
    library = {"mine": {"class": "polyphenol", "path": str(tmp_path / "mine.csv")}}
    settings = {"libraries": library, "select": {"libraries": ["mine"]}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "earlier").mkdir()
    return tmp_path


def adopt(folder: Path) -> int:
    """Run a verb that claims the folder of results as a run does; return its status."""
    config, results = folder / "config.yaml", folder / "results"
    return main(["adopt", str(folder / "earlier"), "--results", str(results), "--configfile", str(config)])


def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return why; the folder of results is as before."""
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    assert adopt(folder) == 1
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before
    return capsys.readouterr().err


@pytest.mark.parametrize("name", FOREIGN)
def test_a_folder_in_which_somebody_has_such_files(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "results" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(MINE)
    said = refused(folder, capsys)
    assert "did not make" in said and name.partition("/")[0] in said


def test_a_link_to_a_folder_of_somebody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = folder / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_bytes(MINE)
    lay_out(folder / "made", [("phenol", "Oc1ccccc1")], "[c:1][OX2H:2]>>[c:1][O:2]C").rename(folder / "results")
    (folder / "results/work").symlink_to(mine)
    assert "a link" in refused(folder, capsys)


def test_results_of_any_version_and_folders_without_such_files(folder: Path) -> None:
    """What is there beside them stays, and is no hindrance."""
    from halogenator.tables.own_results import check_own

    results = folder / "results"
    check_own(results)
    results.mkdir()
    for name in ("thesis.txt", "work.txt", "mine/work/notes.txt"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_bytes(MINE)
    (results / "work/scratch").mkdir(parents=True)
    check_own(results)
    made = lay_out(folder / "made", [("phenol", "Oc1ccccc1")], "[c:1][OX2H:2]>>[c:1][O:2]C")
    (made / "work").mkdir()
    (made / "work/notes.txt").write_bytes(MINE)
    check_own(made)
    (made / "libraries").rename(folder / "elsewhere")
    (made / "libraries").symlink_to(folder / "elsewhere")
    check_own(made)
    exported = folder / "exported/exports/e"
    export(made, exported / "e.csv", "--library", "mine")
    check_own(folder / "exported")


def test_what_a_run_had_written_when_it_was_killed_at_its_start(folder: Path) -> None:
    """Its configuration comes first, or not even all of that; a person's file of that name shows nothing."""
    from halogenator.tables.own_results import check_own

    results = Results(folder / "results")
    configuration = read_configuration([folder / "config.yaml"], "")
    keep(results, configuration)
    check_own(results.folder)
    path = results.configuration(name_of(configuration))
    path.rename(unfinished(path, 4711))
    check_own(results.folder)
    unfinished(path, 4711).rename(path.with_name("4711.json"))
    with pytest.raises(UserError, match="did not make"):
        check_own(results.folder)
