"""The plain RDKit way to a transform's products and to their descriptors; it knows nothing of the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem, Crippen, Descriptors, Lipinski, rdMolDescriptors

CONFIGS = Path(__file__).parents[2] / "configs"
CLASSES = ("polyphenol", "terpenoid", "alkaloid", "lipid", "aa_peptide", "polysaccharide", "other")
HALOGENS = ("F", "Cl", "Br", "I")
DESCRIPTORS = {
    "mw": Descriptors.MolWt,
    "tpsa": Descriptors.TPSA,
    "hbd": rdMolDescriptors.CalcNumHBD,
    "hba": rdMolDescriptors.CalcNumHBA,
    "clogp": Crippen.MolLogP,
    "rotb": Lipinski.NumRotatableBonds,
}


class Rule(NamedTuple):
    """A SMIRKS with its name and the classes that it is meant for."""

    name: str
    smirks: str
    classes: tuple[str, ...]


class Outcome(NamedTuple):
    """What one molecule gives: {product: its routes} and the sites whose product RDKit refuses."""

    products: Mapping[str, set[tuple[int, int]]]
    refused: set[int]

    @property
    def rows(self) -> dict[str, tuple[int, int]]:
        """{product: (site of the first route, number of routes)}."""
        return {smiles: (min(routes)[1], len(routes)) for smiles, routes in self.products.items()}


def shipped_transforms() -> list[Rule]:
    """The transforms of configs/transforms.yaml."""
    entries = yaml.safe_load((CONFIGS / "transforms.yaml").read_text())["transforms"]
    return [Rule(entry["name"], entry["smirks"], tuple(entry["scope_classes"])) for entry in entries]


def shipped_halogenation(class_name: str) -> list[Rule]:
    """Every rule × halogen of configs/halogenation.yaml that applies to a class, in file order."""
    entries = yaml.safe_load((CONFIGS / "halogenation.yaml").read_text())["rules"]
    return [
        Rule(f"{entry['name']}:{halogen}", entry["smirks"].replace("{X}", halogen), tuple(entry["scope_classes"]))
        for entry in entries
        if class_name in entry["scope_classes"]
        for halogen in HALOGENS
    ]


def parents(class_name: str) -> list[str]:
    """The SMILES of configs/parents for a class."""
    text = (CONFIGS / "parents" / f"{class_name}.smi").read_text()
    return [line.split("\t")[0] for line in text.splitlines()]


def canonical(smiles: str) -> str:
    """The canonical SMILES."""
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


@cache
def _reaction(smirks: str) -> tuple[AllChem.ChemicalReaction, int]:
    reaction = AllChem.ReactionFromSmarts(smirks)
    reaction.Initialize()
    atoms = reaction.GetReactantTemplate(0).GetAtoms()
    return reaction, min(atom.GetAtomMapNum() for atom in atoms if atom.GetAtomMapNum())


def apply(smirks: str | Iterable[str], smiles: str) -> Outcome:
    """Apply one SMIRKS, or several as alternatives, at every site of a molecule, one site at a time."""
    mol = Chem.MolFromSmiles(smiles)
    products: dict[str, set[tuple[int, int]]] = {}
    refused: set[int] = set()
    with rdBase.BlockLogs():
        for number, one in enumerate([smirks] if isinstance(smirks, str) else smirks):
            reaction, site_map_number = _reaction(one)
            for (product,) in reaction.RunReactants((mol,), maxProducts=1_000_000):
                (site,) = [
                    atom.GetIntProp("react_atom_idx")
                    for atom in product.GetAtoms()
                    if atom.HasProp("old_mapno") and atom.GetIntProp("old_mapno") == site_map_number
                ]
                try:
                    Chem.SanitizeMol(product)
                except ValueError:
                    refused.add(site)
                    continue
                products.setdefault(Chem.MolToSmiles(product), set()).add((number, site))
    return Outcome(products, refused)


def describe(smiles: str) -> dict[str, float]:
    """RDKit's own descriptors of a molecule."""
    mol = Chem.MolFromSmiles(smiles)
    return {name: function(mol) for name, function in DESCRIPTORS.items()}
