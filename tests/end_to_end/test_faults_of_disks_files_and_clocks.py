"""Disks, files and clocks that fail a run: correct results, or one clear message and nothing lost."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from helpers.mounted import mounted
from helpers.planned import Planned
from helpers.runs import named_parents, tasks, write_molecules, write_yaml
from helpers.samples import SAFETY_NET, SEED
from helpers.small_run import CHUNKS, JOB, OME, PRODUCTS, Run, lay_out, same

pytestmark = pytest.mark.long
MOLECULES = "results/libraries/library=mine/molecules.parquet"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="module")
def undisturbed(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    run = Run(tmp_path_factory.mktemp("undisturbed"), config)
    run.finish()
    return run.tables()


def finishes_as(run: Run, expected: dict[str, object]) -> None:
    run.finish()
    same(run.tables(), expected)
    run.no_litter()
    assert "Nothing to be done" in run.finish("-n")


def one_message(output: str, *words: str) -> None:
    """The user is told what, where and how to mend it, and is spared a traceback."""
    for word in (*words, "where:", "fix:"):
        assert word in output
    assert "Traceback" not in output


# ---- the disk --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [CHUNKS, str(Path(PRODUCTS).parent)], ids=["chunk", "merge"])
def test_the_disk_is_full(config: Path, undisturbed: dict[str, object], tmp_path: Path, place: str) -> None:
    run = Run(tmp_path, config)
    run.finish(MOLECULES)  # of a results folder that holds nothing else than `keep`, nothing would show whose it is
    with mounted(tmp_path / place, "-t", "tmpfs", "-o", "size=8k", "tmpfs"):
        (tmp_path / place / "keep").touch()  # Snakemake removes empty folders, and cannot remove this one
        output = run.finish(fails=True)
        one_message(output, "cannot write: the disk is full", place, "MB free of")
        assert not [path for path in (tmp_path / place).iterdir() if "products.parquet" in path.name]
        run.no_half_file()
        subprocess.run(["mount", "-o", "remount,size=10m", str(tmp_path / place)], check=True)
        run.finish()
        same(run.tables(), undisturbed)


def test_the_disk_of_the_whole_run_is_full(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """Snakemake's own records, the logs and the results compete for what is left."""
    run = Run(tmp_path / "disk", config)
    with mounted(run.folder, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        ballast = run.folder / "ballast"
        ballast.write_bytes(bytes(900_000))
        output = run.finish(fails=True)
        assert "No space left on device" in output or "the disk is full" in output
        run.no_half_file()
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=20m", str(run.folder)], check=True)
        finishes_as(run, undisturbed)


@pytest.mark.parametrize(
    ("products", "place"), [(100_000, "results/work/scratch"), (300, str(Path(PRODUCTS).parent))], ids=["job", "merge"]
)
def test_files_may_not_be_so_large(tmp_path: Path, products: int, place: str) -> None:
    """What a job without chunk tasks makes first is about as large as the merged file; each of several is smaller."""
    limit = 32_000  # bytes
    config = lay_out(tmp_path, every=1, products=products)
    run = Run(tmp_path / "run", config)
    output = run.finish(fails=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    one_message(output, "cannot write: it would be larger than files may be here", place, "ulimit -f")
    run.no_half_file()
    undisturbed = Run(tmp_path / "undisturbed", config)
    undisturbed.finish()
    assert (undisturbed.folder / PRODUCTS).stat().st_size > limit
    finishes_as(run, undisturbed.tables())


@pytest.mark.parametrize("part", [".", "results"])
def test_the_folder_is_read_only(config: Path, undisturbed: dict[str, object], tmp_path: Path, part: str) -> None:
    run = Run(tmp_path / "run", config)
    run.finish(MOLECULES)
    before = sorted(path for path in run.folder.rglob("*"))
    place = run.folder / part
    with mounted(place, "--bind", place):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        output = run.finish(fails=True)
    one_message(output, "cannot write: the file system is read-only", str(place.resolve()))
    assert sorted(path for path in run.folder.rglob("*") if ".snakemake" not in path.parts) == [
        path for path in before if ".snakemake" not in path.parts
    ]
    finishes_as(run, undisturbed)


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def chunked(config: Path, tmp_path: Path) -> Run:
    """A run that has made its chunks and has not merged them."""
    run = Run(tmp_path, config)
    run.finish("--until", "transform_chunk", "--notemp")
    assert len(list((tmp_path / CHUNKS).glob("*.products.parquet"))) == 3
    return run


def test_damaged_chunks(chunked: Run, undisturbed: dict[str, object]) -> None:
    """One chunk lost its end and one a bit. DuckDB would read most such bits as other values, without a word."""
    first, second, _ = sorted((chunked.folder / CHUNKS).glob("*.products.parquet"))
    content = bytearray(first.read_bytes())
    bit = random.Random(SEED).randrange(8 * len(content))
    print(f"bit {bit} of {8 * len(content)}")
    content[bit // 8] ^= 1 << bit % 8
    times = first.stat()
    first.write_bytes(content)
    os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    os.truncate(second, second.stat().st_size * 2 // 3)
    output = chunked.finish(fails=True)
    one_message(output, "a chunk file is damaged or gone", f"{first.name}, and 1 more")
    assert not (chunked.folder / PRODUCTS).exists()
    output = chunked.finish()
    chunked.no_litter()
    made = [task for task in tasks(output) if "chunk" in task]
    assert made == [f"{OME} on mine, chunk {path.name.partition('.')[0]}" for path in (first, second)]
    same(chunked.tables(), undisturbed)


def test_a_deleted_chunk(chunked: Run, undisturbed: dict[str, object]) -> None:
    lost = sorted((chunked.folder / CHUNKS).glob("*.parquet"))[2]
    lost.unlink()
    made = [task for task in tasks(chunked.finish()) if "chunk" in task]
    assert made == [f"{OME} on mine, chunk {lost.name.partition('.')[0]}"]
    same(chunked.tables(), undisturbed)


def test_chunks_of_a_job_that_is_made_again_outlive_other_runs(tmp_path: Path) -> None:
    """Its earlier products are there, and a run of something else succeeds: these chunks are no leftovers."""
    config = lay_out(tmp_path, every=20, products=20)
    settings = yaml.safe_load(config.read_text())
    write_molecules(tmp_path / "small.csv", [("hexanoic acid", "CCCCCC(=O)O")])
    settings["libraries"]["small"] = {"class": "lipid", "path": str(tmp_path / "small.csv")}
    settings["select"]["libraries"].append("small")
    write_yaml(config, settings)
    run = Run(tmp_path / "run", config)
    run.finish()
    write_yaml(config, settings | {"identifiers": []})
    run.finish("--until", "transform_chunk", "--notemp")
    chunks = sorted((run.folder / CHUNKS).iterdir())
    assert chunks
    small = "results/libraries/library=small/molecules.parquet"
    (run.folder / small).unlink()
    run.finish(small)
    assert sorted((run.folder / CHUNKS).iterdir()) == chunks
    assert not [task for task in tasks(run.finish()) if "chunk" in task]
    run.no_litter()


@pytest.mark.parametrize(
    ("verb", "name"),
    [("transform-chunk", ".products.parquet"), ("merge-products", "rejects.parquet")],
)
def test_snakemakes_records_deleted(
    config: Path, undisturbed: dict[str, object], tmp_path: Path, verb: str, name: str
) -> None:
    """Its marks of incomplete files are among them, while a task was killed between its renames."""
    run = Run(tmp_path, config)
    started = run.start(Planned(verb, "kill all", name))
    assert started.wait(SAFETY_NET) == -signal.SIGKILL
    shutil.rmtree(tmp_path / ".snakemake")
    finishes_as(run, undisturbed)
    shutil.rmtree(tmp_path / ".snakemake")
    finishes_as(run, undisturbed)


def test_two_runs_at_once(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    run = Run(tmp_path, config)
    started = run.start(Planned("merge-library", name="molecules.parquet"))
    run.plan.reached(started)
    output = run.finish(fails=True)
    run.plan.let_go()
    one_message(output, "another run is going on in this folder", str(tmp_path), f"process {started.pid}")
    assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
    same(run.tables(), undisturbed)


# ---- the input, and the clock ----------------------------------------------------------------------------------------

DAY = 86_400


def replace(path: Path, *, age: float = 0) -> None:
    """Put other molecules into a file, as moving an older file here would."""
    other = path.with_name("other.csv")
    write_molecules(other, [*named_parents("polyphenol")[:12], ("slip", "C(C)(C)(C)(C)C"), ("again", "Oc1ccccc1O")])
    os.utime(other, (time.time() - age, time.time() - age))
    other.replace(path)


def anew(tmp_path: Path, config: Path) -> dict[str, object]:
    """What a run in an empty folder makes."""
    run = Run(tmp_path / "anew", config)
    run.finish()
    return run.tables()


@pytest.mark.parametrize("age", [0, 30 * DAY])
def test_the_input_is_replaced_after_it_was_read(undisturbed: dict[str, object], tmp_path: Path, age: float) -> None:
    """That run is wholly of the old file, the next wholly of the new one, though it is older than the results."""
    config = lay_out(tmp_path)
    run = Run(tmp_path / "run", config)
    started = run.start(Planned("merge-library", name="molecules.parquet"))
    run.plan.reached(started)
    replace(tmp_path / "mine.csv", age=age)
    run.plan.let_go()
    assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
    for name in ("library=mine/molecules", f"{JOB}/products"):
        (path,) = (path for path in undisturbed if name in path)
        assert run.tables()[path] == undisturbed[path]
    run.finish()
    assert run.tables() == anew(tmp_path, config)
    run.no_litter()


def test_the_input_is_replaced_before_it_is_read(tmp_path: Path) -> None:
    """Planned for one file, the task finds another."""
    config = lay_out(tmp_path)
    run = Run(tmp_path / "run", config)
    started = run.start(Planned("read-library", when="at its start"))
    run.plan.reached(started)
    replace(tmp_path / "mine.csv")
    run.plan.let_go()
    assert started.wait(SAFETY_NET) == 1
    one_message(run.output, "an input file was replaced while the run was on", str(tmp_path / "mine.csv"))
    run.finish()
    assert run.tables() == anew(tmp_path, config)


def shift(folder: Path, seconds: float) -> None:
    """Date all files of a folder as the clock then had it."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() + seconds, time.time() + seconds))


def test_the_clock_is_set_back_after_a_run(tmp_path: Path) -> None:
    """All results are from tomorrow, so that no new file is newer."""
    config = lay_out(tmp_path)
    run = Run(tmp_path / "run", config)
    run.finish()
    shift(run.folder / "results", DAY)
    assert "Nothing to be done" in run.finish("-n")
    replace(tmp_path / "mine.csv")
    run.finish()
    assert run.tables() == anew(tmp_path, config)


def test_the_input_is_from_the_future(tmp_path: Path) -> None:
    config = lay_out(tmp_path)
    os.utime(tmp_path / "mine.csv", (time.time() + DAY, time.time() + DAY))
    run = Run(tmp_path / "run", config)
    one_message(run.finish(fails=True), "seconds in the future", "mine.csv", "touch the file")
    assert tasks(run.finish("-n"))


@pytest.mark.parametrize("seconds", [DAY, -DAY], ids=["back", "forth"])
def test_the_clock_is_set_during_a_run(chunked: Run, undisturbed: dict[str, object], seconds: float) -> None:
    shift(chunked.folder / "results", seconds)
    chunked.finish()
    same(chunked.tables(), undisturbed)
