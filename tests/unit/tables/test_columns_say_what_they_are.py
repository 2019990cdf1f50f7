"""Every Parquet file says of each column what it means, and in what unit it is."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from halogenator.chemistry.descriptors import DESCRIPTORS
from helpers.exports import OME, PHENOLS, export, lay_out
from helpers.finished import Finished


def told(path: Path) -> dict[str, dict[str, str]]:
    """What the fields of a file say: {column: {word: text}}."""
    schema = pq.read_schema(path)
    return {
        field.name: {key.decode(): value.decode() for key, value in (field.metadata or {}).items()} for field in schema
    }


def test_all_files_of_a_run(finished: Finished) -> None:
    for path in sorted(finished.folder.joinpath("results").rglob("*.parquet")):
        silent = [name for name, text in told(path).items() if not text.get("description")]
        assert not silent, f"{path} does not say what {silent} are"
        units = {name: text["unit"] for name, text in told(path).items() if name in DESCRIPTORS and "unit" in text}
        if path.name in ("molecules.parquet", "products.parquet"):
            assert units == {"mw": "g/mol", "tpsa": "Å²"}


def test_exports_and_columns_of_a_file_too(tmp_path: Path) -> None:
    results = lay_out(tmp_path, list(PHENOLS.items()), OME)
    words = ("--library", "mine", "--reaction", "--fingerprint", "morgan", "--flag", "lipinski,pains,qed")
    (path,) = export(results, tmp_path / "a.parquet", *words)
    assert not [name for name, text in told(path).items() if not text.get("description")]
    assert told(path)["mw"]["unit"] == "g/mol"
