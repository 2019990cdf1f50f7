"""The report: what it holds, and what it says where it cannot be made."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from halogenator.report import distributions, figures, page
from halogenator.report.matrix import colors
from halogenator.tables.duck import connect
from helpers.finished import JOBS, Finished
from helpers.report import job_of, lack_drawing, write_report
from helpers.runs import OME, REPOSITORY, write_molecules


def test_the_same_results_give_the_same_report(finished: Finished, tmp_path: Path) -> None:
    results = finished.folder / "results"
    first, second = (write_report(results, tmp_path / name) for name in ("a.html", "b.html"))
    made = re.compile(r"Report made .*")
    assert made.sub("", first.read_text()) == made.sub("", second.read_text())


def test_the_limit_is_what_was_promised() -> None:
    assert page.MAX_BYTES == 8_000_000


def test_without_a_catalog_it_says_what_to_do(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "halogenator", "report", "--results", tmp_path, "--out", tmp_path / "r.html"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no catalog yet" in done.stderr
    assert not (tmp_path / "r.html").exists()


def test_the_record_of_memory_may_be_replaced_meanwhile(finished: Finished, tmp_path: Path) -> None:
    """As the run does, whose report is made while it goes on."""
    record = Path(shutil.copy(finished.folder / "results" / "monitor.parquet", tmp_path))
    look = pq.read_table(record).slice(0, 1).to_pylist()[0]
    for name, looks in {"short": 10, "long": 1_000}.items():
        looked = [{**look, "time": look["time"] + second} for second in range(looks)]
        pq.write_table(pa.Table.from_pylist(looked), tmp_path / name)
    ended = threading.Event()

    def replace_it() -> None:
        for name in itertools.cycle(["short", "long"]):
            if ended.is_set():
                return
            shutil.copy(tmp_path / name, tmp_path / "new")
            (tmp_path / "new").replace(record)

    shutil.copy(tmp_path / "short", record)
    thread = threading.Thread(target=replace_it)
    thread.start()
    try:
        with connect(500, tmp_path) as connection:
            seen = {figures.memory(connection, record, tmp_path)["seconds"] for _ in range(60)}
    finally:
        ended.set()
        thread.join()
    assert seen <= {9, 999}


def test_where_rdkit_cannot_draw_the_verb_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lack_drawing(monkeypatch)
    words = [sys.executable, "-m", "halogenator", "transforms", "--draw", tmp_path / "drawings"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 1
    assert "a library of the system is missing" in done.stderr and "libxrender1" in done.stderr


# ---- its figures -----------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_files(finished: Finished) -> None:
    results = finished.folder / "results"
    details = job_of(results / "report.html", sorted(JOBS).index(("mine", OME)))
    rows = pq.read_table(results / f"products/library=mine/transform={OME}/products.parquet", partitioning=None)
    after = details["after"]
    assert after["rows"] == after["read"] == after["of"] == rows.num_rows
    first, width, _ = distributions.BINS["clogp"]
    expected = Counter(int((value - first) // width) for value in rows["clogp"].to_pylist())
    start, counts = after["bins"]["clogp"]
    assert {start + place: count for place, count in enumerate(counts) if count} == expected
    assert after["within"]["mw"] == pytest.approx(
        sum(mw <= 500 for mw in rows["mw"].to_pylist()) / rows.num_rows, abs=1e-4
    )
    oral = {
        "lipinski": [sum((r["mw"] > 500, r["hbd"] > 5, r["hba"] > 10, r["clogp"] > 5)) <= 1 for r in rows.to_pylist()],
        "veber": [r["tpsa"] <= 140 and r["rotb"] <= 10 for r in rows.to_pylist()],
    }
    for rule, passing in oral.items():
        assert after[rule] == pytest.approx(sum(passing) / rows.num_rows, abs=1e-4)
    parents = pq.read_table(results / "libraries/library=mine/molecules.parquet", partitioning=None).to_pylist()
    query = Chem.MolFromSmarts("[c:1][OX2H:2]")
    assert details["before"]["rows"] == sum(
        Chem.MolFromSmiles(row["smiles"]).HasSubstructMatch(query) for row in parents
    )


def test_halogen_atoms_are_counted_as_rdkit_counts_them(tmp_path: Path) -> None:
    smiles = ["FC(F)(Cl)C", "In1cccc1", "Ic1ccc(Br)cc1", "[In]C", "[Fe]CF", "C1CC1", "FC(F)(F)C(F)(F)F", "[Ir]I"]
    write_molecules(tmp_path / "a.parquet", [(text, text) for text in smiles])
    found = distributions.profile(tmp_path / "a.parquet", [])["halogens"]
    for element in ("F", "Cl", "Br", "I"):
        counts = Counter(
            min(4, sum(atom.GetSymbol() == element for atom in Chem.MolFromSmiles(text, sanitize=False).GetAtoms()))
            for text in smiles
        )
        assert found[element] == [counts[number] for number in range(5)], element


def test_a_large_file_is_sampled_evenly_and_says_so(tmp_path: Path) -> None:
    write_molecules(tmp_path / "a.parquet", [(str(number), "C" * (1 + number // 40)) for number in range(4_000)])
    rows = pq.read_table(tmp_path / "a.parquet")
    pq.write_table(rows, tmp_path / "b.parquet", row_group_size=40)
    found = distributions.profile(tmp_path / "b.parquet", [])
    assert (found["read"], found["of"]) == (distributions.MAX_ROW_GROUPS * 40, 4_000)


def test_every_cell_can_be_read() -> None:
    for count in (1, 9, 58, 400, 3_000, 54_000, 10**6, 6 * 10**7):
        back, ink = colors(count, 6 * 10**7)
        (a, b) = sorted((_luminance(back), _luminance(ink)), reverse=True)
        assert (a + 0.05) / (b + 0.05) >= 4.5


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_captions_state_the_limits_in_use() -> None:
    caption = " ".join((REPOSITORY / "workflow/report/report.rst").read_text().split())
    words = {"mw": "molecular weight", "tpsa": "polar surface area", "hbd": "donors", "hba": "acceptors"}
    words |= {"clogp": "clogP", "rotb": "rotatable bonds"}
    for name, limit in distributions.LIMITS.items():
        assert re.search(rf"{words[name]} at most {limit.value}\b", caption), name
