"""``apply``: what it makes is what a workflow makes, whatever happens to it on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from halogenator.planning.resources import stream_mb
from halogenator.process.machine import machine_mb
from helpers.finished import ROWS, Finished
from helpers.planned import Plan, Planned
from helpers.runs import COOME, OME, REPOSITORY, write_molecules
from helpers.samples import SAFETY_NET

SETTINGS = ("--class", "polyphenol", "--library", "mine")


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "halogenator", "apply", *map(str, words)]


def apply(source: Path, out: Path, *words: object, name: str = OME, status: int = 0) -> str:
    """Run the verb and return what it said on standard error."""
    line = command("--input", source, "--outdir", out, "--transform", name, *SETTINGS, *words)
    done = subprocess.run(line, capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "my phenols.csv.gz"
    write_molecules(path, ROWS, header=("code", "structure"))
    return path


COLUMNS = ("--smiles-column", "structure", "--id-column", "code")


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a finished run with two workers and many chunks, and what it said."""
    out = tmp_path_factory.mktemp("made") / "out"
    return out, apply(source, out, *COLUMNS, "--workers", 2, "--chunk-products", 5)


@pytest.fixture
def workflow(finished: Finished) -> Path:
    """The results of a workflow that does the same."""
    return finished.folder / "results"


def job(workflow: Path, name: str) -> Path:
    return workflow / f"products/library=mine/transform={name}/products.parquet"


def read(path: Path) -> object:
    return pq.read_table(path, partitioning=None)


def test_products_are_those_of_a_workflow(made: tuple[Path, str], workflow: Path) -> None:
    out, said = made
    assert int(re.findall(r"transforming: (\d+) tasks", said)[0]) > 5
    assert read(out / "products.parquet") == read(job(workflow, OME))
    common = ["id", "smiles", "parent", "n_routes", "row", "stripped_from", "mw", "clogp"]
    molecules = workflow / "libraries/library=mine/molecules.parquet"
    assert pq.read_table(out / "molecules.parquet", columns=common) == pq.read_table(
        molecules, columns=common, partitioning=None
    )


def test_the_folder_holds_what_the_help_says_and_nothing_else(made: tuple[Path, str], workflow: Path) -> None:
    out, _ = made
    assert sorted(path.name for path in out.iterdir()) == [
        "molecules.parquet",
        "products.parquet",
        "rejects.parquet",
        "stats.json",
    ]
    library = workflow / "rejects/libraries/library=mine/rejects.parquet"
    rejects, same = (read(path).drop_columns("source").to_pylist() for path in (out / "rejects.parquet", library))
    assert rejects == same
    assert {"unparsable SMILES", "empty", "impossible molecule", "duplicate"} == {row["reason"] for row in rejects}
    stats = json.loads((out / "stats.json").read_text())
    summary = json.loads((workflow / f"stats/products/mine/{OME}.json").read_text())
    same = ("library", "transform", "rows_in", "rows_matched", "products", "duplicates", "rejects")
    assert {name: stats[name] for name in same} == {name: summary[name] for name in same}
    assert stats["input"]["rows_in"] == len(ROWS)


def test_molecules_of_a_workflow_keep_their_ids(workflow: Path, tmp_path: Path) -> None:
    molecules = workflow / "libraries/library=mine/molecules.parquet"
    said = apply(molecules, tmp_path / "out", name=COOME)
    assert "standardising" not in said
    assert not (tmp_path / "out/molecules.parquet").exists()
    assert read(tmp_path / "out/products.parquet") == read(job(workflow, COOME))
    assert read(tmp_path / "out/products.parquet").num_rows > 5


