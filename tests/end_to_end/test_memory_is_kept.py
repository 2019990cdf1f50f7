"""Memory is declared, enforced and recorded: by tasks of their own, and in a run."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from halogenator.model import Job, Library, Transform
from halogenator.tasks.commands import TransformChunk, declaration
from helpers.planned import Plan, Planned, wait_until
from helpers.runs import OME, REPOSITORY, command, named_parents, write_molecules, write_yaml
from helpers.samples import SAFETY_NET

PHENOL = "[c:1][OX2H:2]>>[c:1][O:2]C"


def halogenator(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a verb as a program of its own."""
    words = [sys.executable, "-m", "halogenator", *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, timeout=SAFETY_NET, cwd=REPOSITORY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the embedded polyphenols, its transform's tasks forced to begin with too little memory."""
    folder = tmp_path_factory.mktemp("memory")
    write_molecules(folder / "mine.csv", named_parents("polyphenol"))
    write_yaml(
        folder / "config.yaml",
        {
            "libraries": {"mine": {"class": "polyphenol", "path": "mine.csv"}},
            "select": {"libraries": ["mine"], "transforms": [OME]},
            "memory": {"cap_mb": 2000},
            "chunk": {"products": 40},
        },
    )
    plan = Plan(folder, [Planned("transform-chunk", name=".products.parquet")])
    words, how = command(folder, "--cores", 2, "--set-resources", "transform_chunk:mem_mb=60*4**(attempt-1)")
    how["env"] = {**os.environ, **plan.variables}
    with (folder / "output.txt").open("w") as output:
        run = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, **how)
        plan.reached(run)
        wait_until(lambda: recorded(folder, "transform-chunk"), run)  # such a short task ends between two looks
        plan.let_go()
        assert run.wait(SAFETY_NET) == 0, (folder / "output.txt").read_text()
    return folder


def recorded(folder: Path, verb: str) -> list[dict[str, object]]:
    """Rows of the record of memory that are of a verb's tasks; none if there is no record yet."""
    path = folder / "results/monitor.parquet"
    rows = pq.ParquetFile(path).read().to_pylist() if path.exists() else []  # opened once: it is replaced meanwhile
    return [row for row in rows if row["task"].startswith(verb)]


def molecules(folder: Path) -> Path:
    return folder / "results/libraries/library=mine/molecules.parquet"


def chunk_command(folder: Path, out: Path) -> TransformChunk:
    return TransformChunk(
        job=Job(Library("mine", "polyphenol"), Transform("OMe", PHENOL)),
        molecules=molecules(folder),
        chunk=(0, 1),
        out=out / "products.parquet",
        rejects=out / "rejects.parquet",
    )


def transform_chunk(folder: Path, out: Path, mem_mb: int, **said: int) -> subprocess.CompletedProcess[str]:
    return halogenator(*chunk_command(folder, out).words, *declaration(mem_mb, **said))


def test_a_task_that_oversteps_ends_with_its_own_status_and_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    done = transform_chunk(folder, tmp_path, 60, cap_mb=2000, attempts=3)
    assert done.returncode == 3
    found = re.fullmatch(
        r"halogenator: declared 60 MB, reached (\d+) MB(?: at row \d+)? of transform-chunk mine OMe chunk 1 of 1\n"
        r"  fix:     nothing: it is tried again with twice the declaration, .*\n",
        done.stderr,
    )
    assert found, done.stderr
    assert 60 < int(found[1]) < 200
    assert list(tmp_path.iterdir()) == []


def test_the_last_attempt_does_not_promise_another(folder: Path, tmp_path: Path) -> None:
    command = chunk_command(folder, tmp_path)
    done = halogenator(*command.words, *declaration(60, cap_mb=2000, attempts=3), "--attempt", 3)
    assert done.returncode == 3
    assert "fix:     this was the last attempt; add --retries 4 to snakemake" in done.stderr
    assert "again" not in done.stderr


