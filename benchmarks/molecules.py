"""Molecules to measure on: a library of dihalogenated polyphenols as large as real ones, and a million phenols."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean

import pyarrow as pa
import pyarrow.parquet as pq
import rdkit
from rdkit import Chem

from halogenator import ENGINE_VERSION
from halogenator.chemistry.kernel import Kernel
from halogenator.config.rule_files import load_halogenation, load_transforms
from halogenator.model import Halogenation, Transform, fingerprint
from harness import FOLDER, REPOSITORY

# Natural products of 35 to 59 heavy atoms: SMILES, name, formula.
PARENTS = REPOSITORY / "benchmarks" / "polyphenols.smi"
OME = "FG_PHENOL_OH__OH__TO__OMe"
DESCRIPTORS = ("mw", "tpsa", "hbd", "hba", "clogp", "rotb")

# Halogenated once, each parent gives 60 to 100 molecules. Of these so many, evenly spread, are halogenated again.
_RUNS = 4

_SUBSTITUENTS = (
    "", "F", "Cl", "Br", "I", "C", "CC", "OC", "C(=O)O", "C(F)(F)F", "C#N", "N", "CO", "C(C)C", "C(C)=O", "SC", "C=C",
    "CN", "OCC", "N(C)C",
)  # fmt: skip
_PHENOLS = len(_SUBSTITUENTS) ** 5
# No factor of 20: multiplying by it, modulo 20^5, is a permutation that leaves every prefix of the same mean size.
_STRIDE = 1_234_577


def transform(name: str = OME) -> Transform:
    """Return a transform of configs/transforms.yaml."""
    return load_transforms(REPOSITORY / "configs" / "transforms.yaml")[name]


def halogenation() -> Halogenation:
    """Return configs/halogenation.yaml."""
    return load_halogenation(REPOSITORY / "configs" / "halogenation.yaml")


def parents(*, stereo: bool) -> Iterator[tuple[str, str]]:
    """Yield (SMILES, name) of ``PARENTS``.

    Args:
        stereo: whether to keep it; nineteen of twenty polyphenols in collections of natural products state none.
    """
    for line in PARENTS.read_text().splitlines():
        smiles, name, _ = line.split("\t")
        yield smiles if stereo else Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False), name


def dihalogenated(count: int | None = None, *, stereo: bool = False) -> list[str]:
    """Return SMILES of a polyphenol-2X library in its order, in contiguous runs: all that follow from one 1X molecule.

    Args:
        count: about how many, the same share of each parent's; None: all, some 8,000.
        stereo: as for ``parents``.
    """
    table = pq.read_table(_cached(stereo)).to_pydict()
    by_parent = defaultdict(list)
    for parent, smiles in zip(table["parent"], table["smiles"], strict=True):
        by_parent[parent].append(smiles)
    share = 1.0 if count is None else count / len(table["smiles"])
    return [smiles for run in by_parent.values() for smiles in run[: round(share * len(run))]]


def composition(molecules: Sequence[str]) -> tuple[float, float]:
    """Return the mean number of heavy atoms and of phenol sites."""
    query = Chem.MolFromSmarts(transform().query)
    parsed = [Chem.MolFromSmiles(smiles) for smiles in molecules]
    return mean(mol.GetNumAtoms() for mol in parsed), mean(len(mol.GetSubstructMatches(query)) for mol in parsed)


def write_library(molecules: Sequence[str], path: Path) -> Path:
    """Write molecules as a file that a library can be read from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"m{number}" for number in range(1, len(molecules) + 1)]
    pq.write_table(pa.table({"id": names, "smiles": list(molecules)}), path, compression="zstd")
    return path


def phenols(count: int) -> Iterator[str]:
    """Yield distinct phenols, one site and 7 to 27 heavy atoms each, of the same mean size whatever their number.

    Args:
        count: how many, at most 1.6 million.
    """
    texts = [f"({text})" if text else "" for text in _SUBSTITUENTS]
    distinct = filter(None, (_phenol(number * _STRIDE % _PHENOLS, texts) for number in range(_PHENOLS)))
    return itertools.islice(distinct, count)


def _phenol(number: int, texts: Sequence[str]) -> str | None:
    """Return the SMILES of a pattern of substituents, or None for the mirror image of another."""
    places = []
    for _ in range(5):
        number, place = divmod(number, len(texts))
        places.append(place)
    if places > places[::-1]:
        return None
    a, b, c, d, e = (texts[place] for place in places)
    return f"Oc1c{a}c{b}c{c}c{d}c1{e[1:-1]}"


def _cached(stereo: bool) -> Path:
    rules = halogenation()
    natural = list(parents(stereo=stereo))
    version = fingerprint(ENGINE_VERSION, rdkit.__version__, rules.fingerprint("polyphenol"), natural, _RUNS)
    path = FOLDER / f"dihalogenated-{version}.parquet"
    if not path.exists():
        kernel = Kernel(rules.transforms("polyphenol"))
        seen: dict[str, str] = {}
        for smiles, name in natural:
            once = kernel.products(smiles)[0]
            for molecule in once[:: -(-len(once) // _RUNS)]:
                for product in kernel.products(molecule.smiles)[0]:
                    seen.setdefault(product.smiles, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"smiles": list(seen), "parent": list(seen.values())}), path, compression="zstd")
    return path
