"""The verbs that begin: ``init`` makes a folder to work in, ``run`` does a whole run without one."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, positive

_MORE = """\
DIR then holds run.yaml, the configuration of this run, and results/.
After an interruption run the same command again."""


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    parser = add_verb(
        verbs, "init", _init, "make a folder to work in: a configuration to edit, a Snakefile", "init my-project"
    )
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="DIR", help="the folder (default: here)"
    )
    _add_run(verbs)


def _add_run(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "run",
        _run,
        "put the molecules of a file through transforms, or halogenate them first, without a project",
        "run my.csv --transform FG_CARBOXYL__COOH__TO__COOMe",
        usage="run FILE [FILE …] [--halogenate K] [--transform NAME|SMIRKS] … [options]",
        more=_MORE,
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="molecules: .csv, .smi, .sdf, .parquet, …")
    text = "a transform by its name, or a SMIRKS, or 'NAME: SMIRKS'; can be given several times"
    parser.add_argument("--transform", action="append", default=[], metavar="NAME|SMIRKS", help=text)
    text = "YAML file with transforms besides the shipped ones; can be given several times"
    parser.add_argument("--transforms", type=Path, action="append", default=[], metavar="FILE", help=text)
    text = "put K halogens on the molecules, by the rules of their class; transforms then take what comes of it"
    parser.add_argument("--halogenate", type=positive, default=0, metavar="K", help=text)
    text = "class of the molecules, which decides on the rules of --halogenate (default: other)"
    parser.add_argument("--class", dest="class_name", default="other", metavar="CLASS", help=text)
    text = "name of the library (default: that of the first file)"
    parser.add_argument("--name", default="", help=text)
    text = "folder of the run (default: NAME-halogenator)"
    parser.add_argument("--out", type=Path, metavar="DIR", help=text)
    text = "YAML file with more settings, layered over those of this command; can be given several times"
    parser.add_argument("--configfile", type=Path, action="append", default=[], metavar="FILE", help=text)
    parser.add_argument("--cores", default="all", metavar="N", help="cores that tasks may use together (default: all)")
    parser.add_argument("-n", "--dry-run", action="store_true", help="show what would run")
    text = "further options of Snakemake, in one text"
    parser.add_argument("--snakemake", type=shlex.split, default=[], metavar="'OPTIONS'", help=text)


def _init(options: argparse.Namespace) -> None:
    from halogenator.upkeep.project import make_project

    folder: Path = options.folder
    files = make_project(folder)
    print(f"{len(files)} files in {folder.absolute()}")
    enter = "" if folder.absolute() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    print(f"edit configs/config.yaml, then: {enter}snakemake --cores all")


def _run(options: argparse.Namespace) -> None:
    from halogenator import shipped
    from halogenator.config import read_config
    from halogenator.upkeep.direct_run import Wanted, command_line, library_name, write_configuration

    if not options.transform and not options.halogenate:
        options.parser.error("nothing to do: give --transform NAME|SMIRKS, --halogenate K, or both")
    name = library_name(options.files, options.name)
    folder = options.out or Path(f"{name}-halogenator")
    wanted = Wanted(
        *(tuple(options.files), name, options.class_name, options.halogenate),
        *(tuple(options.transform), tuple(options.transforms)),
    )
    config = write_configuration(wanted, folder)
    more = [path.absolute() for path in options.configfile]
    read_config([shipped.CONFIGURATION, config, *more], working_dir=folder)  # what is wrong is said at once
    words = command_line(
        config, folder, more, "--cores", options.cores, *(["--dry-run"] * options.dry_run), *options.snakemake
    )
    sys.stdout.flush()
    os.execv(words[0], words)
