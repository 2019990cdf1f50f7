"""Products in memory: made one parent after the other while they are asked for, or all of them as a table."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa
from rdkit import Chem

from halogenator.api.frames import BATCH_ROWS, Frame, framed, html_cards, needed
from halogenator.api.making import Batch, ParentRow, Plan, ProductRow
from halogenator.api.molecules import Molecules
from halogenator.api.pictures import molecule_picture, way_picture
from halogenator.api.rejects import LeftOut, Reject, Rejects, RejectWarning
from halogenator.api.workers import made_of
from halogenator.chemistry.enhanced_stereo import read_cxsmiles
from halogenator.chemistry.steps import Key
from halogenator.errors import UserError
from halogenator.model import Transform
from halogenator.tables.columns import LIBRARY, PRODUCTS, STEPS, Column, arrow_schema, product_columns

_SHOWN = 6  # products in a notebook
_TRIED = 200  # molecules that these are looked for in

_MORE = (
    Column("parent_smiles", pa.string(), "canonical SMILES of the parent; sites are its atom indices"),
    Column("position", pa.int64(), "place of the parent among the molecules given, from 0"),
)


@dataclass(frozen=True)
class Parent:
    """A molecule that products come from, as a library would have it.

    Attributes:
        position: its place among the molecules given, from 0.
        id: its name.
        smiles: canonical SMILES; sites are its atom indices.
        enhanced_stereo: CXSMILES extension with what the SMILES cannot say; None: nothing.
        descriptors: {name: value}.
        prepared: what was changed on reading; None: nothing.
        stripped_from: the input, where something was changed.
    """

    position: int
    id: str
    smiles: str
    enhanced_stereo: str | None = None
    descriptors: Mapping[str, float] = field(default_factory=dict)
    prepared: str | None = None
    stripped_from: str | None = None

    @property
    def mol(self) -> Chem.Mol:
        """The molecule, its atoms numbered as in ``smiles``."""
        return read_cxsmiles(self.smiles, self.enhanced_stereo)

    def _repr_svg_(self) -> str | None:
        return molecule_picture(self.smiles)


@dataclass(frozen=True, repr=False)
class Product:
    """A product. In a notebook it draws its parent and itself, with what changed marked.

    Attributes:
        smiles: canonical SMILES.
        enhanced_stereo: CXSMILES extension with what the SMILES cannot say; None: nothing.
        parent: the molecule that it comes from.
        site: atom of the parent where the first route acts; of several steps, of the molecule before the last.
        n_routes: in how many ways it is made of this parent.
        transform: name of the transform; of a halogenation, of the last step: rule and halogen.
        descriptors: {name: value}, with scores, if any were asked for.
        steps: each step, ``name@site``, comma-separated.
        halogens: halogens put in, sorted, comma-separated; "" if it is no halogenation.
        inchikey: standard InChIKey, if it was asked for.
        smirks: the SMIRKS of each step.
        labels: each step in words.
        path: SMILES and enhanced stereo of the molecules from the parent to the one before it.
    """

    smiles: str
    enhanced_stereo: str | None
    parent: Parent
    site: int
    n_routes: int
    transform: str
    descriptors: Mapping[str, Any]
    steps: str = ""
    halogens: str = ""
    inchikey: str | None = None
    smirks: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    path: tuple[Key, ...] = ()

    @property
    def mol(self) -> Chem.Mol:
        """The molecule, its atoms numbered as in ``smiles``."""
        return read_cxsmiles(self.smiles, self.enhanced_stereo)

    def __str__(self) -> str:
        return self.smiles

    def __repr__(self) -> str:
        return f"<{self.smiles}, of {self.parent.id}: {self.parent.smiles}, by {self.steps}>"

    def _repr_svg_(self) -> str | None:
        sites = [int(step.rpartition("@")[2]) for step in self.steps.split(",")]
        names = [step.rpartition("@")[0] for step in self.steps.split(",")]
        first = self.parent.id if self.parent.id != str(self.parent.position) else f"molecule {self.parent.position}"
        captions = [first, *(f"{name}, atom {site}" for name, site in zip(self.labels or names, sites, strict=True))]
        molecules = (*self.path, (self.smiles, self.enhanced_stereo))
        return way_picture(molecules, self.smirks, sites, captions)


@dataclass
class Counts:
    """What one pass over the molecules has come to: molecules read, those with products, and products of these."""

    molecules: int = 0
    matched: int = 0
    products: int = 0


@dataclass(frozen=True)
class Settings:
    """How products are made.

    Attributes:
        workers: processes that make them; None: this one.
        progress: whether a bar is shown; None: only of conversions that take more than a second.
        on_reject: called with each reject; None: nothing is.
    """

    workers: int | None = None
    progress: bool | None = None
    on_reject: Callable[[Reject], object] | None = None


class Products(Frame):
    """The products of some molecules. Nothing is made before it is asked for.

    A loop over it takes one molecule after the other from what was given, and gives the products of each, every one
    once a parent: memory is bounded, however many there are. ``batches`` gives the same rows as Arrow batches.
    ``to_arrow``, ``to_pandas`` and ``to_polars`` hold all rows, and so give every product once, at its first parent
    and with the routes from all, as a run does.

    Attributes:
        counts: of the last pass, as far as it went.
    """

    def __init__(self, molecules: Molecules, plan: Plan, settings: Settings) -> None:
        self._molecules, self._plan, self._settings = molecules, plan, settings
        self._begun = self._done = False
        self._start()

    def _start(self) -> None:
        self.counts = Counts()
        self._rejects, self._left_out = Rejects(), LeftOut()

    # ---- one after the other -----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Product]:
        with closing(self._pass(self._settings.progress is True)) as made:
            for batch in made:
                parents: dict[int, Parent] = {}
                for row in _once_a_parent(batch.products):
                    if row.parent not in parents:
                        parents[row.parent] = self._parent(batch.parents[row.parent])
                    yield self._product(row, parents[row.parent])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the same rows as a loop, as Arrow batches."""
        collected = _Columns(self._plan)
        with closing(self._pass(self._settings.progress is True)) as made:
            for batch in made:
                for row in _once_a_parent(batch.products):
                    collected.add(row, batch.parents[row.parent])
                    if len(collected.rows) == BATCH_ROWS:
                        yield collected.take()
        if collected.rows:
            yield collected.take()

    def to_arrow(self, *, unique: bool = True) -> pa.Table:
        """Return all products as an Arrow table.

        Args:
            unique: whether a product of several parents is one row, that of the first, with the routes from all; False:
                a row a parent.
        """
        if not unique:
            return super().to_arrow()
        collected = _Columns(self._plan)
        owners: dict[Key, int] = {}  # {molecule that a step started from: the first parent that it comes from}
        places: dict[Key, int] = {}  # {product: its row}
        with closing(self._pass(self._settings.progress)) as made:
            for batch in made:
                for row in batch.products:
                    parent = batch.parents[row.parent]
                    # A molecule that was there before gives what it gave then.
                    if owners.setdefault(row.origin, parent.position) != parent.position:
                        continue
                    if places.setdefault(row.key, len(collected.rows)) == len(collected.rows):
                        collected.add(row, parent)
                    else:
                        collected.add_routes(places[row.key], row.n_routes)
        return pa.Table.from_batches([collected.take()], schema=self.schema)

    def to_pandas(self, *, unique: bool = True) -> Any:
        """Return all products as a pandas DataFrame; ``unique`` as in ``to_arrow``.

        Raises:
            UserError: pandas is not installed.
        """
        needed("pandas")
        return self.to_arrow(unique=unique).to_pandas()

    def to_polars(self, *, unique: bool = True) -> Any:
        """Return all products as a Polars DataFrame; ``unique`` as in ``to_arrow``.

        Raises:
            UserError: Polars is not installed.
        """
        return needed("polars").from_arrow(self.to_arrow(unique=unique))

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns: those of a run's products or, of a halogenation, of a built library; and the parent's SMILES."""
        return arrow_schema(_columns(self._plan))

    # ---- what was told -----------------------------------------------------------------------------------------------

    @property
    def rejects(self) -> Rejects:
        """What could not be used, with the reason. Molecules not yet gone through are gone through, an iterator not."""
        self._finish()
        return self._rejects

    @property
    def left_out(self) -> LeftOut:
        """What ``exclude`` and the like left out, with counts and examples; likewise."""
        self._finish()
        return self._left_out

    def _finish(self) -> None:
        if not self._done and self._molecules.is_repeatable:
            with warnings.catch_warnings(), closing(self._pass(self._settings.progress)) as made:
                warnings.simplefilter("ignore", RejectWarning)  # whoever asks for them knows
                for _ in made:
                    pass

    # ---- one pass ----------------------------------------------------------------------------------------------------

    def _pass(self, progress: bool | None) -> Generator[Batch, None, None]:
        """Yield what is made of the molecules, batch by batch, and count it.

        Raises:
            UserError: an iterator is used up.
        """
        if self._begun and not self._molecules.is_repeatable:
            raise UserError(
                "the iterator of molecules is used up: it can be gone through once",
                allowed="a list, a column or a mapping of molecules can be gone through again",
                fix="convert once and keep the table, table = products.to_arrow(), or give list(molecules)",
            )
        self._begun, self._done = True, False
        self._start()
        counts, rejects, left_out = self.counts, self._rejects, self._left_out
        made = made_of(self._plan, self._molecules, self._settings.workers, progress)
        with closing(made):
            for batch in made:
                counts.molecules += batch.count
                counts.matched += len(batch.parents)
                counts.products += len(batch.products)
                for row in batch.rejects:
                    reject = Reject(*row)
                    rejects.add(reject)
                    if self._settings.on_reject:
                        self._settings.on_reject(reject)
                left_out.add(batch.left_out)
                yield batch
        if rejects is self._rejects:
            self._done = True
        if rejects.total:
            where = f"the first: {rejects[0]}; all: .rejects"
            warnings.warn(
                f"{rejects.total:,} reject{'s' * (rejects.total != 1)} of {counts.molecules:,} molecules "
                f"({rejects.summary}); {where}",
                RejectWarning,
                stacklevel=_callers(),
            )

    def _parent(self, row: ParentRow) -> Parent:
        position, name, smiles, stereo, values, prepared, stripped_from = row
        described = dict(zip(self._plan.descriptor_names, values, strict=True))
        return Parent(position, name, smiles, stereo, described, prepared, stripped_from)

    def _product(self, row: ProductRow, parent: Parent) -> Product:
        by = self._plan.transforms[row.by]
        names = [step.rpartition("@")[0] for step in row.lineage.steps.split(",")]
        return Product(
            smiles=row.smiles,
            enhanced_stereo=row.enhanced_stereo,
            parent=parent,
            site=row.site,
            n_routes=row.n_routes,
            transform=by.name,
            descriptors=dict(zip((*self._plan.descriptor_names, *self._plan.scores), row.values, strict=True)),
            steps=row.lineage.steps,
            halogens=row.lineage.halogens if self._plan.steps else "",
            inchikey=row.inchikey,
            smirks=tuple(self._named[name].smirks for name in names),
            labels=tuple(self._named[name].label or name for name in names),
            path=row.path,
        )

    @cached_property
    def _named(self) -> dict[str, Transform]:
        return {transform.name: transform for transform in self._plan.transforms}

    # ---- as text and in a notebook -----------------------------------------------------------------------------------

    @property
    def _what(self) -> str:
        """What is made, in words."""
        count = self._molecules.count
        of = "molecules of an iterator" if count is None else f"{count:,} molecule{'s' * (count != 1)}"
        by = f"{self._plan.steps}× halogenated" if self._plan.steps else f"by {self._plan.transforms[0].name}"
        return f"products of {of} {by}"

    def __repr__(self) -> str:
        told = ""
        if self._begun:
            told = f": {self.counts.products:,} so far" if not self._done else f": {self.counts.products:,}"
            told += f", {self._rejects.total:,} rejects" if self._rejects.total else ""
        return f"<{self._what}{told}>"

    def _repr_html_(self) -> str:
        if not self._molecules.is_repeatable:
            return framed(f"<p>{self._what}; an iterator is gone through once, so that none is drawn here</p>")
        shown = self._first()
        cards = [(each._repr_svg_() or "", [each.smiles, _values(each)]) for each in shown]
        head = f"<p>{self._what}{'; the first:' if shown else ': none among the first'}</p>"
        return framed(head, html_cards(cards))

    def _first(self) -> list[Product]:
        """Return some products to show, without a note of it."""
        few = Products(replace(self._molecules, most=_TRIED), self._plan, Settings(progress=False))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RejectWarning)
            return list(islice(few, _SHOWN))


def _values(product: Product) -> str:
    return ", ".join(
        f"{name} {value:.4g}" for name, value in product.descriptors.items() if isinstance(value, int | float)
    )


def _callers() -> int:
    """Return how far up the caller of this package is, for a warning of the function that asks."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == "halogenator":
        frame, level = frame.f_back, level + 1
    return level


