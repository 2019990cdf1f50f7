"""Advice on transforms: likely mistakes, found in their templates and by trials on molecules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import RejectError, quiet, settled
from halogenator.chemistry.smirks_checks import PROBES, Templates, likely_mistakes
from halogenator.inputs.reading import read_records
from halogenator.model import Transform
from halogenator.process import limits

# Matching molecules with each kind of site that a transform is tried on, the shortest first.
_PER_KIND = 3
# Most matches of a molecule to look at for stereo, and most products to compare with it.
_LOOKED_AT = 50


@dataclass(frozen=True)
class Advice:
    """Advice on one transform.

    Attributes:
        transform: name of the transform.
        warnings: likely mistakes.
        notes: other remarks.
        matching: SMILES of matching molecules, natural products before others, short before long.
    """

    transform: str
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()


def advise(transforms: Sequence[Transform], molecules: Sequence[str], files: Iterable[Path]) -> list[Advice]:
    """Return advice on each transform. A child process with limits does the work, as RDKit may take hours for a SMIRKS.

    Args:
        transforms: the transforms.
        molecules: SMILES to try all of them on, besides the reactants of their examples.
        files: files with more molecules, such as the natural products that come with this program.
    """
    texts = {record.smiles for path in files for record in read_records(path) if record.smiles}

    def work() -> list[Advice]:
        pools = [_Pool(molecules), _Pool(texts), _Pool(PROBES)]
        found = []
        for step, transform in enumerate(transforms):
            late = limits.begin(step)
            unknown = Advice(transform.name, notes=(f"not tried on all molecules: {late}",))
            found.append(unknown if late else _advise(transform, pools))
        return found

    return limits.in_child(work)


@dataclass(frozen=True)
class _Candidate:
    """A molecule to try transforms on, with implicit hydrogens and with hydrogens as atoms."""

    smiles: str

    @cached_property
    def mol(self) -> Any:
        return Chem.MolFromSmiles(self.smiles)

    @cached_property
    def with_hydrogens(self) -> Any:
        return Chem.AddHs(self.mol)

    def kind_of_sites(self, query: Any, *, hydrogens: bool) -> str | None:
        """Return "centre" or "double bond" if matches of a query have such stereo, else "plain"; None: no match."""
        mol = self.with_hydrogens if hydrogens else self.mol
        matches = mol.GetSubstructMatches(query, maxMatches=_LOOKED_AT)
        if not matches:
            return None
        atoms = {index for match in matches for index in match}
        if any(mol.GetAtomWithIdx(index).GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for index in atoms):
            return "centre"
        bonds = [bond for bond in mol.GetBonds() if bond.GetStereo() > Chem.BondStereo.STEREOANY]
        return "double bond" if any({b.GetBeginAtomIdx(), b.GetEndAtomIdx()} & atoms for b in bonds) else "plain"


class _Pool:
    """Molecules, sorted by the length of their SMILES; what cannot be read is left out. Charges stay."""

    def __init__(self, texts: Iterable[str]) -> None:
        quiet()
        found: dict[str, None] = {}
        for mol in filter(None, map(Chem.MolFromSmiles, texts)):
            with suppress(RejectError):
                found[settled(mol).smiles] = None
        self.candidates = [_Candidate(smiles) for smiles in _by_length(found)]

    def matching(self, transform: Transform) -> dict[str, list[str]]:
        """Return {kind of sites: SMILES} of the molecules that a transform matches."""
        query = Chem.MolFromSmarts(transform.query)
        hydrogens = any(atom.GetAtomicNum() == 1 for atom in query.GetAtoms()) or "#1" in transform.query
        found: dict[str, list[str]] = {}
        for candidate in self.candidates:
            kind = candidate.kind_of_sites(query, hydrogens=hydrogens)
            if kind is not None:
                found.setdefault(kind, []).append(candidate.smiles)
        return found


def _advise(transform: Transform, pools: Sequence[_Pool]) -> Advice:
    templates = Templates(transform.smirks)
    warnings: dict[str, list[str]] = {}
    notes: list[str] = []
    for mistake in likely_mistakes(templates):
        warnings.setdefault(mistake.kind, []).append(mistake.text)
    given, natural, small = (pool.matching(transform) for pool in pools)
    own = _Pool(example.reactant for example in transform.examples).matching(transform)
    if not (warnings.get("impossible") or given or natural or small or own):
        count = len({each.smiles for pool in pools for each in pool.candidates})
        notes.append(f"matches none of {count} molecules: natural products that come with this program, and others")
    chosen = [smiles for found in (given, own) for group in found.values() for smiles in group]
    chosen += [smiles for found in (natural, small) for group in found.values() for smiles in group[:_PER_KIND]]
    tried: dict[str, str] = {}  # by kind, the first of each
    for kind, text in _trials(transform, templates, list(dict.fromkeys(chosen))):
        tried.setdefault(kind, text)
    if "several" in tried:
        notes.append(tried.pop("several"))
    for kind, text in tried.items():
        warnings.setdefault(kind, []).append(text)
    texts = [text for group in warnings.values() for text in group]
    matching = [smiles for found in (natural, small) for smiles in _by_length(chain(*found.values()))]
    return Advice(transform.name, tuple(dict.fromkeys(texts)), tuple(notes), tuple(matching))


def _by_length(smiles: Iterable[str]) -> list[str]:
    return sorted(smiles, key=lambda each: (len(each), each))


def _trials(transform: Transform, templates: Templates, molecules: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the kind and text of each remark on the products of matching molecules."""
    kernel = Kernel([replace(transform, max_sites=None)])
    refused, made = [], 0
    for smiles in molecules:
        products, rejects = kernel.products(smiles)
        made += len(products)
        refused += [str(error) for _, error in rejects]
        parent = Chem.MolFromSmiles(smiles)
        for product in products[:_LOOKED_AT]:
            for kind, text in _changes(templates, parent, product.smiles, whole=transform.products is None):
                yield kind, f"{text}: e.g. {smiles} gives {product.smiles}"
    if refused and not made:
        count = f"the {len(molecules)} molecules" if len(molecules) > 1 else "the one molecule"
        yield "refused", f"every product of {count} with a site that it was tried on is refused: {refused[0]}"


