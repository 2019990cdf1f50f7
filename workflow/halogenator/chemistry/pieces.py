"""The molecules of a product: a transform may cut its parent in several."""

from __future__ import annotations

from rdkit import Chem

from halogenator.chemistry.enhanced_stereo import read_cxsmiles, write_cxsmiles

LARGEST, EACH = "largest", "each"

Written = tuple[str, str | None]  # SMILES, and its CXSMILES extension if it has enhanced stereo


def pieces(written: Written, which: str) -> list[Written]:
    """Return the molecules of a product, the largest first, or it alone.

    The largest has the most atoms other than hydrogen; of equally many, the heaviest; then the first by its SMILES.

    Args:
        written: the product.
        which: "each" or "largest".

    Raises:
        RejectError: as ``write_cxsmiles``.

    Examples:
        >>> pieces(("CC(=O)O.OCC", None), "each"), pieces(("CC(=O)O.OCC", None), "largest")
        ([('CC(=O)O', None), ('CCO', None)], [('CC(=O)O', None)])
    """
    found = {}
    for mol in Chem.GetMolFrags(read_cxsmiles(*written), asMols=True):
        piece = write_cxsmiles(mol)
        mass = sum(atom.GetMass() for atom in mol.GetAtoms())
        found[piece] = -mol.GetNumHeavyAtoms(), -mass, piece[0], piece[1] or ""
    ordered = sorted(found, key=lambda piece: found[piece])
    return ordered[:1] if which == LARGEST else ordered
