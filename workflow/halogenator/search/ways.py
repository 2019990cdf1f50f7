"""The ways in which a run makes a molecule: from natural products, step by step, as its kernel makes it now.

Results keep one parent and one site of each molecule, and the number of all routes to it. The others are looked for
among the molecules whose shape the reversed step gives (``chemistry.reversal``), and if these are fewer than the routes
that were counted, among all molecules that have a site. Each is a route only if the kernel makes the molecule there. So
as many as were counted are all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.kernel import Product
from halogenator.chemistry.reversal import Reversal
from halogenator.model import HALOGENATION, Choice, Config, Library, Transform
from halogenator.planning.chunks import site_column
from halogenator.planning.identity import job_identity, job_of, library_identity, recipe_of
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.parts import batches
from halogenator.search.shapes import COLUMNS, Molecule, molecules_at, of_shapes
from halogenator.search.walks import Walked, Walks
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer

Key = tuple[str, str | None]  # SMILES and enhanced stereo; or InChIKey and None


@dataclass(frozen=True)
class Step:
    """A step to a molecule: a transform, or a rule with its halogen, at a site of a molecule before it."""

    parent: Node
    transform: str
    site: int


@dataclass
class Node:
    """A molecule of a library, or a product, with the steps to it.

    Attributes:
        library, transform: the library; and the transform, of a product.
        smiles, enhanced_stereo: the molecule.
        id: its id; of a product, that of the parent that the results keep.
        n_routes: how many routes the results count, or of a molecule of a file, how many rows.
        molecule: its row, unless it is a product.
        steps: the last step of each route that was found; none for a molecule of a file.
        why_incomplete: why there may be others; "" if there are none.
        inchikey: its InChIKey, if the products of its job have one.
    """

    library: str
    transform: str | None
    smiles: str
    enhanced_stereo: str | None
    id: str
    n_routes: int
    molecule: Molecule | None = None
    steps: list[Step] = field(default_factory=list)
    why_incomplete: str = ""
    inchikey: str | None = None

    @property
    def key(self) -> Key:
        """What tells it from other molecules."""
        return self.smiles, self.enhanced_stereo

    @property
    def is_complete(self) -> bool:
        """Whether all steps to it, and to all before it, were found."""
        return not self.why_incomplete and all(step.parent.is_complete for step in self.steps)

    @property
    def count(self) -> int:
        """The number of ways to it."""
        return sum(step.parent.count for step in self.steps) or 1

    def ways(self) -> Iterator[list[Step]]:
        """Yield each way to it, its steps in order."""
        if not self.steps:
            yield []
        for step in self.steps:
            for before in step.parent.ways():
                yield [*before, step]


@dataclass(frozen=True)
class Making:
    """What makes molecules of those of a library.

    Attributes:
        base: the library.
        transforms: what is applied, at one site.
        choice: what is left out.
        by_inchikey: whether molecules with the same InChIKey are the same.
    """

    base: str
    transforms: tuple[Transform, ...]
    choice: Choice
    by_inchikey: bool = False


class Ways:
    """The ways to molecules of a results folder.

    Args:
        results: the results folder.
        config: the configuration that made it.
        progress: display of the progress.
    """

    def __init__(self, results: Results, config: Config, progress: Progress) -> None:
        self._results, self._config, self._progress = results, config, progress
        self._nodes: dict[tuple[str, str], Node] = {}

    def of_product(self, node: Node) -> None:
        """Add the steps to a product, and to all before it."""
        assert node.transform is not None
        if "adopted" in read_metadata(self._results.products(node.library, node.transform)):
            node.why_incomplete = "an earlier pipeline made it, by settings that are not known"
            return
        making = self.making(node.library, node.transform)
        making = making if node.inchikey else replace(making, by_inchikey=False)
        key = (node.inchikey, None) if making.by_inchikey and node.inchikey else node.key
        found = self._steps(making, {key: node.n_routes})[key]
        self._link([(node, found)], node.library)

    def of_molecules(self, library: str, molecules: Iterable[Molecule]) -> dict[str, Node]:
        """Return the nodes of molecules of a library by id, with the steps to them and to all before them."""
        own = [each for each in molecules if (library, each.id) not in self._nodes]
        fresh = {each.id: _node(each) for each in own}
        self._nodes |= {(library, name): node for name, node in fresh.items()}
        settings = self._config.libraries.get(library)
        if fresh and (settings is None or settings.base is not None):
            self._trace(library, list(fresh.values()))
        return {each.id: self._nodes[library, each.id] for each in molecules}

    def making(self, library: str, transform: str | None) -> Making:
        """Return what makes the molecules of a library, or the products of a job."""
        config = self._config
        if transform is not None:
            job = job_of(config, library, transform)
            return Making(library, (job.transform,), job.choice, job.key == "inchikey")
        recipe, base = recipe_of(config, library), config.libraries[library].base
        assert base is not None
        return Making(base, tuple(recipe.transforms), recipe.choice)

    def _trace(self, library: str, nodes: Sequence[Node]) -> None:
        """Add the steps to molecules of a built library."""
        settings = self._config.libraries.get(library)
        why = ""
        if settings is None or settings.base is None:
            why = "the configuration has no such library"
        elif not self._results.molecules(settings.base).is_file():
            why = f"{settings.base}, which it was made from, is not there"
        elif settings.walks:
            self._walk(settings, nodes)
            return
        if why:
            for node in nodes:
                node.why_incomplete = why
            return
        making = self.making(library, None)
        found = self._steps(making, {node.key: node.n_routes for node in nodes})
        self._link([(node, found[node.key]) for node in nodes], making.base)

    def _walk(self, library: Library, nodes: Sequence[Node]) -> None:
        """Add the walks to molecules of a library that takes several steps at once."""
        making = self.making(library.name, None)
        walks = Walks(library, making.transforms, making.choice)
        path = self._results.molecules(making.base)
        shapes = {node.key: walks.shapes(node.smiles) for node in nodes}
        wanted = {shape for own in shapes.values() for shape in own}
        begun: set[str] = set()
        for shape, start in of_shapes(path, making.base, wanted):
            begun.add(start.id)
            walked = walks.beginning(start.key)
            for node in nodes:
                if shape in shapes[node.key]:
                    self._walk_from(start, walked, node)
        missing = [node for node in nodes if len(node.steps) < node.n_routes]
        if missing:
            self._progress.begin(f"looking at all of {making.base}", footer(path).rows)
            for molecules, rows in self._with_sites(making):
                for start in (each for each in molecules if each.id not in begun):
                    walked = walks.beginning(start.key)
                    for node in missing:
                        self._walk_from(start, walked, node)
                self._progress.advance(rows)
                if all(len(node.steps) == node.n_routes for node in missing):
                    break
        for node in nodes:
            if len(node.steps) != node.n_routes:
                node.why_incomplete = _counted(node.n_routes, len(node.steps))

    def _walk_from(self, start: Molecule, walked: Walked, end: Node) -> None:
        """Add the walks from one molecule to a node."""
        if not walked.has(end.key):
            return
        (first,) = self.of_molecules(start.library, [start]).values()
        nodes = {start.key: first}
        steps = walked.last_steps(end.key)

        def before(key: Key) -> Node:
            if key not in nodes:
                nodes[key] = Node(end.library, None, *key, "", 1)
                nodes[key].steps = [Step(before(origin), name, site) for origin, name, site in walked.onward(key)]
            return nodes[key]

        onward = [edge for edge in steps if walked.levels[edge[0]] < walked.levels[end.key]]
        end.steps += [Step(before(key), name, site) for key, name, site in onward]
        if len(onward) < len(steps):
            end.why_incomplete = "walks that go round, over molecules further away, are left out"

    def _link(self, found: Sequence[tuple[Node, list[tuple[Molecule, str, int]]]], base: str) -> None:
        """Give nodes their steps from molecules of a library."""
        before = self.of_molecules(base, dict.fromkeys(molecule for _, routes in found for molecule, _, _ in routes))
        for node, routes in found:
            node.steps = [Step(before[molecule.id], transform, site) for molecule, transform, site in routes]
            if len(routes) != node.n_routes:
                node.why_incomplete = _counted(node.n_routes, len(routes))

    def _steps(self, making: Making, wanted: Mapping[Key, int]) -> dict[Key, list[tuple[Molecule, str, int]]]:
        """Return the routes to molecules: of each the parent, the transform and the site.

        Args:
            making: what makes them.
            wanted: {molecule: how many routes there are}.
        """
        maker = _Maker(making)
        path = self._results.molecules(making.base)
        found: dict[Key, list[tuple[Molecule, str, int]]] = {key: [] for key in wanted}
        if not making.by_inchikey:
            shapes: dict[str, set[Key]] = {}
            for key in wanted:
                for shape in maker.reversal.shapes(key[0]):
                    shapes.setdefault(shape, set()).add(key)
            for shape, molecule in of_shapes(path, making.base, shapes):
                maker.add(molecule, shapes[shape], found)
        missing = {key for key, count in wanted.items() if len(found[key]) < count}
        if missing:
            found |= {key: [] for key in missing}
            self._progress.begin(f"looking at all of {making.base}", footer(path).rows)
            for molecules, rows in self._with_sites(making):
                for molecule in molecules:
                    maker.add(molecule, missing, found)
                self._progress.advance(rows)
                if all(len(found[key]) == wanted[key] for key in missing):
                    break
        return found

    def _with_sites(self, making: Making) -> Iterator[tuple[list[Molecule], int]]:
        """Yield the molecules of a library that may have a site, and the number of rows that they are from."""
        path = self._results.molecules(making.base)
        named = [site_column(path, transform) for transform in making.transforms if transform.family != HALOGENATION]
        column = named[0] if len(making.transforms) == len(named) == 1 else None
        for _, batch in batches(path, [*COLUMNS, *filter(None, [column])]):
            places = np.arange(batch.num_rows)
            if column is not None:
                places = np.flatnonzero(batch[column].fill_null(1).to_numpy(zero_copy_only=False))
            yield molecules_at(making.base, batch, places), batch.num_rows


class _Maker:
    """The kernel, asked for the routes to some molecules."""

    def __init__(self, making: Making) -> None:
        self._by_inchikey = making.by_inchikey
        self._names = [transform.name for transform in making.transforms]
        self._chooser = Chooser(making.transforms, choice=making.choice, with_inchikey=making.by_inchikey)
        self.reversal = Reversal(making.transforms)

    def add(self, molecule: Molecule, wanted: set[Key], found: dict[Key, list[tuple[Molecule, str, int]]]) -> None:
        """Add the routes from a molecule to the wanted ones."""
        chooser = self._chooser
        for product in chooser.products(molecule.smiles, None, molecule.enhanced_stereo)[0]:
            key = self._key(product)
            if key in wanted:
                routes = chooser.routes(molecule.smiles, molecule.enhanced_stereo, product)
                found[key] += [(molecule, self._names[transform], site) for transform, site in routes]

    def _key(self, product: Product) -> Key:
        return (product.inchikey or "", None) if self._by_inchikey else (product.smiles, product.enhanced_stereo)


def _counted(counted: int, found: int) -> str:
    return f"the results count {counted:,}, and {found:,} were found"


def is_made_otherwise(results: Results, config: Config, library: str, transform: str | None) -> bool:
    """Return whether results record that other settings or other input made them than a configuration says."""
    if library not in config.libraries or (transform is not None and transform not in config.transforms):
        return True
    made = read_metadata(results.main(library, transform)).get("config_hash")
    if transform is not None:
        now = job_identity(config, library, transform)
    else:
        now = library_identity(config, library, results.folder.absolute().parent)
    return bool(made) and made != now


def _node(molecule: Molecule) -> Node:
    return Node(
        molecule.library, None, molecule.smiles, molecule.enhanced_stereo, molecule.id, molecule.n_routes, molecule
    )
