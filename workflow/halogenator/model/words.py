"""Classes, halogens and other words that have a fixed list; the fingerprint of what is asked for."""

from __future__ import annotations

import hashlib
import json

# Classes that the shipped rules and transforms name. A library may also have another word as its class.
CLASSES = ("polyphenol", "terpenoid", "alkaloid", "lipid", "aa_peptide", "polysaccharide", "other")
HALOGENS = ("F", "Cl", "Br", "I")
REACTION, TITLE = "reaction", "title"  # columns of an export: the mapped reaction SMILES, and the molecule in words
HALOGENATION = "halogenation"  # in ``by`` of a library: all halogenation rules; the family of what they make

# {word of the column ``prepared``: what was done to the molecule}, in the order in which it is done.
PREPARED = {
    "atom maps": "atom-map numbers were taken off",
    "axis": "an axis of chirality was left open: a SMILES cannot say it",
    "metal": "a salt drawn with a bond to its metal was taken for the salt",
    "fragments": "counterions, solvents or smaller fragments were taken away",
    "racemate": "two enantiomers side by side were taken for their racemate",
    "charges": "protons were taken up or given off",
    "tautomer": "RDKit's canonical tautomer was taken",
}


def fingerprint(*parts: object) -> str:
    """Return 12 hexadecimal digits that differ for different ``parts``, which are JSON values.

    Examples:
        >>> fingerprint("[c:1][OX2H:2]"), fingerprint("[c:1][OX2H:2]", None)
        ('ec613fccf89e', '95ff94d70f3f')
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