def _changes(templates: Templates, parent: Any, smiles: str, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Yield the kind and text of each difference between parent and product that the SMIRKS does not state.

    Of a product that is not ``whole``, the other molecules are not looked at.
    """
    product = Chem.MolFromSmiles(smiles)
    if product is None:
        yield "unreadable", "RDKit cannot read the product back"
        return
    canonical = Chem.MolToSmiles(product)
    if canonical == Chem.MolToSmiles(parent):
        yield "nothing", "the product is the molecule itself"
        return
    if any(text in smiles and text not in canonical for text in ("[H]", "~")):
        yield "not canonical", "the product is written with hydrogens or bonds that its canonical SMILES does not have"
    lost = parent.GetNumHeavyAtoms() + templates.heavy_atoms_gained - product.GetNumHeavyAtoms()
    if whole and lost > 0:
        yield "lost atoms", f"{lost} atom{'s' * (lost > 1)} vanish{'es' * (lost == 1)} that the SMIRKS does not name"
    if _radicals(product) > _radicals(parent):
        yield "radical left", "the product is a radical"
    before, after = Chem.GetFormalCharge(parent), Chem.GetFormalCharge(product)
    if whole and not lost and after - before != templates.charge_gained:
        yield "charge", f"the charge goes from {before:+d} to {after:+d}, which the SMIRKS does not say"
    for word in _stereo_lost(parent, product):
        yield f"{word} lost", f"a {word} whose configuration was known is unspecified in the product"
    if "." in smiles and "." not in Chem.MolToSmiles(parent):
        yield (
            "several",
            "a product is of several molecules, and stays so in its row; products: largest keeps one of them, "
            "products: each makes a row of each",
        )


def _radicals(mol: Any) -> int:
    return sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())


def _stereo_lost(parent: Any, product: Any) -> Iterator[str]:
    """Yield "stereocentre" and "double bond" if the product has fewer specified and more unspecified ones."""
    counts = [
        Counter((str(info.type), str(info.specified)) for info in Chem.FindPotentialStereo(Chem.Mol(mol)))
        for mol in (parent, product)
    ]
    words = {"Atom_Tetrahedral": "stereocentre", "Bond_Double": "double bond"}
    for kind, word in words.items():
        specified, unspecified = ([each[kind, state] for each in counts] for state in ("Specified", "Unspecified"))
        if specified[1] < specified[0] and unspecified[1] > unspecified[0]:
            yield word