def test_at_the_cap_the_message_names_the_key_to_change(folder: Path, tmp_path: Path) -> None:
    done = transform_chunk(folder, tmp_path, 60, cap_mb=60)
    assert "raise memory.cap_mb of the configuration, now 60 MB" in done.stderr


def test_on_a_cluster_the_message_names_the_key_as_it_is_set(folder: Path, tmp_path: Path) -> None:
    """There a task is told what its allocation holds, Snakemake included."""
    done = transform_chunk(folder, tmp_path, 660, beside_mb=600, cap_mb=660)
    assert "declared 60 MB" in done.stderr
    assert "raise memory.cap_mb of the configuration, now 660 MB" in done.stderr


def test_a_task_within_its_declaration_is_left_alone(folder: Path, tmp_path: Path) -> None:
    assert transform_chunk(folder, tmp_path, 500).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"products.parquet", "rejects.parquet"}


ALLOCATE = """
import sys, time
from pathlib import Path
from halogenator.process import limits
from halogenator.process.guard import Declaration, run_guarded

def work():
    limits.begin(7)
    {work}
    return 0

sys.exit(run_guarded(work, Declaration(200, "a test", (Path(sys.argv[1]),))))
"""


GREAT = """
class _Options:
    run = staticmethod(lambda options: bytearray(2 * 10**9))
"""


def guarded(work: str, out: Path, before: str = "") -> subprocess.Popen[str]:
    """Start a task of one statement that declares 200 MB."""
    words = [sys.executable, "-c", before + ALLOCATE.format(work=work), str(out)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits a process's data on Linux only")
def test_one_great_allocation_meets_the_limit_of_the_system(tmp_path: Path) -> None:
    """Twenty looks a second are not quick enough for it."""
    run = guarded("from halogenator.cli import _run; return _run(_Options)", tmp_path / "out", GREAT)
    _, message = run.communicate(timeout=SAFETY_NET)
    assert run.returncode == 3, message
    assert "declared 200 MB, was refused more at row 7 of a test" in message


def test_many_small_allocations_are_seen_from_outside(tmp_path: Path) -> None:
    run = guarded("kept = [bytes(10**6) + b'.' for _ in range(260)]; time.sleep(9999)", tmp_path / "out")
    _, message = run.communicate(timeout=SAFETY_NET)
    assert run.returncode == 3, message
    assert re.search(r"declared 200 MB, reached 2\d\d MB at row 7 of a test", message)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGBUS", "SIGABRT"])
def test_a_task_that_dies_of_a_refusal_is_explained_like_one_that_oversteps(tmp_path: Path, name: str) -> None:
    """Code that was refused memory and uses its null pointer, or an exception of C++ that nobody handles."""
    run = guarded(f"import signal; os.kill(os.getpid(), signal.{name})", tmp_path / "out", "import os\n")
    _, message = run.communicate(timeout=SAFETY_NET)
    assert run.returncode == 3, message
    assert f"declared 200 MB, was refused more, or a library failed, and ended by {name} at row 7 of a test" in message
    assert "give it more: --mem-mb 400" in message


REFUSED = """
import errno
from halogenator.errors import UserError
def fail(options):
    try:
        raise {error}
    except Exception as cause:
        raise UserError("a Parquet file is damaged", fix="delete it") from cause
class _Options:
    run = staticmethod(fail)
"""


@pytest.mark.parametrize(
    "error",
    [
        'RuntimeError("std::bad_alloc")',
        'OSError("ZSTD decompression failed: Allocation error : not enough memory")',
        "OSError(errno.ENOMEM, 'Cannot allocate memory')",
    ],
)
def test_a_refusal_is_not_taken_for_a_damaged_file(tmp_path: Path, error: str) -> None:
    run = guarded(
        "from halogenator.cli import _run; return _run(_Options)", tmp_path / "out", REFUSED.format(error=error)
    )
    _, message = run.communicate(timeout=SAFETY_NET)
    assert run.returncode == 3, message
    assert "was refused more at row 7" in message and "damaged" not in message


def test_a_killed_guard_takes_its_task_along(tmp_path: Path) -> None:
    run = guarded("print('ready', flush=True); time.sleep(9999)", tmp_path / "out")
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    (child,) = psutil.Process(run.pid).children()
    run.kill()
    child.wait(SAFETY_NET)


def test_a_request_to_end_reaches_the_task(tmp_path: Path) -> None:
    run = guarded("print('ready', flush=True); time.sleep(9999)", tmp_path / "out")
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.send_signal(signal.SIGTERM)
    assert run.wait(SAFETY_NET) == 128 + signal.SIGTERM


# ---- in a run --------------------------------------------------------------------------------------------------------


def test_a_retry_declares_more_and_the_run_ends_well(folder: Path) -> None:
    output = (folder / "output.txt").read_text()
    assert "declared 60 MB, reached" in output and "attempt 1 of 3" in output
    assert "Trying to restart job" in output
    with (folder / "results/summary.tsv").open() as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert int(row["products"]) > 50
    assert float(row["peak_of_declared"]) < 1


def test_the_run_is_recorded(folder: Path) -> None:
    table = pq.read_table(folder / "results/monitor.parquet").to_pylist()
    assert {row["cap_mb"] for row in table} == {2000}
    assert {row["declared_mb"] for row in recorded(folder, "transform-chunk")} <= {60, 240, 960}
    assert all(0 <= row["unique_mb"] < 500 for row in table)  # a process just forked shares all it has
    assert any(row["task"] == "snakemake" for row in table)


@pytest.mark.long
def test_a_running_workflow_is_shown_live(folder: Path, tmp_path: Path) -> None:
    write_molecules(tmp_path / "mine.csv", named_parents("polyphenol"))
    (tmp_path / "config.yaml").write_text((folder / "config.yaml").read_text())
    plan = Plan(tmp_path, [Planned("transform-chunk", name=".products.parquet")])
    words, how = command(tmp_path, "--cores", 2)
    how["env"] = {**os.environ, **plan.variables}
    run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **how)
    plan.reached(run)
    live = halogenator("monitor", "--once", "--threshold", "0", "--directory", tmp_path).stdout
    plan.let_go()
    assert run.wait(SAFETY_NET) == 0
    assert "of the cap of 2,000 MB" in live and "warning: above 0 % of memory.cap_mb" in live
    assert re.search(r"\d+ +500 +- +transform-chunk", live), live


