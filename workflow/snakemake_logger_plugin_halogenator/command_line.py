"""Snakemake's command line, for the two things that Snakemake does not tell of it."""

from __future__ import annotations

import sys
from argparse import Namespace
from functools import cache


@cache
def command_line() -> Namespace:
    """Return the arguments of this process as Snakemake's own parser reads them, without what profiles add."""
    from snakemake.cli import get_argument_parser

    arguments: Namespace = get_argument_parser().parse_args(sys.argv[1:])
    return arguments
