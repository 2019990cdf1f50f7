"""The report: one HTML file that opens from disk, below ``MAX_BYTES`` however many jobs and molecules there are.

What every reader sees first is in the page as it stands; what belongs to one job is packed beside it, and unpacked by
the browser when that job is chosen. The packed parts share what is left of the page's bytes: where there are many jobs,
each shows fewer molecules.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.reaction import Reaction
from halogenator.errors import UserError
from halogenator.model import Transform
from halogenator.report import distributions, figures, gallery, matrix, origin
from halogenator.report.drawings import CANNOT_DRAW, draw_reaction
from halogenator.results import Results
from halogenator.stages.catalog import check_made
from halogenator.storage.duck import connect, literal
from halogenator.storage.failures import writing
from halogenator.storage.metadata import read_metadata
from halogenator.storage.parquet import limit_arrow_threads, whole_or_absent
from halogenator.units import duration, size

MAX_BYTES = 8_000_000
# Rows of a table in the page; of longer ones the rest is in files that the page names.
MAX_JOBS = 2_000
MAX_ROWS = 1_000

_SPARE_BYTES = 200_000
_ASSETS = Path(__file__).parents[2] / "report"
_PLACE = "<!-- jobs -->"


def write_report(
    results: Path, out: Path, *, configuration: Sequence[Path], overrides: str, scratch: Path, memory_mb: int
) -> None:
    """Write the report of a results folder.

    Args:
        results: with its catalog.
        out: the HTML file.
        configuration: YAML files to show; those with transforms give them their labels and order.
        overrides: what was set besides these files, in words; empty if nothing was.
        scratch: folder for what memory cannot hold.
        memory_mb: what this may use, in MB.

    Raises:
        UserError: there is no catalog, or it is not of these results.
    """
    limit_arrow_threads()
    quiet()
    with connect(memory_mb, scratch) as connection:
        _attach(connection, Results(results).catalog)
        page = _Page(connection, results, configuration, overrides, scratch)
        head, foot = page.render().split(_PLACE)
        left = MAX_BYTES - _SPARE_BYTES - len(head.encode()) - len(foot.encode())
        with whole_or_absent(out) as temporary, writing(out), temporary.open("w") as file:
            file.write(head)
            file.writelines(page.packed_jobs(left))
            file.write(foot)


def _attach(connection: duckdb.DuckDBPyConnection, catalog: Path) -> None:
    check_made(catalog)
    try:
        connection.execute(f"ATTACH {literal(str(catalog))} AS catalog (READ_ONLY)")
        connection.execute("SELECT count(*) FROM catalog.jobs").fetchall()
    except duckdb.Error as error:
        raise UserError(
            f"DuckDB cannot read this catalog: {error}",
            where=catalog,
            fix="after moving results, make it anew with python -m halogenator catalog",
        ) from error


def pack(value: object) -> str:
    """Return a JSON value as gzip in base64."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


