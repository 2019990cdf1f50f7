"""``make bench`` and ``make bench-scale``: a family of measures, run here and now, its figures beside their targets.

    python benchmarks/bench.py {speed,scale} [--only NAME …] [--quick] [--release]

Prints one table, writes it with the raw rounds to results/bench-FAMILY.json, and ends with status 0 also where a target
is missed: what a figure is worth depends on the machine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from harness import REPOSITORY, Figure, conditions, progress, table

FAMILIES = {
    "speed": ("kernel", "siblings", "choices", "merge", "whole_job", "chunk_growth", "small_tasks"),
    "scale": ("dry_run", "large_merge", "many_jobs", "matrix_on_paper"),
}

HISTORY = REPOSITORY / "benchmarks" / "history.tsv"


def main() -> None:
    """Run the measures asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measures of the family (default: all)")
    parser.add_argument("--quick", action="store_true", help="small, to see that all works; the figures are rough")
    parser.add_argument("--release", action="store_true", help=f"add the figures to {HISTORY.name}, a line a release")
    options = parser.parse_args()
    measures = FAMILIES[options.family]
    if unknown := set(options.only or ()) - set(measures):
        parser.error(f"--only: {', '.join(sorted(unknown))}: not one of {', '.join(measures)}")
    out = REPOSITORY / "results" / f"bench-{options.family}.json"
    out.parent.mkdir(exist_ok=True)
    record = {**conditions(), "quick": options.quick, "seconds": {}}
    figures: list[Figure] = []
    for name in options.only or measures:
        start = time.monotonic()
        figures += importlib.import_module(name).measure(quick=options.quick)
        record["seconds"][name] = round(time.monotonic() - start, 1)
        progress(f"{name}: {record['seconds'][name]:.0f} s")
        record["figures"] = [{**vars(figure), "met": figure.met} for figure in figures]
        out.write_text(json.dumps(record, indent=1) + "\n")
    print(table(figures))
    if options.release:
        add_release(figures)


def add_release(figures: Sequence[Figure]) -> None:
    """Add a line with this version's figures to the history, whose columns say which ones it keeps."""
    from halogenator import __version__

    columns = HISTORY.read_text().splitlines()[0].split("\t")
    known = {figure.name: f"{figure.value:.4g}" for figure in figures}
    known |= {"version": __version__, "date": datetime.now(UTC).date().isoformat()}
    with HISTORY.open("a") as file:
        file.write("\t".join(known.get(column, "") for column in columns) + "\n")


if __name__ == "__main__":
    main()
