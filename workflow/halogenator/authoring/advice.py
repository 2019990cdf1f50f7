"""Advice on transforms: what they do that is hardly meant, seen in their templates and tried on molecules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import rdkit.Chem.rdChemReactions  # noqa: F401 - before a child is started, or each would load it anew
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import RejectError, quiet, settled
from halogenator.chemistry.smirks_checks import PROBES, Templates, likely_mistakes
from halogenator.inputs.reading import read_records
from halogenator.model import Transform
from halogenator.process import limits

# Molecules that each transform is tried on, of those that it matches: the first of each sort, the shortest first.
_OF_EACH_SORT = 3
# Matches looked at for stereo, and products compared, of each molecule.
_LOOKED_AT = 50


@dataclass(frozen=True)
class Advice:
    """Advice on one transform.

    Attributes:
        transform: its name.
        warnings: what is hardly meant.
        notes: what may be worth knowing.
        matching: SMILES that it matches among those tried, natural products before others and short before long.
    """

    transform: str
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()


def advise(transforms: Sequence[Transform], molecules: Sequence[str], files: Iterable[Path]) -> list[Advice]:
    """Return advice on each transform, worked out in a child process: a SMIRKS may take RDKit hours.

    Args:
        transforms: what to look at.
        molecules: SMILES to try all of them on, besides the reactants of their examples.
        files: more molecules, such as the natural products that come with this program.
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
    """A molecule to try transforms on, with its hydrogens implied and as atoms."""

    smiles: str

    @cached_property
    def mol(self) -> Any:
        return Chem.MolFromSmiles(self.smiles)

    @cached_property
    def with_hydrogens(self) -> Any:
        return Chem.AddHs(self.mol)

    def sort(self, query: Any, *, hydrogens: bool) -> str | None:
        """Return "plain", or the stereo that a match of a query has in it; None where nothing matches."""
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
    """Molecules with their charges as they are; those that cannot be read are left out."""

    def __init__(self, texts: Iterable[str]) -> None:
        quiet()
        found: dict[str, None] = {}
        for mol in filter(None, map(Chem.MolFromSmiles, texts)):
            with suppress(RejectError):
                found[settled(mol).smiles] = None
        self.candidates = [_Candidate(smiles) for smiles in sorted(found, key=lambda smiles: (len(smiles), smiles))]

    def matching(self, transform: Transform) -> dict[str, list[str]]:
        """Return the SMILES that a transform matches, by the stereo that its sites have."""
        query = Chem.MolFromSmarts(transform.query)
        hydrogens = any(atom.GetAtomicNum() == 1 for atom in query.GetAtoms()) or "#1" in transform.query
        found: dict[str, list[str]] = {}
        for candidate in self.candidates:
            sort = candidate.sort(query, hydrogens=hydrogens)
            if sort is not None:
                found.setdefault(sort, []).append(candidate.smiles)
        return found


def _advise(transform: Transform, pools: Sequence[_Pool]) -> Advice:
    templates = Templates(transform.smirks)
    warnings: dict[str, list[str]] = {}
    notes: dict[str, str] = {}
    shown: set[str] = set()
    for mistake in likely_mistakes(templates):
        warnings.setdefault(mistake.kind, []).append(mistake.text)
    given, natural, small = (pool.matching(transform) for pool in pools)
    own = _Pool(example.reactant for example in transform.examples).matching(transform)
    if not (warnings.get("impossible") or given or natural or small or own):
        count = len({each.smiles for pool in pools for each in pool.candidates})
        notes["matches"] = (
            f"matches none of {count} molecules: natural products that come with this program, and others"
        )
    chosen = [smiles for found in (given, own) for group in found.values() for smiles in group]
    chosen += [smiles for found in (natural, small) for group in found.values() for smiles in group[:_OF_EACH_SORT]]
    for kind, text in _trials(transform, templates, list(dict.fromkeys(chosen))):
        if kind == "several":
            notes.setdefault(kind, text)
        elif kind not in shown:
            shown.add(kind)
            warnings.setdefault(kind, []).append(text)
    texts = [text for group in warnings.values() for text in group]
    matching = [smiles for found in (natural, small) for smiles in _by_length(found)]
    return Advice(transform.name, tuple(dict.fromkeys(texts)), tuple(notes.values()), tuple(matching))


def _by_length(found: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted((smiles for group in found.values() for smiles in group), key=lambda smiles: (len(smiles), smiles))


def _trials(transform: Transform, templates: Templates, molecules: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of what happens to molecules that match."""
    kernel = Kernel([replace(transform, max_sites=None)])
    refused, made = [], 0
    for smiles in molecules:
        products, rejects = kernel.products(smiles)
        made += len(products)
        refused += [str(error) for _, error in rejects]
        parent = Chem.MolFromSmiles(smiles)
        for product in products[:_LOOKED_AT]:
            for kind, text in _changes(templates, parent, product.smiles):
                yield kind, f"{text}: e.g. {smiles} gives {product.smiles}"
    if refused and not made:
        count = f"the {len(molecules)} molecules" if len(molecules) > 1 else "the one molecule"
        yield "refused", f"every product of {count} with a site that it was tried on is refused: {refused[0]}"


def _changes(templates: Templates, parent: Any, smiles: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of what one product lacks or has besides what the SMIRKS says."""
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
    if lost > 0:
        yield "lost atoms", f"{lost} atom{'s' * (lost > 1)} vanish{'es' * (lost == 1)} that the SMIRKS does not name"
    if _radicals(product) > _radicals(parent):
        yield "radical left", "the product is a radical"
    before, after = Chem.GetFormalCharge(parent), Chem.GetFormalCharge(product)
    if not lost and after - before != templates.charge_gained:
        yield "charge", f"the charge goes from {before:+d} to {after:+d}, which the SMIRKS does not say"
    for word in _stereo_lost(parent, product):
        yield f"{word} lost", f"a {word} whose configuration was known is unspecified in the product"
    if "." in smiles and "." not in Chem.MolToSmiles(parent):
        yield "several", "a product is of several molecules, and stays so in its row"


def _radicals(mol: Any) -> int:
    return sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())


def _stereo_lost(parent: Any, product: Any) -> Iterator[str]:
    """Yield "stereocentre" and "double bond" where fewer are specified, and more are there that are not."""
    counts = []
    for mol in (parent, product):
        found = [(str(info.type), str(info.specified)) for info in Chem.FindPotentialStereo(Chem.Mol(mol))]
        counts.append({(kind, said): found.count((kind, said)) for kind, said in found})
    words = {"Atom_Tetrahedral": "stereocentre", "Bond_Double": "double bond"}
    for kind, word in words.items():
        said, open_ = ([count.get((kind, state), 0) for count in counts] for state in ("Specified", "Unspecified"))
        if said[1] < said[0] and open_[1] > open_[0]:
            yield word
