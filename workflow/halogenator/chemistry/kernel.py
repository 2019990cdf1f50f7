"""The kernel: applies transforms to one parent and gives each product once, with its site, routes and descriptors."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptor_differences import Environment, Increments, Surroundings, Values
from halogenator.chemistry.descriptors import inchikey
from halogenator.chemistry.edit import Edit, Footprint
from halogenator.chemistry.enhanced_stereo import write_cxsmiles
from halogenator.chemistry.molecules import RejectError, reread, settle
from halogenator.chemistry.motifs import Motifs
from halogenator.chemistry.parent import Parent, reads_flat
from halogenator.chemistry.pieces import Written, pieces
from halogenator.chemistry.protecting import Touched, Usage, Withheld, touched
from halogenator.chemistry.reaction import Match, Reaction
from halogenator.chemistry.stereochemistry import BOTH, both_configurations, states_more_double_bonds
from halogenator.chemistry.template_edits import compile_edit
from halogenator.model import Transform

# An atom or bond of any kind in a SMILES. Only templates can make one: parents with one are rejects.
_OPEN = re.compile(r"[*~]")
_AROMATIC_CARBON = Chem.AtomFromSmarts("c").DescribeQuery()

Reject = tuple[int | None, RejectError]


@dataclass(slots=True)
class Product:
    """A distinct product of one parent.

    Attributes:
        transform: index of the transform in the kernel's list.
        site: parent atom index of the first route.
        n_routes: number of (transform, site) pairs of this parent that give it.
        smiles: canonical SMILES.
        descriptors: values of the kernel's descriptors, in order.
        enhanced_stereo: CXSMILES extension, if it has enhanced stereo.
        inchikey: standard InChIKey, if the kernel computes it.
        examined: result of the kernel's ``examine``.
        edited: whether it was made by an edit of the parent, not by RunReactants.
        motifs: what it has of the kernel's motifs more and less often than its parent (``chemistry.motifs``).
        withheld: what kept its site from being used, so that nothing was made; None for a product that was made.
        environment: surroundings of its site, from which descriptors are computed; None: they are computed from its
            SMILES, or the kernel computes none.
    """

    transform: int
    site: int
    n_routes: int
    smiles: str
    descriptors: Values
    enhanced_stereo: str | None = None
    inchikey: str | None = None
    examined: tuple[int, ...] = ()
    edited: bool = False
    motifs: str = ""
    withheld: Withheld | None = None
    environment: Environment | None = None


@dataclass(slots=True)
class _Site:
    """A match with its site.

    Attributes:
        match: parent atom indices, one per reactant template atom.
        atom: the site: a parent atom index.
        editable: whether the footprint of the group describes the match.
        environment: surroundings of the roots; None if it is not editable, or they are not asked for.
    """

    match: Match
    atom: int
    editable: bool
    environment: Environment | None


@dataclass(frozen=True)
class _Step:
    """A transform ready to be applied, with its index in the kernel's list."""

    index: int
    transform: Transform
    reaction: Reaction
    edit: Edit | None

    @cached_property
    def touched(self) -> Touched:
        """Positions, in a match, of the atoms that it touches."""
        return touched(self.reaction)


@dataclass
class _Group:
    """Transforms with the same query and footprint, and so with the same sites.

    Attributes:
        reaction: the reaction whose query is matched.
        footprint: the footprint of their edits; None if RunReactants makes all products.
        steps: the transforms.
    """

    reaction: Reaction
    footprint: Footprint | None
    steps: list[_Step] = field(default_factory=list)

    @cached_property
    def named_aromatic(self) -> list[int]:
        """Positions, in a match, where the query takes nothing but an aromatic carbon."""
        return [atom.GetIdx() for atom in self.reaction.query.GetAtoms() if atom.DescribeQuery() == _AROMATIC_CARBON]

    def sites(self, parent: Parent, surroundings: Surroundings | None = None) -> list[_Site]:
        """Return all of a parent's matches, sorted by site.

        Equivalent sites are not merged: with stereo, atoms of equal rank in RDKit's ``CanonicalRankAtoms`` may give
        different products. Equal products are found by their SMILES.

        Args:
            parent: the parent.
            surroundings: where the sites' environments are taken from; None: they are not asked for.

        Raises:
            RejectError: the molecule has too many matches.
        """
        mol = parent.hydrogenated(self.reaction)
        footprint = self.footprint if parent.is_connected and parent.enhanced_stereo is None else None
        sites = []
        for match in self.reaction.matches(mol):
            if not self.reaction.is_in_one_molecule(mol, match):
                continue
            editable, environment = False, None
            if footprint is not None and footprint.describes(mol, match, plain=parent.is_plain):
                editable = True
                if surroundings is not None:
                    surroundings.note_aromatic_carbons([match[position] for position in self.named_aromatic])
                    roots = [match[position] for position in footprint.root_positions]
                    environment = surroundings.around(roots, through_rings=footprint.bends)
            sites.append(_Site(match, self.reaction.site(mol, match), editable, environment))
        return sorted(sites, key=lambda site: site.atom)


