"""The making of products, batch by batch: what a chunk task of a run does, from molecules to rows in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from rdkit import rdBase

from halogenator.api.molecules import Entry, text_of
from halogenator.chemistry import descriptors
from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.kernel import Product as Made
from halogenator.chemistry.kernel import Reject as Refused
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.prepare import prepare
from halogenator.chemistry.scores import Scorer
from halogenator.chemistry.steps import Key, Repeated
from halogenator.model import Choice, Reading, Transform
from halogenator.process import limits
from halogenator.tasks.chunk_task import SHOWN_DETAIL, SHOWN_SMILES
from halogenator.tasks.halogenate_chunk import Lineage, kept, refused_of

# Molecules of one level that come from one parent. Beyond it the rest is left out, and a reject says so: a third level
# of a steroid has a hundred thousand. A run, which merges its levels on disk, has no such bound.
MAX_OF_PARENT = 200_000


@dataclass(frozen=True)
class Plan:
    """What is made of each molecule.

    Attributes:
        transforms: what one step applies.
        choice: what is left out, besides what each transform leaves out.
        reading: how molecules are prepared.
        descriptor_names: descriptors of products, in order.
        scores: scores of products, in order.
        with_inchikey: whether products have their InChIKey.
        steps: how many steps lead to what is made, of a halogenation; None: one transform makes products.
        seconds: processor time of one molecule, where a worker makes it.
    """

    transforms: tuple[Transform, ...]
    choice: Choice = Choice()  # noqa: RUF009 - it cannot be changed
    reading: Reading = Reading()  # noqa: RUF009 - likewise
    descriptor_names: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    with_inchikey: bool = False
    steps: int | None = None
    seconds: float = limits.ROW_SECONDS


class ParentRow(NamedTuple):
    """A molecule that products come from.

    Attributes:
        position, id: as in ``Entry``.
        smiles, enhanced_stereo: the prepared molecule.
        values: its descriptors.
        prepared, stripped_from: what was changed on reading, and the input; None: nothing was.
    """

    position: int
    id: str
    smiles: str
    enhanced_stereo: str | None
    values: tuple[float, ...]
    prepared: str | None
    stripped_from: str | None


class ProductRow(NamedTuple):
    """A product of one parent, by the routes from one ``origin``.

    Attributes:
        parent: its parent's number in the batch.
        smiles, enhanced_stereo: the product.
        site: atom of the origin where the first route acts.
        n_routes: routes from the origin.
        origin: the molecule that the last step started from; the parent, if there was one step.
        by: number of the last step's transform in the plan.
        lineage: how it comes from the parent.
        path: the molecules on the way that ``lineage.steps`` tells, from the parent to the origin.
        values: its descriptors, then its scores.
        inchikey: its InChIKey, if the plan asks for it.
    """

    parent: int
    smiles: str
    enhanced_stereo: str | None
    site: int
    n_routes: int
    origin: Key
    by: int
    lineage: Lineage
    path: tuple[Key, ...]
    values: tuple[Any, ...]
    inchikey: str | None

    @property
    def key(self) -> Key:
        """What tells it from other products."""
        return self.smiles, self.enhanced_stereo


class RejectRow(NamedTuple):
    """A molecule that cannot be used, or (with a ``site``) a site of it whose product cannot; as in a run's rejects."""

    position: int
    id: str
    site: int | None
    smiles: str
    reason: str
    detail: str


@dataclass
class Batch:
    """What is made of some molecules.

    Attributes:
        count: how many these were.
        parents: those with products.
        products: their products, in the order of parents and origins.
        rejects: what could not be used.
        left_out: what choices left out (``chemistry.choosing.Account``).
    """

    count: int = 0
    parents: list[ParentRow] = field(default_factory=list)
    products: list[ProductRow] = field(default_factory=list)
    rejects: list[RejectRow] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)


