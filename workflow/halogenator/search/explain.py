"""What became of a molecule in a run: where it is, every way to it, or why it is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc

from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.sought import prepared_forms
from halogenator.errors import UserError
from halogenator.model import Conditions, Config
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.absence import Absence, Obstacle, rejects_of
from halogenator.search.named import parents_named
from halogenator.search.parts import Part, batches
from halogenator.search.rows import Search
from halogenator.search.shapes import COLUMNS, Molecule
from halogenator.search.ways import Key, Node, Ways, is_made_otherwise
from halogenator.tables.columns import INCHIKEY, PRODUCTS

_SPACES = re.compile(r"[\s\x00-\x1f\x7f]+")  # which names in exports have as _


@dataclass
class Explanation:
    """What became of a molecule.

    Attributes:
        asked: what was asked for.
        smiles, enhanced_stereo: the molecule; "" if it is only known as a reject.
        nodes: where it is in the results, with all ways to it.
        obstacles: if it is nowhere, why.
        notes: what to know besides.
    """

    asked: str
    smiles: str = ""
    enhanced_stereo: str | None = None
    nodes: list[Node] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Explainer:
    """Explanations of the molecules of a run.

    Args:
        folder: the results folder.
        config: the configuration that made it.
        memory_mb: memory that the process may use, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.
        progress: display of the progress.

    Raises:
        UserError: there are no results.
    """

    def __init__(self, folder: Path, config: Config, *, memory_mb: int, scratch: Path, progress: Progress) -> None:
        self._results, self._config, self._progress = Results(folder), config, progress
        self._memory_mb, self._scratch = memory_mb, scratch
        self._parts = [Part(path, name) for name, path in self._results.libraries().items()]
        self._parts += [Part(path, *job) for job, path in self._results.jobs().items()]
        if not self._parts:
            fix = "run snakemake --cores all first, or name another folder: --results DIR"
            raise UserError("there are no finished results here", where=folder, fix=fix)
        self._ways = Ways(self._results, config, progress)

    def explain(self, asked: str) -> Explanation:
        """Return what became of a molecule.

        Args:
            asked: its SMILES; or an id or a name of results, or of their exports.

        Raises:
            UserError: it is none of these.
        """
        forms: list[Key] = []
        with suppress(RejectError):
            forms = prepared_forms(asked)
        found = self._found(asked, forms) if forms else []
        if not found and (named := self._named(asked)):
            forms = named
            found = [node for key in named for node in self._found(asked, [key])]
        if not (forms or found):
            obstacles = self._rejects([asked])
            if obstacles:
                return Explanation(asked, obstacles=obstacles)
            raise UserError(
                "this is neither a SMILES nor an id or a name in these results",
                value=asked,
                allowed="a SMILES, an id of a library, a name or id of a natural product, or a name of a product",
                fix="put a SMILES in quotes, '…'; find lists ids: python -m halogenator find --where \"mw < 300\"",
            )
        explanation = Explanation(asked, *forms[0], nodes=found)
        if found:
            self._trace(explanation)
        else:
            explanation.obstacles = self._rejects([asked, forms[0][0]])
            for key in forms if not explanation.obstacles else ():
                explanation.obstacles += Absence(self._results, self._config, self._ways).obstacles(*key)
        self._note(explanation)
        return explanation

    # ---- where it is -----------------------------------------------------------------------------------------------

    def _found(self, asked: str, keys: Sequence[Key]) -> list[Node]:
        """Return where some molecules are in the results."""
        self._progress.begin(f"looking for {asked}", sum(1 for _ in self._parts), unit="file")
        found: list[Node] = []
        columns = dict.fromkeys([*COLUMNS, *(column.name for column in PRODUCTS), INCHIKEY.name])
        smiles, stereo = keys[0]
        conditions = Conditions(molecule=asked if len(keys) > 1 else f"{smiles} {stereo or ''}".strip())
        with closing(
            Search(self._results.folder, conditions, memory_mb=self._memory_mb, scratch=self._scratch)
        ) as search:
            for part in self._parts:
                for each in search.find(part, columns=list(columns)):
                    assert each.batch is not None
                    found += [self._node(part, row) for row in each.batch.to_pylist()]
                self._progress.advance()
        return found

    def _node(self, part: Part, row: dict[str, object]) -> Node:
        known: dict[str, object] = {name: row.get(name) for name in ("smiles", "enhanced_stereo", "n_routes")}
        if part.transform is None:
            molecule = Molecule(str(part.library), **{name: row.get(name) for name in COLUMNS})  # type: ignore[arg-type]
            return Node(str(part.library), None, id=molecule.id, molecule=molecule, **known)  # type: ignore[arg-type]
        node = Node(str(part.library), part.transform, id=str(row["parent_id"]), **known)  # type: ignore[arg-type]
        node.inchikey = row.get(INCHIKEY.name)  # type: ignore[assignment]
        return node

    def _named(self, asked: str) -> list[Key]:
        """Return the molecules of an id, of a name of a natural product, or of a product as exports name it."""
        found = [key for part in self._parts if part.transform is None for key in self._with(part, {"id": asked})]
        if not found:
            for library, ids in parents_named(self._results, asked).items():
                part = Part(self._results.molecules(library), library)
                found += [key for name in ids.to_pylist() for key in self._with(part, {"id": name})]
        if not found:
            found = list(self._product_named(asked))
        return list(dict.fromkeys(found))

    def _product_named(self, asked: str) -> Iterator[Key]:
        """Yield the products that exports call by a name, ``<parent>_<transform>_<site>``, with ``.2`` for a second."""
        for part in (part for part in self._parts if part.transform is not None):
            parent, sign, rest = asked.rpartition(f"_{_SPACES.sub('_', str(part.transform))}_")
            site = re.fullmatch(r"(\d+)(?:\.(\d+))?", rest)
            if not (sign and site):
                continue
            for name in dict.fromkeys((parent, parent.removeprefix(f"{part.library}_"))):
                keys = list(self._with(part, {"parent_id": name, "site": int(site[1])}))
                yield from keys[int(site[2] or 1) - 1 : int(site[2] or 1)]

    @staticmethod
    def _with(part: Part, values: dict[str, object]) -> Iterator[Key]:
        """Yield the molecules of a file whose columns have some values; spaces in ids may be written as ``_``."""
        for _, batch in batches(part.path, ["smiles", "enhanced_stereo", *values]):
            mask = None
            for name, value in values.items():
                column = batch[name]
                same = pc.equal(column, value).fill_null(False)
                if isinstance(value, str) and "_" in value:
                    spaced = pc.replace_substring_regex(column, _SPACES.pattern, "_")
                    same = pc.or_(same, pc.equal(spaced, value).fill_null(False))
                mask = same if mask is None else pc.and_(mask, same)
            for row in batch.filter(mask).to_pylist():
                yield row["smiles"], row.get("enhanced_stereo")

    # ---- the ways to it, or why there is none ------------------------------------------------------------------------

    def _trace(self, explanation: Explanation) -> None:
        """Give the nodes of an explanation their ways."""
        molecules = [node.molecule for node in explanation.nodes if node.molecule]
        by_library: dict[str, list[Molecule]] = {}
        for molecule in molecules:
            by_library.setdefault(molecule.library, []).append(molecule)
        traced: list[Node] = []
        for library, own in by_library.items():
            traced += self._ways.of_molecules(library, own).values()
        for node in explanation.nodes:
            if node.transform is not None:
                known = node.library in self._config.libraries and node.transform in self._config.transforms
                if known:
                    self._ways.of_product(node)
                else:
                    node.why_incomplete = "the configuration has no such job"
                traced.append(node)
        explanation.nodes = traced

    def _rejects(self, texts: Sequence[str]) -> list[Obstacle]:
        return rejects_of(self._results, texts, memory_mb=self._memory_mb, scratch=self._scratch)

    def _note(self, explanation: Explanation) -> None:
        """Note what of the results other settings have made."""
        places = [(part.library, part.transform) for part in self._parts if part.library]
        if explanation.nodes:
            concerned = {node.library for node in explanation.nodes}
            concerned |= {each.name for name in concerned & self._config.libraries.keys() for each in self._config.line(self._config.libraries[name])}  # fmt: skip # noqa: E501
            jobs = {(node.library, node.transform) for node in explanation.nodes}
            places = [
                (name, job) for name, job in places if (name in concerned if job is None else (name, job) in jobs)
            ]
        other = [
            " × ".join(filter(None, place))
            for place in places
            if is_made_otherwise(self._results, self._config, *place)
        ]
        if other:
            shown = ", ".join(other[:5]) + (f" and {len(other) - 5:,} more" if len(other) > 5 else "")
            explanation.notes.append(f"these settings, or this input, did not make {shown}; name theirs: --configfile")
