"""Reading of SMILES, with the reason if RDKit cannot, and writing of SMILES that stay the same when read again."""

from __future__ import annotations

import re
from typing import NamedTuple

from rdkit import Chem, rdBase

# Longer than the SMILES of any molecule of this field (a peptide of 100 residues has about 3,000 characters), and short
# enough to bound RDKit's time and memory for one row.
MAX_SMILES_LENGTH = 5_000
# Most atoms, implicit hydrogens not counted. Of the slowest molecule (a chain, which RDKit canonicalises in quadratic
# time) all products take half a minute; with 5,000 atoms they would take an hour.
MAX_ATOMS = 1_000
# Most times that a SMILES is read and written until it stays the same: once is enough for most, twice for the rest.
MAX_REWRITES = 10

# Atoms that stand for more than one element, as SMARTS and molfiles write them in brackets.
_OPEN_ATOM = re.compile(r"\[(?:R[#\d]*|[AQXGMLZ]\d*|Pol|#\d+[^]]*|![^]]*|[A-Za-z]+(?:,[A-Za-z]+)+)(?::\d+)?\]")
# Types of substance groups (CTfile) that make a polymer; the others are only descriptions.
_POLYMERS = frozenset({"SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY"})
_BONDS_WITHOUT_ORDER = frozenset(
    getattr(Chem.BondType, name) for name in ("UNSPECIFIED", "ZERO", "HYDROGEN", "IONIC", "OTHER", "THREECENTER")
)
# Labels and coordinates in a CXSMILES extension, which may have commas of their own.
_QUOTED = re.compile(r"\$[^$]*\$|\([^)]*\)")
_MEND = "draw one molecule, with every atom and bond stated"


class RejectError(Exception):
    """A row or product that cannot be used: a short ``reason`` to group by, and the ``detail`` of this one."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def quiet() -> None:
    """Switch RDKit's log off, as its messages go into the details of rejects."""
    rdBase.DisableLog("rdApp.*")


# ---- reading ---------------------------------------------------------------------------------------------------------


def parse_smiles(text: str | None) -> Chem.Mol:
    """Return the sanitised molecule of a SMILES or CXSMILES (``SMILES |extension|``), not standardised.

    Raises:
        RejectError: the text is empty, too long, not SMILES, not a possible molecule, or too large.

    Examples:
        >>> parse_smiles("Oc1ccccc1").GetNumAtoms()
        7
        >>> parse_smiles("c1cccc1")
        Traceback (most recent call last):
        halogenator.chemistry.molecules.RejectError: impossible molecule: Can't kekulize mol...
    """
    if not text or not text.strip():
        raise RejectError("empty", "no SMILES in this row")
    if len(text) > MAX_SMILES_LENGTH:
        raise RejectError("too long", f"{len(text):,} characters; at most {MAX_SMILES_LENGTH:,} are read")
    mol = None if "[#" in text else Chem.MolFromSmiles(text)  # RDKit takes [#6] for the bare atom
    if mol is None:
        raise _explain(text)
    if mol.GetNumAtoms() == 0:
        raise RejectError("empty", "a SMILES without atoms")
    if "." not in text:
        check_size(mol)
    return mol