class Maker:
    """Makes what a plan says of batches of molecules.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def _chooser(self) -> Chooser:
        plan = self.plan
        return Chooser(plan.transforms, plan.descriptor_names, choice=plan.choice, with_inchikey=plan.with_inchikey)

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self.plan.scores)

    def make(self, entries: Sequence[Entry]) -> Batch:
        """Return what is made of some molecules; every one of them has products, has a reject, or has no site."""
        batch = Batch(len(entries))
        with rdBase.BlockLogs():
            for entry in entries:
                self._make_of(entry, batch)
        batch.left_out = self._chooser.account.take()
        return batch

    def _make_of(self, entry: Entry, batch: Batch) -> None:
        parent: ParentRow | None = None
        shown = entry.given if isinstance(entry.given, str) else ""
        try:
            shown = text_of(entry.given)
            found = prepare(shown, self.plan.reading)
            values = descriptors.compute(found.mol, self.plan.descriptor_names)
            stored = found.smiles, found.enhanced_stereo
            parent = ParentRow(*entry[:2], *stored, values, found.prepared, found.stripped_from)
            shown = found.smiles
            made, refused = self._level(parent) if self.plan.steps else self._products(parent)
        except RejectError as problem:
            made, refused = iter(()), [(None, problem)]
        before = len(batch.products)
        batch.products += (self._row(len(batch.parents), *each) for each in made)
        if parent is not None and len(batch.products) > before:
            batch.parents.append(parent)
        for site, error in refused:
            told = shown[:SHOWN_SMILES], error.reason, error.detail[:SHOWN_DETAIL]
            batch.rejects.append(RejectRow(entry.position, entry.id, site, *told))

    def _row(self, number: int, made: Made, lineage: Lineage, path: tuple[Key, ...]) -> ProductRow:
        values = *made.descriptors, *self._scorer.values(made.smiles)
        own = made.smiles, made.enhanced_stereo, made.site, made.n_routes
        return ProductRow(number, *own, path[-1], made.transform, lineage, path, values, made.inchikey)

    def _products(self, parent: ParentRow) -> tuple[Iterator[tuple[Made, Lineage, tuple[Key, ...]]], list[Refused]]:
        """Return the products of a transform, and its rejects."""
        start, nothing = (parent.smiles, parent.enhanced_stereo), Lineage(parent.id, 0, "", "", "")
        made, refused, _ = self._chooser.products(parent.smiles, parent.values, parent.enhanced_stereo)
        names = [transform.name for transform in self.plan.transforms]
        return ((each, nothing.after(names[each.transform], each.site), (start,)) for each in made), refused

    def _level(self, parent: ParentRow) -> tuple[Iterator[tuple[Made, Lineage, tuple[Key, ...]]], list[Refused]]:
        """Return what so many steps give, one level after the other as a run builds its libraries; and the rejects."""
        steps = Repeated(self._chooser, times=1)
        names = [transform.name for transform in self.plan.transforms]
        start: Key = parent.smiles, parent.enhanced_stereo
        level: dict[Key, tuple[tuple[float, ...], Lineage, tuple[Key, ...]]] = {
            start: (parent.values, Lineage(parent.id, 0, "", "", ""), ())
        }
        refused: list[Refused] = []
        rows: list[tuple[Made, Lineage, tuple[Key, ...]]] = []
        assert self.plan.steps is not None
        for _ in range(self.plan.steps):
            rows = []
            following: dict[Key, tuple[tuple[float, ...], Lineage, tuple[Key, ...]]] = {}
            for origin, (values, lineage, before) in level.items():
                reached = steps.reach(origin, values)
                path = (*before, origin)
                for made, told in kept(reached, origin, lineage, names):
                    rows.append((made, told, path))
                    following.setdefault((made.smiles, made.enhanced_stereo), (made.descriptors, told, path))
                refused += [_of_parent(reject, origin, start) for reject in refused_of(reached, origin)]
                if len(following) > MAX_OF_PARENT:
                    detail = f"more than {MAX_OF_PARENT:,} come from it in one step; the others are left out"
                    refused.append((None, RejectError("too many molecules", f"{detail}; a run makes them all")))
                    break
            level = following
        return iter(rows), refused


def _of_parent(reject: Refused, origin: Key, parent: Key) -> Refused:
    """Return the reject of a molecule on the way as one of the parent, whose atoms a site can name."""
    site, error = reject
    if origin == parent:
        return reject
    where = "" if site is None else f", at atom {site}"
    return None, RejectError(error.reason, f"{error.detail} (of {origin[0]}{where})")
