"""A set of transforms applied to one parent: every product once, with its site, its routes and its descriptors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptors import inchikey
from halogenator.chemistry.edit import Edit, Footprint, compile_edit
from halogenator.chemistry.increments import Environment, Increments, Surroundings, Values
from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.parents import Parent, reads_flat
from halogenator.chemistry.reaction import Match, Reaction, find_matches, sanitize
from halogenator.model import Transform

Reject = tuple[int | None, RejectError]


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
        examined: what the kernel's ``examine`` returned.
        edited: whether it was made by an edit of the parent, not by RunReactants.
    """

    transform: int
    site: int
    n_routes: int
    smiles: str
    descriptors: Values
    inchikey: str | None = None
    examined: tuple[int, ...] = ()
    edited: bool = False


@dataclass(slots=True)
class _Site:
    """Matches that lead to the same product.

    Attributes:
        match: the first of them, by site.
        atom: its site atom.
        atoms: the site atom of each.
        rank: symmetry class of the site atom.
        editable: whether the group's edits describe it.
        environment: what decides their differences to descriptors, once it has been asked for.
    """

    match: Match
    atom: int
    atoms: set[int]
    rank: int
    editable: bool
    environment: Environment | None = None


@dataclass(frozen=True)
class _Step:
    """A transform ready to run, with its index in the kernel's list."""

    index: int
    reaction: Reaction
    edit: Edit | None
    max_sites: int | None


@dataclass
class _Group:
    """Transforms with the same query and footprint, which share their sites.

    Attributes:
        reaction: what is matched.
        footprint: of the edits; None where RunReactants makes all products.
        steps: the transforms.
    """

    reaction: Reaction
    footprint: Footprint | None
    steps: list[_Step] = field(default_factory=list)

    def sites(self, parent: Parent) -> list[_Site]:
        """Return a parent's matches by site, each with all the sites that it stands for.

        Equivalent atoms (RDKit's ``CanonicalRankAtoms`` without tie-breaking) are interchangeable one at a time. Two
        matches whose atoms are equivalent one by one need not be, so where more than one place changes every match
        stands for itself, and equal products show by their SMILES.

        Raises:
            RejectError: if the molecule has too many matches.
        """
        mol = parent.mol
        matches = self.reaction.matches(mol)
        if not matches:
            return []
        position = self.reaction.site_position
        footprint = self.footprint if parent.is_connected else None
        plain = parent.is_plain
        editable = [footprint is not None and footprint.describes(mol, match, plain=plain) for match in matches]
        if len(matches) == 1:
            atom = matches[0][position]
            return [_Site(matches[0], atom, {atom}, 0, editable[0])]
        ranks = Chem.CanonicalRankAtoms(mol, breakTies=False)
        merge = footprint is not None and len(footprint.anchors) == 1 and all(editable)
        sites: dict[Match, _Site] = {}
        for atom, number in sorted((match[position], number) for number, match in enumerate(matches)):
            match = matches[number]
            key = tuple([ranks[index] for index in match]) if merge else match
            if key in sites:
                sites[key].atoms.add(atom)
            else:
                sites[key] = _Site(match, atom, {atom}, ranks[atom], editable[number])
        return list(sites.values())


