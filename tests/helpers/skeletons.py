"""Skeletons whose atoms look alike until stereo tells them apart, with stereo put on them at random."""

from __future__ import annotations

import random

from rdkit import Chem

from helpers.made_by_hand import stable

SPIRO = [
    "O=C(O)C1CCC2(CCC(O)CC2)N1",
    "C1CCC2(CC1)CCCC2",
    "OC1CCC2(CCCC2)CC1",
    "OC1CCC2(CC1)CCC(O)C2",
    "CC1CCC(C(C)C)C12CCC(C)=CC2",  # acorene
    "CC1CCC(C(C)C)C12CCC(C)CC2",  # acorane
    "CC1CCC2(CC1)C(C)CCC2C(C)C",
    "CC1CCC2(CC1)C(C(C)=C)CCC2C",
    "C1CCC2(CC1)OCCCO2",
    "CC1CCC2(CCC(C)O2)OC1",  # a spiroketal
    "C1CCOC2(C1)CCCCO2",
    "OC1CCOC2(C1)CC(O)CCO2",
    "CC1CCC2(OC1)OC(C)CC2",
    "CC1COC2(CC1)CC(O)CC(C)O2",
    "O=C1CCC2(CCCCC2)O1",  # a spirolactone
    "O=C1CCC2(CCC(O)CC2)O1",
    "O=C1CC(O)C2(CCC(C)CC2)O1",
    "O=C1CCC2(CCC(=O)O2)O1",
    "OC1CC2(C1)CC(O)C2",  # spiro[3.3]heptane
    "NC1CC2(C1)CC(C(=O)O)C2",
    "C1CC11CC1",
    "OC1CCC2(CC1)CCC1(CC2)OCCO1",
    "O=C(O)C1CC2(CCC(N)CC2)C1",
]
BRIDGED = [
    "C1CC2CCC1C2",
    "OC1CC2CCC1C2",
    "OC1CC2CC(O)C1C2",
    "CC1(C)C2CCC1(C)C(O)C2",  # borneol
    "C1CC2CCC1CC2",
    "OC1CC2CCC1CC2O",
    "NC1C2CCC1CC2",
    "OC1C2CCC1CC2",
    "OC1CC2CCC(C1)N2",
    "CN1C2CCC1CC(O)C2",  # tropine
    "O=C(O)C1C(O)CC2CCC1N2C",  # ecgonine
    "CC1=CCC2CC1C2(C)C",
    "OC1C2CC3CC(C2)CC1C3",
    "OC12CC3CC(C1)CC(O)(C3)C2",
    "OC1C2CC3CC1CC(O)(C2)C3",
    "C1C2CC3CC1CC(C2)C3",
    "C1CC2CCC1N2",
    "C1CN2CCC1CC2",
    "OC1CN2CCC1CC2",
]
FUSED = [
    "C1CCC2CCCCC2C1",
    "OC1CCC2CCCCC2C1",
    "OC1CCC2CC(O)CCC2C1",
    "OC1CCCC2C1CCCC2O",
    "C1CC2CCCC2C1",
    "OC1CC2CC(O)CC2C1",
    "OC1C2CCCC2C(O)C2CCCC12",
    "OC1CC2C(C1)C1CCC2C1",
    "O=C1OC2CCCCC2C1",
    "C1C2CC2CC2CC12",
    "C1CC2CC1C1CCCC21",
    "OC1C2C3C4C(C13)C42",
    "C12C3C4C1C5C2C3C45",  # cubane
    "OC12C3C4C1C5C2C3C45",
    "OC1CC2(C)CCCC2(C)C1",
]
MONOCYCLIC = [
    "OC1C(O)C(O)C(O)C(O)C1O",
    "OC1CC(O)C(O)C(O)C1",
    "NC1CC(N)C(O)C(O)C1O",
    "OC1CCC(O)CC1",
    "NC1CCC(C(=O)O)CC1",
    "OC1C(O)C(O)C1O",
    "OC1CC(O)C1",
    "O=C(O)C1CC(C(=O)O)C1",
    "O=C(O)C1C(c2ccccc2)C(C(=O)O)C1c1ccccc1",
    "CC1CCC(C)C(O)C1",
    "CC1OC(C)OC(C)O1",
    "OC1CC(O)CC(O)C1",
    "CC1NC(=O)C(C)NC1=O",
    "CC1CC(C)CC(C)C1",
    "OCC1CC1CO",
    "C1CCC(CC1)C1CCCCC1",
    "OC1CCC(CC1)C1CCC(O)CC1",
]
CHAINS = [
    "OC(=O)C(O)C(O)C(=O)O",
    "OC(=O)C(O)C(O)C(O)C(=O)O",
    "OCC(O)C(O)C(O)CO",
    "OCC(O)C(O)C(O)C(O)CO",
    "CC(O)C(O)C(C)O",
    "CC(N)C(C)C(C)N",
    "CC=CC(O)C=CC",
    "CC=CC=CC=CC",
    "OC(=O)C=CC=CC(=O)O",
    "CC(O)C=C=CC(C)O",
    "CC=C=CC",
    "OC(=O)C=CC(O)C=CC(=O)O",
    "CC(=CC(=O)O)C=C(C)C(=O)O",
    "Oc1cccc(-c2c(O)cccc2C(O)C)c1C(O)C",
    "OC(C)c1ccc(C(C)O)cc1",
    "CC=C1CCC(=CC)CC1",
    "O=C(O)C=C1CCC(O)CC1",
    "OC(=O)C=C1CC(=CC(=O)O)C1",
]
# Cages whose marks contradict each other: no such molecule exists, and at which of two SMILES RDKit's canonical form
# settles depends on the order of its atoms.
IMPOSSIBLE = [
    "O[C@H]1[C@H]2C[C@H]3C[C@@H](C2)C[C@H]1C3",
    "O[C@]12[C@@H]3[C@H]4[C@@H]1[C@H]5[C@@H]2[C@H]3[C@@H]45",
    "O[C@]12[C@@H]3[C@@H]4C5[C@@H]3[C@H]1[C@@H]5[C@@H]42",
]
SKELETONS = {"spiro": SPIRO, "bridged": BRIDGED, "fused": FUSED, "monocyclic": MONOCYCLIC, "chains": CHAINS}


