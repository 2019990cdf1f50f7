"""Choosing: the products that a choice leaves, and an account of all that it does not.

Each product is counted once, by the first thing that speaks against it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptor_differences import Values
from halogenator.chemistry.kernel import Kernel, Product, Reject
from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.motifs import Motifs
from halogenator.chemistry.protecting import Usage
from halogenator.chemistry.quotas import PER_PARENT, Quotas
from halogenator.chemistry.siblings import SiblingKernel
from halogenator.model import Choice, Transform, fingerprint

MAX_EXAMPLES = 3
_SHOWN_SMILES = 200  # longer molecules are no examples

EXCLUDE, PARENTS, QUOTA, WITHIN = "exclude", "parents", "quota", "within"


class Account:
    """What was left out, by transform and reason.

    Attributes:
        entries: JSON values, in the order in which the first of each was left out. ``transform``: its name, or that of
            the rule. ``molecules``: left out, each once a parent; None where sites were not used, so that nothing was
            made. ``routes``: to these, pairs of transform and site. ``examples``: SMILES of some parents, each with its
            product if one was made.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._known: dict[tuple[str, str, str], dict[str, Any]] = {}

    def add(self, transform: str, kind: str, name: str, parent: str, product: str, routes: int) -> None:
        """Count a molecule that is left out; ``product`` is "" for a site where nothing was made."""
        key = transform, kind, name
        entry = self._known.get(key)
        if entry is None:
            counts: dict[str, Any] = {"molecules": 0 if product else None, "routes": 0, "examples": []}
            entry = self._known[key] = {"transform": transform, "kind": kind, "name": name, **counts}
            self.entries.append(entry)
        if product:
            entry["molecules"] += 1
        entry["routes"] += routes
        shown = entry["examples"]
        short = len(shown) < MAX_EXAMPLES and max(len(parent), len(product)) <= _SHOWN_SMILES
        if short and (not shown or shown[-1][0] != parent):
            shown.append([parent, product] if product else [parent])

    def take(self) -> list[dict[str, Any]]:
        """Return the entries, and begin again without any."""
        entries, self.entries, self._known = self.entries, [], {}
        return entries


