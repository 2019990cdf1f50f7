"""``make bench``: every figure that the design is held to, measured here and now, beside its target.

    python benchmarks/bench.py [--only NAME …] [--quick]

Prints one table, writes it with the raw rounds to results/bench.json, and ends with status 0 also where a target is
missed: what a figure is worth depends on the machine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from halogenator import ENGINE_VERSION, __version__
from measure import MB, REPOSITORY, Figure, progress

MEASURES = ("kernel", "merge", "pipeline", "growth")
_PACKAGES = ("rdkit", "pyarrow", "duckdb", "snakemake", "numpy", "cmeel-mimalloc")


def main() -> None:
    """Run the measures asked for."""
    parser = argparse.ArgumentParser(description="Measure what the design is held to; takes some four minutes.")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, metavar="NAME", help="%(choices)s")
    parser.add_argument("--quick", action="store_true", help="a minute, to see that all works; the figures are rough")
    options = parser.parse_args()
    figures: list[Figure] = []
    seconds = {}
    for name in options.only:
        start = time.monotonic()
        figures += importlib.import_module(name).measure(quick=options.quick)
        seconds[name] = round(time.monotonic() - start, 1)
        progress(f"{name}: {seconds[name]:.0f} s")
    print(table(figures))
    out = REPOSITORY / "results" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    record = {"machine": machine(), "versions": versions(), "quick": options.quick, "seconds": seconds}
    record["figures"] = [{**vars(figure), "met": figure.met} for figure in figures]
    out.write_text(json.dumps(record, indent=1) + "\n")


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned text, a line each."""
    rows = [("name", "value", "unit", "target", "")]
    for figure in figures:
        bound = "" if figure.target is None else f"{'≥' if figure.at_least else '≤'} {figure.target:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        rows.append((figure.name, _number(figure.value), figure.unit, bound, verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, value, *rest in rows:
        cells = [text.ljust(width) for text, width in zip(rest, widths[2:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), value.rjust(widths[1]), *cells]).rstrip())
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // MB,
        "load_average": os.getloadavg(),
    }


def _processor() -> str:
    """Return the processor's name, where Linux tells it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, object]:
    """Return the versions of what is measured."""
    packages = {name: version(name) for name in _PACKAGES}
    return {"halogenator": __version__, "engine": ENGINE_VERSION, "python": platform.python_version(), **packages}


if __name__ == "__main__":
    main()