class Kernel:
    """Transforms ready to be applied to molecules: by edit where this is exact, else by RunReactants.

    Args:
        transforms: transforms to apply; a product of several belongs to the first.
        descriptor_names: descriptors to compute for every product.
        with_inchikey: whether to compute the InChIKey of every product.
        use_edits: False makes every product by RunReactants, for comparison.
        examine: function that gives ``Product.examined`` of each distinct product; it may only match queries.
        examined_queries: the SMARTS of these queries.
        motifs: patterns that ``Product.motifs`` tells of; None: of none.
        usage: which sites may be used; None: all. Each other site without a product is a ``Product`` that is withheld.

    Examples:
        >>> kernel = Kernel([Transform("methylation", "[c:1][OX2H:2]>>[c:1][O:2]C")], ["mw"])
        >>> products, rejects = kernel.products("Oc1ccc(O)cc1")  # hydroquinone
        >>> [(product.smiles, product.site, product.n_routes, product.descriptors) for product in products]
        [('COc1ccc(O)cc1', 1, 2, (124.139,))]
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
        motifs: Motifs | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.increments = Increments(descriptor_names)
        self.with_inchikey = with_inchikey
        self.examine = examine
        self.examined_queries = examined_queries
        self.motifs = motifs
        self.usage = usage
        groups: dict[tuple[str, Footprint | None], _Group] = {}
        for index, transform in enumerate(transforms):
            reaction = Reaction(transform)
            edit = compile_edit(reaction) if use_edits else None
            footprint = edit.footprint if edit else None
            group = groups.setdefault((transform.query, footprint), _Group(reaction, footprint))
            group.steps.append(_Step(index, transform, reaction, edit))
        self.groups = list(groups.values())
        self.reads_flat = all(group.footprint for group in self.groups) and reads_flat(t.query for t in transforms)
        self.examines_edited = reads_flat(examined_queries)  # an edited copy, without reading its SMILES

    def products(
        self,
        smiles: str,
        values: Values | None = None,
        enhanced_stereo: str | None = None,
        *,
        bare: bool = False,
    ) -> tuple[list[Product], list[Reject]]:
        """Return a parent's distinct products, in order of transform and site, and its (site, error) rejects.

        Args:
            smiles: the parent's stored SMILES; sites are its atom indices.
            values: the parent's descriptors; computed if not given.
            enhanced_stereo: its CXSMILES extension, if it has one.
            bare: whether to leave out descriptors and InChIKey.
        """
        rejects: list[Reject] = []
        try:
            parent = Parent(smiles, enhanced_stereo, flat=self.reads_flat)
        except RejectError as error:
            return [], [(None, error)]
        maker = _Products(self, parent, values, bare=bare)
        self._make(maker, rejects)
        return maker.products(), rejects

    def routes(self, smiles: str, enhanced_stereo: str | None) -> dict[Written, list[tuple[int, int]]]:
        """Return {(SMILES, enhanced stereo) of a product: its routes, each (transform, site)} of a parent."""
        try:
            maker = _Products(self, Parent(smiles, enhanced_stereo, flat=self.reads_flat), None, bare=True)
        except RejectError:
            return {}
        self._make(maker, [])
        return {written: sorted(routes) for written, routes in maker.routes.items()}

    def _make(self, maker: _Products, rejects: list[Reject]) -> None:
        """Make all products of a parent; rejects are added to ``rejects``."""
        parent = maker.parent
        for group in self.groups:
            try:
                sites = group.sites(parent, maker.surroundings)
            except RejectError as error:
                rejects.append((None, error))
                continue
            for step in group.steps if sites else ():
                try:
                    step.reaction.check_growth(parent.mol)
                except RejectError as error:
                    rejects.append((None, error))
                    continue
                for site in _limit(parent, maker.usable(step, sites), step.transform.max_sites):
                    try:
                        maker.add(step, site)
                    except RejectError as error:
                        rejects.append((site.atom, error))

    def describe(self, product: Product, parent: Values) -> None:
        """Compute a product's descriptors and InChIKey, from its surroundings and the descriptors of its parent.

        Raises:
            RejectError: RDKit cannot read back the product's SMILES.
        """
        around, increments = product.environment, self.increments
        if around is not None:
            product.descriptors = increments.describe(product.transform, around, parent, product.smiles)
        elif increments.names:
            product.descriptors = descriptors.compute(reread(product.smiles), increments.names)
        if self.with_inchikey:
            product.inchikey = inchikey(reread(product.smiles))


class _Products:
    """The products of one parent; what is known of the parent is computed once for all of them.

    Attributes:
        routes: {product: its (transform, site)}.
    """

    def __init__(self, kernel: Kernel, parent: Parent, values: Values | None, *, bare: bool) -> None:
        self.kernel = kernel
        self.bare = bare
        self.parent = parent
        self.values = values
        self.surroundings = Surroundings(parent.mol) if kernel.increments.names and parent.is_even else None
        self.motifs = kernel.motifs.of(parent) if kernel.motifs else None
        self._usage = kernel.usage.of(parent) if kernel.usage else None
        self._withheld: dict[tuple[int, int], Withheld] = {}  # {route: why nothing is made}
        self._found: dict[Written, Product] = {}
        self.routes: dict[Written, set[tuple[int, int]]] = {}

    def products(self) -> list[Product]:
        """Return the products added so far, each with the number of its routes, then what is withheld."""
        for written, routes in self.routes.items():
            self._found[written].n_routes = len(routes)
        if not self._withheld:
            return list(self._found.values())
        made = set().union(*self.routes.values())
        withheld = [(route, why) for route, why in self._withheld.items() if route not in made]
        return [*self._found.values(), *(Product(*route, 1, "", (), withheld=why) for route, why in withheld)]

    def usable(self, step: _Step, sites: list[_Site]) -> list[_Site]:
        """Return the sites at which a step touches no protected atom, of these the best; the others are withheld."""
        usage = self._usage
        if usage is None:
            return sites
        kept = []
        for site in sites:
            why = usage.protector(self.parent, step.reaction, site.match, step.touched)
            if why is None:
                kept.append(site)
            else:
                self._withheld[step.index, site.atom] = why
        best = usage.best([site.atom for site in kept])
        if best is not None:
            for site in kept:
                if not usage.is_of(site.atom, best):
                    self._withheld[step.index, site.atom] = best
            kept = [site for site in kept if usage.is_of(site.atom, best)]
        return kept

    def add(self, step: _Step, site: _Site) -> None:
        """Make the products of a transform at a site.

        Raises:
            RejectError: RDKit cannot sanitise a product, or its SMILES does not say all of it.
        """
        parent = self.parent
        both = step.transform.new_stereo == BOTH
        edit = step.edit if site.editable and not both else None
        made = parent.edited(edit, site.match, step.transform.stereo) if edit else None
        if edit is not None and made is not None:
            smiles = Chem.MolToSmiles(made)
            self._collect_pieces(step, site, edit, (smiles if parent.settles(edit) else settle(smiles), None), made)
            return
        whole = parent.plain_product(step.reaction, site.match)
        # In a racemate nothing says which form of a new centre belongs to which enantiomer, so it stays unspecified.
        forms = both_configurations(parent.whole, whole) if both and parent.enhanced_stereo is None else [whole]
        for form in forms:
            written = write_cxsmiles(form)
            if states_more_double_bonds(written[0], form):
                raise RejectError("open double bond", f"{written[0][:200]!r} cannot leave one open between two others")
            if _OPEN.search(written[0]):
                raise RejectError("open product", f"{written[0][:200]!r} leaves an atom or a bond open")
            self._collect_pieces(step, site, edit, written, None)

    def _collect_pieces(
        self, step: _Step, site: _Site, edit: Edit | None, written: Written, edited: Chem.Mol | None
    ) -> None:
        """Add a product, or its molecules if the transform tells them apart. Arguments as for ``_collect``."""
        which = step.transform.products
        if which is None or "." not in written[0]:
            self._collect(step, site, edit, written, edited)
            return
        for piece in pieces(written, which):
            is_new = piece not in self._found
            self._collect(step, site, None, piece, None)
            if is_new:
                self._found[piece].edited = edited is not None

    def _collect(self, step: _Step, site: _Site, edit: Edit | None, written: Written, edited: Chem.Mol | None) -> None:
        """Add a product, or a route to one that was already added.

        Args:
            step: the transform.
            site: its site.
            edit: the edit that describes the match, if any; descriptors are computed by it.
            written: SMILES and enhanced stereo.
            edited: the product, if an edit made it.
        """
        kernel, route = self.kernel, (step.index, site.atom)
        if written in self._found:
            self.routes[written].add(route)
            return
        smiles, enhanced_stereo = written
        product = Product(step.index, site.atom, 0, smiles, (), enhanced_stereo, edited=edited is not None)
        if edit is not None and self.surroundings is not None and self.surroundings.allow(edit.changed_atoms):
            product.environment = site.environment
        if not self.bare:
            self._describe(product)
        if kernel.examine is not None:
            product.examined = kernel.examine(edited if edited and kernel.examines_edited else reread(smiles))
        if self.motifs is not None:
            product.motifs = self.motifs.change(step.index, edit if edited else None, site.match, edited, smiles)
        self._found[written] = product
        self.routes[written] = {route}

    def _describe(self, product: Product) -> None:
        """Compute the descriptors and the InChIKey of a product."""
        kernel = self.kernel
        if product.environment is not None and self.values is None:
            self.values = descriptors.compute(reread(self.parent.smiles), kernel.increments.names)
        kernel.describe(product, self.values or ())


def _limit(parent: Parent, sites: list[_Site], max_sites: int | None) -> list[_Site]:
    """Return the sites whose atom is in one of the first ``max_sites`` symmetry classes."""
    if max_sites is None:
        return sites
    ranks = Chem.CanonicalRankAtoms(parent.mol, breakTies=False)
    allowed = set(list(dict.fromkeys(ranks[site.atom] for site in sites))[:max_sites])
    return [site for site in sites if ranks[site.atom] in allowed]
