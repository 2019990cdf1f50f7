"""Small pools of real molecules, each with something that breaks naive code, and SMIRKS of every kind."""

from __future__ import annotations

from helpers import oracle
from helpers.oracle import CLASSES, canonical, parents

POOLS = {
    "halogenated": [
        "Oc1cc(Cl)c2c(c1)O[C@H](c1ccc(O)c(Br)c1)[C@@H](O)C2",  # a dihalogenated catechin
        "N[C@@H](Cc1cc(I)c(Oc2cc(I)c(O)c(I)c2)c(I)c1)C(=O)O",  # thyroxine
        "NC(C(=O)O)c1ccc(O)c(Cl)c1",  # of vancomycin
        "O=C(O)C(F)(F)C(Cl)CBr",
        "O=C(O)CC(F)(Cl)Br",  # three halogens on one carbon
        "C[C@](F)(Cl)c1ccc(O)cc1",
        "C[C@](Cl)(Br)c1ccc(O)cc1",
        "Nc1cc(Br)cc(F)c1O",
        "C[C@@](F)(N)C(=O)O",
        "CN(Cl)CCc1ccc(O)cc1",
        "NC[C@H](F)c1ccc(O)c(O)c1",
    ],
    "charged": [
        "C[N+](C)(C)CCc1ccc(O)cc1",  # candicine
        "C[N+](C)(C)CC(=O)[O-]",  # betaine
        "NCCCC[C@H]([NH3+])C(=O)[O-]",  # zwitterionic lysine
        "C[N+]1([O-])CCC[C@H]1c1cccnc1",  # nicotine N-oxide
        "Nc1ccc([N+](=O)[O-])cc1C(=O)O",
        "[O-]c1ccc(O)cc1N",
        "C[S@+]([O-])CC[C@H](N)C(=O)O",  # methionine sulfoxide
        "O=[N+]([O-])c1cc(O)c(O)c([N+](=O)[O-])c1",
        "Oc1cc(O)c2c(O)cc(-c3ccc(O)c(O)c3)[o+]c2c1",  # cyanidin
    ],
    "isotopic": [
        "[2H]c1cc(O)ccc1O",
        "[2H]Oc1ccccc1O",
        "[13CH3]Oc1ccc(O)cc1",
        "[15NH2]CC(=O)O",
        "N[13C@@H](C)C(=O)O",
        "[18OH]c1ccccc1C(=O)[18OH]",
        "[125I]c1cc(CCN)ccc1O",
        "[2H]C([2H])(N)c1ccc(N)cc1",
        "[14cH]1ccc(O)cc1",
        "[2H]C([2H])([2H])Oc1ccc(N)cc1O",
    ],
    "stereo": [
        "OC(=O)[C@@H](O)[C@H](O)C(=O)O",  # meso-tartaric acid: enantiotopic acids
        "OC(=O)[C@@H](O)[C@@H](O)C(=O)O",
        "OC(=O)[C@H](O)[C@@H](O)[C@@H](O)[C@H](O)C(=O)O",  # mucic acid
        "OC[C@H](O)[C@@H](O)[C@H](O)CO",
        "OC(=O)[C@H]1[C@@H](c2ccccc2)[C@@H](C(=O)O)[C@H]1c1ccccc1",  # a truxillic acid
        "O=C(O)/C=C/C=C\\C(=O)O",  # muconic acid, its two acids in unlike places
        "O=C(O)/C=C\\C(=O)O",
        "NC/C=C/[C@H](C(=O)O)/C=C\\CN",
        "N[C@H]1CC[C@@H](N)CC1",
        "O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O",  # an inositol
        "OC(=O)C=[C@]=CC(=O)O",
        "C[C@H](N)[C@@H](O)[C@H](C)N",
        "CC(=O)C[C@@H](O)c1ccc(O)cc1",
    ],
    "symmetric": [
        "Oc1cc(O)cc(O)c1",
        "Oc1c(O)c(O)c(O)c(O)c1O",
        "OC(=O)CN(CCN(CC(=O)O)CC(=O)O)CC(=O)O",  # EDTA
        "NCCCNCCCCNCCCN",  # spermine
        "Oc1ccc(C=Cc2ccc(O)cc2)cc1",
        "Nc1ccc(-c2ccc(N)cc2)cc1",
        "OC(=O)C(O)(CC(=O)O)CC(=O)O",
        "C1CC1",
        "C1=CC=CC=CC=C1",  # eight like carbons, single and double bonds between them
        "O[C@H]1[C@H](O)[C@@H](O)[C@@H]1O",  # four like alcohols, neighbours cis or trans
    ],
    "large": [
        "OC(=O)[C@H](CCCCN)NC(=O)[C@H](Cc1ccc(O)cc1)NC(=O)[C@H](CCC(=O)O)NC(=O)[C@H](CCCCN)NC(=O)[C@@H](N)Cc1ccc(O)cc1",
        "O=C(OC[C@H]1O[C@@H](OC(=O)c2cc(O)c(O)c(O)c2)[C@H](OC(=O)c2cc(O)c(O)c(O)c2)[C@@H](OC(=O)c2cc(O)c(O)c(O)c2)"
        "[C@@H]1OC(=O)c1cc(O)c(O)c(O)c1)c1cc(O)c(O)c(O)c1",  # pentagalloylglucose
        "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC(=O)O",
    ],
    "odd": [
        "C",
        "O",
        "[H][H]",
        "[He]",
        "CC1(C)CC(O)CC(C)(C)N1[O]",  # a stable radical
        "[CH2]c1ccc(O)cc1",
        "C[Si](C)(C)c1ccc(O)cc1",
        "OB(O)c1ccc(N)cc1",
        "CP(=O)(O)CC[C@H](N)C(=O)O",  # glufosinate
        "[C-]#[N+]c1ccc(O)cc1",
        "Oc1cc[nH]c(=O)c1",
        "Nc1ncnc2[nH]cnc12",
        "O=C1C=CC(=O)C=C1",
    ],
}
SALTS = [
    "[Na+].O=C([O-])c1ccccc1O",
    "Cl.CNC[C@H](O)c1ccc(O)c(O)c1",
    "CC(=O)O.NCCc1ccc(O)c(O)c1",
    "O=S(=O)(O)O.Nc1ccc(O)cc1",
    "OC(=O)c1ccccc1.OC(=O)c1ccccc1",
]
# The 19 transforms and the halogenation rules are edits; these need RunReactants, or lie at the edge between the two.
SMIRKS = {
    "epoxidation": "[C;!$(C=O):1]=[C;!$(C=O):2]>>[C:1]1O[C:2]1",
    "lactonisation": "[CX3:1](=[O:2])([OX2H])[C:3][C:4][C:5][OX2H:6]>>[C:1]1(=[O:2])[C:3][C:4][C:5][O:6]1",
    "inversion": "[C@H:1]([OX2H:2])([#6:3])[#6:4]>>[C@@H:1]([O:2])([#6:3])[#6:4]",
    "new centre": "[CX4H2:1]([#6:2])[#6:3]>>[C@H:1]([#6:2])([#6:3])F",
    "oxidation": "[CX4;!H0:1][OX2H:2]>>[C:1]=[O:2]",
    "reduction": "[C:1]=[O:2]>>[C:1][O:2]",
    "N-methylation": "[NX3;!$(N=*);!$(N[C,N,S]=[O,N]):1]>>[N:1]C",  # a tertiary amine's product is refused
    "quaternisation": "[NX3;H0;!$(N~[!#6]):1]([CX4:2])>>[N+:1]([C:2])C",
    "deprotonation": "[CX3:1](=[O:2])[OX2H:3]>>[C:1](=[O:2])[O-:3]",
    "nitro": "[cH:1]>>[c:1][N+](=O)[O-]",
    "labelling": "[CX4H3:1]>>[13CH3:1]",
    "phosphorylation": "[#6:1][OX2H:2]>>[#6:1][O:2]P(=O)(O)O",
    "hydrogenation": "[c:1]1[c:2][c:3][c:4][c:5][c:6]1>>[C:1]1[C:2][C:3][C:4][C:5][C:6]1",
    "azide": "[CX4:1][NX3H2]>>[C:1]N=[N+]=[N-]",
    "dehalogenation": "[#6:1][F,Cl,Br,I]>>[#6:1]",
    "hydrolysis": "[CX4:1][F,Cl,Br,I:2]>>[C:1]O",
    "any aromatic carbon": "[c:1]>>[c:1]F",  # refused where the carbon has no hydrogen
    "epimerisation": "[C@:1]>>[C:1]",  # RDKit forgets the stereo of a centre that only the reactant states
    "acetonide": "[C:1]([OX2H:2])[C:3][OX2H:4]>>[C:1]1[O:2]C(C)(C)[O:4][C:3]1",
    "ortho": "[cH:1][c:2][OX2H:3]>>[c:1](Cl)[c:2][O:3]",
    "ortho, bond stated": "[cH:1]:[c:2][OX2H:3]>>[c:1](Cl):[c:2][O:3]",
    "decarboxylation": "[#6:1][CX3](=O)[OX2H]>>[#6:1]",
    "ring opening": "[CX4;R:1][C;R:2]>>[C:1]O",  # what goes is part of a ring, and like atoms need not be alike
    "aromatic neighbour": "[c:1][#6:2]>>[c:1](F)[#6:2]",
    "difluoride": "[CX3H1:1]~[CX3H1:2]>>[C:1](F)~[C:2]F",
    "methyl to acid": "[CH3:1]>>[C:1](=O)O",
    "ring ketone": "[CH2;R:1]>>[C:1]=O",
}


def embedded() -> list[str]:
    """Every parent of configs/parents."""
    return [smiles for class_name in CLASSES for smiles in parents(class_name)]


def special() -> list[str]:
    """All pools, as canonical SMILES that read back as themselves."""
    return [settled(smiles) for pool in POOLS.values() for smiles in pool]


def settled(smiles: str) -> str:
    """The canonical SMILES, as the package stores it: one that stays the same when it is read and written again."""
    return oracle.settled(canonical(smiles))
