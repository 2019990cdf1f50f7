"""Options that several verbs share, and what they stand for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from halogenator import limits

EXIT_CODES = (
    "exit status: 0 done; 1 something to mend in the configuration or the input, which the message names; 2 usage; "
    "3 more memory needed than declared"
)

Parser = argparse.ArgumentParser


def add_verb(verbs: Any, name: str, run: Callable[[argparse.Namespace], int | None], text: str, example: str) -> Parser:
    """Return the parser of a new verb: its name, what runs it, one line on what it does, and a command line to copy."""
    parser: Parser = verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example:\n  python -m halogenator {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, verb=name)
    return parser


def library_options(parser: Parser) -> None:
    parser.add_argument("--library", required=True, metavar="NAME", help="the library's name")
    parser.add_argument("--class", dest="class_name", required=True, metavar="CLASS", help="the library's class")
    parser.add_argument("--k", type=int, help="number of halogenations; left out for an external library")
    parser.add_argument("--path", type=Path, help="the file that the library is read from")


def index_options(parser: Parser) -> None:
    parser.add_argument(
        "--query", type=_pair, action="append", default=[], metavar="COLUMN=SMARTS", help="sites to count; repeatable"
    )
    parser.add_argument(
        "--rule", type=_pair, action="append", default=[], metavar="NAME=SMIRKS", help="halogenation rule; repeatable"
    )
    parser.add_argument(
        "--max-sites", type=_pair, action="append", default=[], metavar="NAME=N", help="a rule's limit per parent"
    )
    parser.add_argument("--halogens", type=_names, default=(), metavar="F,Cl,…", help="what {X} stands for in rules")
    parser.add_argument("--weigh", action="store_true", help="also count the sites of the halogenation rules")
    parser.add_argument("--descriptors", type=_names, default=(), metavar="mw,tpsa,…", help="columns to compute")


def transform_options(parser: Parser) -> None:
    parser.add_argument("--molecules", type=Path, required=True, help="molecules.parquet of the library")
    parser.add_argument("--transform", required=True, metavar="NAME", help="the transform's name")
    parser.add_argument("--smirks", required=True)
    parser.add_argument("--max-sites", type=int, metavar="N", help="sites used per parent (default: all)")
    parser.add_argument("--descriptors", type=_names, default=(), metavar="mw,tpsa,…", help="columns to compute")
    parser.add_argument("--inchikey", action="store_true", help="add the standard InChIKey")


def chunk_options(parser: Parser) -> None:
    parser.add_argument("--chunk", type=_chunk, required=True, metavar="I/N", help="0-based number, of how many")
    parser.add_argument("--rejects", type=Path, required=True, help="Parquet file for rows that cannot be used")
    row_option(parser)
    task_options(parser)


def row_option(parser: Parser) -> None:
    text = "processor time that one row may take (default: %(default)s); one that takes more is a reject"
    parser.add_argument("--row-seconds", type=float, default=limits.ROW_SECONDS, metavar="S", help=text)


def merge_options(parser: Parser) -> None:
    chunk_files_option(parser)
    text = "their rejects, in the same order"
    parser.add_argument("--reject-chunks", nargs="*", default=[], metavar="FILE", help=text)
    text = "what find-duplicates made, for all parts in order (default: duplicates are found here)"
    parser.add_argument("--duplicates", nargs="*", default=[], metavar="FILE", help=text)
    parser.add_argument("--config-hash", default="", help="recorded in the file's metadata")
    parser.add_argument("--rejects", type=Path, required=True, help="Parquet file for rows that could not be used")
    parser.add_argument("--stats", type=Path, required=True, help="JSON file for the row of the summary")
    scratch_option(parser)
    task_options(parser)


def scratch_option(parser: Parser) -> None:
    parser.add_argument("--scratch", type=Path, default=Path("results/work"), help="folder for what memory cannot hold")


def key_option(parser: Parser) -> None:
    parser.add_argument("--key", choices=("smiles", "inchikey"), default="smiles", help="default: %(default)s")


def part_option(parser: Parser) -> None:
    text = "the range of keys to look at: 0-based number, of how many"
    parser.add_argument("--part", type=_chunk, required=True, metavar="I/N", help=text)


def chunk_files_option(parser: Parser) -> None:
    text = "chunk files, in parent order; '*of012.x' stands for all twelve, 000of012.x to 011of012.x"
    parser.add_argument("--chunks", nargs="*", default=[], metavar="FILE", help=text)


def files_of(words: Sequence[str]) -> list[Path]:
    """Return the chunk files that words of the command line stand for."""
    from halogenator.planning.chunks import apart

    return [Path(file) for file in apart(words)]


def task_options(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to make")
    memory_option(parser)


def memory_option(parser: Parser) -> None:
    text = "declared memory in MB of 10^6 bytes; the task ends with status 3 beyond it (default: %(default)s)"
    parser.add_argument("--mem-mb", type=int, default=1000, help=text)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _chunk(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 0 ≤ I < N")
    return int(number), int(count)


def task_of(options: argparse.Namespace) -> Any:
    from halogenator.memory.usage import Task

    return Task(options.mem_mb)


def library_of(options: argparse.Namespace) -> Any:
    from halogenator.model import Library

    return Library(
        name=options.library,
        class_name=options.class_name,
        k=options.k,
        path=options.path,
        smiles_column=getattr(options, "smiles_column", None),
        id_column=getattr(options, "id_column", None),
        fragments=getattr(options, "fragments", "largest"),
    )


def transform_of(options: argparse.Namespace) -> Any:
    from halogenator.model import Transform

    return Transform(name=options.transform, smirks=options.smirks, max_sites=options.max_sites)


def halogenation_of(options: argparse.Namespace) -> Any:
    from halogenator.model import Halogenation, HalogenationRule

    limits = {name: int(limit) for name, limit in options.max_sites}
    rules = tuple(
        HalogenationRule(name, smirks, scope_classes=(options.class_name,), max_sites=limits.get(name))
        for name, smirks in options.rule
    )
    return Halogenation(options.halogens, rules)


def index_of(options: argparse.Namespace) -> Any:
    from halogenator.chemistry.index import Index

    halogenation = halogenation_of(options) if options.weigh else None
    return Index(dict(options.query), halogenation, options.class_name, options.descriptors)


def configuration(paths: Sequence[Path], working_dir: Path, *, bare: bool = False) -> Any:
    """Return the configuration in files, layered over the shipped one unless ``bare``."""
    from halogenator.config import read_config

    repository = Path(__file__).resolve().parents[3]
    shipped = [] if bare else [repository / "configs" / "config.yaml"]
    return read_config([*shipped, *paths], working_dir=working_dir, repository=repository)