def with_random_stereo(smiles: str, chance: random.Random) -> str:
    """A stored SMILES of the skeleton with stereo at random, on some places none."""
    mol = Chem.MolFromSmiles(smiles)
    tags = [Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW]
    silent = chance.choice([0.0, 0.0, 0.0, 0.2, 0.5])
    for atom in mol.GetAtoms():
        tetrahedral = atom.GetAtomicNum() == 6 and atom.GetTotalDegree() == 4 and atom.GetTotalNumHs() < 2
        if tetrahedral and chance.random() >= silent:
            atom.SetChiralTag(chance.choice(tags))
    for bond in mol.GetBonds():
        if bond.GetBondType() == Chem.BondType.DOUBLE and not bond.IsInRing() and chance.random() >= silent:
            ends = (bond.GetBeginAtom(), bond.GetEndAtom())
            near = [
                [atom.GetIdx() for atom in end.GetNeighbors() if atom.GetIdx() != bond.GetOtherAtomIdx(end.GetIdx())]
                for end in ends
            ]
            if all(near):
                bond.SetStereoAtoms(near[0][0], near[1][0])
                bond.SetStereo(chance.choice([Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS]))
    return stable(Chem.MolToSmiles(mol))


def random_parents(kind: str, count: int, seed: int = 0) -> list[str]:
    """So many different molecules of a kind (fewer if there are not so many), the same ones in every run."""
    chance = random.Random(f"{kind} {seed}")
    found: dict[str, None] = {}
    for number in range(count * 4):
        skeleton = SKELETONS[kind][number % len(SKELETONS[kind])]
        found[with_random_stereo(skeleton, chance)] = None
        if len(found) == count:
            break
    return list(found)