class Chooser:
    """Makes products as ``SiblingKernel`` does, without those that are left out.

    Args:
        transforms, descriptor_names, with_inchikey, examine, examined_queries: as for ``Kernel``.
        choice: what is left out, besides what each transform leaves out.
        account: gets what is left out; None: a new one.

    Attributes:
        account: what was left out up to now.
        chooses: whether anything can be left out.

    Examples:
        >>> from halogenator.model import Pattern
        >>> choice = Choice(exclude=(Pattern("acyl_halide", "[F,Cl,Br,I][CX3]=[OX1]"),))
        >>> chooser = Chooser([Transform("COCl", "[CX3:1](=[OX1:2])[OX2H:3]>>[C:1](=[O:2])Cl")], choice=choice)
        >>> chooser.products("CC(=O)O")
        ([], [], 1)
        >>> chooser.account.entries[0]["name"], chooser.account.entries[0]["examples"]
        ('acyl_halide', [['CC(=O)O', 'CC(=O)Cl']])
    """

    def __init__(
        self,
        transforms: Sequence[Transform],
        descriptor_names: Sequence[str] = (),
        *,
        choice: Choice,
        with_inchikey: bool = False,
        examine: Callable[[Chem.Mol], tuple[int, ...]] | None = None,
        examined_queries: Collection[str] = (),
        account: Account | None = None,
    ) -> None:
        self.account = account or Account()
        alike: dict[Choice, list[int]] = {}
        for index, transform in enumerate(transforms):
            alike.setdefault(choice + transform.choice, []).append(index)
        self._choosers = [
            _Alike(
                each,
                indices,
                SiblingKernel(
                    [transforms[index] for index in indices],
                    tuple(dict.fromkeys((*descriptor_names, *(name for name, _ in each.within)))),
                    with_inchikey=with_inchikey,
                    examine=examine,
                    examined_queries=examined_queries,
                    motifs=Motifs(each.exclude) if each.exclude else None,
                    usage=Usage(each.protect, each.rank) if each.protect or each.rank else None,
                ),
                [_rule(transforms[index]) for index in indices],
                self.account,
                len(descriptor_names),
            )
            for each, indices in alike.items()
        ]
        self.chooses = any(alike)
        names = [_rule(transform) for transform in transforms]
        self._names = names
        self._most = _most(names, [choice + transform.choice for transform in transforms])

    def products(
        self, smiles: str, values: Values | None = None, enhanced_stereo: str | None = None
    ) -> tuple[list[Product], list[Reject], int]:
        """Return a parent's products and rejects, as ``Kernel.products`` does, and how many products are left out."""
        if len(self._choosers) == 1:
            found, rejects, left_out = self._choosers[0].products(smiles, values, enhanced_stereo)
        else:
            found, rejects, left_out = self._of_all(smiles, values, enhanced_stereo)
        for members, quota in self._most:
            kept = self._first(found, members, quota, smiles)
            left_out += len(found) - len(kept)
            found = kept
        return found, rejects, left_out

    def routes(self, smiles: str, enhanced_stereo: str | None, product: Product) -> list[tuple[int, int]]:
        """Return the routes by which a parent gives a product that ``products`` returned: (transform, site) of each."""
        found: list[tuple[int, int]] = []
        for chooser in self._choosers:
            if product.transform in chooser.indices:
                found += chooser.routes(smiles, enhanced_stereo, (product.smiles, product.enhanced_stereo))
        return found

    def _first(
        self, products: list[Product], members: Collection[str], quota: tuple[str, int], parent: str
    ) -> list[Product]:
        """Return the products without those that are too many of some rules; these are accounted for.

        Those that stay are as good as drawn by lot, but the same in each run.
        """
        counted = [product for product in products if self._names[product.transform] in members]
        if len(counted) <= quota[1]:
            return products
        counted.sort(key=lambda product: (fingerprint(product.smiles, product.enhanced_stereo), product.transform))
        surplus = set(map(id, counted[quota[1] :]))
        for product in products:
            if id(product) in surplus:
                name = self._names[product.transform]
                self.account.add(name, QUOTA, _named(quota), parent, product.smiles, product.n_routes)
        return [product for product in products if id(product) not in surplus]

    def _of_all(
        self, smiles: str, values: Values | None, enhanced_stereo: str | None
    ) -> tuple[list[Product], list[Reject], int]:
        made: list[Product] = []
        rejects: list[Reject] = []
        left_out = 0
        for chooser in self._choosers:
            more = chooser.products(smiles, values, enhanced_stereo)
            made += more[0]
            rejects += more[1]
            left_out += more[2]
        found: dict[tuple[str, str | None], Product] = {}
        for product in sorted(made, key=lambda product: product.transform):
            first = found.setdefault((product.smiles, product.enhanced_stereo), product)
            first.n_routes += product.n_routes if first is not product else 0
        return list(found.values()), rejects, left_out


