"""Names of the configuration in words, for people; what is not known here keeps its own words."""

from __future__ import annotations

# Groups of transforms and classes of natural products, as names and families have them -> what chemists call them.
_WORDS = {
    "acid": "carboxylic acids on carbon",
    "alcohol": "alcohols",
    "alcohol_oh": "alcohols",
    "amine_aliph": "alkyl amines",
    "amine_ar": "aryl amines",
    "aniline": "anilines",
    "carboxyl": "carboxylic acids",
    "enol_ar": "ring enols",
    "phenol_benzenoid": "phenols on a benzene ring",
    "phenol_mod": "phenols",
    "phenol_oh": "phenols",
    "aa_peptide": "amino acids and peptides",
    "alkaloid": "alkaloids",
    "lipid": "lipids",
    "other": "other natural products",
    "polyphenol": "polyphenols",
    "polysaccharide": "polysaccharides",
    "terpenoid": "terpenoids",
}


def words(name: str) -> str:
    """Return a name in words: those of chemists for the shipped groups and classes, else its own without underscores.

    Examples:
        >>> words("amine_ar"), words("gem_halohydrin")
        ('aryl amines', 'gem halohydrin')
    """
    return _WORDS.get(name.lower(), name.replace("_", " "))


def transform_words(name: str) -> tuple[str, str]:
    """Return label and group of a transform named ``FG_<group>__<from>__TO__<to>``; the name itself and "" of others.

    Examples:
        >>> transform_words("FG_AMINE_AR__NH2__TO__F")
        ('aryl amines: NH2 → F', 'aryl amines')
    """
    parts = name.split("__")
    if len(parts) != 4 or parts[2] != "TO":
        return name, ""
    group = words(parts[0].removeprefix("FG_").lower())
    return f"{group}: {parts[1]} → {parts[3]}", group


def library_words(class_name: str | None, k: int | None) -> str:
    """Return what a library holds: its class, and the number of steps since the natural products, if that is known.

    Examples:
        >>> library_words("aa_peptide", 0), library_words("lipid", 2), library_words(None, None)
        ('amino acids and peptides, as in the file', 'lipids, after 2 steps', '')
    """
    steps = {None: "", 0: ", as in the file", 1: ", after 1 step"}.get(k, f", after {k} steps")
    return f"{words(class_name)}{steps}" if class_name else steps.removeprefix(", ")