class _Page:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        results: Path,
        files: Sequence[Path],
        overrides: str,
        scratch: Path,
    ) -> None:
        self.connection = connection
        self.results = results
        self.places = Results(results)
        self.files = files
        self.overrides = overrides
        self.scratch = scratch
        self.libraries = figures.libraries(connection)
        every_job = figures.jobs(connection)
        self.job_count = len(every_job)
        self.totals: dict[str, float] = {name: sum(int(job[name] or 0) for job in every_job) for name in _SUMMED}
        self.totals["seconds"] = sum(float(row["cpu_seconds"] or 0) for row in [*every_job, *self.libraries])
        ranks = {row["library"]: rank for rank, row in enumerate(self.libraries)}
        names = sorted({job["transform"] for job in every_job})
        self.transforms = origin.transforms(files, names)
        order = {name: rank for rank, name in enumerate(self.transforms)}
        largest = sorted(every_job, key=lambda job: -int(job["products"]))[:MAX_JOBS]
        self.jobs = sorted(
            largest, key=lambda job: (ranks.get(job["library"], len(ranks)), job["library"], order[job["transform"]])
        )
        self.rejects = figures.rejects(connection)

    def render(self) -> str:
        """Return the page without its jobs, ``_PLACE`` in their place."""
        memory = figures.memory(self.connection, self.places.monitor, self.scratch)
        built = {row["library"] for row in self.libraries if row["k"]}
        tasks = figures.tasks(self.places.benchmarks, built)
        sums, files_in_all = origin.checksums(self.results, 2 * MAX_JOBS)
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_ASSETS), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters |= {"count": _count, "short": matrix.short, "size": size, "duration": duration}
        vendor = json.loads((_ASSETS / "vendor" / "manifest.json").read_text())
        return environment.get_template("report.html.j2").render(
            style=(_ASSETS / "report.css").read_text(),
            script=_checked_script((_ASSETS / "report.js").read_text()),
            vendor=[
                {**entry, "text": _vendored(entry), "terms": (_ASSETS / "vendor" / entry["license_file"]).read_text()}
                for entry in vendor
            ],
            data=pack(self._data(memory, tasks)),
            made=time.strftime("%Y-%m-%d %H:%M %Z"),
            jobs=self.jobs,
            job_count=self.job_count,
            libraries=self.libraries[:MAX_ROWS],
            library_count=len(self.libraries),
            transforms=self.transforms,
            totals=self.totals,
            molecules=sum(int(row["molecules"] or 0) for row in self.libraries),
            library_rejects=sum(int(row["rejects"] or 0) for row in self.libraries),
            library_bytes=sum(int(row["bytes"] or 0) for row in self.libraries),
            matrix=matrix.make(self.jobs, self.transforms, {row["library"]: row["class"] for row in self.libraries}),
            legend=matrix.legend(max((int(job["products"]) for job in self.jobs), default=0)),
            memory=memory,
            tasks=tasks,
            prepared=figures.prepared(self.libraries)[:MAX_ROWS],
            rejects=self.rejects[:MAX_ROWS],
            reject_count=len(self.rejects),
            limits=distributions.LIMITS,
            descriptors=DESCRIPTORS,
            configuration=origin.configuration(self.files),
            overrides=self.overrides,
            versions=origin.versions(),
            checksums=sums,
            checksum_count=files_in_all,
            place=_PLACE,
        )

    def _data(self, memory: dict[str, Any] | None, tasks: dict[str, Any]) -> dict[str, Any]:
        smirks = self._smirks()
        kept = ("library", "transform", "peak_of_declared", *_SUMMED)
        drawings = {name: draw_reaction(text) for name, text in smirks.items()}
        return {
            "jobs": [{name: job[name] for name in kept} for job in self.jobs],
            "libraries": [
                {"library": row["library"], "peak_mb": row["peak_mb"], "declared_mb": row["declared_mb"]}
                for row in self.libraries
            ],
            "transforms": {
                name: {"label": transform.label, "smirks": smirks.get(name, "")}
                | ({"drawing": drawing.svg(f"Reaction: {transform.label}")} if (drawing := drawings.get(name)) else {})
                for name, transform in self.transforms.items()
            },
            "descriptors": [
                {
                    "name": name,
                    "text": descriptor.text,
                    "unit": descriptor.unit,
                    "integer": descriptor.integer,
                    "bins": distributions.bins_of(name)[:2],
                    "limit": distributions.LIMITS[name].value if name in distributions.LIMITS else None,
                    "source": distributions.LIMITS[name].source if name in distributions.LIMITS else None,
                }
                for name, descriptor in DESCRIPTORS.items()
            ],
            "cannot_draw": CANNOT_DRAW,
            "memory": memory,
            "tasks": tasks,
        }

    def _smirks(self) -> dict[str, str]:
        """Return the SMIRKS of each transform, as one of its jobs records it; an adopted job does not."""
        found: dict[str, str] = {}
        for job in self.jobs:
            path = self._products(job)
            if not found.get(job["transform"]) and path.exists():
                found[job["transform"]] = str(read_metadata(path).get("smirks") or "")
        return {name: found.get(name) or transform.smirks for name, transform in self.transforms.items()}

    def _products(self, job: Mapping[str, Any]) -> Path:
        return self.places.products(job["library"], job["transform"])

    def _molecules(self, library: str) -> Path:
        return self.places.molecules(library)

    def packed_jobs(self, left: int) -> Iterator[str]:
        """Yield an element a job with what is shown of it alone, all together within ``left`` bytes."""
        by_library = defaultdict(list)
        for number, job in enumerate(self.jobs):
            by_library[job["library"]].append((number, job))
        waiting = len(self.jobs)
        for library, jobs in by_library.items():
            for number, details in self._details(library, jobs):
                text = _fit(details, left // waiting - 100)
                element = f'<script type="text/plain" id="job-{number}">{text}</script>\n'
                left -= len(element)
                waiting -= 1
                yield element

    def _details(
        self, library: str, jobs: Sequence[tuple[int, dict[str, Any]]]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        names = list(DESCRIPTORS)
        molecules = self._molecules(library)
        queries = read_metadata(molecules).get("queries", {}) if molecules.exists() else {}
        columns = {query: column for column, query in queries.items()} if isinstance(queries, dict) else {}
        picked = {number: gallery.pick(path, names) for number, job in jobs if (path := self._products(job)).exists()}
        ids = {row["parent_id"] for rows in picked.values() for row in rows if row["parent_id"] is not None}
        parents = gallery.find_parents(self.connection, molecules, list(ids), names)
        before: dict[str | None, dict[str, Any]] = {}
        for number, job in jobs:
            path = self._products(job)
            if not path.exists():
                yield number, {}
                continue
            note = read_metadata(path)
            transform = Transform(name=job["transform"], smirks=str(note.get("smirks") or ""))
            sites = columns.get(transform.query)
            if sites not in before and molecules.exists():
                before[sites] = distributions.profile(self.connection, molecules, names, sites=sites)
            reaction = Reaction(transform) if transform.smirks else None
            drawn = (gallery.draw(row, parents.get(row["parent_id"]), reaction, names) for row in picked[number])
            yield (
                number,
                {
                    "adopted": bool(note.get("adopted")),
                    "matched": sites is not None,
                    "reasons": [
                        [row["reason"], row["rejects"]]
                        for row in self.rejects
                        if (row["library"], row["transform"]) == (library, job["transform"])
                    ],
                    "before": before.get(sites),
                    "after": distributions.profile(self.connection, path, names),
                    "gallery": [pair for pair in drawn if pair],
                },
            )


_SUMMED = ("rows_in", "matched", "made", "products", "duplicates_removed", "rejects", "chunks", "bytes")


def _fit(details: dict[str, Any], size: int) -> str:
    """Return what fits into ``size`` bytes: with fewer molecules, then without any figure."""
    text = pack(details)
    while len(text) > size and details.get("gallery"):
        details["gallery"].pop()
        details["fewer"] = True
        text = pack(details)
    return text if len(text) <= size else pack({"fewer": True})


def _vendored(entry: Mapping[str, str]) -> str:
    """Return a library's text.

    Raises:
        UserError: if it is not the one that the manifest names.
    """
    path = _ASSETS / "vendor" / entry["file"]
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise UserError("a library of the report has changed", where=path, fix="restore it from the repository")
    return _checked_script(content.decode())


def _checked_script(text: str) -> str:
    """Return a script's text such that nothing in it ends its element."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _count(value: object) -> str:
    """Return a number with its thousands apart; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
