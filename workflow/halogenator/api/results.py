"""Finished results: their rows in batches, and questions to them, answered by what answers the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import duckdb
import pyarrow as pa
from rdkit import rdBase

from halogenator.api.frames import BATCH_ROWS, SHOWN_ROWS, Frame, framed, html_table
from halogenator.api.lineage import Lineage
from halogenator.api.pictures import molecule_picture, way_picture
from halogenator.errors import UserError
from halogenator.export.listing import Listing
from halogenator.export.selection import chosen_names
from halogenator.model import Conditions, Config, Export, Window
from halogenator.planning.export_request import check_condition
from halogenator.process.progress import Progress
from halogenator.results import Results as Places
from halogenator.search.explain import Explainer
from halogenator.search.settings import settings_of
from halogenator.search.shares import Sharing
from halogenator.tables.catalog import create_views
from halogenator.tables.duck import connect, identifier, literal
from halogenator.tables.metadata import read_metadata
from halogenator.units import counted

_MEMORY_MB = 1_500  # of a query, as of the commands
_RUN_FIRST = "run snakemake --cores all first, or name the folder that has libraries/ and products/"

Names = str | Sequence[str] | None


class Rows(Frame):
    """Rows of results, read anew in each pass: a loop gives each as {column: value}, ``batches`` Arrow batches.

    Args:
        read: begins a pass; gives the columns, and the batches one after the other.
        smirks: gives the SMIRKS of a row's job, for its picture; None where there is none.
    """

    def __init__(
        self,
        read: Callable[[], tuple[pa.Schema, Iterator[pa.RecordBatch]]],
        smirks: Callable[[Mapping[str, Any]], str | None] = lambda _: None,
    ) -> None:
        self._read, self._smirks = read, smirks

    @cached_property
    def schema(self) -> pa.Schema:
        schema, batches = self._read()
        batches.close()  # type: ignore[attr-defined]
        return schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        _, batches = self._read()
        with closing(batches) as each:  # type: ignore[type-var]
            yield from each

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with closing(self.batches()) as batches:  # type: ignore[type-var]
            for batch in batches:
                yield from batch.to_pylist()

    def count(self) -> int:
        """Return the number of rows, for which all are read."""
        return sum(batch.num_rows for batch in self.batches())

    def first(self, count: int = SHOWN_ROWS) -> list[dict[str, Any]]:
        """Return the first rows."""
        with closing(iter(self)) as rows:  # type: ignore[type-var]
            return list(islice(rows, count))

    def __repr__(self) -> str:
        names = self.schema.names
        return f"<rows of {len(names)} columns: {', '.join(names)}>"

    def _repr_html_(self) -> str:
        rows = self.first(SHOWN_ROWS + 1)
        more = "<p>… and more; .to_pandas() has all</p>" if len(rows) > SHOWN_ROWS else ""
        shown = [{**self._pictured(row), **row} for row in rows[:SHOWN_ROWS]]
        return framed(html_table(shown) or "<p>no rows</p>", more)

    def _pictured(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the picture of a row's molecule, beside its parent where that is known."""
        if not row.get("smiles"):
            return {}
        smirks, parent, site = self._smirks(row), row.get("parent_smiles"), row.get("site")
        drawn = None
        if smirks and parent and site is not None:
            keys = (parent, None), (row["smiles"], row.get("enhanced_stereo"))
            drawn = way_picture(keys, [smirks], [site], ["", ""])
        return {"picture": drawn or molecule_picture(row["smiles"]) or ""}


