"""The kernel: transforms applied to one parent give every product once, with its site, routes and descriptors."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptor_differences import Environment, Increments, Surroundings, Values
from halogenator.chemistry.descriptors import inchikey
from halogenator.chemistry.edit import Edit, Footprint, compile_edit
from halogenator.chemistry.enhanced_stereo import write_cxsmiles
from halogenator.chemistry.molecules import RejectError, reread, settle
from halogenator.chemistry.parent import Parent, reads_flat
from halogenator.chemistry.reaction import Match, Reaction
from halogenator.chemistry.stereochemistry import BOTH, both_configurations, states_more_double_bonds
from halogenator.model import Transform

# An atom or a bond of any kind, which only a template can make: what is read in has none.
_OPEN = re.compile(r"[*~]")

Reject = tuple[int | None, RejectError]
Written = tuple[str, str | None]  # SMILES, and what it cannot say as a CXSMILES extension


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
        enhanced_stereo: what the SMILES cannot say, as a CXSMILES extension; None: nothing.
        examined: what the kernel's ``examine`` returned.
        edited: whether it was made by an edit of the parent, not by RunReactants.
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


@dataclass(slots=True)
class _Site:
    """A place where a transform acts: a match.

    Attributes:
        match: the parent's atoms, one per reactant template atom.
        atom: its site atom.
        editable: whether the group's edits describe it.
        environment: what decides its differences to descriptors, once it has been asked for.
    """

    match: Match
    atom: int
    editable: bool
    environment: Environment | None = None


@dataclass(frozen=True)
class _Step:
    """A transform ready to run, with its index in the kernel's list."""

    index: int
    transform: Transform
    reaction: Reaction
    edit: Edit | None


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
        """Return a parent's matches, in the order of their sites.

        Each stands for itself: atoms that RDKit's ``CanonicalRankAtoms`` ties need not give the same product where the
        parent has stereo, and the few equal products show by their SMILES.

        Raises:
            RejectError: the molecule has too many matches.
        """
        mol = parent.hydrogenated(self.reaction)
        footprint = self.footprint if parent.is_connected and parent.enhanced_stereo is None else None
        plain = parent.is_plain
        sites = [
            _Site(
                match,
                self.reaction.site(mol, match),
                footprint is not None and footprint.describes(mol, match, plain=plain),
            )
            for match in self.reaction.matches(mol)
        ]
        return sorted(sites, key=lambda site: site.atom)


class Kernel:
    """Transforms ready to be applied to molecules: by edit where that is exact, by RunReactants elsewhere.

    Args:
        transforms: what to apply; a product reached by several keeps the first.
        descriptor_names: columns to compute for every product.
        with_inchikey: whether to compute the InChIKey of every product.
        use_edits: False makes every product by RunReactants, for comparison.
        examine: called with each distinct product, for ``Product.examined``; it may only match ``examined_queries``.
        examined_queries: SMARTS.

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
            group.steps.append(_Step(index, transform, reaction, edit))
        self.groups = list(groups.values())
        self.reads_flat = all(group.footprint for group in self.groups) and reads_flat(t.query for t in transforms)
        self.examines_unread = reads_flat(examined_queries)

    def products(
        self, smiles: str, values: Values | None = None, enhanced_stereo: str | None = None
    ) -> tuple[list[Product], list[Reject]]:
        """Return a parent's distinct products, in order of transform and site, and its (site, error) rejects.

        Args:
            smiles: the parent's stored SMILES; sites are atom indices of it.
            values: the parent's descriptors; computed where not given.
            enhanced_stereo: what the SMILES cannot say, as a CXSMILES extension.
        """
        rejects: list[Reject] = []
        try:
            parent = Parent(smiles, enhanced_stereo, flat=self.reads_flat)
        except RejectError as error:
            return [], [(None, error)]
        maker = _Products(self, parent, values)
        for group in self.groups:
            try:
                sites = group.sites(parent)
            except RejectError as error:
                rejects.append((None, error))
                continue
            for step in group.steps if sites else ():
                for site in _limit(parent, sites, step.transform.max_sites):
                    try:
                        maker.add(step, site)
                    except RejectError as error:
                        rejects.append((site.atom, error))
        return maker.products(), rejects


class _Products:
    """The products of one parent: each is made, described and kept once; what is known of the parent is shared."""

    def __init__(self, kernel: Kernel, parent: Parent, values: Values | None) -> None:
        self.kernel = kernel
        self.parent = parent
        self.values = values
        self.surroundings = Surroundings(parent.mol)
        self._found: dict[Written, Product] = {}
        self._routes: dict[Written, set[tuple[int, int]]] = {}

    def products(self) -> list[Product]:
        """Return the products added so far, each with the number of its routes."""
        for written, routes in self._routes.items():
            self._found[written].n_routes = len(routes)
        return list(self._found.values())

    def add(self, step: _Step, site: _Site) -> None:
        """Make the products of a site.

        Raises:
            RejectError: RDKit cannot sanitise one, or not read it back.
        """
        parent = self.parent
        both = step.transform.new_stereo == BOTH
        edit = step.edit if site.editable and not both else None
        made = None
        if edit and (not parent.has_stereo or edit.keeps_stereo(parent.mol, site.match, step.transform.stereo)):
            made = edit.apply(parent.base, site.match)
        if made is not None:
            smiles = Chem.MolToSmiles(made)
            self._collect(step, site, edit, (smiles if parent.is_settled else settle(smiles), None), made)
            return
        whole = parent.plain_product(step.reaction, site.match)
        # In a racemate a new centre would be pure, and which of its two forms goes with which enantiomer is not said.
        forms = [whole]
        if both and parent.enhanced_stereo is None:
            forms = both_configurations(parent.hydrogenated(step.reaction), whole)
        for form in forms:
            written = write_cxsmiles(form)
            if states_more_double_bonds(written[0], form):
                raise RejectError("open double bond", f"{written[0][:200]!r} cannot leave one open between two others")
            if _OPEN.search(written[0]):
                raise RejectError("open product", f"{written[0][:200]!r} leaves an atom or a bond open")
            self._collect(step, site, edit, written, None)

    def _collect(self, step: _Step, site: _Site, edit: Edit | None, written: Written, edited: Chem.Mol | None) -> None:
        """Add a product, or a route to one that is there.

        Args:
            step: the transform.
            site: where it acted.
            edit: what describes the difference to the parent, if something does.
            written: SMILES and enhanced stereo.
            edited: the product, if an edit made it.
        """
        kernel, route = self.kernel, (step.index, site.atom)
        if written in self._found:
            self._routes[written].add(route)
            return
        smiles, enhanced_stereo = written
        values = self._describe(step.index, edit, site, smiles) if kernel.increments.names else ()
        product = Product(step.index, site.atom, 0, smiles, values, enhanced_stereo, edited=edited is not None)
        if kernel.with_inchikey:
            product.inchikey = inchikey(reread(smiles))
        if kernel.examine is not None:
            product.examined = kernel.examine(edited if edited and kernel.examines_unread else reread(smiles))
        self._found[written] = product
        self._routes[written] = {route}

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


def _limit(parent: Parent, sites: list[_Site], max_sites: int | None) -> list[_Site]:
    """Return the sites whose atom is in one of the first ``max_sites`` symmetry classes."""
    if max_sites is None:
        return sites
    ranks = Chem.CanonicalRankAtoms(parent.mol, breakTies=False)
    allowed = set(list(dict.fromkeys(ranks[site.atom] for site in sites))[:max_sites])
    return [site for site in sites if ranks[site.atom] in allowed]
