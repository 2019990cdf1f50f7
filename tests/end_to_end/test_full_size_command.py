"""The command that docs/full-size-run.md documents, on two polyphenols."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.runs import REPOSITORY, named_parents, write_molecules

OME = "FG_PHENOL_OH__OH__TO__OMe"  # the command's transform by default


@pytest.mark.long
def test_the_full_size_run_takes_a_relative_folder_and_jobs_without_chunk_tasks(tmp_path: Path) -> None:
    rows = [(name, smiles, "polyphenol") for name, smiles in named_parents("polyphenol")[:2]]
    write_molecules(tmp_path / "mine.parquet", rows, header=("id", "smiles", "library_class"))
    words = [sys.executable, REPOSITORY / "benchmarks" / "full_size.py", "mine.parquet", "OUT", "--every", "2"]
    # A pool of tasks in this process, of an earlier test, may have set what tasks import; a person's shell has not.
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(words, cwd=tmp_path, env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "OUT/full-size.json").read_text())
    real, rehearsal = found["real"][OME], found["rehearsal"][OME]
    assert real["products"] > rehearsal["products"] > 0
    assert real["chunk_seconds"] == {"count": 0}
    assert (tmp_path / "OUT/run/memory.svg").stat().st_size > 1_000
