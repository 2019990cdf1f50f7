"""Puts this folder on the import path: helpers are imported as ``property.…`` and ``workflow.…``.

An expensive run is shared by the tests of one file, so under pytest-xdist a file has to stay on one worker.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Distribute whole files where no other way was asked for; pytest-xdist's own default is single tests."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"
