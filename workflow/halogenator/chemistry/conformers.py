"""3D structures of a molecule for docking: embedded, minimised, and read back to the same molecule."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from halogenator.chemistry.molecules import RejectError, parse_smiles, settle

MAX_CONFORMERS = 100  # of a molecule
# Atoms without hydrogens. The time of a conformer grows with the square of them or faster: to some ten seconds of the
# largest, in 30 MB. Docking programs take no larger ones.
MAX_HEAVY_ATOMS = 150

_TRIES = 30  # embeddings tried for each conformer; then as many that begin with random coordinates
_SAME = 0.5  # Å: conformers that differ by less (RMSD of heavy atoms, as embedded) are one
_STEPS = 2_000  # of minimisation, at most
_OPEN_BONDS = frozenset({Chem.BondStereo.STEREONONE, Chem.BondStereo.STEREOANY})


@dataclass(frozen=True)
class Conformer:
    """A 3D structure of a molecule.

    Attributes:
        block: its mol block, with hydrogens.
        energy: energy in the force field, in kcal/mol.
        force_field: MMFF94, or UFF where MMFF94 does not know an atom.
    """

    block: str
    energy: float
    force_field: str


def conformers(smiles: str, title: str, count: int, seed: int) -> list[Conformer]:
    """Return up to ``count`` conformers, the one of lowest energy first.

    Configurations that the SMILES leaves open come out one way or the other. Those that it states are the same in the
    mol block, which is read back: a minimisation can turn a strained centre over.

    Method: ETKDG version 3 (Wang et al., J. Chem. Inf. Model. 2020, 60, 2044), then MMFF94 (Tosco et al., J.
    Cheminform. 2014, 6, 37), as RDKit has them. The same seed gives the same conformers, whatever was made before.

    Args:
        smiles: the SMILES.
        title: the blocks' first line; of several, with _c1, _c2 and so on.
        count: how many to make.
        seed: of the embedding.

    Raises:
        RejectError: RDKit cannot read, embed or minimise it, or every conformer is another molecule.

    Examples:
        >>> [made] = conformers("C[C@H](N)C(=O)O", "alanine", 1, seed=0)
        >>> made.force_field, Chem.MolToSmiles(Chem.MolFromMolBlock(made.block))
        ('MMFF94', 'C[C@H](N)C(=O)O')
    """
    mol = parse_smiles(smiles)
    if mol.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        what = f"{mol.GetNumHeavyAtoms():,} heavy atoms; of at most {MAX_HEAVY_ATOMS:,} a 3D structure is made"
        raise RejectError("too large for 3D", what)
    whole = Chem.AddHs(mol)
    ids = _embed(whole, count, seed)
    field, energies = _minimise(whole)
    wanted = settle(Chem.MolToSmiles(mol))
    ordered = sorted(zip(energies, ids, strict=True))
    made: list[Conformer] = []
    for energy, identifier in ordered:
        whole.SetProp("_Name", title if count == 1 else f"{title}_c{len(made) + 1}")
        block = Chem.MolToMolBlock(whole, confId=identifier)
        if math.isfinite(energy) and _read_back(block, mol) == wanted:
            made.append(Conformer(block, round(energy, 3), field))
    if not made:
        raise RejectError("another stereoisomer in 3D", "no minimised conformer has the stereo of the SMILES")
    return made


def _embed(whole: Chem.Mol, count: int, seed: int) -> list[int]:
    """Give a molecule conformers and return their ids.

    Raises:
        RejectError: RDKit finds none.
    """
    settings = rdDistGeom.ETKDGv3()
    settings.randomSeed = seed & 0x3FFFFFFF  # below 0, RDKit would take another seed each time
    settings.enableSequentialRandomSeeds = True  # else each conformer's seed is a multiple: with 0, all are the same
    settings.maxIterations = _TRIES
    settings.pruneRmsThresh = _SAME
    for is_random in (False, True):
        settings.useRandomCoords = is_random
        try:
            ids = list(rdDistGeom.EmbedMultipleConfs(whole, count, settings))
        except (ValueError, RuntimeError) as error:
            raise RejectError("no 3D structure", str(error).strip()) from error
        if ids:
            return ids
    raise RejectError("no 3D structure", f"RDKit's embedding found none in 2 × {_TRIES} tries for each conformer")


def _minimise(whole: Chem.Mol) -> tuple[str, list[float]]:
    """Minimise all conformers; return the name of the force field, and an energy for each.

    Raises:
        RejectError: no force field knows all of its atoms.
    """
    helpers = rdForceFieldHelpers
    try:
        if helpers.MMFFHasAllMoleculeParams(whole):
            found = helpers.MMFFOptimizeMoleculeConfs(whole, numThreads=1, maxIters=_STEPS)
            return "MMFF94", [energy for _, energy in found]
        if helpers.UFFHasAllMoleculeParams(whole):
            found = helpers.UFFOptimizeMoleculeConfs(whole, numThreads=1, maxIters=_STEPS)
            return "UFF", [energy for _, energy in found]
    except (ValueError, RuntimeError) as error:
        raise RejectError("no force field", str(error).strip()) from error
    raise RejectError("no force field", "neither MMFF94 nor UFF knows all of its atoms")


def _read_back(block: str, mol: Chem.Mol) -> str | None:
    """Return the SMILES of a 3D mol block, without the stereo that ``mol``, with the same heavy atoms, leaves open."""
    found = Chem.MolFromMolBlock(block)
    if found is None or found.GetNumAtoms() != mol.GetNumAtoms():
        return None
    for before, after in zip(mol.GetAtoms(), found.GetAtoms(), strict=True):
        if before.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
            after.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    for before in mol.GetBonds():
        if before.GetStereo() in _OPEN_BONDS:
            after = found.GetBondBetweenAtoms(before.GetBeginAtomIdx(), before.GetEndAtomIdx())
            after.SetStereo(Chem.BondStereo.STEREONONE)
    Chem.AssignStereochemistry(found, cleanIt=True, force=True)
    try:
        return settle(Chem.MolToSmiles(found))
    except RejectError:
        return None
