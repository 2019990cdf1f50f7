"""Why a run does not make a molecule: what would give it, and what keeps that from being done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from halogenator.chemistry.choosing import Account, Chooser
from halogenator.chemistry.kernel import Kernel, Product
from halogenator.chemistry.reversal import Reversal, shape_of
from halogenator.model import Choice, Config, Transform
from halogenator.results import Results
from halogenator.search.shapes import Molecule, of_shapes
from halogenator.search.ways import Key, Making, Ways
from halogenator.tables.duck import connect, file_list

_MOST = 40  # obstacles of one kind that are listed
_SHOWN_SMILES = 200  # characters of a SMILES that rejects keep


@dataclass(frozen=True)
class Obstacle:
    """One thing that keeps a molecule from being made.

    Attributes:
        kind: "left out", "no job", "unfinished", "isomer", "other settings", "not in the library" or "reject".
        why: it in words.
        library, transform: where it would be; no transform: in the library itself.
        parent: the molecule that it would be made from; None where there is none.
        by: the transform, or the rule with its halogen, that would make it.
        product: SMILES of what would be made: the molecule, or one on the way to it.
    """

    kind: str
    why: str
    library: str
    transform: str | None = None
    parent: Molecule | None = None
    by: str = ""
    product: str = ""


@dataclass(frozen=True)
class _Try:
    """A transform by which molecules of a library might give the molecule, and where this would be."""

    library: str
    transform: str | None
    makes: Transform


class Absence:
    """What keeps molecules from being made.

    Args:
        results: the results folder.
        config: the configuration that made it.
        ways: its ways.
    """

    def __init__(self, results: Results, config: Config, ways: Ways) -> None:
        self._results, self._config, self._ways = results, config, ways
        self._bare = cache(_bare)

    def obstacles(self, smiles: str, enhanced_stereo: str | None) -> list[Obstacle]:
        """Return what keeps a molecule from being made that is not in the results; the nearest alone."""
        found = [each for base in self._results.libraries() for each in self._from(base, (smiles, enhanced_stereo))]
        return found or self._further(smiles)

    # ---- one step --------------------------------------------------------------------------------------------------

    def _from(self, base: str, key: Key) -> Iterator[Obstacle]:
        """Yield why molecules of a library do not give the molecule in one step, though they could."""
        tries: dict[str, list[_Try]] = {}
        for each in self._tries(base):
            for shape in Reversal([each.makes]).shapes(key[0]):
                tries.setdefault(shape, []).append(each)
        for shape, molecule in of_shapes(self._results.molecules(base), base, tries) if tries else ():
            for each in tries[shape]:
                made = self._bare(each.makes).products(molecule.smiles, None, molecule.enhanced_stereo, bare=True)[0]
                if any((product.smiles, product.enhanced_stereo) == key for product in made):
                    yield self._why(each, molecule, key)
                else:
                    yield from _isomers(each, molecule, made, key)

    def _tries(self, base: str) -> Iterator[_Try]:
        """Yield all that could be done with the molecules of a library: jobs, and steps to libraries built from it."""
        for transform in self._config.transforms.values():
            yield _Try(base, transform.name, transform)
        for library in self._config.libraries.values():
            if library.base == base:
                for transform in self._ways.making(library.name, None).transforms:
                    yield _Try(library.name, None, transform)

    def _why(self, each: _Try, molecule: Molecule, key: Key) -> Obstacle:
        """Return why a step that gives the molecule is not in the results."""
        place: dict[str, Any] = {"library": each.library, "transform": each.transform, "parent": molecule}
        place |= {"by": each.makes.name, "product": key[0]}
        if each.transform is not None and (each.library, each.transform) not in self._config.jobs:
            return Obstacle("no job", self._out_of_scope(each), **place)
        if not self._results.main(each.library, each.transform).is_file():
            return Obstacle("unfinished", "the run has not made it yet", **place)
        making = self._ways.making(each.library, each.transform)
        reasons = left_out(making, molecule, each.makes, key)
        if reasons is None:
            return Obstacle(*self._made_but_not_there(each, making), **place)
        return Obstacle("left out", ", ".join(reasons) or "max_sites", **place)

    def _made_but_not_there(self, each: _Try, making: Making) -> tuple[str, str]:
        """Return kind and words of why something that is made is not among the rows."""
        if each.transform is None and self._config.libraries[each.library].walks:
            return "left out", "times: the library has the molecules after its last step alone"
        if making.by_inchikey:
            return "left out", "dedup: a product with the same InChIKey stands for it"
        return "other settings", "these settings make it, but the results were made by others"

    def _out_of_scope(self, each: _Try) -> str:
        library = self._config.libraries.get(each.library)
        if library is None:
            return "the configuration has no such library"
        if not each.makes.is_for(library.class_name):
            scope = ", ".join(each.makes.scope_classes)
            own = library.class_name or "of no class"
            return f"not in scope: {each.makes.name} is for {scope}, and {library.name} is {own}"
        return f"not in scope: select leaves {each.makes.name} of {library.name} out"

    # ---- several steps ---------------------------------------------------------------------------------------------

    def _further(self, smiles: str) -> list[Obstacle]:
        """Return what keeps the molecules from being made that would give the molecule in one step more."""
        found: list[Obstacle] = []
        for library in dict.fromkeys(name for name, _ in self._config.jobs):
            named = [self._config.transforms[name] for owner, name in self._config.jobs if owner == library]
            leads = {before: each.name for each in named for before in self._before(each, smiles)}
            found += self._absent(library, leads)
        for library in self._config.libraries:
            found += self._absent(library, {shape_of(smiles): ""})
        nearest = [each for each in found if each.kind in ("left out", "isomer")] or [each for each in found if each.by]
        nearest = nearest or found
        return list(dict.fromkeys(nearest))[:_MOST]

    def _absent(self, library: str, leads: Mapping[str, str]) -> list[Obstacle]:
        """Return why molecules of some shapes are not in a library: what keeps the nearest step from being made.

        Args:
            library: the library.
            leads: {shape: the step that leads on from it, to the molecule; "": it is the molecule}.
        """
        if not leads:
            return []
        settings = self._config.libraries[library]
        if settings.walks or (settings.base and not self._results.molecules(settings.base).is_file()):
            return []
        making = self._ways.making(library, None) if settings.base else None
        tries: dict[str, dict[Transform, None]] = {}
        for transform in making.transforms if making else ():
            for shape in leads:
                for before in self._before(transform, shape):
                    tries.setdefault(before, {})[transform] = None
        if making is None:
            return list(self._not_given(library, leads))
        if not tries:
            why = "no step of it gives this"
            return [Obstacle("not in the library", why, library, by=by, product=each) for each, by in leads.items()]
        found: list[Obstacle] = []
        for shape, molecule in of_shapes(self._results.molecules(making.base), making.base, tries):
            for transform in tries[shape]:
                found += self._kept_out(making, library, molecule, transform, set(leads))
        return found or self._absent(making.base, {shape: next(iter(steps)).name for shape, steps in tries.items()})

    def _not_given(self, library: str, leads: Mapping[str, str]) -> Iterator[Obstacle]:
        """Yield why input molecules of some shapes do not lead on: none is there, or with another configuration."""
        path = self._results.molecules(library)
        there = dict(of_shapes(path, library, leads)) if path.is_file() else {}
        for shape, by in leads.items():
            if shape in there:
                written = f"{there[shape].smiles} {there[shape].enhanced_stereo or ''}".strip()
                why = f"the input has it with another configuration: {there[shape].id}, {written}"
                yield Obstacle("isomer", why, library, by=by, product=shape)
            else:
                yield Obstacle("not in the library", "no input molecule is this", library, by=by, product=shape)

    def _before(self, transform: Transform, smiles: str) -> Iterator[str]:
        """Yield the shapes of molecules that a transform makes a molecule of, whatever their configuration."""
        shape = shape_of(smiles)
        for before in sorted(Reversal([transform]).shapes(smiles)):
            made = self._bare(transform).products(before, None, None, bare=True)[0]
            if any(shape_of(product.smiles) == shape for product in made):
                yield before

    def _kept_out(
        self, making: Making, library: str, molecule: Molecule, transform: Transform, wanted: set[str]
    ) -> Iterator[Obstacle]:
        """Yield why a library has no molecule of some shapes that a step would give."""
        made = self._bare(transform).products(molecule.smiles, None, molecule.enhanced_stereo, bare=True)[0]
        for product in made:
            if shape_of(product.smiles) in wanted:
                reasons = left_out(making, molecule, transform, (product.smiles, product.enhanced_stereo))
                if reasons is not None:
                    why = ", ".join(reasons) or "max_sites"
                    yield Obstacle("left out", why, library, None, molecule, transform.name, product.smiles)


class _Reasons(Account):
    """An account that keeps each product with its reason."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str, str]] = []  # transform or rule, kind, name, product or ""

    def add(self, transform: str, kind: str, name: str, parent: str, product: str, routes: int) -> None:
        self.found.append((transform, kind, name, product))


