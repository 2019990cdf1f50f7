"""What results there are, in words: where they stand, which page shows them, what to ask of them."""

from __future__ import annotations

import csv
import shlex
import sys
from pathlib import Path

from halogenator.results import Results
from halogenator.tables.catalog import open_catalog
from halogenator.tables.statistics import read_object
from halogenator.units import counted

EXAMPLE_QUERIES = (
    "SELECT library, count(*) AS products, round(avg(mw), 1) AS mw, round(avg(clogp), 2) AS clogp "
    "FROM products GROUP BY library ORDER BY products DESC",
    "SELECT transform, sum(products) AS products, sum(duplicates_removed) AS duplicates FROM jobs GROUP BY transform",
    "SELECT parent, halogens, parent_smiles, smiles FROM products WHERE mw < 350 AND hbd <= 2 LIMIT 5",
)


def tour(results: Path) -> str:
    """Return a text for users: how many results there are, where they are, and queries to copy."""
    places = Results(results.resolve())
    with open_catalog(places.catalog) as connection:
        libraries, molecules, unused = connection.execute(
            "SELECT count(*), sum(molecules), sum(rejects) FROM libraries"
        ).fetchall()[0]
        jobs, products, failed = connection.execute(
            "SELECT count(*), sum(products::BIGINT), sum(rejects::BIGINT) FROM jobs"
        ).fetchall()[0]
    shown = (
        (places.report, "a page that shows all of it in a browser"),
        (places.molecules("*"), "the molecules, one file a library"),
        (places.products("*", "*"), "the products, one file a job"),
        (places.rejects("*", "*"), "what could not be used, and why"),
        (places.summary, "a row per job"),
        (places.catalog, "all of it as SQL views"),
    )
    width = max(len(path.relative_to(places.folder).as_posix()) for path, _ in shown)
    command = f"{shlex.quote(sys.executable)} -m halogenator query --catalog {shlex.quote(str(places.catalog))}"
    lines = [
        f"Libraries: {libraries}, with {molecules or 0:,} molecules; rejects: {unused or 0:,}",
        f"Jobs: {jobs}, with {products or 0:,} products; rejects: {failed or 0:,}",
        f"Results are in {places.folder}",
        *(f"  {path.relative_to(places.folder).as_posix():{width}}  {what}" for path, what in shown),
        "Try:",
        *(f'  {command} "{query}"' for query in EXAMPLE_QUERIES),
    ]
    return "\n".join(lines)


def page_to_open(results: Path, command: str) -> str:
    """Return three lines for the end of a run: how many results there are, the page that shows them, what to ask next.

    They come from the summary and statistics alone, which cost a run nothing to read.

    Args:
        results: the results folder.
        command: the command of the verb ``tour``.
    """
    places = Results(results.resolve())
    with places.summary.open(encoding="utf-8", newline="") as file:
        jobs = list(csv.DictReader(file, delimiter="\t"))
    libraries = [read_object(path) for path in places.find(places.stats("*"))]
    molecules = sum(int(stats.get("molecules") or 0) for stats in libraries)
    products = sum(int(job["products"] or 0) for job in jobs)
    rejects = sum(int(each.get("rejects") or 0) for each in (*libraries, *jobs))
    counts = [f"{counted(products, 'product')} of {counted(len(jobs), 'job')}"] if jobs else []
    counts += [f"{counted(molecules, 'molecule')} in {counted(len(libraries), 'library')}"]
    counts.append(counted(rejects, "reject"))
    return f"Done: {', '.join(counts)}\nSee them:  {places.report.as_uri()}\nGo on:     {command}"
