"""What a run will take, and how far it is: the plan, the bars, the lines of a log, the growing summary."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers.finished import JOBS, Finished, lay_out
from helpers.mounted import mounted
from helpers.planned import Plan, Planned, wait_until
from helpers.runs import (
    COOME,
    OME,
    REPOSITORY,
    command,
    snakemake,
)
from helpers.samples import SAFETY_NET, few
from helpers.small_run import Run

HEADLINES = {"mine", "other-0X", "other-1X"}


def halogenator(folder: Path, *words: object) -> str:
    """What a verb prints that is run in a folder."""
    arguments = [sys.executable, "-m", "halogenator", *map(str, words)]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.returncode == 0, done.stderr
    return done.stdout


def plan(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """{library, transform: line} of the plan."""
    rows = csv.DictReader(io.StringIO(halogenator(folder, "plan", "config.yaml", "--tsv")), delimiter="\t")
    return {(row["library"], row["transform"]): row for row in rows}


def states(folder: Path) -> dict[tuple[str, str], str]:
    return {name: line["state"] for name, line in plan(folder).items()}


def dry_run_states(folder: Path) -> dict[tuple[str, str], str]:
    """The same by the table of a dry run; empty where that has nothing to do."""
    output = snakemake(folder, "-n")
    table = output.partition("molecules with")[2].partition(" jobs: ")[0]
    assert not table or output.index("molecules with") < output.index("Job stats:")
    found: dict[tuple[str, str], str] = {}
    library = ""
    for indent, name, state in re.findall(r"^ (  )?(\S+) +(done|adopted|partial|to do|corrupt)", table, re.MULTILINE):
        library = library if indent else name
        found[library, name if indent else ""] = state
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    lay_out(folder)
    return folder


def test_before_the_first_run_all_is_to_do_and_estimated(story: Path) -> None:
    lines = plan(story)
    assert set(lines) == {(library, "") for library in HEADLINES} | JOBS
    assert {line["state"] for line in lines.values()} == {"to do"}
    assert {line["products_known"] for line in lines.values()} == {"about"}
    assert all(float(line["seconds"]) > 0 and int(line["peak_mb"]) == 500 for line in lines.values())
    assert dry_run_states(story) == states(story)
    assert (story / "results" / "plan.tsv").read_text() == halogenator(story, "plan", "config.yaml", "--tsv")


def test_after_a_run_all_is_done(finished: Finished) -> None:
    lines = plan(finished.folder)
    assert {line["state"] for line in lines.values()} == {"done"}
    assert {line["products_known"] for line in lines.values()} == {"made"}


@pytest.mark.parametrize("flags", few([("--cores", 3), ("-j", 3), ("-j3",)], 1))
def test_a_plan_is_for_the_cores_that_are_asked_for(story: Path, flags: tuple[object, ...]) -> None:
    """Whichever flag says so: in a dry run Snakemake takes -j for jobs on a cluster."""
    printed = snakemake(story, "-n", *flags)
    assert " on 3 cores, " in printed and "3 tasks at once; the cap is" in printed


@pytest.mark.long
def test_chunks_that_are_there_make_a_job_partial(story: Path) -> None:
    snakemake(story, "--cores", 2, "--until", "transform_chunk", "--notemp")
    chunks = sorted((story / "results/work/products/mine" / OME).glob("*.products.parquet"))
    assert len(chunks) > 1
    line = plan(story)["mine", OME]
    assert (line["state"], line["chunks_done"], line["chunks"]) == ("partial", str(len(chunks)), str(len(chunks)))
    chunks[0].unlink()
    line = plan(story)["mine", OME]
    assert (line["state"], int(line["chunks_done"])) == ("partial", len(chunks) - 1)
    assert dry_run_states(story) == states(story)
    assert f"partial, {len(chunks) - 1} of {len(chunks)} chunks" in halogenator(story, "plan", "config.yaml")


@pytest.mark.long
def test_the_index_bounds_the_products(story: Path) -> None:
    """Before a product is made, the library tells which molecules have a site, and how many products there can be."""
    libraries = [f"results/libraries/library={name}/molecules.parquet" for name, _ in sorted(JOBS)]
    snakemake(story, "--cores", 2, *dict.fromkeys(libraries))
    before = plan(story)
    assert {before[job]["products_known"] for job in JOBS} == {"at most"}
    snakemake(story, "--cores", 2)
    after = plan(story)
    assert {line["state"] for line in after.values()} == {"done"}
    assert {line["products_known"] for line in after.values()} == {"made"}
    for job in JOBS:
        assert int(before[job]["products"]) >= int(after[job]["products"])
        assert before[job]["rows_matched"] == after[job]["rows_matched"]
        assert before[job]["rows_in"] == after[job]["rows_in"]
    assert after["mine", OME]["products"] == str(
        pq.read_metadata(story / f"results/products/library=mine/transform={OME}/products.parquet").num_rows
    )
    assert dry_run_states(story) == {}
    assert "to make" not in halogenator(story, "plan", "config.yaml")


@pytest.mark.long
def test_what_changes_is_to_do_again_and_nothing_else(story: Path, tmp_path: Path) -> None:
    """A file touched, a file lost, a setting changed: the plan says what Snakemake would do."""
    lost = story / "results" / "products" / "library=mine" / f"transform={COOME}" / "products.parquet"
    lost.rename(tmp_path / "kept")
    assert {job for job, state in states(story).items() if state == "to do"} == {("mine", COOME)}
    assert dry_run_states(story) == states(story)
    (tmp_path / "kept").rename(lost)

    config = (story / "config.yaml").read_text()
    (story / "config.yaml").write_text(config + "descriptors: [mw]\n")
    assert set(states(story).values()) == {"to do"}
    assert dry_run_states(story) == states(story)
    (story / "config.yaml").write_text(config)

    entries = (story / "transforms.yaml").read_text()
    (story / "transforms.yaml").write_text(entries.replace("name: FG_CARBOXYL", "max_sites: 1\n  name: FG_CARBOXYL"))
    assert {job for job, state in states(story).items() if state == "to do"} == {("mine", COOME)}
    assert dry_run_states(story) == states(story)
    (story / "transforms.yaml").write_text(entries)

    os.utime(story / "other.smi")
    assert set(states(story).values()) == {"done"}
    assert dry_run_states(story) == {}
    with (story / "other.smi").open("a") as file:
        file.write("c1ccncc1O more\n")
    assert {library for (library, _), state in states(story).items() if state == "to do"} == {"other-0X", "other-1X"}
    assert dry_run_states(story) == states(story)


@pytest.mark.long
def test_a_damaged_file_is_told_with_what_to_do(story: Path) -> None:
    snakemake(story, "--cores", 2)
    assert set(states(story).values()) == {"done"}
    products = story / "results" / "products" / "library=mine" / f"transform={OME}" / "products.parquet"
    whole, times = products.read_bytes(), (products.stat().st_atime_ns, products.stat().st_mtime_ns)
    products.write_bytes(whole[:-20])
    os.utime(products, ns=times)
    assert {job for job, state in states(story).items() if state == "corrupt"} == {("mine", OME)}
    shown = halogenator(story, "plan", "config.yaml")
    assert f"corrupt: mine {OME}: results/products/library=mine" in shown and "has no readable footer" in shown
    products.unlink()
    assert states(story)["mine", OME] == "to do"
    products.write_bytes(whole)
    os.utime(products, ns=times)


@pytest.mark.long
def test_json_has_the_totals(story: Path) -> None:
    found = json.loads(halogenator(story, "plan", "config.yaml", "--json", "--cores", 16))
    assert found["totals"]["cores"] == 16
    assert found["totals"]["jobs_by_state"] == {"done": 3}
    assert found["totals"]["products_to_make"] == found["totals"]["seconds"] == 0
    assert found["totals"]["products"] == sum(line["products"] for line in found["lines"] if line["transform"])


def test_only_what_is_asked_for_is_planned(tmp_path: Path) -> None:
    lay_out(tmp_path)
    target = f"results/products/library=other-1X/transform={OME}/products.parquet"
    output = snakemake(tmp_path, "-n", target, "--configfile", tmp_path / "config.yaml")
    assert "\n1 job: 1 to do" in output
    assert "other-1X" in output and " mine " not in output.partition("Job stats:")[0]


@pytest.mark.long
def test_a_disk_without_the_room_is_told_before_the_start(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with mounted(tmp_path / "results", "-t", "tmpfs", "-o", "size=16k", "tmpfs"):
        assert "warning: the disk has not the room" in halogenator(tmp_path, "plan", "config.yaml", "--no-file")
        assert "warning: the disk has not the room" in snakemake(tmp_path, "-n")


@pytest.mark.long
def test_a_log_has_a_line_per_task_and_one_with_the_sums(tmp_path: Path) -> None:
    config = lay_out(tmp_path)
    output = Run(tmp_path, config).finish()
    made = sum(line["products"] for line in json.loads(halogenator(tmp_path, "plan", config, "--json"))["lines"][1:2])
    assert made
    tasks = re.findall(r"^Job \d+: ", output, re.MULTILINE)
    sums = re.findall(r"^[\d:]{8}  libraries (\d+)/(\d+), transforms (\d+)/(\d+), merges 3/3.*$", output, re.M)[-1]
    assert sums[0] == sums[1] and sums[2] == sums[3]
    assert len(tasks) == int(sums[0]) + int(sums[2]) + 3 + 4  # merges; summary, catalog, report and all
    with (tmp_path / "results" / "summary.tsv").open() as file:
        products = sum(int(row["products"]) for row in csv.DictReader(file, delimiter="\t"))
    assert f"; {products:,} products, " in output
    assert "Select jobs to execute" not in output and "Finished jobid" not in output
    log = next((tmp_path / ".snakemake" / "log").iterdir()).read_text()
    assert log.count("Finished jobid") == len(tasks)


class Terminal:
    """A run in a terminal of its own, as a user starts it."""

    def __init__(self, folder: Path, config: Path, *planned: Planned) -> None:
        words, settings = command(folder, "--cores", 2, "--configfile", config)
        self.plan = Plan(folder, planned)
        if planned:
            settings["env"] = {**settings["env"], **self.plan.variables}
        settings["env"]["PWD"] = str(settings["cwd"])
        self._terminal, its_end = pty.openpty()
        self.run = subprocess.Popen(
            words,
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            **settings,
        )
        os.close(its_end)

    def press(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def text(self) -> str:
        """What is shown until the end, without colours and moves."""
        shown = b""
        with suppress(OSError):  # Linux's way to say that the other end is closed
            while read := os.read(self._terminal, 65536):
                shown += read
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")


CHATTER = (
    "Building DAG",
    "Provided",
    "Job stats",
    "Using shell",
    "Complete log",
    "Elapsed",
    "shared filesystem",
    "Select",
)


@pytest.mark.long
def test_a_terminal_has_bars_and_ends_with_the_page_to_open(tmp_path: Path) -> None:
    config = lay_out(tmp_path)
    terminal = Terminal(tmp_path, config)
    text = terminal.text()
    assert terminal.run.wait(SAFETY_NET) == 0
    assert re.search(r"merges +━+ +3/3", text)
    assert "Job 1:" not in text and "about" in text
    assert not [words for words in CHATTER if words in text]
    log = next((tmp_path / ".snakemake" / "log").iterdir()).read_text()
    assert "Job stats" in log and "Provided cores" in log
    last = text.rstrip().splitlines()[-3:]
    assert last[0].startswith("Done: 78 products of 3 jobs, ")
    assert last[1].split() == ["See", "them:", (tmp_path / "results" / "report.html").as_uri()]
    again = snakemake(tmp_path, "--cores", 2)
    assert again.rstrip().splitlines()[-3:] == last


@pytest.mark.long
def test_ctrl_c_is_answered_with_what_to_type(tmp_path: Path) -> None:
    config = lay_out(tmp_path)
    terminal = Terminal(tmp_path, config, *[Planned("transform-chunk", when="at its start")] * 2)
    for number in range(2):
        terminal.plan.reached(terminal.run, number)
    terminal.press(b"\x03")
    text = terminal.text()
    assert terminal.run.wait(SAFETY_NET) == 1
    answered = re.findall(r"^(?:\^C)?Stopping: what is finished stays, and to go on from there type  (.*)$", text, re.M)
    assert len(answered) == 1
    assert text.rstrip().endswith(answered[0])
    assert not [words for words in ("Error", "Traceback", "Terminating", "Complete log") if words in text]
    done = subprocess.run(answered[0], shell=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.returncode == 0, done.stderr
    assert "Done: 78 products of 3 jobs" in done.stderr


@pytest.mark.long
def test_the_summary_grows_while_jobs_finish(tmp_path: Path) -> None:
    """After the first merge there is a summary, and the run goes on."""
    config = lay_out(tmp_path)
    run = Run(tmp_path, config)
    started = run.start(Planned("merge-products", name=f"mine/{COOME}.json"))
    summary = tmp_path / "results" / "summary.tsv"
    run.plan.reached(started)
    wait_until(summary.exists, started)
    assert 1 < len(summary.read_text().splitlines()) < 1 + len(JOBS)
    run.plan.let_go()
    assert started.wait(SAFETY_NET) == 0
    assert len(summary.read_text().splitlines()) == 1 + len(JOBS)


def test_the_shipped_profile_shows_progress() -> None:
    assert "logger: [halogenator]" in (REPOSITORY / "profiles" / "default" / "config.yaml").read_text()