@pytest.mark.long
def test_a_second_run_has_nothing_to_do_and_a_changed_input_is_made_anew(tmp_path: Path) -> None:
    source, out = tmp_path / "my.smi", tmp_path / "out"
    source.write_text("Oc1ccccc1 phenol\n")
    apply(source, out)
    before = (out / "products.parquet").stat().st_mtime_ns
    assert "nothing to do" in apply(source, out, "--workers", 1)
    assert (out / "products.parquet").stat().st_mtime_ns == before
    source.write_text("Oc1ccccc1 phenol\nCc1ccccc1O cresol\n")
    assert "nothing to do" not in apply(source, out)
    assert pq.read_table(out / "products.parquet")["smiles"].to_pylist() == ["COc1ccccc1", "COc1ccccc1C"]
    apply(source, out, "--descriptors", "mw")
    assert pq.read_schema(out / "products.parquet").names == [
        "smiles",
        "parent_id",
        "site",
        "n_routes",
        "enhanced_stereo",
        "mw",
    ]


@pytest.mark.long
def test_a_folder_is_of_one_library_and_one_transform(tmp_path: Path) -> None:
    source, out = tmp_path / "my.smi", tmp_path / "out"
    source.write_text("Oc1ccccc1C(=O)O salicylic\n")
    apply(source, out)
    said = apply(source, out, name=COOME, status=1)
    assert "another library or transform" in said and f"{OME} on {source}" in said and "another --outdir" in said
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "products.parquet").write_bytes(b"somebody's")
    assert "did not make" in apply(source, foreign, status=1)
    assert (foreign / "products.parquet").read_bytes() == b"somebody's"
    assert "would replace the input" in apply(out / "molecules.parquet", out, status=1)


