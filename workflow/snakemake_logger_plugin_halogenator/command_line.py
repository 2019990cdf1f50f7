"""Snakemake's command line: for settings that Snakemake offers nowhere else, and to be typed again."""

from __future__ import annotations

import os
import shlex
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
    """Return this process's command line, to be typed again in the shell that started it."""
    program, *words = sys.argv
    module = Path(program).name == "__main__.py"
    start = f"{in_shell(sys.executable)} -m snakemake" if module else in_shell(program)
    return f"{start} {shlex.join(words)}".rstrip()


def in_shell(path: str | Path) -> str:
    """Return a path as the shell that started this process takes it: from its folder, or a program's name.

    Whether a shell finds a program cannot be asked here, since Snakemake changes the search path.
    """
    path, started_in = Path(path).absolute(), Path(os.environ.get("PWD", "."))
    active = {os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX")}
    if str(path.parent.parent) in active and path.parent.name == "bin":
        return path.name
    return shlex.quote(str(path.relative_to(started_in) if path.is_relative_to(started_in) else path))
