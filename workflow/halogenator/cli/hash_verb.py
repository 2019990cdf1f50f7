"""The verb ``hash``: one text for the set of molecules of each library and job."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, memory_option


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "hash",
        _hash,
        "print a text for the set of molecules of each library and job, to compare with others",
        "hash results > ours.tsv",
    )
    parser.description = (
        f"{parser.description}. It depends on SMILES and enhanced stereo alone, not on order, ids or machine. "
        "Tab-separated: set hash, rows, name."
    )
    text = "results folders, Parquet files with a column smiles (default: results)"
    parser.add_argument("path", type=Path, nargs="*", default=[Path("results")], help=text)
    text = "read all molecules, also where a run has recorded the hash, and end with status 1 if it is another"
    parser.add_argument("--compute", action="store_true", help=text)
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")
    memory_option(parser)


def _hash(options: argparse.Namespace) -> int:
    from tempfile import gettempdir

    from halogenator.upkeep.set_hashes import hashes

    scratch = options.scratch or Path(gettempdir())
    bad = 0
    for found in hashes(options.path, compute=options.compute, mem_mb=options.mem_mb, scratch=scratch):
        print(f"{found.value}\t{found.rows}\t{found.name}", flush=True)
        if found.recorded not in (None, found.value):
            bad = 1
            print(f"BAD  {found.path}  its statistics record {found.recorded}", file=sys.stderr)
    return bad
