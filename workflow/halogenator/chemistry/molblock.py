"""A molecule as the mol block of an SDF record, which reads back to the same canonical SMILES."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rdkit import Chem
from rdkit.Chem import rdCoordGen, rdDepictor

from halogenator.chemistry.enhanced_stereo import read_cxsmiles, write_cxsmiles
from halogenator.chemistry.molecules import RejectError, parse_smiles

_STEREO = frozenset("@/\\")


def mol_block(smiles: str, title: str, *, coordinates: bool, stereo: str | None = None) -> str:
    """Return the mol block of a molecule: V2000; V3000 if it has enhanced stereo, or more than 999 atoms or bonds.

    A block states stereo by wedges and coordinates, so a molecule with stereo always gets 2D coordinates. In a crowded
    drawing a wedge can be ambiguous, which loses stereo: one of a thousand default products did. Therefore every block
    is read back, and if it gives another molecule, the next kind of drawing is tried.

    Args:
        smiles: SMILES of the molecule, not necessarily canonical.
        title: the block's first line.
        coordinates: whether a molecule without stereo is drawn too; else its coordinates are zeros.
        stereo: CXSMILES extension, if it has enhanced stereo.

    Raises:
        RejectError: RDKit cannot read the SMILES, or no drawing reads back to the same molecule.

    Examples:
        >>> mol_block("CCO", "ethanol", coordinates=False).splitlines()[3]
        '  3  2  0  0  0  0  0  0  0  0999 V2000'
    """
    mol = parse_smiles(smiles) if stereo is None else read_cxsmiles(smiles, stereo)
    wanted = None  # the canonical text, computed if the given one is not canonical
    for drawn, flat in _drawings(mol, coordinates or stereo is not None or not _STEREO.isdisjoint(smiles)):
        drawn.SetProp("_Name", title)
        block: str = Chem.MolToMolBlock(drawn, includeStereo=not flat, forceV3000=stereo is not None)
        again = Chem.MolFromMolBlock(block)
        found = again and _text(again, stereo)
        if found == (smiles, stereo):
            return block
        wanted = wanted or _text(mol, stereo)
        if found == wanted:
            return block
    raise RejectError("no mol block", "no 2D drawing of it reads back to the same molecule")


def _text(mol: Chem.Mol, stereo: str | None) -> tuple[str, str | None]:
    """Return a canonical text to compare molecules by; without enhanced stereo RDKit's SMILES is enough."""
    return (Chem.MolToSmiles(mol), None) if stereo is None else write_cxsmiles(mol)


def _drawings(mol: Chem.Mol, coordinates: bool) -> Iterator[tuple[Chem.Mol, bool]]:
    """Yield drawings, the fastest first, and of each whether all of its coordinates are zeros."""
    if not coordinates:
        yield mol, True
    draw: tuple[Callable[[Chem.Mol], object], ...] = (rdDepictor.Compute2DCoords, rdCoordGen.AddCoords, _spread)
    for make in draw:
        copy = Chem.Mol(mol)
        make(copy)
        yield copy, False


def _spread(mol: Chem.Mol) -> None:
    """Add 2D coordinates with random turns of bonds, from a fixed seed, to keep atoms from overlapping."""
    rdDepictor.Compute2DCoords(
        mol, canonOrient=False, nFlipsPerSample=3, nSample=200, sampleSeed=17, permuteDeg4Nodes=True
    )