class _Alike:
    """Transforms with the same choice.

    Args:
        choice: what is left out.
        indices: of the transforms among all.
        makes: their kernel.
        names: their names in the account.
        account: the account.
        shown: how many of the kernel's descriptors products keep; the others are only for bounds.
    """

    def __init__(
        self,
        choice: Choice,
        indices: Sequence[int],
        makes: SiblingKernel,
        names: Sequence[str],
        account: Account,
        shown: int,
    ) -> None:
        self._choice = choice
        self._chooses = bool(choice)
        self._shown = shown
        self._asks_of_parents = choice.parents_within or choice.parents_matching or choice.parents_not_matching
        self._bounds = [(makes.kernel.increments.names.index(name), name, window) for name, window in choice.within]
        self.indices = indices
        self._renumbers = list(indices) != list(range(len(indices)))
        self._makes = makes
        self._kernel: Kernel = makes.kernel
        self._names = names
        self._account = account
        quotas = [quota for quota in choice.quota if quota[0] != PER_PARENT]
        self._quotas = Quotas(quotas) if quotas else None

    def products(
        self, smiles: str, values: Values | None, enhanced_stereo: str | None
    ) -> tuple[list[Product], list[Reject], int]:
        if not self._chooses:
            found, rejects = self._makes.products(smiles, values, enhanced_stereo)
            kept = found
        else:
            found, rejects = self._makes.products(smiles, values, enhanced_stereo, bare=True)
            # Most products have nothing to be asked about, so that no function is called for them.
            kept = [each for each in found if each.withheld is None or not self._withholds(smiles, each)]
            refused = self._refuses(smiles, values, kept) if self._asks_of_parents else None
            if refused is not None:
                for product in kept:
                    self._leave_out(PARENTS, refused, smiles, product)
                return [], [], len(found)
            kept = [each for each in kept if not each.motifs or not self._excludes(smiles, each)]
            if self._quotas:
                kept = [product for product in kept if not self._is_over_quota(smiles, product, self._quotas)]
            kept = self._described(kept, smiles, values, rejects)
            if self._bounds:
                kept = [product for product in kept if self._bounds_hold(smiles, product)]
        for product in kept if self._renumbers else ():
            product.transform = self.indices[product.transform]
        return kept, rejects, len(found) - len(kept)

    def routes(
        self, smiles: str, enhanced_stereo: str | None, product: tuple[str, str | None]
    ) -> list[tuple[int, int]]:
        """Return the routes from a parent to a product."""
        found = self._kernel.routes(smiles, enhanced_stereo).get(product, ())
        return [(self.indices[transform], site) for transform, site in found]

    def _leave_out(self, kind: str, name: str, parent: str, product: Product) -> None:
        transform = self._names[product.transform]
        self._account.add(transform, kind, name, parent, product.smiles, product.n_routes)

    def _refuses(self, parent: str, values: Values | None, products: Sequence[Product]) -> str | None:
        """Return why nothing is to be made of a parent; None if something is. It is asked only if it has products."""
        if not products:
            return None
        mol, choice, names = reread(parent), self._choice, self._kernel.increments.names
        known = dict(zip(names, values or (), strict=False))
        for name, window in choice.parents_within:
            value = known[name] if name in known else descriptors.compute(mol, [name])[0]
            if not window.low <= value <= window.high:
                return f"{name} {window}"
        for word, patterns, wanted in (
            ("matching", choice.parents_matching, True),
            ("not matching", choice.parents_not_matching, False),
        ):
            found = dict.fromkeys(dict.fromkeys(pattern.name for pattern in patterns), False)
            for pattern in patterns:
                found[pattern.name] |= mol.HasSubstructMatch(_query(pattern.smarts))
            for name, has in found.items():
                if has != wanted:
                    return f"{word} {name}"
        return None

    def _withholds(self, parent: str, product: Product) -> bool:
        """Return whether a site was not used; if so, it is accounted for."""
        if product.withheld is not None:
            self._leave_out(*product.withheld, parent, product)
        return product.withheld is not None

    def _excludes(self, parent: str, product: Product) -> bool:
        """Return whether a product gains a motif that it may not; if so, it is accounted for."""
        gained = self._kernel.motifs.gained(product.motifs) if product.motifs and self._kernel.motifs else None
        if gained is not None:
            self._leave_out(EXCLUDE, gained.name, parent, product)
        return gained is not None

    def _is_over_quota(self, parent: str, product: Product, quotas: Quotas) -> bool:
        """Return whether a product is over a quota; if so, it is accounted for."""
        quota = quotas.broken_by(parent, product.smiles)
        if quota is not None:
            self._leave_out(QUOTA, _named(quota), parent, product)
        return quota is not None

    def _bounds_hold(self, parent: str, product: Product) -> bool:
        """Return whether a product is within all bounds; if not, it is accounted for."""
        for place, name, window in self._bounds:
            if not window.low <= product.descriptors[place] <= window.high:
                self._leave_out(WITHIN, f"{name} {window}", parent, product)
                return False
        product.descriptors = product.descriptors[: self._shown]
        return True

    def _described(
        self, products: Sequence[Product], parent: str, values: Values | None, rejects: list[Reject]
    ) -> list[Product]:
        """Return the products, described. One whose SMILES RDKit cannot read back is added to ``rejects``."""
        known, names = values or (), self._kernel.increments.names
        if products and len(known) < len(names):
            known = (*known, *descriptors.compute(reread(parent), names[len(known) :]))
        described = []
        for product in products:
            try:
                self._kernel.describe(product, known)
                described.append(product)
            except RejectError as error:
                rejects.append((product.site, error))
        return described


@cache
def _query(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)


def _most(names: Sequence[str], choices: Sequence[Choice]) -> list[tuple[frozenset[str], tuple[str, int]]]:
    """Return (rules, quota) of products of one parent: one that all have counts over all, others over each rule."""
    found = []
    for quota in dict.fromkeys(quota for each in choices for quota in each.quota if quota[0] == PER_PARENT):
        having = [name for name, each in zip(names, choices, strict=True) if quota in each.quota]
        together = [frozenset(names)] if len(having) == len(names) else [frozenset([name]) for name in having]
        found += [(members, quota) for members in dict.fromkeys(together)]
    return sorted(found, key=lambda each: len(each[0]))


def _named(quota: tuple[str, int]) -> str:
    return f"{quota[0]} {quota[1]}"


def _rule(transform: Transform) -> str:
    """Return the name of a transform, or of the rule that it is one of: ``aromatic_ch`` of ``aromatic_ch:F``."""
    return transform.name.partition(":")[0]
