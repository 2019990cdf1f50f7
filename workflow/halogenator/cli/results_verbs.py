"""The verbs for a results folder: query, tour, monitor, diagnose, verify and adopt."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, configuration, memory_option, positive, results_option
from halogenator.results import Results


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    for add in (_add_query, _add_tour, _add_monitor, _add_diagnose, _add_verify, _add_adopt):
        add(verbs)


def _add_query(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "query",
        _query,
        "run an SQL query on the results and print the first rows",
        'query "SELECT library, count(*) FROM products GROUP BY library"',
    )
    parser.add_argument("sql", help="over the views molecules, products, rejects and jobs")
    results_option(parser)
    parser.add_argument("--catalog", type=Path, help="database of the results (default: that in their folder)")
    parser.add_argument("--rows", type=positive, default=20, help="print at most this many rows (default: %(default)s)")


def _query(options: argparse.Namespace) -> None:
    from halogenator.tables.catalog import show_query

    show_query(options.catalog or Results(options.results).catalog, options.sql, options.rows)


def _add_tour(verbs: Any) -> None:
    text = "say where the results are and how to look at them"
    parser = add_verb(verbs, "tour", _tour, text, "tour --results results")
    results_option(parser)


def _tour(options: argparse.Namespace) -> None:
    from halogenator.tables.tour import tour

    print(tour(options.results))


def _add_monitor(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "monitor",
        _monitor,
        "show the memory of a running workflow: each task, the total against the cap, growth",
        "monitor --interval 5 --threshold 80",
    )
    text = "seconds between two looks (default: %(default)s)"
    parser.add_argument("--interval", type=float, default=5.0, metavar="S", help=text)
    text = "warn from this percent of the cap (default: %(default)s)"
    parser.add_argument("--threshold", type=float, default=80.0, metavar="PCT", help=text)
    parser.add_argument("--directory", type=Path, default=Path(), help="where the workflow runs (default: here)")
    parser.add_argument("--once", action="store_true", help="look one time only")


def _monitor(options: argparse.Namespace) -> None:
    from halogenator.tasks.record_memory import watch

    show = partial(print, flush=True)
    watch(options.directory, interval=options.interval, threshold=options.threshold, once=options.once, show=show)


def _add_diagnose(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "diagnose",
        _diagnose,
        "measure where a job's memory goes: product sizes, writing, growth, deduplication",
        "diagnose polyphenol-1X FG_PHENOL_OH__OH__TO__OMe",
    )
    parser.add_argument("library", help="a library that a run has built")
    parser.add_argument("transform", help="the transform's name")
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="as for snakemake")
    results_option(parser)
    parser.add_argument("--rows", type=positive, default=5000, help="library rows to try (default: %(default)s)")


def _diagnose(options: argparse.Namespace) -> None:
    from halogenator.config import find_transform
    from halogenator.upkeep.diagnose import diagnose

    config = configuration(options.configfile, Path.cwd())
    where = ", ".join(map(str, config.transforms_paths))
    transform = find_transform(options.transform, config.transforms, where)
    for line in diagnose(options.results, options.library, transform, config.descriptors, rows=options.rows):
        print(line)


def _add_verify(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "verify",
        _verify,
        "check every Parquet file below a path: whole, of its kind, keys unique, SMILES readable, bytes as written",
        "verify results",
    )
    text = "files, folders (default: results)"
    parser.add_argument("path", type=Path, nargs="*", default=[Path("results")], help=text)
    parser.add_argument("--all", action="store_true", help="read every SMILES with RDKit, not 1,000 of each file")
    parser.add_argument("--verbose", action="store_true", help="a line for each file, not for bad ones alone")
    memory_option(parser)
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")


def _verify(options: argparse.Namespace) -> int:
    from tempfile import gettempdir

    from halogenator.process.progress import while_on_terminal
    from halogenator.upkeep.verify import verify_files

    scratch = options.scratch or Path(gettempdir())
    counts: Counter[str] = Counter()
    settings = {"every_row": options.all, "mem_mb": options.mem_mb, "scratch": scratch}
    with while_on_terminal() as shown:
        for verdict in verify_files(options.path, **settings, shown=shown):
            counts[verdict.state] += 1
            if options.verbose or verdict.state == "BAD":
                print(f"{verdict.state}  {_printable(verdict.path)}  {verdict.detail}", flush=True)
    print(_verified(counts["ok"], counts["ok, no record"], counts["BAD"]))
    return 1 if counts["BAD"] else 0


def _verified(ok: int, unrecorded: int, bad: int) -> str:
    """Return the sum of a verification in a line."""
    good = ok + unrecorded
    if bad:
        return f"{good + bad:,} files: {good:,} ok, {unrecorded:,} of them without record; {bad:,} BAD"
    without = f"; {unrecorded:,} without a record" if unrecorded else ""
    return f"All is well: {good:,} files are whole, {ok:,} of them as they were recorded{without}"


def _add_adopt(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "adopt",
        _adopt,
        "take over the products of an earlier pipeline, DIR/<library>_<transform>/products.parquet, as finished jobs",
        "adopt --dry-run /data/earlier",
    )
    text = "the earlier pipeline's outputs; they stay as they are"
    parser.add_argument("directory", type=Path, metavar="DIR", help=text)
    results_option(parser)
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help="layered over configs/config.yaml")
    parser.add_argument("--dry-run", action="store_true", help="say what would be adopted, and change nothing")
    memory_option(parser)


def _adopt(options: argparse.Namespace) -> None:
    from halogenator.upkeep.adopt import adopt, unfinished

    config = configuration(options.configfile, options.results.absolute().parent)
    counts: Counter[str] = Counter()
    for outcome in adopt(options.directory, config, options.results, dry_run=options.dry_run, mem_mb=options.mem_mb):
        counts[outcome.state] += 1
        state = "would adopt" if options.dry_run and outcome.state == "adopted" else outcome.state
        print(f"{state}  {_printable(outcome.name)}  {outcome.detail}", flush=True)
    waiting = unfinished(config, options.results) - (counts["adopted"] if options.dry_run else 0)
    print(
        f"{counts['adopted']} {'would be ' if options.dry_run else ''}adopted, {counts['broken']} broken, "
        f"{counts['unknown']} unknown; {waiting} of {len(config.jobs)} jobs are to be run"
    )


def _printable(name: object) -> str:
    """Return a file's name as one line of printable characters, with escapes for all other bytes."""
    text = os.fsencode(str(name)).decode(errors="backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
