"""The verb ``compare``: two results folders side by side."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, memory_option


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "compare",
        _compare,
        "say what only one of two runs has, by library and job, and which settings differ",
        "compare results ../before/results --tsv difference",
    )
    parser.description = f"{parser.description}. Molecules are the same if SMILES and enhanced stereo are."
    parser.add_argument("a", type=Path, metavar="RUN_A", help="a results folder")
    parser.add_argument("b", type=Path, metavar="RUN_B", help="another")
    parser.add_argument("--json", action="store_true", help="a JSON object, with all values in full")
    text = "write the molecules, too: DIR/only-in-A.tsv and DIR/only-in-B.tsv, which must not be there yet"
    parser.add_argument("--tsv", type=Path, metavar="DIR", help=text)
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")
    memory_option(parser)


def _compare(options: argparse.Namespace) -> None:
    from tempfile import gettempdir

    from halogenator.upkeep.compare import Comparison, summary, text

    runs = options.a, options.b
    compared = Comparison(runs, memory_mb=options.mem_mb, scratch=options.scratch or Path(gettempdir()))
    files = compared.write(options.tsv) if options.tsv else []
    settings, differences = compared.settings(), list(compared.differences())
    if options.json:
        found = {"runs": [*map(str, runs)], **summary(differences, settings), "files": [*map(str, files)]}
        print(json.dumps(found, ensure_ascii=False, default=str))
        return
    print(text(runs, differences, settings))
    for file in files:
        print(f"written: {file}")
