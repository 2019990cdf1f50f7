"""The report: one HTML file that opens from disk, below ``MAX_BYTES`` for any number of jobs and molecules.

The overview is plain HTML. The details of each job are packed, and the browser unpacks them when the job is chosen. All
details share the bytes that the overview leaves: with many jobs, each shows fewer molecules.
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

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.drawing import CANNOT_DRAW, draw_reaction
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.reaction import Reaction
from halogenator.errors import UserError
from halogenator.model import Transform
from halogenator.process.failures import writing
from halogenator.report import distributions, figures, gallery, matrix, reproduction
from halogenator.report.templates import ASSETS, render
from halogenator.results import Results
from halogenator.tables.catalog import check_made, create_views, renew_catalog
from halogenator.tables.duck import connect
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads, whole_or_absent

MAX_BYTES = 8_000_000
# Most rows of a table in the page; the page says which files have the rest.
MAX_JOBS = 2_000
MAX_ROWS = 1_000

_SPARE_BYTES = 200_000
_SCRIPTS = ("elements", "charts", "memory", "time", "distributions", "molecules", "job", "tables", "main")
_PLACE = "<!-- jobs -->"
# Columns of jobs whose sums the page shows.
_SUMMED = ("rows_in", "matched", "made", "products", "duplicates_removed", "rejects", "chunks", "bytes")


def write_report(
    results: Path, out: Path, *, configuration: Sequence[Path], overrides: str, scratch: Path, memory_mb: int
) -> None:
    """Write the report of a results folder.

    Args:
        results: the results folder, with its catalog.
        out: the HTML file.
        configuration: YAML files to show; labels and order of transforms come from them.
        overrides: the settings made outside these files, in words; "" if none.
        scratch: folder for DuckDB's temporary files.
        memory_mb: memory that DuckDB may use, in MB.

    Raises:
        UserError: there is no catalog, so no finished run.
    """
    limit_arrow_threads()
    quiet()
    check_made(Results(results).catalog)
    renew_catalog(Results(results))
    with connect(memory_mb, scratch) as connection:
        create_views(connection, results)
        page = _Page(connection, Results(results), configuration, overrides, scratch)
        head, foot = page.render().split(_PLACE)
        left = MAX_BYTES - _SPARE_BYTES - len(head.encode()) - len(foot.encode())
        with whole_or_absent(out) as temporary, writing(out), temporary.open("w", encoding="utf-8") as file:
            file.write(head)
            file.writelines(page.packed_jobs(left))
            file.write(foot)


def pack(value: object) -> str:
    """Return a JSON value as gzip in base64."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


