"""Tables of pandas and Polars, and columns of these: packages that are in ``.venv-frames`` alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from helpers.runs import OME, REPOSITORY
from helpers.samples import SAFETY_NET

FRAMES = REPOSITORY / ".venv-frames"

SCRIPT = f"""
import warnings
import pandas, polars, duckdb, halogenator

warnings.simplefilter("ignore", halogenator.RejectWarning)
missing = {{"none": None, "nan": float("nan"), "na": pandas.NA}}
given = pandas.Series({{"phenol": "Oc1ccccc1", **missing, "quinol": "Oc1ccc(O)cc1"}})
for workers in (None, 1):
    products = halogenator.transform(given, {OME!r}, workers=workers)
    frame = products.to_pandas()
    assert frame["smiles"].tolist() == ["COc1ccccc1", "COc1ccc(O)cc1"], frame
    assert frame["parent_id"].tolist() == ["phenol", "quinol"]
    assert [(each.id, each.reason) for each in products.rejects] == [(name, "empty") for name in ("none", "nan", "na")]
    assert products.rejects.to_pandas()["id"].tolist() == ["none", "nan", "na"]
    assert products.to_polars().equals(polars.from_arrow(products.to_arrow()))
    assert polars.DataFrame(products)["n_routes"].to_list() == [1, 2]
    assert duckdb.sql("SELECT count(*) FROM products WHERE mw < 110").fetchall() == [(1,)]
numbered = halogenator.transform(given.dropna().reset_index(drop=True), {OME!r})
assert numbered.to_pandas()["parent_id"].tolist() == ["0", "1"]
assert halogenator.transform(polars.Series(["Oc1ccccc1"]), {OME!r}).to_polars().height == 1
for table in (pandas.DataFrame({{"SMILES": ["C"]}}), polars.DataFrame({{"SMILES": ["C"]}})):
    try:
        halogenator.transform(table, {OME!r})
    except halogenator.UserError as error:
        assert "['SMILES']" in error.fix
    else:
        raise AssertionError("a table is no column")
print("done")
"""


@pytest.mark.long
def test_columns_of_pandas_and_polars_come_in_and_tables_go_out() -> None:
    if not (FRAMES / "pandas").is_dir():
        pytest.skip("pandas and Polars are not there: `make .venv-frames/ready` gets them")
    path = os.pathsep.join([str(FRAMES), str(REPOSITORY / "workflow")])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=SAFETY_NET,
    )
    assert done.stdout.endswith("done\n"), done.stderr  # DuckDB may show a bar before it
