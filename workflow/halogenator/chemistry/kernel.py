"""A set of transforms applied to one parent: every product once, with its site, its routes and its descriptors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptors import inchikey
from halogenator.chemistry.edit import Edit, compile_edit, editable, has_stereo
from halogenator.chemistry.increments import Increments, Surroundings, Values
from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.reaction import Match, Reaction, find_matches, sanitize
from halogenator.model import Transform


@dataclass(slots=True)
class Product:
    """One distinct product of one parent.

    Attributes:
        transform: index of the transform in the kernel's list.
        site: parent atom index of the first route.
        n_routes: number of (transform, site) pairs of this parent that give it.
        smiles: canonical SMILES.
        descriptors: in the kernel's order.
        inchikey: None unless asked for.
    """

    transform: int
    site: int
    n_routes: int
    smiles: str
    descriptors: tuple[float, ...]
    inchikey: str | None


@dataclass(slots=True)
class _Site:
    """Matches that lead to the same product.

    Attributes:
        match: the first of them, by site.
        position: its index among all matches, which is RunReactants' product index.
        atoms: the site atom of each.
        rank: symmetry class of the site atom.
    """

    match: Match
    position: int
    atoms: set[int]
    rank: int


@dataclass(frozen=True)
class _Step:
    """A transform ready to run. Transforms that share a query share its matches."""

    index: int
    reaction: Reaction
    edit: Edit | None
    max_sites: int | None


class Kernel:
    """Applies ``transforms`` to molecules, by edit where that is exact and by RunReactants elsewhere.

    Args:
        transforms: what to apply; a product reached by several keeps the first.
        descriptor_names: columns to compute for every product.
        with_inchikey: whether to compute the InChIKey of every product.
        use_edits: False makes every product by RunReactants, for comparison.
    """

    def __init__(
        self,
        transforms: Sequence[Transform],
        descriptor_names: Sequence[str] = (),
        *,
        with_inchikey: bool = False,
        use_edits: bool = True,
    ) -> None:
        self.increments = Increments(descriptor_names)
        self.with_inchikey = with_inchikey
        self.groups: dict[str, list[_Step]] = {}
        for index, transform in enumerate(transforms):
            reaction = Reaction(transform)
            edit = compile_edit(reaction) if use_edits else None
            step = _Step(index, reaction, edit, transform.max_sites)
            self.groups.setdefault(transform.query, []).append(step)
        # Equivalent atoms are interchangeable one at a time. Two matches whose atoms are equivalent one by one need not
        # be, so where more than one place changes every match is made, and equal products show by their SMILES.
        self.one_place = {
            query: [step.edit for step in steps if step.edit is not None]
            if all(step.edit is not None and len(step.edit.anchors) == 1 for step in steps)
            else []
            for query, steps in self.groups.items()
        }

    def products(
        self, smiles: str, parent: Values | None = None
    ) -> tuple[list[Product], list[tuple[int | None, RejectError]]]:
        """Return a parent's distinct products, in order of transform and site, and its (site, error) rejects.

        Args:
            smiles: the parent's stored SMILES; sites are atom indices of it.
            parent: the parent's descriptors; computed where not given.
        """
        mol = Chem.MolFromSmiles(smiles)
        found: dict[str, Product] = {}
        routes: dict[str, set[tuple[int, int]]] = {}
        rejects: list[tuple[int | None, RejectError]] = []
        maker: _Maker | None = None
        connected = "." not in smiles
        for query, steps in self.groups.items():
            try:
                sites = distinct_sites(mol, steps[0].reaction, self.one_place[query] if connected else [])
            except RejectError as error:
                rejects.append((None, error))
                continue
            if not sites:
                continue
            maker = maker or _Maker(mol, smiles, self.increments, parent)
            for step in steps:
                for site in _limit(sites, step.max_sites):
                    where = site.match[step.reaction.site_position]
                    try:
                        made, edit = maker.make(step, site)
                    except RejectError as error:
                        rejects.append((where, error))
                        continue
                    product = Chem.MolToSmiles(made)
                    ways = {(step.index, atom) for atom in site.atoms}
                    if product in found:
                        routes[product] |= ways
                        continue
                    try:
                        values = maker.describe(step.index, edit, site, product) if self.increments.names else ()
                        key = inchikey(reread(product)) if self.with_inchikey else None
                    except RejectError as error:
                        rejects.append((where, error))
                        continue
                    found[product] = Product(step.index, where, 0, product, values, key)
                    routes[product] = ways
        for product, ways in routes.items():
            found[product].n_routes = len(ways)
        return list(found.values()), rejects


class _Maker:
    """Makes and describes the products of one parent, sharing what is worked out about it."""

    def __init__(self, mol: Chem.Mol, smiles: str, increments: Increments, parent: Values | None) -> None:
        self.mol = mol
        self.connected = "." not in smiles
        self.stereo = has_stereo(smiles)
        # Exact masses have more decimals than descriptors keep: a difference of two rounded ones may be off by one.
        self.isotopic = re.search(r"\[\d", smiles) is not None
        self.base = editable(mol, smiles)
        self.increments = increments
        self.parent = descriptors.compute(mol, increments.names) if parent is None else parent
        self.surroundings = Surroundings(mol)
        self.plain: tuple[int, list[Chem.Mol]] = (-1, [])

    def make(self, step: _Step, site: _Site) -> tuple[Chem.Mol, Edit | None]:
        """Return the product of a site, and the edit that describes it, if one does.

        Raises:
            RejectError: if RDKit cannot sanitise the product.
        """
        # Of several fragments RunReactants keeps the one that the match lies in, an edit would keep them all.
        edit = step.edit if step.edit and self.connected and step.edit.describes(self.mol, site.match) else None
        if edit and (not self.stereo or edit.keeps_stereo(self.mol, site.match)):
            product = edit.apply(self.base, site.match)
            if product is not None:
                return product, edit
        if self.plain[0] != step.index:  # RunReactants makes the products of all sites at once
            self.plain = step.index, step.reaction.products(self.mol)
        product = self.plain[1][site.position]
        sanitize(product)
        return product, edit

    def describe(self, transform: int, edit: Edit | None, site: _Site, smiles: str) -> Values:
        """Return the descriptors of a site's product."""
        if edit is None or self.isotopic:
            return descriptors.compute(reread(smiles), self.increments.names)
        return self.increments.describe(transform, edit, site.match, self.surroundings, self.parent, smiles)


