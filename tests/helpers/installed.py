"""The package as pip installs it from its wheel, in an environment of its own with the libraries of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET


def build(folder: Path, kind: str, source: Path = REPOSITORY) -> Path:
    """Build the "wheel" or the "sdist" of a source tree into a folder, and return its path."""
    words = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    subprocess.run(words, cwd=source, check=True, capture_output=True, timeout=SAFETY_NET)
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


class Installed:
    """An environment with the wheel; of the dependencies it takes those that the tests have."""

    def __init__(self, folder: Path) -> None:
        wheel = build(folder / "dist", "wheel")
        home = folder / "environment"
        venv.create(home, with_pip=False)
        self.python = home / "bin" / "python"
        self.packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)
        # What a .pth file names comes last, and .pth files there, such as that of an editable package, are not read.
        (self.packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def environment(self) -> dict[str, str]:
        """The variables of a terminal in which this environment is active."""
        return {**os.environ, "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}

    def run(self, folder: Path, module: str, *words: object, fails: bool = False, **variables: str) -> str:
        """Run ``python -m module`` in a folder and return what it printed."""
        done = subprocess.run(
            [str(self.python), "-m", module, *map(str, words)],
            cwd=folder,
            env={**self.environment(), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SAFETY_NET,
        )
        assert (done.returncode != 0) == fails, done.stdout[-5000:]
        return done.stdout
