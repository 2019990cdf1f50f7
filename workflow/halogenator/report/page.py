"""The report: one HTML file that opens from disk, below ``MAX_BYTES`` for any number of jobs and molecules.

First comes what a chemist asks: what was made, how it looks, what it is good for, what was left out. How the run went
is in a second part, closed at first. All of this is plain HTML. The details of each library and job are packed, and the
browser unpacks them when they are asked for. They share the bytes that the rest leaves: with many jobs, each shows
fewer molecules.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.drawing import CANNOT_DRAW, draw_reaction
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.scores import SCORES
from halogenator.config import describe_choices
from halogenator.errors import UserError
from halogenator.names import library_words
from halogenator.process.failures import writing
from halogenator.report import distributions, figures, gallery, matrix, reproduction
from halogenator.report.details import Details, Key
from halogenator.report.templates import render
from halogenator.results import Results
from halogenator.shipped import REPORT_PAGES
from halogenator.tables.catalog import check_made, create_views, renew_catalog
from halogenator.tables.duck import connect
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads, whole_or_absent

MAX_BYTES = 8_000_000
# Most rows of a table in the page; the page says which files have the rest.
MAX_JOBS = 2_000
MAX_ROWS = 1_000

_SPARE_BYTES = 200_000
_SCRIPTS = ("elements", "charts", "memory", "time", "distributions", "molecules", "sets", "search", "tables", "main")
_PLACE = "<!-- details -->"
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
            file.writelines(page.packed_details(left))
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
        every_library = figures.libraries(connection)
        self.library_count = len(every_library)
        self.libraries = every_library[:MAX_ROWS]
        for row in self.libraries:
            row["words"] = library_words(row["class"], row["k"])
        self.built = {row["library"] for row in every_library if row["k"]}
        self.prepared = figures.prepared(every_library)
        every_job = figures.jobs(connection)
        self.job_count = len(every_job)
        self.totals = _totals(every_job, every_library)
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
        # {library or job: (its element in the page, its number of molecules)}
        self.sets: dict[Key, tuple[str, int]] = {
            (row["library"], None): (f"library-{at}", row["molecules"]) for at, row in enumerate(self.libraries)
        }
        self.sets |= {
            (job["library"], job["transform"]): (f"job-{at}", job["products"]) for at, job in enumerate(self.jobs)
        }
        self.details = Details(connection, results, self.sets, self.rejects)

    def render(self) -> str:
        """Return the page with ``_PLACE`` instead of the packed details."""
        memory = figures.memory(self.connection, self.results.monitor, self.scratch)
        tasks = figures.tasks(self.results.benchmarks, self.results.processor_time, self.built)
        sums, files_in_all = reproduction.checksums(self.results, 2 * MAX_JOBS)
        means = {name for found in self.details.profiles.values() for name in found["mean"]}
        shown_means = [name for name in distributions.BINS if name in means]
        return render(
            "report.html.j2",
            scripts=[
                _escaped_script((REPORT_PAGES / "scripts" / f"{name}.js").read_text(encoding="utf-8"))
                for name in _SCRIPTS
            ],
            vendor=[
                _vendored(entry)
                for entry in json.loads((REPORT_PAGES / "vendor" / "manifest.json").read_text(encoding="utf-8"))
            ],
            data=pack(self._data(memory, tasks)),
            made=time.strftime("%Y-%m-%d %H:%M %Z"),
            jobs=self.jobs,
            job_count=self.job_count,
            libraries=self.libraries,
            library_count=self.library_count,
            transforms=self.transforms,
            totals=self.totals,
            matrix=matrix.make(self.jobs, self.transforms, self.libraries),
            fit=self._fit_rows(),
            oral=self._oral(),
            max_fit=MAX_ROWS,
            shown_means=shown_means,
            scores=[name for name in shown_means if name in SCORES],
            meanings={name: _words_of(name)["text"] for name in shown_means},
            choices=describe_choices(self.files),
            legend=matrix.legend(max((int(job["products"]) for job in self.jobs), default=0)),
            memory=memory,
            tasks=tasks,
            prepared=self.prepared[:MAX_ROWS],
            audit=self.audit[:MAX_ROWS],
            audit_count=len(self.audit),
            left_out=sum(int(row["molecules"] or 0) for row in self.audit),
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
        library_kept = ("library", "words", "rows_in", "molecules", "duplicates", "rejects", "peak_mb", "declared_mb")
        return {
            "jobs": [{name: job[name] for name in kept} for job in self.jobs],
            "libraries": [{name: row[name] for name in library_kept} for row in self.libraries],
            "transforms": {name: self._reaction(name, smirks) for name, smirks in self._smirks().items()},
            "descriptors": [_described(name) for name in distributions.BINS],
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

    def _fit_rows(self) -> list[dict[str, Any]]:
        """Return per library and job what share of its molecules suits an oral drug, and the means of its columns."""
        rows = []
        for (library, transform), found in self.details.profiles.items():
            if found["rows"]:
                size = self.sets[library, transform][1]
                rows.append({"library": library, "transform": transform, "count": size, **found})
        return sorted(rows, key=lambda row: -row["count"])

    def _oral(self) -> float | None:
        """Return the share of all products, or else molecules, within Lipinski's rule; None where it is not known."""
        known = [row for row in self._fit_rows() if "lipinski" in row and (row["transform"] or not self.jobs)]
        count = sum(row["count"] for row in known)
        return sum(row["lipinski"] * row["count"] for row in known) / count if count else None

    def packed_details(self, left: int) -> Iterator[str]:
        """Yield an HTML element per library and job with its packed details; together of at most ``left`` bytes."""
        by_library = defaultdict(list)
        for library, transform in self.sets:
            by_library[library].append(transform)
        waiting = len(self.sets)
        for library, transforms in by_library.items():
            for transform, details in self.details.of(library, transforms):
                text = _fit(details, left // waiting - 100)
                name, _ = self.sets[library, transform]
                element = f'<script type="text/plain" id="{name}">{text}</script>\n'
                left -= len(element)
                waiting -= 1
                yield element


def _totals(jobs: Iterable[Mapping[str, Any]], libraries: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return sums over jobs, those over libraries as ``library_<column>``, and the processor time of both."""
    jobs, libraries = list(jobs), list(libraries)
    found: dict[str, float] = {name: sum(int(job[name] or 0) for job in jobs) for name in _SUMMED}
    for name in ("molecules", "rejects", "duplicates", "bytes"):
        found[f"library_{name}"] = sum(int(row[name] or 0) for row in libraries)
    found["started_from"] = sum(int(row["molecules"] or 0) for row in libraries if not row["k"])
    found["seconds"] = sum(float(row["cpu_seconds"] or 0) for row in [*jobs, *libraries])
    return found


def _described(name: str) -> dict[str, Any]:
    """Return the name and text of a descriptor or score, and the axis and limit of its histogram."""
    limit = distributions.LIMITS.get(name)
    return {
        "name": name,
        **_words_of(name),
        "bins": distributions.BINS[name][:2],
        "limit": limit and limit.value,
        "source": limit and limit.source,
    }


def _words_of(name: str) -> dict[str, Any]:
    if name in DESCRIPTORS:
        descriptor = DESCRIPTORS[name]
        return {"text": descriptor.text, "unit": descriptor.unit, "integer": descriptor.integer}
    score = SCORES[name]
    return {"text": score.meaning, "unit": score.unit, "integer": score.kind is int}


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
    path = REPORT_PAGES / "vendor" / entry["file"]
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise UserError("a library of the report has changed", where=path, fix="restore it from the repository")
    terms = path.with_name(entry["license_file"]).read_text(encoding="utf-8")
    return {**entry, "text": _escaped_script(content.decode()), "terms": terms}


def _escaped_script(text: str) -> str:
    """Return a script's text with all that could end its HTML element escaped."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