class Results:
    """The results of a run, finished or going on.

    Attributes:
        folder: their folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._places = Places(self.folder)
        if not (self._places.libraries() or self._places.jobs()):
            what = "there are no finished results here" if self.folder.is_dir() else "there is no such folder"
            raise UserError(what, where=self.folder.absolute(), fix=_RUN_FIRST)

    def __repr__(self) -> str:
        counts = f"{counted(len(self._places.libraries()), 'library')}, {counted(len(self._places.jobs()), 'job')}"
        return f"<results in {self.folder}: {counts}>"

    @property
    def libraries(self) -> Rows:
        """A row a library, with counts, time and memory (docs/reference/columns.md)."""
        return self._rows("libraries")

    @property
    def jobs(self) -> Rows:
        """A row a finished job, likewise."""
        return self._rows("jobs")

    @property
    def rejects(self) -> Rows:
        """What could not be used, with file, row and reason."""
        return self._rows("rejects")

    def products(
        self, library: Names = None, transform: Names = None, where: str | None = None, columns: Sequence[str] = ()
    ) -> Rows:
        """Return the products of jobs, with their parents.

        Args:
            library: one or several; None: all.
            transform: likewise.
            where: a condition in SQL on the columns: ``"mw < 400 AND hbd <= 2"``.
            columns: those to read; () for all.

        Raises:
            UserError: there is no such library, transform or column, or DuckDB does not take the condition.
        """
        jobs = self._places.jobs()
        known = {"library": [name for name, _ in jobs], "transform": [name for _, name in jobs]}
        wanted = {"library": _listed(library), "transform": _listed(transform)}
        self._check(wanted, known)
        return self._rows("products", wanted, where, columns)

    def molecules(self, library: Names = None, where: str | None = None, columns: Sequence[str] = ()) -> Rows:
        """Return the molecules of libraries; arguments and errors are those of ``products``."""
        wanted = {"library": _listed(library)}
        self._check(wanted, {"library": list(self._places.libraries())})
        return self._rows("molecules", wanted, where, columns)

    def find(
        self,
        smarts: str | Sequence[str] = (),
        similar: str | None = None,
        *,
        threshold: float = 0.6,
        parent: str | None = None,
        molecule: str | None = None,
        where: str | None = None,
        library: Names = None,
        transform: Names = None,
        molecules: bool = False,
        limit: int | None = None,
        workers: int | None = None,
    ) -> Rows:
        """Return the molecules and products for which all that is asked for holds, as the command ``find`` does.

        Args:
            smarts: substructures, each a SMARTS.
            similar: SMILES of a molecule that they are like; the most alike come first.
            threshold: the least Tanimoto of Morgan fingerprints, radius 2, 2048 bits.
            parent: name or id of a natural product that they come from.
            molecule: SMILES of the molecule that they are.
            where: a condition in SQL on the columns.
            library: names, one or several; None: all.
            transform: likewise. With one, products alone are searched.
            molecules: whether molecules of libraries alone are searched.
            limit: the most rows; None: all.
            workers: processes that search, if it takes long; None: this one.

        Raises:
            UserError: nothing is asked for, or something that cannot be read or is not there.
        """
        asked = Conditions(tuple(_listed(smarts)), similar, threshold, parent, molecule, where)
        if not asked:
            allowed = "smarts, similar, parent, molecule or where"
            raise UserError("nothing says what to find", allowed=allowed, fix=".products() and .molecules() have all")
        export = Export(tuple(_listed(library)), tuple(_listed(transform)), molecules, conditions=asked)
        self._listing(export, limit, workers)  # a slip shows now
        return Rows(partial(self._found, export, limit, workers), self._smirks_of)

    def lineage(self, molecule: str) -> Lineage:
        """Return every way in which the run makes a molecule, or why it does not, as the command ``explain`` does.

        Args:
            molecule: its SMILES; or an id, or a name.

        Raises:
            UserError: it is none of these, or the configuration of the run cannot be read.
        """
        config, notes = self._config
        with rdBase.BlockLogs():
            found = Explainer(
                self.folder, config, memory_mb=_MEMORY_MB, scratch=Path(gettempdir()), progress=Progress()
            ).explain(molecule)
        return Lineage(found, config, notes)

    def export(self, out: str | Path, library: Names = None, transform: Names = None, **options: Any) -> dict[str, Any]:
        """Write molecules to a file for other programs, as the command ``export`` does; return its manifest.

        Args:
            out: the file; its ending says the format: .smi, .csv, .tsv, .sdf, also with .gz, .parquet, .html, .xlsx.
            library: names, one or several; None: all.
            transform: likewise.
            options: what the command has: molecules, sql, only, without, flag, sample, diverse, seed, columns, parents,
                reaction, titles, coordinates, conformers, split and others; ``windows={"mw": (None, 500)}``; smarts,
                similar, threshold, parent, molecule and where as for ``find``; ``force``, to replace an export.

        Raises:
            UserError: the request is impossible.
        """
        from halogenator.export.write_molecules import export_molecules
        from halogenator.tables.molecule_files import format_of

        force = bool(options.pop("force", False))
        request = _request(_listed(library), _listed(transform), format_of(Path(out)).ending[1:], options)
        with _unchanged():
            return export_molecules(
                self.folder, request, Path(out), force=force, memory_mb=_MEMORY_MB, scratch=Path(gettempdir())
            )

    # ---- how -------------------------------------------------------------------------------------------------------

    def _check(self, wanted: Mapping[str, Sequence[str]], known: Mapping[str, Sequence[str]]) -> None:
        for kind, names in wanted.items():
            chosen_names(kind, names, dict.fromkeys(known[kind]), self.folder)

    def _rows(
        self,
        view: str,
        wanted: Mapping[str, Sequence[str]] | None = None,
        where: str | None = None,
        columns: Sequence[str] = (),
    ) -> Rows:
        if where is not None:
            check_condition(where)
        listed = {name: ", ".join(map(literal, values)) for name, values in (wanted or {}).items() if values}
        conditions = [f"{name} IN ({values})" for name, values in listed.items()]
        conditions += [f"(\n{where}\n)"] if where is not None else []
        shown = ", ".join(map(identifier, _listed(columns))) or "*"
        sql = f"SELECT {shown} FROM {view}{' WHERE ' if conditions else ''}{' AND '.join(conditions)}"
        rows = Rows(partial(self._query, view, sql), self._smirks_of)
        if where is not None or columns:
            _ = rows.schema  # a slip shows now
        return rows

    def _query(self, view: str, sql: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Return the columns of a query over a view of all results, and its batches."""
        batches = self._batches(view, sql)
        schema: pa.Schema = next(batches)
        return schema, batches

    def _batches(self, view: str, sql: str) -> Iterator[Any]:
        """Yield the columns of a query, then its batches.

        Raises:
            UserError: DuckDB does not take it.
        """
        with connect(_MEMORY_MB, Path(gettempdir())) as connection:
            try:
                create_views(connection, self.folder)
                if view == "libraries" and not self._places.find(self._places.stats("*")):
                    sql = "SELECT NULL::VARCHAR AS library WHERE false"
                reader = connection.sql(sql).to_arrow_reader(BATCH_ROWS)
                yield reader.schema
                yield from reader
            except duckdb.Error as error:
                raise UserError(
                    f"DuckDB does not take this: {str(error).splitlines()[0]}",
                    value=sql,
                    allowed=f"names and conditions of the columns of .{view}()",
                    fix=f"see them: .{view}().schema.names; a text stands in single quotes: halogens = 'F'",
                ) from error

    def _listing(self, export: Export, limit: int | None, workers: int | None) -> Listing:
        with _unchanged():
            return Listing(
                self.folder,
                export,
                limit,
                memory_mb=_MEMORY_MB,
                scratch=Path(gettempdir()),
                progress=Progress(),
                sharing=Sharing(workers or 1, _MEMORY_MB),
            )

    def _found(
        self, export: Export, limit: int | None, workers: int | None
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        listing = self._listing(export, limit, workers)
        schema = listing.schema

        def batches() -> Iterator[pa.RecordBatch]:
            left = limit
            with closing(listing.rows()) as pages:  # type: ignore[type-var]
                for page in pages:
                    if page:
                        yield pa.RecordBatch.from_pylist(page, schema=schema)
                    left = None if left is None else left - len(page)
                    if left is not None and left <= 0:
                        return  # the listing would go on to count the others

        return schema, batches()

    def _smirks_of(self, row: Mapping[str, Any]) -> str | None:
        path = self._places.jobs().get((str(row.get("library")), str(row.get("transform"))))
        smirks = read_metadata(path).get("smirks") if path else None
        return str(smirks) if smirks else None

    @cached_property
    def _config(self) -> tuple[Config, list[str]]:
        """The configuration that made the results, and what is to be said of it."""
        config, note = settings_of(self.folder)
        return config, [note] if note else []


def open(folder: str | Path = "results") -> Results:  # noqa: A001 - halogenator.open("results")
    """Return the results of a run.

    Args:
        folder: the results folder.

    Raises:
        UserError: there are no results in it.
    """
    return Results(folder)


def _listed(names: Names) -> list[str]:
    """Return one name, several or none as a list."""
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _request(libraries: Sequence[str], transforms: Sequence[str], form: str, options: dict[str, Any]) -> Export:
    """Return the request of an export.

    Raises:
        UserError: there is no such option.
    """
    from dataclasses import fields

    from halogenator.errors import did_you_mean

    names = {each.name for each in fields(Conditions)}
    known = {each.name for each in fields(Export)} - {"libraries", "transforms", "format", "conditions"} | names
    for name in options:
        if name not in known:
            raise UserError("unknown option", value=name, allowed=sorted(known), fix=did_you_mean(name, known))
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    asked: dict[str, Any] = {name: plain.pop(name) for name in names & plain.keys()}
    if isinstance(asked.get("smarts"), str):
        asked["smarts"] = (asked["smarts"],)
    for name in ("only", "without", "flag", "columns", "fingerprints"):
        if isinstance(plain.get(name), str):
            plain[name] = (plain[name],)
    for name in ("in_sets", "not_in_sets", "novel"):
        if name in plain:
            plain[name] = tuple(map(Path, [plain[name]] if isinstance(plain[name], str | Path) else plain[name]))
    plain["windows"] = {name: _window(bounds) for name, bounds in plain.get("windows", {}).items()}
    return Export(tuple(libraries), tuple(transforms), format=form, conditions=Conditions(**asked), **plain)


def _window(bounds: Window | Sequence[float | None]) -> Window:
    if isinstance(bounds, Window):
        return bounds
    low, high = bounds
    open_ = Window()
    return Window(open_.low if low is None else low, open_.high if high is None else high)


@contextmanager
def _unchanged() -> Iterator[None]:
    """Leave Arrow's threads and RDKit's log as the caller has them: commands set both for a process of their own."""
    threads, log = (pa.cpu_count(), pa.io_thread_count()), rdBase.LogStatus()
    try:
        yield
    finally:
        pa.set_cpu_count(threads[0])
        pa.set_io_thread_count(threads[1])
        for line in log.splitlines():
            name, _, status = line.partition(":")
            if status.strip() == "enabled":
                rdBase.EnableLog(name.strip())