def _once_a_parent(rows: Sequence[ProductRow]) -> Iterator[ProductRow]:
    """Yield the rows of each parent with every product once, its routes added up, in the order of its first."""
    found: dict[tuple[int, Key], ProductRow] = {}
    for row in rows:
        key = row.parent, row.key
        first = found.get(key)
        found[key] = row if first is None else first._replace(n_routes=first.n_routes + row.n_routes)
    yield from found.values()


def _columns(plan: Plan) -> tuple[Column, ...]:
    described = product_columns(plan.descriptor_names, plan.scores, with_inchikey=plan.with_inchikey)
    if plan.steps is None:
        transform = Column("transform", pa.string(), "name of the transform")
        return (*described, transform, *_MORE)
    wanted = ("smiles", "enhanced_stereo", "parent", "k", "halogens", "rules", "n_routes")
    own = tuple(column for column in LIBRARY if column.name in wanted)
    return (*own, STEPS, *described[len(PRODUCTS) :], *_MORE)


class _Columns:
    """Rows on their way to an Arrow batch.

    Attributes:
        rows: their values.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._schema = arrow_schema(_columns(plan))
        self._routes = self._schema.get_field_index("n_routes")
        self.rows: list[list[Any]] = []

    def add(self, row: ProductRow, parent: ParentRow) -> None:
        described = (*row.values, *((row.inchikey,) if self._plan.with_inchikey else ()))
        more = parent.smiles, parent.position
        if self._plan.steps is None:
            own = row.smiles, parent.id, row.site, row.n_routes, row.enhanced_stereo
            self.rows.append([*own, *described, self._plan.transforms[row.by].name, *more])
        else:
            told = row.lineage
            own = row.smiles, row.enhanced_stereo, parent.id, told.k, told.halogens, told.rules, row.n_routes  # type: ignore[assignment]
            self.rows.append([*own, told.steps, *described, *more])

    def add_routes(self, place: int, count: int) -> None:
        """Add routes to a row."""
        self.rows[place][self._routes] += count

    def take(self) -> pa.RecordBatch:
        """Return the rows as a batch, and begin again without any."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self._schema)
        self.rows = []
        arrays = [pa.array(values, kind) for values, kind in zip(columns, self._schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)