def reread(smiles: str) -> Chem.Mol:
    """Return the molecule of a SMILES that RDKit wrote.

    Raises:
        RejectError: RDKit cannot read what it wrote.
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise RejectError("unparsable product", f"RDKit cannot read back its own {smiles[:200]!r}")
    return mol


def _explain(text: str) -> RejectError:
    """Return the reject of a text that RDKit cannot read, with the reason, which takes another parse."""
    smiles, bar, extension = text.strip().partition("|")
    if bar and Chem.MolFromSmiles(smiles.strip()) is not None:
        return RejectError("unreadable extension", f"RDKit reads {smiles.strip()[:200]!r}, but not |{extension[:200]}")
    if found := _OPEN_ATOM.search(smiles):
        return RejectError("R group or query atom", f"{found[0]} is no element: a row must say every atom")
    mol = Chem.MolFromSmiles(text, sanitize=False)
    if mol is not None:
        try:
            Chem.SanitizeMol(mol)
        except (Chem.MolSanitizeException, ValueError) as error:
            return RejectError("impossible molecule", str(error).strip())
    return RejectError("unparsable SMILES", f"RDKit cannot read {text[:200]!r}")


# ---- checks ----------------------------------------------------------------------------------------------------------


def check_size(mol: Chem.Mol) -> None:
    """Check that a molecule has at most ``MAX_ATOMS`` atoms.

    Raises:
        RejectError: it has more.
    """
    if mol.GetNumAtoms() > MAX_ATOMS:
        raise RejectError("too large", f"{mol.GetNumAtoms():,} atoms; at most {MAX_ATOMS:,} are worked on")


def check_molecule(mol: Chem.Mol, text: str = "") -> None:
    """Check that all atoms and bonds of a molecule are stated.

    Args:
        mol: the molecule as read by RDKit, from any format.
        text: the SMILES or CXSMILES that it was read from, if any.

    Raises:
        RejectError: it has an R group, a query, an undefined bond, or is a polymer.

    Examples:
        >>> check_molecule(Chem.MolFromSmiles("CCO"))
        >>> check_molecule(Chem.MolFromSmiles("*CO"))
        Traceback (most recent call last):
        halogenator.chemistry.molecules.RejectError: R group or query atom: atom 1 (*) stands for no one element; ...
    """
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0 or atom.HasQuery():
            raise _open_atom(atom)
        if atom.HasProp("molAttchpt"):
            raise RejectError("attachment point", f"{_name(atom)} is where something else is bound; {_MEND}")
    for bond in mol.GetBonds():
        if bond.GetBondType() in _BONDS_WITHOUT_ORDER or bond.HasQuery():
            ends = f"{_name(bond.GetBeginAtom())} and {_name(bond.GetEndAtom())}"
            raise RejectError("undefined bond", f"the bond between {ends} is a query or of no order; {_MEND}")
        if bond.HasProp("_MolFileBondEndPts"):
            raise RejectError("variable attachment", f"a bond has more than one place to end at; {_MEND}")
    for group in Chem.GetMolSubstanceGroups(mol):
        kind = group.GetProp("TYPE") if group.HasProp("TYPE") else ""
        if kind in _POLYMERS:
            raise RejectError("polymer", f"a bracket around a repeating unit ({kind}) has no one structure; {_MEND}")
    if mol.HasProp("_molLinkNodes"):
        raise RejectError("polymer", f"a link node repeats how often is left open; {_MEND}")
    if "|" in text:
        _check_extension(mol, text.partition("|")[2].partition("|")[0])


def _open_atom(atom: Chem.Atom) -> RejectError:
    label = next((atom.GetProp(name) for name in ("dummyLabel", "atomLabel") if atom.HasProp(name)), "")
    label = f" ({label.strip('_')})" if label and label != "*" else ""
    return RejectError(
        "R group or query atom", f"{_name(atom)}{label} stands for no one element; {_MEND}, or take the row out"
    )


def _name(atom: Chem.Atom) -> str:
    return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()})"


def _check_extension(mol: Chem.Mol, extension: str) -> None:
    """Check that a CXSMILES extension has no relative stereo (``r``), which RDKit ignores.

    Raises:
        RejectError: it has, which leaves open whether the molecule is a racemate or an unknown enantiomer.
    """
    words = _QUOTED.sub("", extension).split(",")
    groups = [group for group in mol.GetStereoGroups() if group.GetGroupType() != Chem.StereoGroupType.STEREO_ABSOLUTE]
    if "r" in words and not groups and any(atom.GetChiralTag() for atom in mol.GetAtoms()):
        raise RejectError(
            "relative stereo",
            "|r| leaves open whether this is a racemate or one enantiomer; write |&1:…| or |o1:…| with its centres",
        )


# ---- writing ---------------------------------------------------------------------------------------------------------


class Settled(NamedTuple):
    """A SMILES that stays the same when it is read and written again.

    Attributes:
        smiles: canonical SMILES.
        mol: the molecule read from it.
        order: for each atom of ``mol`` its index in the molecule that was written; empty if they do not correspond.
    """

    smiles: str
    mol: Chem.Mol
    order: list[int]


def settled(mol: Chem.Mol) -> Settled:
    """Return the SMILES by which ``mol`` is stored, and the molecule read from it.

    Later stages read the stored SMILES, so their atom indices and matches are those of the molecule returned here. Some
    canonical SMILES (with redundant stereo marks on cages and bridged systems) change when RDKit reads and writes them,
    a few of these more than once.

    Raises:
        RejectError: RDKit cannot read back its own SMILES, or goes on rewriting it.

    Examples:
        >>> settled(Chem.MolFromSmiles("OCC")).smiles
        'CCO'
    """
    order = list(range(mol.GetNumAtoms()))
    seen: list[Settled] = []
    for _ in range(MAX_REWRITES):
        mol = Chem.Mol(mol)
        smiles = Chem.MolToSmiles(mol)
        if seen and seen[-1].smiles == smiles:
            return seen[-1]
        cycle = next((at for at, earlier in enumerate(seen) if earlier.smiles == smiles), None)
        if cycle is not None:
            return min(seen[cycle:], key=lambda form: form.smiles)
        output = list(mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
        again = reread(smiles)
        # Reading removes hydrogens that are atoms in ``mol``.
        kept = output if again.GetNumAtoms() == len(output) else [i for i in output if not _is_removable(mol, i)]
        order = [order[i] for i in kept] if len(kept) == again.GetNumAtoms() else []
        seen.append(Settled(smiles, again, order))
        mol = again
    raise RejectError("unsettled SMILES", f"RDKit writes {smiles[:200]!r} another way each time it reads it")


def _is_removable(mol: Chem.Mol, index: int) -> bool:
    atom = mol.GetAtomWithIdx(index)
    return bool(atom.GetAtomicNum() == 1 and not atom.GetIsotope() and atom.GetDegree() == 1)


def settle(smiles: str) -> str:
    """Return the SMILES that results when ``smiles`` is read and written until it stays the same.

    Raises:
        RejectError: RDKit cannot read it, or goes on rewriting it.
    """
    mol = reread(smiles)
    return smiles if Chem.MolToSmiles(mol) == smiles else settled(mol).smiles
