"""Reports written by the verb, and what is in them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def write_report(results: Path, out: Path, *files: Path) -> Path:
    """Run the verb."""
    words = ["-m", "halogenator", "report", "--results", results, "--out", out, "--scratch", out.parent / "scratch"]
    words += ["--mem-mb", 500, "--configuration", *files]
    subprocess.run([sys.executable, *map(str, words)], check=True)
    return out


def job_of(path: Path, number: int) -> dict[str, object]:
    """What a report packs of its n-th job."""
    packed = re.search(rf'id="job-{number}">([^<]*)<', path.read_text())
    assert packed
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def lack_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take from the programs that are started the libraries that RDKit draws with, which slim images have not."""
    folder = str(Path(__file__).parent / "without_drawing")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")])))
