"""Tasks forked by a server are those of ``python -m halogenator`` and end with their client; a dead one is no loss."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest

from halogenator.process import task_server
from helpers.planned import Plan, Planned
from helpers.samples import SAFETY_NET

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is a task server on Linux only")

ADDRESS = Path("socket")
SUMMARIZE = "summarize --results results --out summary.tsv --mem-mb 500"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The first task is held as it writes; this and the folder are those of servers and clients."""
    plan = Plan(tmp_path, [Planned("summarize", name="summary.tsv")])
    for name, value in {**plan.variables, "JE_ARROW_MALLOC_CONF": "background_thread:false"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    return plan


@pytest.fixture
def server(plan: Plan, tmp_path: Path) -> Iterator[psutil.Process]:
    """A server, which ends as its standard input closes; it has left nothing, and had nothing to say."""
    if int(duckdb.__version__.partition(".")[0]) < 2:
        pytest.skip("DuckDB 1 starts a thread as it is imported, so that no server can fork")
    with (tmp_path / "log").open("w") as log:
        started = task_server.start(ADDRESS, log)
    assert started is not None and started.stdin is not None
    yield psutil.Process(started.pid)
    started.stdin.close()
    assert started.wait(SAFETY_NET) in (0, -signal.SIGKILL)
    assert (tmp_path / "log").read_text() == ""


def client(words: str) -> subprocess.Popen[str]:
    """What a rule starts."""
    line = [*task_server.client(ADDRESS), *words.split()]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_served_task_has_the_environment_the_output_and_the_status_of_its_client(
    server: psutil.Process, plan: Plan, tmp_path: Path
) -> None:
    started = client(f"{SUMMARIZE} --notes notes")
    task = psutil.Process(plan.reached(started))
    (guard,) = server.children()
    assert task.parent() == guard
    assert [note.name for note in (tmp_path / "notes").iterdir()] == [str(guard.pid)]
    plan.let_go()
    assert started.wait(SAFETY_NET) == 0
    assert (tmp_path / "summary.tsv").read_text().startswith("library\ttransform\t")
    refused = client("summarize --results results")
    assert refused.communicate(timeout=SAFETY_NET)[0].startswith("halogenator: the following arguments are required")
    assert refused.returncode == 2


def test_a_task_with_other_libraries_starts_as_a_process_of_its_own(
    server: psutil.Process, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with another allocator: what Python and its libraries read at their start cannot be changed in a fork."""
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    started = client(SUMMARIZE)
    held = psutil.Process(plan.reached(started))
    assert held.environ()["LD_LIBRARY_PATH"] == "/nowhere" and held.cmdline()[3] == "summarize"
    plan.let_go()
    assert started.wait(SAFETY_NET) == 0


def test_a_task_ends_with_its_client(server: psutil.Process, plan: Plan, tmp_path: Path) -> None:
    started = client(SUMMARIZE)
    task = psutil.Process(plan.reached(started))
    started.kill()
    task.wait(SAFETY_NET)
    assert client(SUMMARIZE).wait(SAFETY_NET) == 0  # the server goes on


def test_a_task_of_a_killed_server_is_done_by_its_client(server: psutil.Process, plan: Plan, tmp_path: Path) -> None:
    started = client(SUMMARIZE)
    task = psutil.Process(plan.reached(started))
    server.kill()
    task.wait(SAFETY_NET)
    assert started.wait(SAFETY_NET) == 0
    assert (tmp_path / "summary.tsv").exists()
    assert client(SUMMARIZE).wait(SAFETY_NET) == 0  # as are those that come later


def test_a_server_ends_when_its_run_has_and_its_tasks_are_done(server: psutil.Process, plan: Plan) -> None:
    """A run that is killed leaves tasks that go on; what they make is not made again."""
    started = client(SUMMARIZE)
    plan.reached(started)
    server.terminate()
    assert server.is_running()
    plan.let_go()
    assert started.wait(SAFETY_NET) == 0
    server.wait(SAFETY_NET)


def test_without_the_place_for_a_socket_there_is_no_server(plan: Plan, tmp_path: Path) -> None:
    ADDRESS.mkdir()
    with (tmp_path / "log").open("w") as log:
        assert task_server.start(ADDRESS, log) is None
    started = client(SUMMARIZE)
    held = psutil.Process(plan.reached(started))
    plan.let_go()
    assert started.wait(SAFETY_NET) == 0
    assert held.pid != os.getpid()
