"""The compound of a salt, solvate or mixture: known companions are removed first, then the largest fragment stays.

``companions.smi`` lists the companions. Without it, meglumine would be kept from its salt with ellagic acid, and pamoic
acid from nicotine pamoate, as they are larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdkit import Chem
from rdkit.Chem.Descriptors import MolWt
from rdkit.Chem.MolStandardize import rdMolStandardize

from halogenator.chemistry.enhanced_stereo import inverted
from halogenator.chemistry.molecules import RejectError

COMPANIONS = Path(__file__).with_name("companions.smi")

# Only protons are added and removed: with a hydride, borohydride or a carbocation would become another compound.
_uncharger = rdMolStandardize.Uncharger(canonicalOrder=True, force=False, protonationOnly=True)

_METALS = (  # a SMARTS list
    "Li,Be,Na,Mg,Al,K,Ca,Sc,Ti,V,Cr,Mn,Fe,Co,Ni,Cu,Zn,Ga,Rb,Sr,Y,Zr,Nb,Mo,Tc,Ru,Rh,Pd,Ag,Cd,In,Sn,Cs,Ba,La,Ce,Pr,Nd,"
    "Pm,Sm,Eu,Gd,Tb,Dy,Ho,Er,Tm,Yb,Lu,Hf,Ta,W,Re,Os,Ir,Pt,Au,Hg,Tl,Pb,Bi,Po,Fr,Ra,Ac,Th,Pa,U,Np,Pu,Am"
)
METALS = frozenset(map(Chem.GetPeriodicTable().GetAtomicNumber, _METALS.split(",")))
_ALKALI = frozenset(map(Chem.GetPeriodicTable().GetAtomicNumber, ("Li", "Na", "K", "Rb", "Cs")))
# Metals whose ions are in ordinary salts.
_SALT_FORMING = _ALKALI.union(map(Chem.GetPeriodicTable().GetAtomicNumber, ("Be", "Mg", "Ca", "Sr", "Ba", "Al", "Zn")))
# Ligands of complexes that are hardly ever counterions of salts.
_LIGAND = Chem.MolFromSmarts(
    "[$([NX2-;!$(N~[C,S,P]=[O,N,S])]),$([NX1H2-]),$([NX3H3]),$([NX3H2-]),$([PX3](C)(C)C),"
    "$([NX3](CC(=O)[O-,OH])(CC(=O)[O-,OH])CC[NX3]),$([NX3](CC(=O)[O-,OH])CC[NX3]CC[NX3])]"
)

# A salt that is drawn with a covalent bond: the metal has only single bonds to O, S, Se or halogens (an alkali metal
# also to N). With a bond to C, P or N (haem, cisplatin, ferrocene) or a coordinate bond it is a complex, and stays.
_NO_COMPLEX = "!$(*~[#6,#15,#33,#5]);!$(*<-*);!$(*->*);!$(*=*);!$(*#*)"
_SALT_METAL = f"[$([{_METALS};!$(*~[#7]);{_NO_COMPLEX}]),$([Li,Na,K,Rb,Cs;{_NO_COMPLEX}])]"
_disconnector = rdMolStandardize.MetalDisconnector()
_disconnector.SetMetalNof(Chem.MolFromSmarts(f"{_SALT_METAL}-[#7,#8,F]"))
_disconnector.SetMetalNon(Chem.MolFromSmarts(f"{_SALT_METAL}-[#16,#34,Cl,Br,I]"))
_MACROCYCLE = 12  # atoms of the smallest ring around a metal: porphyrins, corrins and phthalocyanines have 15 and 16
_ONIUM = Chem.MolFromSmarts("[N,n,P,S;+;H0;!$([*+]~[*-])]")
_ACID = Chem.MolFromSmarts("[OX2H1;$(O[C,S,P]=O)]")
# The kinds of fragments, the one to keep first. The words are those in ``companions.smi``; None: not listed.
_RANKS = (None, "drug", "compound", "", "counterion", "solvent")
_CARBANION = Chem.MolFromSmarts("[#6-;!$([#6-]#*)]")


@dataclass(frozen=True)
class _Fragment:
    """A fragment.

    Attributes:
        mol: the fragment.
        smiles: SMILES of its neutral form, with stereo.
        flat: the same without stereo and isotopes.
    """

    mol: Chem.Mol
    smiles: str
    flat: str

    @property
    def size(self) -> tuple[int, float]:
        """Number of heavy atoms, and weight in g/mol."""
        return self.mol.GetNumHeavyAtoms(), round(MolWt(self.mol), 3)


def has_metal_bond(mol: Chem.Mol) -> bool:
    """Return whether a metal has a bond."""
    return any(atom.GetAtomicNum() in METALS and atom.GetDegree() for atom in mol.GetAtoms())


def disconnect(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy in which salts that were drawn with a covalent bond are ions.

    Method: RDKit's ``MetalDisconnector``, with narrower patterns.

    Examples:
        >>> Chem.MolToSmiles(disconnect(Chem.MolFromSmiles("[Na]OC(C)=O")))
        'CC(=O)[O-].[Na+]'
    """
    made: Chem.Mol = _disconnector.Disconnect(mol)
    return made