@pytest.mark.long
def test_a_killed_run_ends_with_its_tasks_and_goes_on_where_it_was(
    source: Path, made: tuple[Path, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plan = Plan(tmp_path, [Planned("transform-chunk", name="made-00003.parquet")])
    run = start(source, out, plan, *SETTINGS, "--workers", 1, "--chunk-products", 5, stderr=subprocess.DEVNULL)
    plan.reached(run)
    started = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.wait()
    assert not psutil.wait_procs(started, timeout=SAFETY_NET)[1]
    said = apply(source, out, *COLUMNS, "--workers", 2)
    assert "standardising" not in said
    assert re.search(r"transforming: \d+ tasks, [2-9]\d* of them there already", said)
    assert read(out / "products.parquet") == read(made[0] / "products.parquet")
    assert not (out / "work").exists()


def start(source: Path, out: Path, plan: Plan, *words: object, **how: object) -> subprocess.Popen[str]:
    """Start the verb on the source, with what is to happen in its tasks."""
    line = command("--input", source, "--outdir", out, "--transform", OME, *COLUMNS, *words)
    return subprocess.Popen(line, text=True, env={**os.environ, **plan.variables}, **how)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.long
def test_an_interrupted_run_says_so_and_leaves_no_task(
    source: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    out = tmp_path / "out"
    plan = Plan(tmp_path, [Planned("transform-chunk", name="made-00001.parquet")])
    words = ("--chunk-products", 5, "--workers", 1)
    run = start(source, out, plan, *words, stderr=subprocess.PIPE)
    plan.reached(run)
    started = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(number)
    said = run.communicate(timeout=SAFETY_NET)[1]
    assert run.returncode == status
    assert "Traceback" not in said
    assert ("halogenator: interrupted" in said) == (number == signal.SIGINT)
    assert not psutil.wait_procs(started, timeout=SAFETY_NET)[1]


@pytest.mark.long
def test_memory_decides_how_many_work_at_a_time(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = Plan(tmp_path, [Planned("transform-chunk", when="at its start")] * 2)
    words = ("--chunk-products", 5, "--workers", 8, "--memory-mb", 2 * stream_mb() + 100)
    run = start(source, out, plan, *words, stderr=subprocess.DEVNULL)
    for number in (0, 1):
        plan.reached(run, number)
    most = len(psutil.Process(run.pid).children())
    for number in (0, 1):
        plan.let_go(number)
    while run.poll() is None:
        most = max(most, len(psutil.Process(run.pid).children()))
        time.sleep(0.01)
    assert run.returncode == 0
    assert most == 2
    said = apply(source, tmp_path / "other", *COLUMNS, "--memory-mb", stream_mb() - 1, status=3)
    assert f"fix:     give it more: --memory-mb {stream_mb()}" in said


@pytest.mark.long
def test_old_names_are_taken_with_a_note(made: tuple[Path, str], tmp_path: Path) -> None:
    source, shipped_file = tmp_path / "my.smi", REPOSITORY / "configs/transforms.yaml"
    source.write_text("Oc1ccccc1 phenol\n")
    old = ("--xf-config", shipped_file, "--xf-name", OME, "--batch-size", 50_000, "--target-memory", 70)
    done = subprocess.run(
        command("--input", source, "--outdir", tmp_path / "out", *old),
        capture_output=True,
        text=True,
        timeout=SAFETY_NET,
    )
    assert done.returncode == 0, done.stderr
    notes = [line for line in done.stderr.splitlines() if "note:" in line]
    assert [note.split()[2] for note in notes] == ["--xf-config", "--xf-name", "--batch-size", "--target-memory"]
    assert "--transforms" in notes[0] and "--transform" in notes[1] and "not needed" in notes[2]
    assert f"--memory-mb, a bound: 70 % of this machine is {int(machine_mb() * 0.7)} MB" in notes[3]
    assert pq.read_table(tmp_path / "out/products.parquet")["smiles"].to_pylist() == ["COc1ccccc1"]


@pytest.mark.long
def test_inchikeys_and_a_transform_of_ones_own(tmp_path: Path) -> None:
    source, mine = tmp_path / "my.smi", tmp_path / "mine.yaml"
    source.write_text("Oc1ccccc1 phenol\nNc1ccccc1O aminophenol\n")
    mine.write_text('transforms: [{name: ETHER, smirks: "[c:1][OX2H:2]>>[c:1][O:2]CC"}]\n')
    files = ("--transforms", REPOSITORY / "configs/transforms.yaml", mine)
    apply(source, tmp_path / "out", *files, "--inchikey", "--key", "inchikey", name="ETHER")
    rows = pq.read_table(tmp_path / "out/products.parquet").to_pylist()
    assert [(row["smiles"], row["inchikey"]) for row in rows] == [
        ("CCOc1ccccc1", "DLRJIFUOBPOJNS-UHFFFAOYSA-N"),
        ("CCOc1ccccc1N", "ULHFFAFDSSHFDA-UHFFFAOYSA-N"),
    ]


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (("--transform", "FG_PHENOL_OH__OH__TO_OMe"), 1, f"did you mean '{OME}'?"),
        (("--transform", OME, "--class", "polyfenol"), 2, "did you mean 'polyphenol'?"),
        (("--transform", OME, "--memroy-mb", "900"), 2, "did you mean '--memory-mb'?"),
        (("--transform", OME, "--descriptors", "mw,logp"), 2, "did you mean 'clogp'?"),
        (("--transform", OME, "--key", "inchikey"), 2, "needs --inchikey"),
        (("--transform", OME, "--smiles-column", "x"), 1, "--smiles-column is not a column of the file"),
        ((), 2, "required: --transform"),
    ],
    ids=str,
)
def test_a_slip_is_answered_before_anything_runs(
    source: Path, tmp_path: Path, words: tuple[str, ...], status: int, expected: str
) -> None:
    line = command("--input", source, "--outdir", tmp_path / "out", *words)
    done = subprocess.run(line, capture_output=True, text=True, timeout=SAFETY_NET, env={**os.environ, "COLUMNS": "80"})
    assert (done.returncode, done.stdout) == (status, "")
    assert expected in done.stderr and "\n  fix:     " in done.stderr
    assert not list(tmp_path.glob("out/*"))
