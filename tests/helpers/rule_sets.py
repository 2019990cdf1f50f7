"""Rule sets that nobody here wrote, molecules to try them on, and what RDKit alone makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import AllChem, rdDeprotect

from helpers.molecules import embedded, settled

# Where `make test-all` puts packages whose rules are read and not copied: SyGMa's licence is the GPL.
PACKAGES = Path(__file__).parents[2] / ".venv-rules"
_ALL = 100_000
_PLAIN = {Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC}


class Rule(NamedTuple):
    """A SMIRKS by its name in the set."""

    name: str
    smirks: str


def sygma() -> list[Rule]:
    """SyGMa's 175 rules of human metabolism."""
    lines = [
        line.split("\t")
        for name in ("phase1.txt", "phase2.txt")
        for line in (PACKAGES / "sygma/rules" / name).read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    return [Rule(f"{number}: {cells[2]}", cells[0].strip()) for number, cells in enumerate(lines)]


def molvs() -> list[Rule]:
    """The normalisations of MolVS, which became RDKit's MolStandardize; RDKit's own cannot be read from its package."""
    text = (PACKAGES / "molvs/normalize.py").read_text()
    found = re.findall(r"^ *Normalization\('(.*?)', '(.*?)'\),", text, flags=re.MULTILINE)
    return [Rule(f"{number}: {name}", smirks) for number, (name, smirks) in enumerate(found)]


def deprotections() -> list[Rule]:
    """RDKit's deprotections."""
    return [
        Rule(f"{d.abbreviation} of {d.deprotection_class}", d.reaction_smarts) for d in rdDeprotect.GetDeprotections()
    ]


SETS: dict[str, Callable[[], list[Rule]]] = {"sygma": sygma, "molvs": molvs, "rdDeprotect": deprotections}

# What makes more molecules out of the shipped natural products: the groups that the rule sets ask for.
_DERIVATIONS = (
    "[OX2H;!$(O[C,S,P]=[O,S]):1]>>[O:1]C",
    "[OX2H;!$(O[C,S,P]=[O,S]):1]>>[O:1]C(C)=O",
    "[OX2H;!$(O[C,S,P]=[O,S]):1]>>[O:1][Si](C)(C)C",
    "[OX2H;!$(O[C,S,P]=[O,S]):1]>>[O:1]Cc1ccccc1",
    "[NX3;!H0;!$(N[C,S]=[O,S,N]):1]>>[N:1]C",
    "[NX3;!H0;!$(N[C,S]=[O,S,N]):1]>>[N:1]C(=O)OC(C)(C)C",
    "[CX3:1](=[O:2])[OX2H]>>[C:1](=[O:2])NCc1ccccc1",
    "[CX3:1](=[O:2])[OX2H]>>[C:1](=[O:2])[O-]",
    "[cX3;H1:1]>>[c:1]Cl",
    "[cX3;H1:1]>>[c:1][N+](=O)[O-]",
    "[CH3;$(C[CX4]):1]>>[C:1]N",
    "[CH3;$(C[CX4]):1]>>[C:1]SC",
    "[CX3;H0:1]=[OX1]>>[C:1]=NC",
    "[nX2:1]>>[n+:1][O-]",
    "[SX2;$(S([#6])[#6]):1]>>[S:1]=O",
    "[CX3:1](=[O:2])[OX2H]>>[C:1](=[NH2+])N",
    "[CX3;H0:1]=[OX1]>>[C:1]=[N+]=[N-]",
    "[CH3;$(C[CX4]):1]>>[C:1]N=[N+]=[N-]",
)


def molecules(count: int) -> list[str]:
    """The shipped natural products, and derivatives of them by plain RDKit, always the same."""
    found = dict.fromkeys(map(settled, embedded()))
    sources = sorted(found, key=lambda smiles: (len(smiles), smiles))
    reactions = [AllChem.ReactionFromSmarts(smirks) for smirks in _DERIVATIONS]
    for number, smiles in enumerate(sources * len(reactions)):
        if len(found) >= count:
            break
        reaction = reactions[(number + number // len(sources)) % len(reactions)]
        for (product,) in reaction.RunReactants((Chem.MolFromSmiles(smiles),), maxProducts=1):
            with rdBase.BlockLogs():
                text = Chem.MolToSmiles(product)
                if Chem.MolFromSmiles(text):
                    found[settled(text)] = None
    return list(found)[:count]


def without_double_bond_stereo(smiles: str) -> str:
    """The SMILES without E and Z, its centres as they are."""
    mol = Chem.MolFromSmiles(smiles)
    for bond in mol.GetBonds():
        bond.SetStereo(Chem.BondStereo.STEREONONE)
        bond.SetBondDir(Chem.BondDir.NONE)
    return settled(Chem.MolToSmiles(mol))


class Reference:
    """What RDKit alone makes of a rule.

    It has two ways:
        plain: by RunReactants, with hydrogens as atoms where the rule has them so.
        spatial: the same with every hydrogen that leaves or comes written out, as an atom of the rule.
    """

    def __init__(self, smirks: str) -> None:
        self._plain = _ready(AllChem.ReactionFromSmarts(smirks))
        self._has_hydrogens = re.search(r"\[\d*(H|#1)(:\d+)?\]", smirks.split(">>")[0]) is not None
        self._spatial = _with_hydrogens(smirks)

    def plain(self, smiles: str) -> set[str]:
        """The products, canonical."""
        mol = Chem.MolFromSmiles(smiles)
        return _products(self._plain, Chem.AddHs(mol) if self._has_hydrogens else mol)

    def spatial(self, smiles: str) -> set[str]:
        """The products by the rule with its hydrogens written out."""
        return _products(self._spatial, Chem.AddHs(Chem.MolFromSmiles(smiles))) if self._spatial else self.plain(smiles)


def _products(reaction: AllChem.ChemicalReaction, mol: Chem.Mol) -> set[str]:
    found = set()
    with rdBase.BlockLogs():
        for (product,) in reaction.RunReactants((mol,), maxProducts=_ALL):
            try:
                Chem.SanitizeMol(product)
            except ValueError:
                continue
            again = Chem.MolFromSmiles(Chem.MolToSmiles(product))
            if again is not None:
                found.add(settled(Chem.MolToSmiles(again)))
    return found


def _with_hydrogens(smirks: str) -> AllChem.ChemicalReaction | None:
    """Return the rule with an atom [H] wherever one leaves or comes at a kept atom; None if none does.

    An atom whose bonds gain an order loses a hydrogen for each, and the other way round.
    """
    reaction = AllChem.ReactionFromSmarts(smirks)
    reactant, product = Chem.RWMol(reaction.GetReactantTemplate(0)), Chem.RWMol(reaction.GetProductTemplate(0))
    after = {atom.GetAtomMapNum(): atom.GetIdx() for atom in product.GetAtoms() if atom.GetAtomMapNum()}
    hydrogen = Chem.MolFromSmarts("[#1]").GetAtomWithIdx(0)
    changed = False
    for atom in list(reactant.GetAtoms()):
        if atom.GetAtomMapNum() not in after:
            continue
        kept = product.GetAtomWithIdx(after[atom.GetAtomMapNum()])
        if kept.GetFormalCharge() or atom.GetFormalCharge():
            return None
        gain = int(_orders(kept) - _orders(atom))
        for template, index in [(reactant, atom.GetIdx())] * gain + [(product, kept.GetIdx())] * -gain:
            template.AddBond(index, template.AddAtom(hydrogen), Chem.BondType.SINGLE)
            changed = True
    if not changed:
        return None
    made = AllChem.ChemicalReaction()
    made.AddReactantTemplate(reactant.GetMol())
    made.AddProductTemplate(product.GetMol())
    return _ready(made)


def _orders(atom: Chem.Atom) -> float:
    return sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds() if bond.GetBondType() in _PLAIN)


def _ready(reaction: AllChem.ChemicalReaction) -> AllChem.ChemicalReaction:
    """Return the reaction with the configuration in its reactant as a condition, which RDKit by itself ignores."""
    reaction.GetSubstructParams().useChirality = True
    reaction.Initialize()
    return reaction