def uncharge(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy with as few charges as protons, added or removed, can leave.

    A cation that keeps its charge (a quaternary nitrogen) and has an acid becomes the inner salt. So betaine comes from
    betaine hydrochloride, and carnitine, trigonelline and phosphatidylcholines stay inner salts.

    Method: RDKit's ``Uncharger``, then protons of acids are removed one by one.

    Examples:
        >>> Chem.MolToSmiles(uncharge(Chem.MolFromSmiles("C[NH3+]")))
        'CN'
        >>> Chem.MolToSmiles(uncharge(Chem.MolFromSmiles("C[N+](C)(C)CC(=O)O")))
        'C[N+](C)(C)CC(=O)[O-]'
    """
    made: Chem.Mol = _uncharger.uncharge(mol)
    while Chem.GetFormalCharge(made) > 0 and made.HasSubstructMatch(_ONIUM):
        acids = made.GetSubstructMatches(_ACID)
        if not acids:
            break
        made = min((_without_proton(made, index) for (index,) in acids), key=Chem.MolToSmiles)
    return made


def _without_proton(mol: Chem.Mol, index: int) -> Chem.Mol:
    mol = Chem.Mol(mol)
    atom = mol.GetAtomWithIdx(index)
    atom.SetFormalCharge(-1)
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(True)
    mol.UpdatePropertyCache()
    return mol


def compound(mol: Chem.Mol) -> tuple[Chem.Mol, bool]:
    """Return the fragment to keep, and whether it is a racemate, that is, its mirror image is in the row too.

    Raises:
        RejectError: no fragment is organic; or the row is a metal complex drawn as ions, or a mixture of stereoisomers
            that is no racemate.

    Examples:
        >>> kept, is_racemate = compound(Chem.MolFromSmiles("CN1CCC[C@H]1c1cccnc1.OC(=O)C(O)C(O)C(=O)O"))
        >>> Chem.MolToSmiles(kept), is_racemate  # nicotine from its tartrate
        ('CN1CCC[C@H]1c1cccnc1', False)
    """
    distinct: dict[tuple[str, str], _Fragment] = {}
    for part in Chem.GetMolFrags(mol, asMols=True, sanitizeFrags=True):
        found = _fragment(part)
        distinct.setdefault((found.smiles, Chem.MolToSmiles(part)), found)
    fragments = list(distinct.values())
    _refuse_complex(fragments)
    best, rivals = _best(fragments)
    forms = {each.smiles for each in rivals if each.flat == best.flat}
    if len(forms) == 1:
        return best.mol, False
    if forms == {best.smiles, _mirrored(best.smiles)}:
        return best.mol, True
    raise RejectError(
        "mixture of stereoisomers",
        f"{' and '.join(sorted(forms))[:300]} are stereoisomers, and no racemate; give each a row of its own, or write "
        "them as one with |&1:…| for the centres that differ",
    )


def _fragment(mol: Chem.Mol) -> _Fragment:
    neutral = uncharge(mol)
    neutral = Chem.MolFromSmiles(Chem.MolToSmiles(neutral)) or neutral
    return _Fragment(mol, Chem.MolToSmiles(neutral), Chem.MolToSmiles(neutral, isomericSmiles=False))


def _best(fragments: list[_Fragment]) -> tuple[_Fragment, list[_Fragment]]:
    """Return the fragment to keep, and all fragments of its kind."""
    organic = [each for each in fragments if any(atom.GetAtomicNum() == 6 for atom in each.mol.GetAtoms())]
    if not organic:
        shown = ".".join(Chem.MolToSmiles(each.mol) for each in fragments)
        raise RejectError("no organic fragment", f"none of the fragments of {shown[:200]!r} has carbon")
    kinds = [_companions().get(each.flat) for each in organic]
    first = min(kinds, key=_RANKS.index)
    rivals = [each for each, kind in zip(organic, kinds, strict=True) if kind == first]
    largest = max(each.size for each in rivals)
    return min((each for each in rivals if each.size == largest), key=lambda each: each.smiles), rivals


@cache
def _companions() -> dict[str, str]:
    """Return {neutral SMILES without stereo: kind} of ``companions.smi``."""
    found: dict[str, str] = {}
    for line in COMPANIONS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            smiles, _, kind = (*line.split("\t"), "")[:3]
            found[_fragment(Chem.MolFromSmiles(smiles)).flat] = kind
    return found


def _mirrored(smiles: str) -> str:
    mol = Chem.MolFromSmiles(smiles)
    mirrored = inverted(mol, [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetChiralTag()])
    return str(Chem.CanonSmiles(Chem.MolToSmiles(mirrored, canonical=False)))


def _refuse_complex(fragments: list[_Fragment]) -> None:
    """Refuse a metal complex drawn as ions, because its ligand alone is another compound.

    Raises:
        RejectError: there is a metal ion with a carbanion or with a macrocycle that has a nitrogen anion; or an ion of
            a transition metal or lanthanide with an amide, ammonia, a phosphine or a polyaminocarboxylate.
    """
    metals = [a for f in fragments for a in f.mol.GetAtoms() if a.GetAtomicNum() in METALS and not a.GetDegree()]
    if all(atom.GetAtomicNum() in _ALKALI for atom in metals):
        return
    may_be_salt = all(atom.GetAtomicNum() in _SALT_FORMING for atom in metals)
    for each in fragments:
        is_ligand = not may_be_salt and each.mol.HasSubstructMatch(_LIGAND)
        if is_ligand or each.mol.HasSubstructMatch(_CARBANION) or _is_anionic_macrocycle(each.mol):
            raise RejectError(
                "metal complex",
                f"{metals[0].GetSymbol()} and {Chem.MolToSmiles(each.mol)[:150]} are drawn as ions side by "
                "side; draw the bonds of the metal (coordinate ones as ->), or give the ligand without it",
            )


def _is_anionic_macrocycle(mol: Chem.Mol) -> bool:
    rings = mol.GetRingInfo()
    anions = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 7 and atom.GetFormalCharge() < 0]
    return any(size >= _MACROCYCLE for atom in anions for size in rings.AtomRingSizes(atom.GetIdx()))
