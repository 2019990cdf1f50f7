"""Puts this folder on the import path: helpers are imported as ``property.…`` and ``workflow.…``.

An expensive run is shared by the tests of one file, so under pytest-xdist a file has to stay on one worker.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stress", action="store_true", help="the long form of the tests that kill runs")
    parser.addoption("--slurm", action="store_true", help="the tests on a Slurm set up on this machine")
    parser.addoption("--s3", action="store_true", help="the tests that need the packages of envs/s3-test.txt")
    parser.addoption("--seed", type=int, default=4, help="decides at which moments runs are killed (default: 4)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out tests/s3, whose imports `make test` does not install, unless it is asked for."""
    return True if collection_path.name == "s3" and not config.getoption("--s3") else None


def pytest_report_header(config: pytest.Config) -> str:
    form = "long" if config.getoption("--stress") else "short"
    return f"kills: {form} form, --seed {config.getoption('--seed')}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stress: of the long form only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the long form runs, and what needs a Slurm."""
    if not config.getoption("--stress"):
        long = [item for item in items if item.get_closest_marker("stress")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
    if not config.getoption("--slurm"):
        slurm = [item for item in items if item.path.parent.name == "slurm"]
        items[:] = [item for item in items if item not in slurm]
        config.hook.pytest_deselected(items=slurm)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Distribute whole files where no other way was asked for; pytest-xdist's own default is single tests."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"
