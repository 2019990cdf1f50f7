"""The notebooks of docs/notebooks: each is executed from its first cell to its last, in an empty folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET

FOLDER = REPOSITORY / "docs" / "notebooks"
OWN = "a-transform-of-your-own"
DOCKING = "from-results-to-a-docking-set"


def executed(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The code cells of a notebook with what they gave."""
    import nbclient
    import nbformat

    for variable in ("HOME", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(folder / variable))
    work = folder / "work"
    work.mkdir()
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=SAFETY_NET, resources={"metadata": {"path": str(work)}})
    client.execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cells: list[Any], source: str, kind: str = "text/html") -> str:
    """What the first cell with some source shows."""
    cell = next(cell for cell in cells if source in cell.source)
    found = [out["data"][kind] for out in cell.outputs if kind in out.get("data", {})]
    return "".join(found) or "".join(out.get("text", "") for out in cell.outputs)


@pytest.mark.long
def test_a_transform_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = executed(OWN, tmp_path, monkeypatch)
    assert shown(cells, "halogenator.transforms()").count("<svg") == 19
    assert "warning" in shown(cells, "[O:3]") and "warning" not in shown(cells, "on=[")
    assert shown(cells, '"quercetin": quercetin}, acetylate)').count("<svg") == 5
    assert "chelated_phenol" in shown(cells, "chosen.left_out")
    assert "1 reject: 1 unparsable SMILES" in shown(cells, "acetates.rejects")
    assert "PHENOL_TO_OAc" in shown(cells, "mine = ")
    assert "CC(=O)Oc1ccc(C(C)=O)cc1" in shown(cells, '"piceol"], mine', "text/plain")


@pytest.mark.long
def test_from_results_to_a_docking_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = executed(DOCKING, tmp_path, monkeypatch)
    assert "2 libraries, 1 job" in shown(cells, "halogenator.open", "text/plain")
    assert shown(cells, "halogens = 'F' AND").count("<svg") == 10
    assert shown(cells, "limit=3").count("<svg") == 3
    assert "data:image/svg+xml" in shown(cells, "results.lineage")
    assert "'molecules': 12" in shown(cells, "made[name]", "text/plain")
    assert shown(cells, "SDMolSupplier").count("| True") == 3


def test_notebooks_are_kept_without_outputs_and_named_in_the_docs() -> None:
    import json

    page = (REPOSITORY / "docs" / "python.md").read_text()
    paths = sorted(FOLDER.glob("*.ipynb"))
    assert [path.stem for path in paths] == [OWN, DOCKING]
    for path in paths:
        assert f"(notebooks/{path.name})" in page
        for cell in json.loads(path.read_text())["cells"]:
            assert not cell.get("outputs") and not cell.get("execution_count")
