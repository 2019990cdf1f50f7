"""RDKit's own way to a transform's products and to their descriptors; it knows nothing of the package.

Products are RunReactants' with hydrogens as atoms wherever one is replaced or comes, so that what comes takes the place
of what leaves; with implicit hydrogens RunReactants inverts such centres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


class _Reaction(NamedTuple):
    """A SMIRKS ready to run.

    ``plain`` is it as written, ``whole`` with a hydrogen as an atom for each that is replaced or comes.
    """

    plain: AllChem.ChemicalReaction
    whole: AllChem.ChemicalReaction
    has_hydrogens: bool
    site_map_number: int


@cache
def _reaction(smirks: str) -> _Reaction:
    plain = _run_ready(smirks)
    before, after = plain.GetReactantTemplate(0), plain.GetProductTemplate(0)
    site = min(atom.GetAtomMapNum() for atom in before.GetAtoms() if atom.GetAtomMapNum())
    sides = Chem.RWMol(before), Chem.RWMol(after)
    mapped = [{atom.GetAtomMapNum(): atom for atom in side.GetAtoms() if atom.GetAtomMapNum()} for side in sides]
    states_stereo = any(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in after.GetAtoms())
    for number in () if states_stereo else set(mapped[0]) & set(mapped[1]):
        gain = round(_used(mapped[1][number]) - _used(mapped[0][number]))
        if gain < 0:  # a hydrogen comes in a group's place, not for a bond that is broken or reduced
            gain = min(0, mapped[1][number].GetDegree() - mapped[0][number].GetDegree())
        for _ in range(abs(gain)):
            side, end = (sides[0], mapped[0][number]) if gain > 0 else (sides[1], mapped[1][number])
            hydrogen = side.AddAtom(Chem.AtomFromSmarts("[#1]"))
            side.AddBond(end.GetIdx(), hydrogen, Chem.BondType.SINGLE)
    if any(side.GetNumAtoms() != template.GetNumAtoms() for side, template in zip(sides, (before, after), strict=True)):
        whole = _run_ready(">>".join(Chem.MolToSmarts(side) for side in sides))
        return _Reaction(plain, whole, True, site)
    return _Reaction(plain, plain, "[H" in smirks or "#1]" in smirks, site)


def _used(atom: Chem.Atom) -> float:
    """Valence of a template's atom that its bonds and its charge take, so that what is left is for hydrogens."""
    return sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds()) - atom.GetFormalCharge()


def _run_ready(smirks: str) -> AllChem.ChemicalReaction:
    reaction = AllChem.ReactionFromSmarts(smirks)
    reaction.GetSubstructParams().useChirality = True
    reaction.Initialize()
    return reaction


def apply(smirks: str | Iterable[str], smiles: str) -> Outcome:
    """Apply one SMIRKS, or several as alternatives, at every site of a molecule, one site at a time."""
    products: dict[str, set[tuple[int, int]]] = {}
    refused: set[int] = set()
    with rdBase.BlockLogs():
        for number, one in enumerate([smirks] if isinstance(smirks, str) else smirks):
            reaction = _reaction(one)
            plain = _run(reaction.plain, smiles, False, reaction.site_map_number)
            refused_here = {site for product, site in plain if product is None}
            whole = list(_run(reaction.whole, smiles, reaction.has_hydrogens, reaction.site_map_number))
            made = [(product, site) for product, site in whole if product is not None]
            for product, site in made:
                products.setdefault(product, set()).add((number, site))
            # With implicit hydrogens RunReactants leaves a centre one too many where a bond takes its place.
            refused |= refused_here - ({site for _, site in made} if reaction.has_hydrogens else set())
            refused |= {site for product, site in whole if product is None}
    return Outcome(products, refused)


def _run(
    reaction: AllChem.ChemicalReaction, smiles: str, has_hydrogens: bool, site_map_number: int
) -> Iterator[tuple[str | None, int]]:
    """Yield the settled SMILES of each product, None for one that RDKit refuses, and its site."""
    mol = Chem.MolFromSmiles(smiles)
    if has_hydrogens:
        for atom in mol.GetAtoms():  # only hydrogens that are none of the molecule's atoms may be replaced
            if atom.GetAtomicNum() == 1:
                atom.SetProp("_protected", "1")
        mol = Chem.AddHs(mol)
    for (product,) in reaction.RunReactants((mol,), maxProducts=1_000_000):
        (site,) = [
            atom.GetIntProp("react_atom_idx")
            for atom in product.GetAtoms()
            if atom.HasProp("old_mapno") and atom.GetIntProp("old_mapno") == site_map_number
        ]
        try:
            Chem.SanitizeMol(product)
            yield settled(Chem.MolToSmiles(Chem.RemoveHs(product) if has_hydrogens else product)), site
        except ValueError:
            yield None, site


def settled(smiles: str) -> str:
    """The SMILES that RDKit's canonical form becomes when it is read and written until it stays the same.

    Raises:
        ValueError: RDKit cannot read it.
    """
    seen = [smiles]
    while True:
        mol = Chem.MolFromSmiles(seen[-1])
        if mol is None:
            raise ValueError(f"unreadable: {seen[-1]}")
        again = Chem.MolToSmiles(mol)
        if again in seen:
            return min(seen[seen.index(again) :])
        seen.append(again)


def without_double_bond_stereo(smiles: str) -> str:
    """The molecule without E and Z, which RunReactants drops where a substituent of the double bond is replaced."""
    return settled(smiles.replace("/", "").replace("\\", ""))


def describe(smiles: str) -> dict[str, float]:
    """RDKit's own descriptors of a molecule."""
    mol = Chem.MolFromSmiles(smiles)
    return {name: function(mol) for name, function in DESCRIPTORS.items()}
