"""A copy of the repository, to run commands in as a reader of its pages does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET


class Checkout:
    """A copy of the repository to run commands in."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        elsewhere = shutil.ignore_patterns(".*", "results", "__pycache__", "*.egg-info", "*.tmp.*")
        shutil.copytree(REPOSITORY, self.root, ignore=elsewhere)
        (folder / "home").mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SNAKEMAKE")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(self.root / "workflow"),
            "HOME": str(folder / "home"),
        }
        self.printed: dict[str, str] = {}

    def run(self, command: str) -> str:
        """Run a command line in the shell and return what it printed.

        Raises:
            AssertionError: it failed; with all it printed.
        """
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SAFETY_NET,
        )
        assert done.returncode == 0, f"{command}\nexit status {done.returncode}\n{done.stdout}"
        return done.stdout

    def snakemake(self, command: str) -> str:
        """Run a snakemake command, as its plan if it would run the default configuration; the same one only once."""
        command = command.partition("  #")[0].strip()
        partial = ("results/", "select=", "my.yaml", "-n")
        if not any(word.startswith(partial) for word in shlex.split(command)):
            command = command.replace(" --cores all", "") + " -n"
        if command not in self.printed:
            self.printed[command] = self.run(command)
        return self.printed[command]
