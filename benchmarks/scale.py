"""``make bench-scale``: what a run costs beside its chemistry when it is large; the figures of docs/scale.md.

    python benchmarks/scale.py [--only NAME …] [--quick]

Prints one table and writes it to results/scale.json. Needs some 5 GB of disk below results/work/bench.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time

from bench import machine, table, versions
from measure import REPOSITORY, Figure, progress

MEASURES = {"dag": "scale_dag", "merge": "scale_merge", "catalog": "scale_catalog", "model": "scale_model"}


def main() -> None:
    """Run the measures asked for."""
    parser = argparse.ArgumentParser(description="Measure what grows with a run, in 20 to 25 minutes on two cores.")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, metavar="NAME", help="%(choices)s")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, to see that all works")
    options = parser.parse_args()
    out = REPOSITORY / "results" / "scale.json"
    out.parent.mkdir(exist_ok=True)
    figures: list[Figure] = []
    seconds = {}
    for name in options.only:
        start = time.monotonic()
        figures += importlib.import_module(MEASURES[name]).measure(quick=options.quick)
        seconds[name] = round(time.monotonic() - start, 1)
        progress(f"{name}: {seconds[name]:.0f} s")
        record = {"machine": machine(), "versions": versions(), "quick": options.quick, "seconds": seconds}
        record["figures"] = [vars(figure) for figure in figures]
        out.write_text(json.dumps(record, indent=1) + "\n")
    print(table(figures))


if __name__ == "__main__":
    main()
