"""MaxMin picking: a diverse choice of molecules, by their Morgan fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from rdkit.Chem import rdFingerprintGenerator
from rdkit.SimDivFilters.rdSimDivPickers import MaxMinPicker

from halogenator.chemistry.molecules import RejectError, parse_smiles
from halogenator.chemistry.parent import is_flat, read_flat

RADIUS = 2
BITS = 2048
MAX_CANDIDATES = 1_000_000
# Memory to declare, measured with a million. A fingerprint takes some 480 bytes with RDKit's and Python's objects.
# RDKit reserves as much again to pick, does not use it, but limits count it.
_CANDIDATE_BYTES = 1_100
_PROCESS_MB = 400


def needed_mb(candidates: int) -> int:
    """Return the memory in MB (10^6 bytes) that a process should declare to pick from ``candidates`` molecules."""
    return _PROCESS_MB + candidates * _CANDIDATE_BYTES // 1_000_000


@cache
def morgan_generator() -> Any:
    """Return RDKit's generator of the Morgan fingerprints that all of this program uses."""
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


def fingerprints(smiles: Sequence[str], threads: int = 1, *, stored: bool = False) -> list[Any]:
    """Return the Morgan fingerprint (radius 2, 2048 bits) of each molecule, or its RejectError if it cannot be read.

    Method: RDKit's ``GetMorganGenerator`` (Rogers and Hahn, J. Chem. Inf. Model. 2010, 50, 742).

    Args:
        smiles: SMILES of the molecules.
        threads: threads to compute in.
        stored: whether this program wrote the SMILES, which makes reading them cheaper.
    """
    found: list[Any] = []
    for text in smiles:
        try:
            found.append(read_flat(text, all_rings=False) if stored and is_flat(text) else parse_smiles(text))
        except RejectError as error:
            found.append(error)
    molecules = [item for item in found if not isinstance(item, RejectError)]
    made = iter(morgan_generator().GetFingerprints(molecules, threads) if molecules else ())
    return [item if isinstance(item, RejectError) else next(made) for item in found]


def pick(candidates: Sequence[Any], count: int, seed: int) -> list[int]:
    """Return the indices of ``count`` fingerprints. The seed draws the first; each next is farthest from those before.

    Distance: Tanimoto. Method: MaxMin with lazy distances, RDKit's ``LazyBitVectorPick`` (Ashton et al.,
    Quant. Struct.-Act. Relat. 2002, 21, 598; Roger Sayle, RDKit UGM 2017).

    Examples:
        >>> found = fingerprints(["CCO", "CCCO", "c1ccccc1", "CCCCO"])
        >>> 2 in pick(found, 2, seed=0)  # benzene is far from all the alcohols
        True
    """
    if count >= len(candidates):
        return list(range(len(candidates)))
    return [int(index) for index in MaxMinPicker().LazyBitVectorPick(candidates, len(candidates), count, [], seed)]
