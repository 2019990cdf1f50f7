"""The molecules that are drawn: diverse, of a bounded sample, always the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from halogenator.chemistry.drawing import CANNOT_DRAW, draw_grown
from halogenator.report import gallery

ALIKE = [f"{'C' * n}C(=O)O" for n in range(4, 52)]
UNLIKE = {
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "quercetin": "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12",
    "ascaridole": "CC(C)C12C=CC(C)(CC1)OO2",
}


def write(path: Path, smiles: list[str], *, rows: int = 1_000) -> Path:
    pq.write_table(pa.table({"smiles": smiles, "id": list(map(str, range(len(smiles))))}), path, row_group_size=rows)
    return path


def test_what_differs_is_drawn_wherever_it_stands(tmp_path: Path) -> None:
    smiles = [*ALIKE[:30], UNLIKE["caffeine"], *ALIKE[30:40], UNLIKE["quercetin"], *ALIKE[40:], UNLIKE["ascaridole"]]
    path = write(tmp_path / "a.parquet", smiles)
    picked = gallery.pick(path, ["id", "mw"], 10)
    assert set(UNLIKE.values()) <= {row["smiles"] for row in picked[:10]}
    assert picked == gallery.pick(path, ["id", "mw"], 10)
    assert all(smiles[int(row["id"])] == row["smiles"] for row in picked)


def test_of_a_large_file_a_few_row_groups_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.parquet", [f"{'C' * (number % 40 + 1)}O" for number in range(3_000)], rows=20)
    read: list[int] = []
    plain = pq.ParquetFile.iter_batches

    def noted(file: pq.ParquetFile, *args: object, row_groups: list[int], **how: object) -> object:
        read.extend(row_groups)
        return plain(file, *args, row_groups=row_groups, **how)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noted)
    rows = [int(row["id"]) for row in gallery.pick(path, ["id"], 10)]
    assert len(read) == 8
    assert max(rows) - min(rows) > 1_500


def test_a_page_of_few_jobs_draws_more_of_each() -> None:
    sizes = {number: 10 + number for number in range(2_000)}
    for sets, wanted in ((3, {24: 3}), (60, {12: 60}), (120, {6: 120}), (139, {6: 101, 3: 38}), (2_000, {3: 2_000})):
        counts = gallery.counts({number: sizes[number] for number in range(sets)})
        assert Counter(counts.values()) == wanted and len(counts) == sets
        assert min((sizes[number] for number, count in counts.items() if count == 6), default=99_999) > max(
            (sizes[number] for number, count in counts.items() if count == 3), default=0
        )
    assert gallery.counts({}) == {}


@pytest.mark.skipif(bool(CANNOT_DRAW), reason="RDKit cannot draw on this machine")
def test_a_halogenated_molecule_lies_as_its_natural_product() -> None:
    """Bromothymol: only the bromine, and in thymol its carbon, are marked; an exchanged hydroxyl is not drawn so."""
    thymol, bromothymol = "Cc1ccc(C(C)C)c(O)c1", "Cc1cc(O)c(C(C)C)cc1Br"
    drawn = draw_grown(thymol, bromothymol)
    assert drawn
    assert [one.body.count("<ellipse") for one in drawn] == [1, 1]
    assert (drawn[0].width, drawn[0].height) == (drawn[1].width, drawn[1].height)
    assert Chem.MolFromSmiles(bromothymol).HasSubstructMatch(Chem.MolFromSmiles(thymol))
    assert draw_grown(thymol, "Cc1ccc(C(C)C)c(Br)c1") is None