class _Page:
    """The page, with what its parts share. Arguments are those of ``write_report``; ``files``: the configuration."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        results: Results,
        files: Sequence[Path],
        overrides: str,
        scratch: Path,
    ) -> None:
        self.connection = connection
        self.results = results
        self.files = files
        self.overrides = overrides
        self.scratch = scratch
        self.libraries = figures.libraries(connection)
        every_job = figures.jobs(connection)
        self.job_count = len(every_job)
        self.totals: dict[str, float] = {name: sum(int(job[name] or 0) for job in every_job) for name in _SUMMED}
        self.totals["seconds"] = sum(float(row["cpu_seconds"] or 0) for row in [*every_job, *self.libraries])
        ranks = {row["library"]: rank for rank, row in enumerate(self.libraries)}
        self.transforms = matrix.labelled(files, {job["transform"] for job in every_job})
        order = {name: rank for rank, name in enumerate(self.transforms)}
        largest = sorted(every_job, key=lambda job: -int(job["products"]))[:MAX_JOBS]
        self.jobs = sorted(
            largest, key=lambda job: (ranks.get(job["library"], len(ranks)), job["library"], order[job["transform"]])
        )
        self.rejects = figures.rejects(connection)
        self.audit = figures.audit(connection)
        gallery.draw_left_out(self.audit)

    def render(self) -> str:
        """Return the page with ``_PLACE`` instead of the packed jobs."""
        memory = figures.memory(self.connection, self.results.monitor, self.scratch)
        built = {row["library"] for row in self.libraries if row["k"]}
        tasks = figures.tasks(self.results.benchmarks, self.results.processor_time, built)
        sums, files_in_all = reproduction.checksums(self.results, 2 * MAX_JOBS)
        return render(
            "report.html.j2",
            scripts=[
                _escaped_script((ASSETS / "scripts" / f"{name}.js").read_text(encoding="utf-8")) for name in _SCRIPTS
            ],
            vendor=[
                _vendored(entry)
                for entry in json.loads((ASSETS / "vendor" / "manifest.json").read_text(encoding="utf-8"))
            ],
            data=pack(self._data(memory, tasks)),
            made=time.strftime("%Y-%m-%d %H:%M %Z"),
            jobs=self.jobs,
            job_count=self.job_count,
            libraries=self.libraries[:MAX_ROWS],
            library_count=len(self.libraries),
            transforms=self.transforms,
            totals=self.totals,
            **{
                f"library_{name}": sum(int(row[name] or 0) for row in self.libraries)
                for name in ("molecules", "rejects", "bytes")
            },
            matrix=matrix.make(self.jobs, self.transforms, {row["library"]: row["class"] for row in self.libraries}),
            legend=matrix.legend(max((int(job["products"]) for job in self.jobs), default=0)),
            memory=memory,
            tasks=tasks,
            prepared=figures.prepared(self.libraries)[:MAX_ROWS],
            audit=self.audit[:MAX_ROWS],
            audit_count=len(self.audit),
            rejects=self.rejects[:MAX_ROWS],
            reject_count=len(self.rejects),
            limits=distributions.LIMITS,
            descriptors=DESCRIPTORS,
            configurations=reproduction.configurations(self.results, self.files, self.overrides),
            versions=reproduction.versions(),
            checksums=sums,
            checksum_count=files_in_all,
            place=_PLACE,
        )

    def _data(self, memory: dict[str, Any] | None, tasks: dict[str, Any]) -> dict[str, Any]:
        kept = ("library", "transform", "peak_of_declared", *_SUMMED)
        memory_of = ("library", "peak_mb", "declared_mb")
        return {
            "jobs": [{name: job[name] for name in kept} for job in self.jobs],
            "libraries": [{name: row[name] for name in memory_of} for row in self.libraries],
            "transforms": {name: self._reaction(name, smirks) for name, smirks in self._smirks().items()},
            "descriptors": [_described(name) for name in DESCRIPTORS],
            "cannot_draw": CANNOT_DRAW,
            "memory": memory,
            "tasks": tasks,
        }

    def _reaction(self, name: str, smirks: str) -> dict[str, str]:
        label, drawing = self.transforms[name].label, draw_reaction(smirks)
        drawn = {"drawing": drawing.svg(f"Reaction: {label}")} if drawing else {}
        return {"label": label, "smirks": smirks, **drawn}

    def _smirks(self) -> dict[str, str]:
        """Return the SMIRKS of each transform, from the metadata of one of its jobs (adopted jobs have none)."""
        found: dict[str, str] = {}
        for job in self.jobs:
            path = self.results.products(job["library"], job["transform"])
            if not found.get(job["transform"]) and path.exists():
                found[job["transform"]] = str(read_metadata(path).get("smirks") or "")
        return {name: found.get(name) or transform.smirks for name, transform in self.transforms.items()}

    def packed_jobs(self, left: int) -> Iterator[str]:
        """Yield an HTML element per job with its packed details; all together have at most ``left`` bytes."""
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
        """Yield the number and the details of each (number, job) of a library; {} for a job without a products file."""
        names = list(DESCRIPTORS)
        molecules = self.results.molecules(library)
        queries = read_metadata(molecules).get("queries", {}) if molecules.exists() else {}
        columns = {query: column for column, query in queries.items()} if isinstance(queries, dict) else {}
        products = {number: self.results.products(library, job["transform"]) for number, job in jobs}
        picked = {number: gallery.pick(path, names) for number, path in products.items() if path.exists()}
        ids = {row["parent_id"] for rows in picked.values() for row in rows if row["parent_id"] is not None}
        parents = gallery.find_parents(self.connection, molecules, list(ids), names)
        before: dict[str | None, dict[str, Any]] = {}
        for number, job in jobs:
            if number not in picked:
                yield number, {}
                continue
            metadata = read_metadata(products[number])
            transform = Transform(name=job["transform"], smirks=str(metadata.get("smirks") or ""))
            sites = columns.get(transform.query)
            if sites not in before and molecules.exists():
                before[sites] = distributions.profile(self.connection, molecules, names, sites=sites)
            reaction = Reaction(transform) if transform.smirks else None
            drawn = (gallery.draw(row, parents.get(row["parent_id"]), reaction, names) for row in picked[number])
            details = {
                "adopted": bool(metadata.get("adopted")),
                "matched": sites is not None,
                "reasons": self._reasons(library, job["transform"]),
                "before": before.get(sites),
                "after": distributions.profile(self.connection, products[number], names),
                "gallery": [pair for pair in drawn if pair],
            }
            yield number, details

    def _reasons(self, library: str, transform: str) -> list[list[Any]]:
        job = library, transform
        return [[row["reason"], row["rejects"]] for row in self.rejects if (row["library"], row["transform"]) == job]


def _described(name: str) -> dict[str, Any]:
    """Return a descriptor's name and text, and the axis and limit of its histogram."""
    descriptor, limit = DESCRIPTORS[name], distributions.LIMITS.get(name)
    return {
        "name": name,
        "text": descriptor.text,
        "unit": descriptor.unit,
        "integer": descriptor.integer,
        "bins": distributions.BINS[name][:2],
        "limit": limit and limit.value,
        "source": limit and limit.source,
    }


def _fit(details: dict[str, Any], size: int) -> str:
    """Return packed details of at most ``size`` bytes: with fewer molecules, or else with none of the figures."""
    text = pack(details)
    while len(text) > size and details.get("gallery"):
        details["gallery"].pop()
        details["fewer"] = True
        text = pack(details)
    return text if len(text) <= size else pack({"fewer": True})


def _vendored(entry: Mapping[str, str]) -> dict[str, str]:
    """Return an entry of the manifest of JavaScript libraries with the library's ``text`` and licence ``terms``.

    Raises:
        UserError: the library's checksum is not that of the manifest.
    """
    path = ASSETS / "vendor" / entry["file"]
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise UserError("a library of the report has changed", where=path, fix="restore it from the repository")
    terms = path.with_name(entry["license_file"]).read_text(encoding="utf-8")
    return {**entry, "text": _escaped_script(content.decode()), "terms": terms}


def _escaped_script(text: str) -> str:
    """Return a script's text with all that could end its HTML element escaped."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
