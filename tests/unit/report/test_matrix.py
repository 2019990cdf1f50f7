"""The matrix of libraries and transforms: its cells, their colours, and the words of its columns."""

from __future__ import annotations

from pathlib import Path

from halogenator.model import Transform
from halogenator.report import matrix

OME = "FG_PHENOL_OH__OH__TO__OMe"


def test_the_matrix_tells_out_of_scope_from_not_run() -> None:
    transforms = {
        "A": Transform("A", "", family="own", scope_classes=("lipid",)),
        "B": Transform("B", "", family="own"),
    }
    jobs = [
        {"library": "fats", "transform": "A", "products": 3},
        {"library": "teas", "transform": "B", "products": 2},
    ]
    libraries = [{"library": "seed", "class": "lipid"}, {"library": "fats", "class": "lipid"}]
    made = matrix.make(jobs, transforms, [*libraries, {"library": "teas", "class": "polyphenol"}])
    found = {
        row["library"]: [(cell is not None, in_scope) for _, cell, in_scope in row["cells"]] for row in made["rows"]
    }
    assert found == {
        "seed": [(False, None), (False, None)],
        "fats": [(True, True), (False, True)],
        "teas": [(False, False), (True, True)],
    }


def test_words_come_from_files_and_else_from_the_name(tmp_path: Path) -> None:
    """Also from files that no run would take today: with unknown keys, wrong types, or no YAML at all."""
    old, odd, broken = (tmp_path / name for name in ("old.yaml", "odd.yaml", "broken.yaml"))
    old.write_text(
        "select: {old: key}\ntransforms:\n- {name: B, label: to B, retired: 1}\n- {name: A, smirks: 'A>>B'}\n"
    )
    odd.write_text("transforms: [{name: 3}, 4, {name: C, scope_classes: lipid}]\n")
    broken.write_text("transforms: [")
    found = matrix.labelled([broken, tmp_path / "gone.yaml", odd, old], {"A", "B", OME})
    assert [(name, each.label, each.family, each.smirks) for name, each in found.items()] == [
        ("B", "to B", "", ""),
        ("A", "A", "", "A>>B"),
        (OME, "phenols: OH → OMe", "phenols", ""),
    ]
