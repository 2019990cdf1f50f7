"""Mapped reaction SMILES of products: parent>>product, with a number on every atom that is in both."""

from __future__ import annotations

from collections.abc import Iterator

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.enhanced_stereo import write_cxsmiles
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.parent import Parent
from halogenator.chemistry.pieces import Written
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.stereochemistry import INVERT, KEEP, OPEN, both_configurations, origin_of
from halogenator.model import Transform


class Mapper:
    """The mapped reactions of the products of a transform.

    The transform is run again at the site of a product, because RDKit then says from which atom of the parent each atom
    comes. Files record the SMIRKS of products, but not what it does to configuration. So each way is tried until one
    gives the product.

    Args:
        smirks: the transform's SMIRKS.

    Examples:
        >>> methylation = Mapper("[c:1][OX2H:2]>>[c:1][O:2]C")
        >>> methylation.reaction(("Oc1ccccc1", None), ("COc1ccccc1", None), site=1)
        '[OH:1][c:2]1[cH:3][cH:4][cH:5][cH:6][cH:7]1>>C[O:1][c:2]1[cH:3][cH:4][cH:5][cH:6][cH:7]1'
    """

    def __init__(self, smirks: str) -> None:
        self._reactions = [Reaction(Transform("", smirks, stereo=stereo)) for stereo in (KEEP, OPEN, INVERT)]
        self._parent: Parent | None = None

    def reaction(self, parent: Written, product: Written, site: int) -> str:
        """Return the mapped reaction; the number of an atom is one more than its index in the parent's SMILES.

        Atoms that leave or come have no number. Arguments and errors are those of ``molecules``.
        """
        return _written(*self.molecules(parent, product, site), parent, product)

    def molecules(self, parent: Written, product: Written, site: int) -> tuple[Chem.Mol, Chem.Mol]:
        """Return the parent and the product that RunReactants made of it, which knows where its atoms come from.

        Args:
            parent: its stored SMILES, and its CXSMILES extension if it has one.
            product: likewise.
            site: atom index of the parent where the product was made.

        Raises:
            RejectError: nothing that the transform does at this site gives the product.
        """
        if self._parent is None or (self._parent.smiles, self._parent.enhanced_stereo) != parent:
            self._parent = Parent(*parent, flat=False)
        for reaction in self._reactions:
            for made in _made(self._parent, reaction, site):
                if _is(made, product):
                    return self._parent.mol, made
        raise RejectError("no mapped reaction", f"the transform does not give it at atom {site} of {parent[0][:200]!r}")


def _made(parent: Parent, reaction: Reaction, site: int) -> Iterator[Chem.Mol]:
    """Yield all that a reaction may give at a site: products, each configuration of new centres, each molecule."""
    mol = parent.hydrogenated(reaction)
    for match in reaction.matches(mol):
        if reaction.site(mol, match) != site:
            continue
        try:
            whole = parent.plain_product(reaction, match)
        except RejectError:
            continue
        forms = both_configurations(parent.whole, whole)
        for form in dict.fromkeys([whole, *forms]):
            yield form
            if len(Chem.GetMolFrags(form)) > 1:
                yield from Chem.GetMolFrags(form, asMols=True)


def _is(made: Chem.Mol, product: Written) -> bool:
    try:
        return write_cxsmiles(made) == product
    except RejectError:
        return False


def _written(before: Chem.Mol, after: Chem.Mol, parent: Written, product: Written) -> str:
    """Return the reaction SMILES of two molecules, which reads back to both.

    Raises:
        RejectError: it reads back to something else.
    """
    before, after = Chem.Mol(before), Chem.Mol(after)
    for atom in after.GetAtoms():
        origin = origin_of(atom)
        if origin is not None and origin < before.GetNumAtoms():  # no hydrogen that the parent's SMILES implies
            atom.SetAtomMapNum(origin + 1)
            before.GetAtomWithIdx(origin).SetAtomMapNum(origin + 1)
    sides = rdChemReactions.ChemicalReaction()
    sides.AddReactantTemplate(before)
    sides.AddProductTemplate(after)
    is_enhanced = parent[1] is not None or product[1] is not None
    text = rdChemReactions.ReactionToCXSmiles(sides) if is_enhanced else rdChemReactions.ReactionToSmiles(sides)
    if not is_enhanced and [_unmapped(side) for side in text.split(">>")] != [parent[0], product[0]]:
        raise RejectError("no mapped reaction", f"its reaction does not read back to {product[0][:200]!r}")
    return str(text)


def _unmapped(smiles: str) -> str:
    """Return the canonical SMILES of a mapped one."""
    mol = Chem.MolFromSmiles(smiles)
    for atom in mol.GetAtoms() if mol else ():
        atom.SetAtomMapNum(0)
    return write_cxsmiles(mol)[0] if mol else ""
