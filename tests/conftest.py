"""Decides which of the two forms of the tests is run.

``pytest`` runs the short form, for everybody who changes a line; ``pytest --long`` runs what that leaves out. An
expensive run is shared by the tests of one file, so under pytest-xdist a file stays on one worker.
"""

from __future__ import annotations

import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers import samples
from helpers.finished import Finished, finished_run

STARTED = time.monotonic()
ELSEWHERE = ("s3", "slurm")  # folders of the long form, which need packages of their own


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="what the short form leaves out, and its samples in full size")
    parser.addoption("--crash-states", type=int, default=8, help="states of a disk after a loss of power (default: 8)")
    parser.addoption("--kills", type=int, default=6, help="kills of a run at any moment in the long form (default: 6)")
    parser.addoption("--failed-calls", type=int, default=200, help="calls that fail in the long form (default: 200)")
    parser.addoption(
        "--minutes", type=float, default=float("inf"), help="skip what has not begun by then (default: no limit)"
    )
    parser.addoption("--seed", type=int, default=4, help="decides on examples and moments of kills (default: 4)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: of the long form only")
    config.addinivalue_line("markers", "sampled: of both forms, on more in the long one")
    cache = getattr(config, "cache", None)  # not there with `-p no:cacheprovider`
    if cache and os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # each process would compile all modules
        os.environ["PYTHONPYCACHEPREFIX"] = str(cache.mkdir("bytecode"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    samples.choose(long=config.getoption("--long"), seed=config.getoption("--seed"))


def pytest_report_header(config: pytest.Config) -> str:
    return f"{'long' if samples.LONG else 'short'} form, --seed {samples.SEED}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out tests/s3 where the packages that it imports are not installed."""
    return True if collection_path.name == "s3" and find_spec("moto") is None else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of the other form."""

    def is_wanted(item: pytest.Item) -> bool:
        long = item.get_closest_marker("long") is not None or item.path.parent.name in ELSEWHERE
        return long == samples.LONG or (samples.LONG and item.get_closest_marker("sampled") is not None)

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]
    items.sort(key=lambda item: item.path.parent.name != "end_to_end")  # first the files that take longest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Distribute whole files where no other way was asked for; pytest-xdist's own default is single tests."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False


def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.monotonic() > STARTED + 60 * (minutes := item.config.getoption("--minutes")):
        pytest.skip(f"the {minutes:g} minutes of --minutes are over")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A small finished run; not to be changed, but to be copied."""
    return finished_run(tmp_path_factory, os.environ.get("PYTEST_XDIST_WORKER", "master"))