class Kernel:
    """Applies ``transforms`` to molecules, by edit where that is exact and by RunReactants elsewhere.

    Args:
        transforms: what to apply; a product reached by several keeps the first.
        descriptor_names: columns to compute for every product.
        with_inchikey: whether to compute the InChIKey of every product.
        use_edits: False makes every product by RunReactants, for comparison.
        examine: called with each distinct product, for ``Product.examined``; it may only match ``examined_queries``.
        examined_queries: SMARTS.
    """

    def __init__(
        self,
        transforms: Sequence[Transform],
        descriptor_names: Sequence[str] = (),
        *,
        with_inchikey: bool = False,
        use_edits: bool = True,
        examine: Callable[[Chem.Mol], tuple[int, ...]] | None = None,
        examined_queries: Collection[str] = (),
    ) -> None:
        self.increments = Increments(descriptor_names)
        self.with_inchikey = with_inchikey
        self.examine = examine
        groups: dict[tuple[str, Footprint | None], _Group] = {}
        for index, transform in enumerate(transforms):
            reaction = Reaction(transform)
            edit = compile_edit(reaction) if use_edits else None
            footprint = edit.footprint if edit else None
            group = groups.setdefault((transform.query, footprint), _Group(reaction, footprint))
            group.steps.append(_Step(index, reaction, edit, transform.max_sites))
        self.groups = list(groups.values())
        self.reads_flat = all(group.footprint for group in self.groups) and reads_flat(t.query for t in transforms)
        self.examines_unread = reads_flat(examined_queries)

    def substitutions(self) -> set[int]:
        """Return the indices of the transforms that put an atom in a hydrogen's place, wherever one was put before.

        Their query is a single atom that is asked for nothing but what it is itself, which no other atom's substituents
        change. So of two such steps either can be taken first.
        """
        return {
            step.index
            for group in self.groups
            for step in group.steps
            if step.edit is not None
            and step.edit.is_substitution
            and step.max_sites is None
            and step.reaction.query.GetNumAtoms() == 1
            and "$" not in Chem.MolToSmarts(step.reaction.query)
        }

    def products(
        self, smiles: str, values: Values | None = None, *, without: Collection[int] = ()
    ) -> tuple[list[Product], list[Reject]]:
        """Return a parent's distinct products, in order of transform and site, and its (site, error) rejects.

        Args:
            smiles: the parent's stored SMILES; sites are atom indices of it.
            values: the parent's descriptors; computed where not given.
            without: indices of transforms to leave out.
        """
        rejects: list[Reject] = []
        try:
            parent = Parent(smiles, flat=self.reads_flat)
        except RejectError as error:
            return [], [(None, error)]
        maker = _Maker(self, parent, values)
        for group in self.groups:
            try:
                sites = group.sites(parent)
            except RejectError as error:
                rejects.append((None, error))
                continue
            for step in group.steps if sites else ():
                if step.index in without:
                    continue
                for site in _limit(sites, step.max_sites):
                    try:
                        maker.add(group, step, site)
                    except RejectError as error:
                        rejects.append((site.atom, error))
        return maker.products(), rejects


class _Maker:
    """Makes, describes and collects the products of one parent, sharing what is worked out about it."""

    def __init__(self, kernel: Kernel, parent: Parent, values: Values | None) -> None:
        self.kernel = kernel
        self.parent = parent
        self.values = values
        self.surroundings = Surroundings(parent.mol)
        self._found: dict[str, Product] = {}
        self._routes: dict[str, set[tuple[int, int]]] = {}

    def products(self) -> list[Product]:
        """Return the products added so far, each with the number of its routes."""
        for smiles, routes in self._routes.items():
            self._found[smiles].n_routes = len(routes)
        return list(self._found.values())

    def add(self, group: _Group, step: _Step, site: _Site) -> None:
        """Make the product of a site.

        Raises:
            RejectError: if RDKit cannot sanitise the product, or not read it back where that has to be done.
        """
        parent, kernel = self.parent, self.kernel
        made = None
        edit = step.edit if site.editable else None
        if edit and not (parent.has_stereo and not edit.footprint.keeps_stereo(parent.mol, site.match)):
            made = edit.apply(parent.base, site.match)
        edited = made is not None
        if made is None:
            made = parent.plain_product(step.reaction, site.match)
            sanitize(made)
        smiles = Chem.MolToSmiles(made)
        routes = {(step.index, atom) for atom in site.atoms}
        if smiles in self._found:
            self._routes[smiles] |= routes
            return
        values = self._describe(step.index, edit, site, smiles) if kernel.increments.names else ()
        product = Product(step.index, site.atom, 0, smiles, values, edited=edited)
        if kernel.with_inchikey:
            product.inchikey = inchikey(reread(smiles))
        if kernel.examine is not None:
            product.examined = kernel.examine(made if edited and kernel.examines_unread else reread(smiles))
        self._found[smiles] = product
        self._routes[smiles] = routes

    def _describe(self, transform: int, edit: Edit | None, site: _Site, smiles: str) -> Values:
        increments = self.kernel.increments
        if edit is None or not self.parent.is_even:
            return descriptors.compute(reread(smiles), increments.names)
        if self.values is None:
            self.values = descriptors.compute(reread(self.parent.smiles), increments.names)
        if site.environment is None:
            roots = [site.match[position] for position in edit.footprint.root_positions]
            site.environment = self.surroundings.around(roots)
        return increments.describe(transform, site.environment, self.values, smiles)


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
