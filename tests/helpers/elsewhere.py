"""Machines that are not as ours is: another locale, other users, a working folder full of modules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.samples import SAFETY_NET

# A locale that knows ASCII alone, with all that Python does about it switched off.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SHADOWS = ("json", "random", "types", "typing", "argparse", "rdkit", "yaml", "duckdb", "pyarrow", "numpy", "snakemake")
# What root is left with is what any user has: files of others are closed to it as their modes say.
PLAIN_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner,-chown", "--")


def shadow(folder: Path) -> None:
    """Put modules into a folder that are called as those that are imported, and may not be."""
    for name in SHADOWS:
        (folder / f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')\n", encoding="utf-8")


def verb(*words: object, before: tuple[str, ...] = (), **how: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m halogenator``; ``before``: words in front of it; ``env``: what is added to the environment."""
    how["env"] = {**os.environ, **how.get("env", {})}
    line = [*before, sys.executable, "-m", "halogenator", *map(str, words)]
    return subprocess.run(line, capture_output=True, encoding="utf-8", timeout=SAFETY_NET, **how)


def needs_a_plain_user() -> None:
    """Skip the test where this process cannot become one."""
    try:
        done = subprocess.run([*PLAIN_USER, "true"], capture_output=True)
    except FileNotFoundError:
        pytest.skip("setpriv is not installed")
    if done.returncode:
        pytest.skip("capabilities cannot be given up here")


def hand_over(folder: Path, uid: int = 4711) -> None:
    """Let a folder and all in it belong to another user of the same group, as with umask 002."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, os.getgid(), follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (path.stat().st_mode & 0o700) >> 3)
