"""The verb ``explain``: every way in which a run makes a molecule, or why it does not."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, memory_option, positive, recorded_configuration, results_option

_SHOWN = 20
_MEMORY_MB = 1500


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "explain",
        _explain,
        "say every way in which a run makes a molecule, from natural products on, or why it does not",
        "explain 'COc1ccc(O)cc1F' --out ways.html",
    )
    text = "SMILES, an id of a library, a name or id of a natural product, or a product's name in exports"
    parser.add_argument("molecule", metavar="SMILES|ID", help=text)
    results_option(parser)
    text = "as for snakemake (default: the configuration that the results record)"
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help=text)
    parser.add_argument("--json", action="store_true", help="a JSON object, with all ways")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a picture of the ways, too: .svg or .html")
    text = "ways to list and to draw of each library and job (default: %(default)s)"
    parser.add_argument("--limit", type=positive, default=_SHOWN, metavar="N", help=text)
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")
    memory_option(parser, default=_MEMORY_MB)


def _explain(options: argparse.Namespace) -> None:
    from tempfile import gettempdir

    from halogenator.chemistry.molecules import quiet
    from halogenator.process.progress import Lines
    from halogenator.report.ways_text import as_json, in_words
    from halogenator.search.explain import Explainer
    from halogenator.tables.parquet import limit_arrow_threads

    quiet()
    limit_arrow_threads()
    if options.out:
        from halogenator.report.ways_page import check_out

        check_out(options.out)
    config = recorded_configuration(options.results, options.configfile, _say)
    explainer = Explainer(
        options.results,
        config,
        memory_mb=options.mem_mb,
        scratch=options.scratch or Path(gettempdir()),
        progress=Lines(_say, announce=False),
    )
    found = explainer.explain(options.molecule)
    if options.out:
        from halogenator.report.ways_page import write_ways

        write_ways(found, config, options.out, options.limit)
    if options.json:
        print(json.dumps(as_json(found), ensure_ascii=False))
    else:
        print("\n".join(in_words(found, options.limit)))
    for note in found.notes:
        _say(f"note: {note}")
    if options.out:
        _say(f"written: {options.out}")


def _say(text: str) -> None:
    print(f"halogenator: {text}", file=sys.stderr, flush=True)
