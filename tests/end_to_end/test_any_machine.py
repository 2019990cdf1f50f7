"""A machine or a folder that is unlike ours: the run gives what it gives everywhere, or says in a message why not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from helpers.elsewhere import ASCII, PLAIN_USER, hand_over, needs_a_plain_user, shadow, verb
from helpers.finished import Finished, lay_out
from helpers.mounted import mounted
from helpers.planned import Planned
from helpers.runs import COOME, OME, REPOSITORY, command, shipped, snakemake, tasks, write_yaml
from helpers.samples import SAFETY_NET
from helpers.small_run import Run
from helpers.small_run import lay_out as lay_out_to_disturb

PHENOLS = "id,smiles\nphénol,Oc1ccccc1\ncatechol,Oc1ccccc1O\n"


def made(folder: Path) -> dict[str, object]:
    """All that a run made, but the rejects, which name their input file in full."""
    return {name: table for name, table in Run(folder, folder).tables().items() if not name.startswith("rejects")}


def one_message(output: str, *words: str) -> None:
    for word in (*words, "where:", "fix:"):
        assert word in output
    assert "Traceback" not in output


# ---- the locale ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("--help",), ("transforms",)])
@pytest.mark.parametrize("variables", [ASCII, {"PYTHONIOENCODING": "latin-1"}], ids=["C", "latin-1"])
def test_verbs_print_in_any_locale(words: tuple[str, ...], variables: dict[str, str]) -> None:
    done = verb(*words, env=variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() and ("…" in done.stdout or "→" in done.stdout or r"\u" in done.stdout)


def test_names_of_files_are_read_in_any_locale(tmp_path: Path) -> None:
    (tmp_path / "Phénole").mkdir()
    (tmp_path / "Phénole" / "größe.csv").write_text(PHENOLS, encoding="utf-8")
    line = ("apply", "--input", "Phénole/größe.csv", "--outdir", "Äther", "--transform", OME)
    done = verb(*line, cwd=tmp_path, env=ASCII)
    assert done.returncode == 0, done.stderr
    assert "Äther/products.parquet" in done.stdout
    rows = pq.read_table(tmp_path / "Äther" / "molecules.parquet").to_pylist()
    assert [row["id"] for row in rows] == ["phénol", "catechol"]


@pytest.mark.long
def test_a_run_in_another_locale_makes_the_same(finished: Finished, tmp_path: Path) -> None:
    folder = tmp_path / "Ünïcode"
    folder.mkdir()
    lay_out(folder)
    environment = {**os.environ, **ASCII}
    plan = snakemake(folder, "-n", env=environment, encoding="utf-8")
    assert "Logging error" not in plan
    output = snakemake(folder, "--cores", 2, env=environment, encoding="utf-8")
    assert "Logging error" not in output and "Traceback" not in output
    assert made(folder) == made(finished.folder)


# ---- the working folder ----------------------------------------------------------------------------------------------


def test_modules_in_the_working_folder_are_not_imported(tmp_path: Path) -> None:
    shadow(tmp_path)
    (tmp_path / "mine.csv").write_text(PHENOLS, encoding="utf-8")
    line = ("apply", "--input", "mine.csv", "--outdir", "out", "--transform", OME)
    done = verb(*line, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "out" / "stats.json").read_bytes())["products"] == 2


@pytest.mark.long
def test_a_run_imports_nothing_of_its_folder(finished: Finished, tmp_path: Path) -> None:
    lay_out(tmp_path)
    shadow(tmp_path)
    words, how = command(tmp_path, "--cores", 2)
    words[:3] = [str(Path(words[0]).with_name("snakemake"))]  # python -m snakemake would itself import them
    done = subprocess.run([*words, "--snakefile", str(REPOSITORY / "Snakefile")], **{**how, "cwd": tmp_path})
    assert done.returncode == 0
    assert made(tmp_path) == made(finished.folder)


# ---- places ----------------------------------------------------------------------------------------------------------


def a_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine\n", encoding="utf-8")


def a_folder(path: Path) -> None:
    path.mkdir(parents=True)


def a_dangling_link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("nowhere")


ODD = [
    ("results", a_file),
    ("results/libraries", a_file),
    ("results/monitor.parquet", a_folder),
    (".snakemake", a_dangling_link),
    (".snakemake/metadata", a_file),
    (".snakemake/halogenator.lock", a_folder),
]


@pytest.mark.long
@pytest.mark.parametrize(("place", "thing"), ODD, ids=[f"{place}-{thing.__name__}" for place, thing in ODD])
def test_what_stands_in_the_way_is_named_before_the_first_task(tmp_path: Path, place: str, thing: object) -> None:
    lay_out(tmp_path)
    thing(tmp_path / place)
    output = snakemake(tmp_path, "--cores", 2, fails=True)
    one_message(output, "stands where a", str(tmp_path / place), "move away what is there")
    assert tasks(output) == []


@pytest.mark.long
def test_results_may_be_a_link_to_elsewhere(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results").symlink_to(tmp_path / "disk")
    lay_out(tmp_path / "run")
    snakemake(tmp_path / "run", "--cores", 2)
    assert made(tmp_path / "run") == made(finished.folder)
    assert (tmp_path / "disk" / "summary.tsv").is_file()


@pytest.mark.long
def test_a_run_needs_no_home(tmp_path: Path) -> None:
    """Snakemake keeps a cache of sources there."""
    lay_out(tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
    output = snakemake(tmp_path, "-n", env={**environment, "HOME": "/proc/nowhere", "TMPDIR": "/proc/nowhere"})
    assert "Job stats" in output and "Traceback" not in output


@pytest.mark.long
def test_a_disk_without_inodes(tmp_path: Path) -> None:
    run = Run(tmp_path / "disk", lay_out_to_disturb(tmp_path))
    with mounted(run.folder, "-t", "tmpfs", "-o", "size=50m,nr_inodes=60", "tmpfs"):
        output = run.finish(fails=True)
        assert "no inodes are left" in output
        assert "the disk is full" not in output
        subprocess.run(["mount", "-o", "remount,nr_inodes=10000", str(run.folder)], check=True)
        run.finish()
        run.no_litter()


# ---- people and processes --------------------------------------------------------------------------------------------


@pytest.mark.long
def test_two_users_share_a_folder(finished: Finished, tmp_path: Path) -> None:
    """The first made it with umask 002, and its lock as with umask 022; the second adds a job."""
    needs_a_plain_user()
    folder = finished.copy(tmp_path / "shared")
    hand_over(folder)
    (folder / ".snakemake" / "halogenator.lock").chmod(0o644)
    settings = {"transforms": [shipped(OME, "polyphenol", "other"), shipped(COOME, "polyphenol", "other")]}
    write_yaml(folder / "transforms.yaml", settings)
    words, how = command(folder, "--cores", 2)
    done = subprocess.run([*PLAIN_USER, *words], **how, capture_output=True, umask=0o002)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list(folder.rglob("products.parquet"))) == len(list(finished.folder.rglob("products.parquet"))) + 1
    closed = [path for path in folder.rglob("*") if not path.is_symlink() and not path.stat().st_mode & 0o020]
    assert closed == []


@pytest.mark.long
def test_a_recorder_that_is_stopped_does_not_hold_up_the_end(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", lay_out_to_disturb(tmp_path))
    started = run.start(Planned("merge-products", name="products.parquet"))
    run.plan.reached(started)
    (recorder,) = (
        child for child in psutil.Process(started.pid).children() if "record-memory" in " ".join(child.cmdline())
    )
    recorder.send_signal(signal.SIGSTOP)
    run.plan.let_go()
    assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
    assert not recorder.is_running()
    shutil.rmtree(run.folder)