def test_nothing_to_show_where_nothing_runs(folder: Path) -> None:
    done = halogenator("monitor", "--once", "--directory", folder)
    assert done.returncode == 1
    assert "no workflow is running here" in done.stderr


def test_a_job_is_diagnosed(folder: Path) -> None:
    words = ("diagnose", "mine", OME, "--configfile", folder / "config.yaml", "--results", folder / "results")
    environment = {"PYTHONPATH": str(REPOSITORY / "workflow")}
    done = subprocess.run(
        [sys.executable, "-m", "halogenator", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=SAFETY_NET,
        cwd=folder,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    headings = re.findall(r"^(\d)\. ", done.stdout, flags=re.MULTILINE)
    assert headings == ["1", "2", "3", "4"]
    assert re.search(r"Python dict +\d{3} ", done.stdout)
    assert float(re.search(r"a dict is ([\d.]+) times", done.stdout)[1]) > 2
    assert re.search(r"SQLite table of seen keys +\d+ ", done.stdout)


def test_an_unknown_library_is_named_with_the_nearest(folder: Path) -> None:
    done = halogenator("diagnose", "mime", OME, "--results", folder / "results")
    assert done.returncode == 1
    assert "library mime has not been built" in done.stderr and "did you mean 'mine'?" in done.stderr


def test_memory_of_the_machine_is_found() -> None:
    from halogenator.process.machine import machine_mb

    assert 100 < machine_mb() <= psutil.virtual_memory().total // 10**6
