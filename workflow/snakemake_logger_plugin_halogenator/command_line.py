"""Snakemake's command line, for the two settings that Snakemake offers nowhere else."""

from __future__ import annotations

import sys
from argparse import Namespace
from functools import cache


@cache
def command_line() -> Namespace:
    """Return this process's arguments, read by Snakemake's own parser, without those of profiles."""
    from snakemake.cli import get_argument_parser

    arguments: Namespace = get_argument_parser().parse_args(sys.argv[1:])
    return arguments
