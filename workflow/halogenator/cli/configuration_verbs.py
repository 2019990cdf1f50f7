"""The verbs for a configuration before a run: plan, preview and check."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, configuration, positive


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    _add_plan(verbs)
    _add_preview(verbs)
    _add_check(verbs)


def _add_plan(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "plan",
        _plan,
        "say of each job whether it is done, and what the rest will take: products, time, memory, disk",
        "plan my.yaml --cores 8",
    )
    parser.add_argument("config", type=Path, nargs="*", help="YAML files, layered over configs/config.yaml")
    parser.add_argument("--cores", type=int, metavar="N", help="cores that the run will have (default: all)")
    text = "the run's working directory (default: here)"
    parser.add_argument("--directory", type=Path, default=Path(), metavar="DIR", help=text)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the lines and the totals as JSON")
    form.add_argument("--tsv", action="store_true", help="print the lines as tab-separated values")
    parser.add_argument("--no-file", action="store_true", help="do not write results/plan.tsv")


def _plan(options: argparse.Namespace) -> None:
    import json
    from dataclasses import asdict

    from halogenator.inputs.first_rows import first_rows
    from halogenator.planning.estimate import Estimates
    from halogenator.planning.foreseen import standings
    from halogenator.planning.plan import as_json, make_plan, tsv, write_plan
    from halogenator.planning.plan_table import plan_text
    from halogenator.process.machine import machine_cores, machine_mb
    from halogenator.results import Results

    folder = options.directory.absolute()
    config = configuration(options.config, folder)
    estimates = Estimates(config)
    results = options.directory / "results"
    files = first_rows(config.libraries.values())
    plan = make_plan(
        config,
        estimates,
        standings(config, estimates, results, folder),
        results,
        cores=options.cores or machine_cores(),
        cap_mb=min(config.cap_mb, machine_mb()),
    )
    if not options.no_file:
        write_plan(plan, Results(results).plan)
    if options.json:
        print(json.dumps({**as_json(plan), "files": list(map(asdict, files))}, indent=1))
    elif options.tsv:
        print(tsv(plan), end="")
    else:
        for found in files:
            print(found.text)
        print(plan_text(plan, **_on_terminal()))


def _on_terminal() -> dict[str, Any]:
    """Return how a text is shown: coloured and as wide as the terminal, if it goes to one."""
    import os

    terminal = sys.stdout.isatty()
    return {"color": terminal, "width": os.get_terminal_size().columns if terminal else None}


def _add_preview(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "preview",
        _preview,
        "estimate and draw, before a run, what it would make and what your choices leave out",
        "preview my.yaml",
    )
    parser.add_argument("config", type=Path, nargs="*", help="YAML files, layered over configs/config.yaml")
    text = "walks from natural products to products; with four times as many the intervals halve (default: %(default)s)"
    parser.add_argument("--number", type=positive, default=500, metavar="N", help=text)
    text = "seed of the random walks (default: %(default)s)"
    parser.add_argument("--seed", type=int, default=0, metavar="N", help=text)
    text = "HTML page to write; only a page of this verb is replaced (default: %(default)s)"
    parser.add_argument("--out", type=Path, default=Path("preview.html"), metavar="FILE", help=text)


def _preview(options: argparse.Namespace) -> None:
    import shlex

    from halogenator.planning.preview import make_preview
    from halogenator.planning.preview_table import preview_text
    from halogenator.report.preview_page import check_own, write_preview

    config = configuration(options.config, Path.cwd())
    check_own(options.out)
    preview = make_preview(config, options.number, options.seed)
    print(preview_text(preview, **_on_terminal()))
    words = ["preview", *options.config, "--number", options.number, "--seed", options.seed, "--out", options.out]
    command = shlex.join(["python", "-m", "halogenator", *map(str, words)])
    write_preview(preview, config, options.out, command=command, seed=options.seed)
    print(f"page:     {options.out}")


def _add_check(verbs: Any) -> None:
    parser = add_verb(verbs, "check", _check, "check configuration files and count the jobs they make", "check my.yaml")
    parser.add_argument("config", type=Path, nargs="*", help="YAML files, each layered over the one before")
    parser.add_argument("--bare", action="store_true", help="do not layer them over the shipped configs/config.yaml")


def _check(options: argparse.Namespace) -> None:
    from halogenator.inputs.first_rows import first_rows

    config = configuration(options.config, Path.cwd(), bare=options.bare)
    for found in first_rows(config.libraries.values()):
        print(found.text)
    implicit = sum(library.implicit for library in config.libraries.values())
    print(f"libraries:  {len(config.libraries) - implicit}, and {implicit} that they are built upon")
    print(f"transforms: {len(config.transforms)}")
    print(f"jobs:       {len(config.jobs)}")
    for note in config.notes:
        print(f"note:       {note}")
    print("all well" if config.jobs or not config.transforms else "valid")
