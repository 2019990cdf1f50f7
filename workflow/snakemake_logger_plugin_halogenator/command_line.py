"""Snakemake's command line: for settings that Snakemake offers nowhere else, and to be typed again."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import Namespace
from functools import cache
from pathlib import Path


@cache
def command_line() -> Namespace:
    """Return this process's arguments, read by Snakemake's own parser, without those of profiles."""
    from snakemake.cli import get_argument_parser

    arguments: Namespace = get_argument_parser().parse_args(sys.argv[1:])
    return arguments


def as_typed() -> str:
    """Return this process's command line for the shell that started it, with programs as short as that shell takes."""
    program, *words = sys.argv
    start = [_named(sys.executable), "-m", "snakemake"] if Path(program).name == "__main__.py" else [_named(program)]
    return shlex.join([*start, *words])


def _named(program: str) -> str:
    """Return a program's name, if a shell finds it by that, or else its path from the folder of the shell."""
    path, started_in = Path(program), Path(os.environ.get("PWD", "."))
    if shutil.which(path.name) == program:
        return path.name
    return str(path.relative_to(started_in)) if path.is_relative_to(started_in) else program
