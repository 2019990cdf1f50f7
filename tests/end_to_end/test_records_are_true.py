"""What a run records of its results: found by `verify` if damaged, made again by a plain run, true in the report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from halogenator.results import Results
from helpers.finished import Finished
from helpers.runs import COOME, OME, snakemake

DAMAGES = {
    ("mine",): lambda content: b"",
    ("other-0X",): lambda content: content[:50],
    ("other-1X",): lambda content: b"null",
    ("mine", OME): lambda content: bytes(len(content)),
    ("mine", COOME): lambda content: content.replace(b'"products": ', b'"products": 1'),
    ("other-1X", OME): lambda content: content.replace(b"other", b"\xffther"),
}  # fmt: skip


def verify(results: Path) -> tuple[int, set[str]]:
    """Return the status, and what is bad."""
    words = [sys.executable, "-m", "halogenator", "verify", str(results)]
    done = subprocess.run(words, capture_output=True, text=True)
    lines = [line.split("  ", 2) for line in done.stdout.splitlines() if line.startswith("BAD")]
    return done.returncode, {Path(path).relative_to(results).as_posix() for _, path, _ in lines}


def tables(results: Path) -> dict[str, int]:
    return {path.relative_to(results).as_posix(): path.stat().st_mtime_ns for path in results.rglob("*s.parquet")}


def test_damaged_records_are_found_and_made_again_alone(finished: Finished, tmp_path: Path) -> None:
    folder = finished.copy(tmp_path / "run")
    results = folder / "results"
    places = Results(results)
    stats = {names: places.stats(*names) for names in DAMAGES}
    before = {names: json.loads(path.read_text()) for names, path in stats.items()}
    made = tables(results)
    for names, path in stats.items():
        path.write_bytes(DAMAGES[names](path.read_bytes()))
    places.summary.write_bytes(places.summary.read_bytes()[:100])
    (results / "plan.tsv").write_bytes(b"")
    bad = {path.relative_to(results).as_posix() for path in stats.values()}
    assert verify(results)[1] >= bad
    said = snakemake(folder, "--cores", 2)
    assert "Merging" not in said and said.count("was damaged") == len(stats) + 1
    assert {name: time for name, time in tables(results).items() if name in made} == made
    lost = ("usage", "configuration", "sha256")
    for names, path in stats.items():
        again = json.loads(path.read_text())
        assert again["usage"].keys() == before[names]["usage"].keys()
        assert {k: v for k, v in again.items() if k not in lost} == {
            k: v for k, v in before[names].items() if k not in lost
        }
    assert len(places.summary.read_text().splitlines()) == 1 + len(places.jobs())
    assert verify(results) == (0, set())


@pytest.mark.long
def test_statistics_without_a_second_record_cost_their_job(finished: Finished, tmp_path: Path) -> None:
    """Of an earlier version, whose rejects do not have them in their footer: here the rejects are another job's."""
    folder = finished.copy(tmp_path / "run")
    places = Results(folder / "results")
    places.stats("mine", COOME).write_text("{}")
    rejects = places.rejects("mine", COOME)
    rejects.write_bytes(places.rejects("mine", OME).read_bytes())
    said = snakemake(folder, "--cores", 2)
    assert said.count("Merging") == 1
    assert verify(places.folder) == (0, set())


def configurations(report: Path) -> dict[str, str]:
    """The configuration files in a report, by what was made with them."""
    part = report.read_text().partition("<h4>Configuration</h4>")[2].partition("<h4>Checksums</h4>")[0]
    return {each.partition("</p>")[0]: each for each in part.split("<p>")[1:]}


@pytest.mark.long
def test_the_report_shows_the_configurations_that_made_the_results(finished: Finished, tmp_path: Path) -> None:
    folder = finished.copy(tmp_path / "run")
    config = folder / "config.yaml"
    text = config.read_text()
    config.write_text(f"# edited since\n{text}")
    (folder / "results" / "report.html").unlink()
    snakemake(folder, "--cores", 2)
    (found,) = configurations(folder / "results" / "report.html").items()
    assert found[0] == "Of all results" and "edited since" not in found[1] and "aromatic_ch" in found[1]
    # One job more, of another configuration.
    settings = yaml.safe_load(text)
    settings["select"] = {"libraries": ["mine", "other-1X"], "transforms": [OME]}
    settings["descriptors"] = ["mw"]
    config.write_text(yaml.safe_dump(settings))
    snakemake(folder, "--cores", 2)
    found = configurations(folder / "results" / "report.html")
    (old,) = [name for name in found if COOME in name]
    (new,) = [name for name in found if name != old]
    assert re.findall("descriptors:", found[new]) and f"mine × {OME}" in new and "mine × " + OME not in old
    assert "edited since" not in found[old] + found[new]
