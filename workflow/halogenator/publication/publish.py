"""A publication: a new folder with the tables of a run and the records by which others read them. Nothing is sent."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import duckdb
import pyarrow as pa

from halogenator import ENGINE_VERSION, __version__
from halogenator.errors import UserError, did_you_mean
from halogenator.process.durable import sync_folders
from halogenator.process.failures import writing
from halogenator.process.progress import Progress
from halogenator.publication import croissant, dataset_card, ro_crate
from halogenator.publication.content import MOLECULES, PRODUCTS, Content, File, Table, Terms, file_of, moment
from halogenator.publication.private import Private
from halogenator.publication.tables import LIBRARY, TRANSFORM, common_schema, write_table
from halogenator.results import Results
from halogenator.tables.configurations import kept, made_with
from halogenator.tables.duck import connect
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads
from halogenator.tables.seal import sha256, wrong_bytes
from halogenator.tables.set_hash import recorded_hash, set_hash
from halogenator.tables.statistics import Statistics

CHECKSUMS = "checksums.sha256"
_WORKFLOW = "workflow/Snakefile"


@dataclass(frozen=True)
class Chosen:
    """What is published: libraries and transforms by name, all where none is named; and whether molecules are, too."""

    libraries: Sequence[str] = ()
    transforms: Sequence[str] = ()
    molecules: bool = True


Source = tuple[str, str | None, Path]  # library, transform (None: the library itself), file


def publish(
    results: Results,
    out: Path,
    chosen: Chosen,
    terms: Terms,
    snakefile: Path,
    *,
    mem_mb: int,
    scratch: Path,
    shown: Progress,
) -> Content:
    """Make the folder of a publication, whole or not at all.

    Args:
        results: the results.
        out: the folder to make, which is not there yet, or is empty.
        chosen: what of them is published.
        terms: title, authors, licence.
        snakefile: the workflow.
        mem_mb: memory to stay below, in MB (10^6 bytes).
        scratch: folder for what memory cannot hold.
        shown: a display of the progress.

    Returns:
        What it holds.

    Raises:
        UserError: there is something at ``out``, a name is unknown, a file of the results is damaged, or the disk does
            not take it.
    """
    limit_arrow_threads()
    _check_free(out)
    sources = list(_sources(results, chosen))
    _check_whole([path for *_, path in sources])
    folder = out.with_name(f"{out.name}.unfinished")
    if os.path.lexists(folder):
        fix = "remove it: an interrupted publish left it, or it is yours"
        raise UserError("there is an unfinished publication", where=folder, fix=fix)
    try:
        with writing(folder):
            folder.mkdir(parents=True)
        maker = _Maker(results, folder, sources, Private([results.folder, out.parent]))
        with connect(mem_mb, scratch) as connection:
            content = maker.content(connection, terms, snakefile, shown)
        maker.records(content)
        with writing(out):
            if out.exists():
                out.rmdir()
            folder.rename(out)
            sync_folders(out / ro_crate.NAME)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return content


def _check_free(out: Path) -> None:
    if os.path.lexists(out) and not (out.is_dir() and not out.is_symlink() and not any(out.iterdir())):
        raise UserError("there is something already", where=out, fix="name a folder that is not there yet")


def _check_whole(paths: Sequence[Path]) -> None:
    for path in paths:
        record = Statistics.of(path)
        if problem := wrong_bytes(path, record.checksums.get(path.name) if record else None):
            raise UserError(f"a file of the results is damaged: {problem}", where=path, fix="delete it and run again")


def _sources(results: Results, chosen: Chosen) -> Iterator[Source]:
    """Yield the files to publish: of molecules, then of products.

    Raises:
        UserError: there are none, or a name is unknown.
    """
    libraries, jobs = results.libraries(), results.jobs()
    known = dict.fromkeys([*libraries, *(library for library, _ in jobs)])
    for option, wanted, names in (
        ("--library", chosen.libraries, list(known)),
        ("--transform", chosen.transforms, list(dict.fromkeys(transform for _, transform in jobs))),
    ):
        for name in wanted:
            if name not in names:
                fix = did_you_mean(name, names) or "take one of the allowed names"
                raise UserError("there are no results of this name", where=option, value=name, allowed=names, fix=fix)
    if not known:
        fix = "run snakemake --cores all first, or name another folder with --results"
        raise UserError("there are no finished results here", where=results.folder, fix=fix)
    wanted = chosen.libraries or list(known)
    if chosen.molecules:
        yield from ((name, None, path) for name, path in libraries.items() if name in wanted)
    for (library, transform), path in jobs.items():
        if library in wanted and (not chosen.transforms or transform in chosen.transforms):
            yield library, transform, path


class _Maker:
    """The maker of a publication in a new folder."""

    def __init__(self, results: Results, folder: Path, sources: Sequence[Source], private: Private) -> None:
        self._results, self._folder, self._sources, self._private = results, folder, sources, private

    def content(self, connection: duckdb.DuckDBPyConnection, terms: Terms, snakefile: Path, shown: Progress) -> Content:
        """Write tables, configurations and workflow, and return what there is."""
        schemas = {}
        for kind, first in ((PRODUCTS, [LIBRARY, TRANSFORM]), (MOLECULES, [LIBRARY])):
            if paths := [path for _, transform, path in self._sources if (transform is None) == (kind == MOLECULES)]:
                schemas[kind] = common_schema(paths, first)
        shown.begin("tables", len(self._sources), unit="table")
        tables = [self._table(connection, schemas, source, shown) for source in self._sources]
        stats = [self._results.stats(library, transform) for library, transform, _ in self._sources]
        made = sorted(path.stat().st_mtime for path in [*stats, *(path for *_, path in self._sources)] if path.exists())
        return Content(
            terms,
            tables,
            schemas,
            list(self._configurations()),
            self._text(_WORKFLOW, snakefile.read_text(encoding="utf-8"), "the workflow"),
            self._versions(),
            moment(made[0]),
            moment(made[-1]),
            moment(time()),
        )

    def _table(
        self, connection: duckdb.DuckDBPyConnection, schemas: dict[str, pa.Schema], source: Source, shown: Progress
    ) -> Table:
        library, transform, path = source
        kind = MOLECULES if transform is None else PRODUCTS
        name = f"data/{kind}/{'/'.join(filter(None, (library, transform)))}.parquet"
        out = self._folder / name
        names = {"library": library, **({"transform": transform} if transform else {})}
        rows = write_table(path, out, schemas[kind], names)
        value, recorded = set_hash(connection, out), recorded_hash(path)
        if recorded not in (None, value):
            raise UserError("the published molecules are not those of the results", where=path, value=value)
        shown.advance()
        return Table(kind, library, transform, name, rows, out.stat().st_size, sha256(out), value)

    def _configurations(self) -> Iterator[File]:
        """Write the configurations that made the results, without private words."""
        named = made_with(self._results)
        for number, name in enumerate(named, 1):
            below = "configuration" if len(named) == 1 else f"configuration/{number}"
            record = kept(self._results, name) or {}
            for layer, file in enumerate(record.get("files", ()), 1):
                text = self._private.of_others(file["text"])
                said = f"settings of the run, file {layer}; a later one goes before an earlier one"
                yield self._text(f"{below}/{layer:02}-{Path(file['name']).name}", text, said)
            if record.get("overrides"):
                text = self._private.of_others(record["overrides"])
                yield self._text(f"{below}/overrides.txt", text, "settings made on the command line")

    def _versions(self) -> dict[str, str]:
        """Return the versions of the software that made the tables."""
        found = [read_metadata(path) for *_, path in self._sources]

        def said(key: str) -> str:
            return ", ".join(sorted({str(each[key]) for each in found if key in each}))

        engines = said("engine_version") or str(ENGINE_VERSION)
        versions = {"halogenator": f"{__version__}, engine {engines}", "RDKit": said("rdkit_version")}
        return {name: text for name, text in versions.items() if text}

    def records(self, content: Content) -> None:
        """Write what describes the folder, and the checksums of all files, the last of all."""
        made: dict[str, Callable[[], str]] = {
            croissant.NAME: lambda: _json(croissant.croissant(content)),
            dataset_card.NAME: lambda: dataset_card.dataset_card(content),
            ro_crate.NAME: lambda: _json(ro_crate.ro_crate(content)),
        }
        for name, text in made.items():
            self._text(name, text(), name)
        files = sorted(path for path in self._folder.rglob("*") if path.is_file())
        sums = [f"{sha256(path)}  {path.relative_to(self._folder).as_posix()}\n" for path in files]
        self._text(CHECKSUMS, "".join(sums), CHECKSUMS)

    def _text(self, name: str, text: str, description: str) -> File:
        """Write a text file without private words."""
        path = self._folder / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._private.without(text), encoding="utf-8")
            with path.open("rb") as file:
                os.fsync(file.fileno())
        return file_of(self._folder, name, description, sha256(path))


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
