"""A results folder with libraries and jobs as the rules lay them out, and what an export made of it."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem

from halogenator.cli import main
from helpers.verbs import Row, build_library, run_job

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
PHENOLS = {
    "catechol": "Oc1ccccc1O",
    "(+)-catechin": "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@@H](O)C2",
    "resveratrol": "Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1",
    "gallic acid": "OC(=O)c1cc(O)c(O)c(O)c1",
}


def lay_out(
    folder: Path, rows: Sequence[Row], smirks: str | None = None, *, library: str = "mine", scores: Sequence[str] = ()
) -> Path:
    """Return a results folder with a library of rows, and of the job T where a SMIRKS is given, with these scores."""
    results, work = folder / "results", folder / library
    work.mkdir(parents=True)
    made = build_library(work, rows, fragments="keep", queries=[], scores=scores)
    place = results / f"libraries/library={library}/molecules.parquet"
    place.parent.mkdir(parents=True)
    shutil.copy(made.path, place)
    if smirks:
        place = results / f"products/library={library}/transform=T/products.parquet"
        place.parent.mkdir(parents=True)
        shutil.copy(run_job(work, made.path, smirks, scores=scores).path, place)
    return results


def export(results: Path, out: Path, *words: object, fails: bool = False) -> list[Path]:
    """Run the verb; return its files."""
    status = main(["export", "--results", str(results), "--out", str(out), *map(str, words)])
    assert status == (1 if fails else 0)
    ending = "".join(out.suffixes)
    return [out] if out.exists() else sorted(out.parent.glob(f"{out.name.removesuffix(ending)}-*{ending}"))


def text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()


def rows(paths: Sequence[Path]) -> list[dict[str, str]]:
    """The rows of CSV files."""
    return [row for path in paths for row in csv.DictReader(text(path).splitlines())]


def records(paths: Sequence[Path]) -> list[Chem.Mol]:
    """The molecules of SDF files, as RDKit reads them."""
    found = []
    for path in paths:
        supplier = Chem.SDMolSupplier()
        supplier.SetData(text(path))
        found += list(supplier)
    return found
