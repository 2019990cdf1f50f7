"""The plain way: RDKit's RunReactants, every match, one site at a time; the oracle of the edit way."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.molecules import RejectError
from halogenator.model import Transform

# A molecule with more matches than this becomes a reject that names the limit: RunReactants holds all its products at
# once, so this bounds the memory and the time of one row.
MAX_MATCHES = 10_000
# Atoms of the molecule times its matches, where RunReactants is used: an atom of a product takes 470 bytes. So a
# molecule of 50 atoms may have all the matches above, one of 1,000 atoms has 500.
MAX_PRODUCT_ATOMS = 500_000

Match = tuple[int, ...]


class Reaction:
    """A transform as an RDKit reaction.

    Attributes:
        query: the reactant template.
        site_position: position, in a match, of the atom with the lowest map number (of the first atom if none has one).
    """

    def __init__(self, transform: Transform) -> None:
        self.reaction = rdChemReactions.ReactionFromSmarts(transform.smirks)
        self.reaction.Initialize()
        self.query = self.reaction.GetReactantTemplate(0)
        self.product_template = self.reaction.GetProductTemplate(0)
        numbers = [(atom.GetAtomMapNum(), atom.GetIdx()) for atom in self.query.GetAtoms() if atom.GetAtomMapNum()]
        self.site_position = min(numbers)[1] if numbers else 0

    def matches(self, mol: Chem.Mol) -> tuple[Match, ...]:
        """Return every match of the reactant template, in the order in which RunReactants makes its products.

        Raises:
            RejectError: if there are more than ``MAX_MATCHES``.
        """
        return find_matches(mol, self.query)

    def products(self, mol: Chem.Mol) -> dict[Match, Chem.Mol]:
        """Return RunReactants' products, not yet sanitised, by match and in the order of ``matches``.

        Raises:
            RejectError: if there are too many matches, or their products together are too large to be held.
        """
        matches = self.matches(mol)
        atoms = mol.GetNumAtoms() * len(matches)
        if atoms > MAX_PRODUCT_ATOMS:
            detail = f"{len(matches):,} matches with {atoms:,} atoms in all; at most {MAX_PRODUCT_ATOMS:,} atoms"
            raise RejectError("too many matches", detail)
        made = self.reaction.RunReactants((mol,), MAX_MATCHES)
        return {match: products[0] for match, products in zip(matches, made, strict=True)}


def find_matches(mol: Chem.Mol, query: Chem.Mol) -> tuple[Match, ...]:
    """Return every match of ``query``, not uniquified, as RunReactants finds them.

    Raises:
        RejectError: if there are more than ``MAX_MATCHES``.
    """
    matches: tuple[Match, ...] = mol.GetSubstructMatches(query, uniquify=False, maxMatches=MAX_MATCHES + 1)
    if len(matches) > MAX_MATCHES:
        raise RejectError("too many matches", f"more than {MAX_MATCHES:,} matches of {Chem.MolToSmarts(query)}")
    return matches


def sanitize(product: Chem.Mol) -> None:
    """Sanitise a product in place.

    Raises:
        RejectError: with RDKit's reason, if it is not a possible molecule.
    """
    try:
        Chem.SanitizeMol(product)
    except (Chem.MolSanitizeException, ValueError) as error:
        raise RejectError("impossible product", str(error).strip()) from error
