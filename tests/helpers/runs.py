"""Snakemake as a user starts it, in a folder of its own, and molecule files in every format."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor

from helpers.samples import SAFETY_NET

REPOSITORY = Path(__file__).parents[2]
Row = tuple[str | None, str | None]  # id, SMILES


def command(folder: Path, *flags: object, repository: Path = REPOSITORY) -> tuple[list[str], dict[str, object]]:
    """What starts Snakemake on a folder that holds ``config.yaml``, and how."""
    words = [sys.executable, "-m", "snakemake", "--directory", folder, *flags]
    if "--configfile" not in flags:
        words += ["--configfile", folder / "config.yaml"]
    return [str(word) for word in words], {"cwd": repository, "text": True, "env": dict(os.environ)}


def snakemake(folder: Path, *flags: object, repository: Path = REPOSITORY, fails: bool = False, **how: object) -> str:
    """Run Snakemake and return what it printed; ``how``: further arguments of ``subprocess.run``."""
    words, settings = command(folder, *flags, repository=repository)
    settings |= how
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SAFETY_NET, **settings)
    assert (done.returncode != 0) == fails, done.stdout[-5000:]
    return done.stdout


def rules(output: str) -> Counter[str]:
    """{rule: tasks} of the table that Snakemake prints before a run or a plan."""
    table = output.partition("Job stats:")[2].partition("\n\n")[0]
    counts = Counter({name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)})
    del counts["total"]
    return counts


def tasks(output: str) -> list[str]:
    """The messages of the tasks that a run or a plan lists, sorted, without ``all``'s."""
    return sorted(text for number, text in re.findall(r"^Job (\d+): (.+)$", output, re.MULTILINE) if number != "0")


def write_yaml(path: Path, data: object) -> Path:
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def transform(name: str, smirks: str, classes: Sequence[str], reactant: str, *products: str) -> dict[str, object]:
    """An entry of transforms.yaml with one example."""
    return {
        "name": name,
        "label": name,
        "family": name.lower(),
        "scope_classes": list(classes),
        "smirks": smirks,
        "examples": [{"reactant": reactant, "products": list(products)}],
    }


OME = "FG_PHENOL_OH__OH__TO__OMe"
COOME = "FG_CARBOXYL__COOH__TO__COOMe"
ARYL_F = "FG_AMINE_AR__NH2__TO__F"


def shipped(name: str, *classes: str) -> dict[str, object]:
    """A transform of configs/transforms.yaml, scoped anew."""
    entries = yaml.safe_load((REPOSITORY / "configs" / "transforms.yaml").read_text())["transforms"]
    (entry,) = (entry for entry in entries if entry["name"] == name)
    return {**entry, "scope_classes": list(classes)}


def named_parents(class_name: str) -> list[Row]:
    """(name, SMILES) of configs/parents for a class."""
    lines = (REPOSITORY / "configs" / "parents" / f"{class_name}.smi").read_text().splitlines()
    return [(line.split("\t")[1], line.split("\t")[0]) for line in lines]


# ---- molecule files --------------------------------------------------------------------------------------------------


def write_molecules(path: Path, rows: Sequence[Row], *, header: Sequence[str] | None = ("id", "smiles")) -> None:
    """Write rows in the format that the path's ending says."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        pq.write_table(pa.table(dict(zip(header, columns, strict=True))), path)
        return
    text = {"csv": _separated, "tsv": _separated, "smi": _smi, "sdf": _sdf}[kind](path, rows, header)
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as file:
        file.write(text)


def _separated(path: Path, rows: Sequence[Row], header: Sequence[str]) -> str:
    out = io.StringIO()
    delimiter = "\t" if ".tsv" in path.name else ";" if path.suffix == ".gz" else ","
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def _smi(path: Path, rows: Sequence[Row], header: Sequence[str] | None) -> str:
    first = "smiles id\n" if header else ""
    return first + "".join(f"{smiles} {name}\n" if smiles else "\n" for name, smiles in rows)


def _sdf(path: Path, rows: Sequence[Row], header: Sequence[str]) -> str:
    return "".join(f"{name}\n{_block(smiles)}$$$$\n" for name, smiles in rows)


def _block(smiles: str | None) -> str:
    """The mol block below its title; of what is no SMILES, a block that breaks off."""
    if smiles and set(smiles) == {"C"} and len(smiles) > 999:
        return _chain(5_001)  # above the limit, and a file that is still small enough to be counted, not estimated
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles or "", sanitize=False)
    if mol is None:
        return "\n\n  9  9  0  0  0  0  0  0  0  0999 V2000\nM  END\n"
    if Chem.SanitizeMol(mol, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
        mol = Chem.MolFromSmiles(smiles or "")
    rdDepictor.Compute2DCoords(mol)
    return Chem.MolToMolBlock(mol, kekulize=False).partition("\n")[2]


def _chain(length: int) -> str:
    """A long alkane; RDKit takes minutes to write one."""
    lines = ["", "", "  0  0  0     0  0            999 V3000", "M  V30 BEGIN CTAB"]
    lines += [f"M  V30 COUNTS {length} {length - 1} 0 0 0", "M  V30 BEGIN ATOM"]
    lines += [f"M  V30 {i} C 0 0 0 0" for i in range(1, length + 1)]
    lines += ["M  V30 END ATOM", "M  V30 BEGIN BOND"]
    lines += [f"M  V30 {i} 1 {i} {i + 1}" for i in range(1, length)]
    return "\n".join([*lines, "M  V30 END BOND", "M  V30 END CTAB", "M  END", ""])