def distinct_sites(mol: Chem.Mol, reaction: Reaction, edits: Sequence[Edit]) -> list[_Site]:
    """Return the matches by site index, each with all the sites that it stands for.

    Args:
        mol: the parent.
        reaction: what is matched.
        edits: where all of them describe all matches, matches that differ by symmetry alone (RDKit's
            ``CanonicalRankAtoms`` without tie-breaking) are one; otherwise, or without edits, each stands for itself.

    Raises:
        RejectError: if the molecule has too many matches.
    """
    matches = reaction.matches(mol)
    where = reaction.site_position
    if len(matches) <= 1:
        return [_Site(match, 0, {match[where]}, 0) for match in matches]
    ranks = Chem.CanonicalRankAtoms(mol, breakTies=False)
    merge = bool(edits) and all(edit.describes(mol, match) for edit in edits for match in matches)
    sites: dict[Match, _Site] = {}
    for position, match in sorted(enumerate(matches), key=lambda pair: (pair[1][where], pair[0])):
        key = tuple([ranks[index] for index in match]) if merge else match
        if key in sites:
            sites[key].atoms.add(match[where])
        else:
            sites[key] = _Site(match, position, {match[where]}, ranks[match[where]])
    return list(sites.values())


def _limit(sites: list[_Site], max_sites: int | None) -> list[_Site]:
    """Return the sites whose atom is in one of the first ``max_sites`` symmetry classes."""
    if max_sites is None:
        return sites
    allowed = set(list(dict.fromkeys(site.rank for site in sites))[:max_sites])
    return [site for site in sites if site.rank in allowed]


def count_sites(mol: Chem.Mol, query: Chem.Mol) -> int:
    """Return the number of matches of a reactant template, an upper bound of its products.

    A molecule with too many matches counts as 1: it makes no product, but its reject.
    """
    try:
        return len(find_matches(mol, query))
    except RejectError:
        return 1