def left_out(making: Making, parent: Molecule, transform: Transform, key: Key) -> list[str] | None:
    """Return what leaves a product out, as ``kind: name``; None: nothing does; []: its site is not used."""
    reasons = _Reasons()
    chooser = Chooser(making.transforms, choice=making.choice, account=reasons)
    kept: Sequence[Product] = chooser.products(parent.smiles, None, parent.enhanced_stereo)[0]
    if any((product.smiles, product.enhanced_stereo) == key for product in kept):
        return None
    rule = transform.name.partition(":")[0]
    of_product = [f"{kind}: {name}" for _, kind, name, product in reasons.found if product == key[0]]
    withheld = [f"{kind}: {name}" for made_by, kind, name, product in reasons.found if not product and made_by == rule]
    return list(dict.fromkeys(of_product or withheld))


def _isomers(each: _Try, molecule: Molecule, made: Iterable[Product], key: Key) -> Iterator[Obstacle]:
    """Yield products that are the molecule with another configuration."""
    for product in made:
        if shape_of(product.smiles) == shape_of(key[0]):
            written = f"{product.smiles} {product.enhanced_stereo or ''}".strip()
            why = f"it is made with another configuration: {written}"
            place = (each.library, each.transform, molecule, each.makes.name, product.smiles)
            yield Obstacle("isomer", why, *place)


def _bare(transform: Transform) -> Kernel:
    return Kernel([replace(transform, choice=Choice(), max_sites=None)])


def rejects_of(results: Results, texts: Sequence[str], *, memory_mb: int, scratch: Path) -> list[Obstacle]:
    """Return the rejects whose SMILES or id is one of some texts."""
    places = [(name, None) for name in results.libraries()] + list(results.jobs())
    found: list[Obstacle] = []
    with connect(memory_mb, scratch) as connection:
        for library, transform in places:
            path = results.rejects(library, transform)
            if not path.is_file():
                continue
            table = f"read_parquet({file_list([path])}, hive_partitioning = false)"
            query = f"SELECT source, row, site, reason, detail FROM {table} WHERE smiles IN ? OR id IN ? LIMIT {_MOST}"
            short = [text[:_SHOWN_SMILES] for text in texts]
            for source, row, site, reason, detail in connection.execute(query, [short, short]).fetchall():
                where = f"row {row} of {source}" + ("" if site is None else f", atom {site}")
                found.append(Obstacle("reject", f"{reason}: {detail} ({where})", library, transform))
    return found
