"""Options that several verbs share, and what they stand for."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from halogenator import limits
from halogenator.errors import UserError, did_you_mean

SHIPPED_TRANSFORMS = Path("configs/transforms.yaml")  # below the working directory or the repository

EXIT_INTERRUPTED = 130
EXIT_PIPE = 141
EXIT_CODES = """\
exit status:
  0    done
  1    something to mend in the configuration, the input or the results, which the message names
  2    the command line is wrong
  3    more memory needed than declared or allowed
  130  interrupted (Ctrl-C)
  141  nobody reads the output any more, as after | head
"""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Leaves descriptions and examples as they are, and gives names the room that they need."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, **{"max_help_position": 30, "width": 110, **options})


class Parser(argparse.ArgumentParser):
    """A parser whose errors say what failed, what is allowed and how to mend it, as all errors here do."""

    def error(self, message: str) -> NoReturn:
        """End with status 2, after the message, a hint at the nearest option or choice, and where to read on."""
        hint = _nearest(message, self.format_help())
        see = f"see: {self.prog if self.prog.startswith('python') else f'python -m {self.prog}'} --help"
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        self.exit(2, f"halogenator: {UserError(message, allowed=usage, fix=f'{hint} {see}' if hint else see)}\n")


def _nearest(message: str, help_text: str) -> str | None:
    """Return "did you mean …?" for the option or the choice that argparse's message says is unknown."""
    if found := re.match(r"unrecognized arguments: (--[\w-]+)", message):
        return did_you_mean(found[1], re.findall(r"--[a-z][\w-]*", help_text))
    if found := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
        return did_you_mean(found[1], re.findall(r"[\w-]+", found[2]))
    return None


def add_verb(
    verbs: Any,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    text: str,
    example: str,
    *,
    usage: str | None = None,
    more: str = "",
) -> Parser:
    """Return the parser of a new verb.

    Args:
        verbs: what to add it to.
        name: the verb.
        run: what runs it.
        text: one line on what it does.
        example: a command line to copy, without what all begin with.
        usage: what to show instead of a list of all options.
        more: what else there is to say, below the options.
    """
    below = f"{more}\n\n" if more else ""
    parser: Parser = verbs.add_parser(
        name,
        help=text,
        description=text,
        usage=usage and f"python -m halogenator {usage}",
        epilog=f"{below}example:\n  python -m halogenator {example}\n\n{EXIT_CODES}",
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run, verb=name, parser=parser)
    return parser


class Unlisted:
    """Verbs that the list of verbs leaves out, for a list of their own.

    Args:
        verbs: what they are added to.
    """

    def __init__(self, verbs: Any) -> None:
        self._verbs = verbs
        self._texts: dict[str, str] = {}

    def add_parser(self, name: str, *, help: str, **options: Any) -> Any:  # noqa: A002 - as argparse calls it
        """Add a verb."""
        self._texts[name] = help
        return self._verbs.add_parser(name, **options)

    def listing(self) -> str:
        """Return a line a verb."""
        return "\n".join(f"  {name:20}{text}" for name, text in self._texts.items())


def library_options(parser: Parser) -> None:
    parser.add_argument("--library", required=True, metavar="NAME", help="the library's name")
    text = "the library's class (default: it has none)"
    parser.add_argument("--class", dest="class_name", default="", metavar="CLASS", help=text)
    parser.add_argument(
        "--k", type=int, metavar="N", help="number of halogenations (default: none, as of an external library)"
    )
    text = "the files that the library is read from, or a folder or pattern"
    parser.add_argument("--path", type=Path, nargs="+", default=[], metavar="FILE", help=text)


def reading_option(parser: Parser) -> None:
    text = "how the file is read and its molecules prepared (default: as the configuration's defaults)"
    parser.add_argument("--reading", default="{}", metavar="JSON", help=text)


def index_options(parser: Parser) -> None:
    parser.add_argument(
        "--query", type=_pair, action="append", default=[], metavar="COLUMN=SMARTS", help="sites to count; repeatable"
    )
    parser.add_argument(
        "--rule", type=_pair, action="append", default=[], metavar="NAME=SMIRKS", help="halogenation rule; repeatable"
    )
    parser.add_argument(
        "--max-sites",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=N",
        help="sites of a rule that are used per parent (default: all); repeatable",
    )
    text = "what a rule does to configuration, and to new centres (default: keep,open); repeatable"
    parser.add_argument("--stereo", type=_pair, action="append", default=[], metavar="NAME=WORD,WORD", help=text)
    parser.add_argument("--halogens", type=_names, default=(), metavar="F,Cl,…", help="what {X} stands for in rules")
    parser.add_argument("--weigh", action="store_true", help="also count the sites of the halogenation rules")
    parser.add_argument(
        "--descriptors", type=_names, default=(), metavar="mw,tpsa,…", help="columns to compute (default: none)"
    )


def transform_options(parser: Parser) -> None:
    parser.add_argument("--molecules", type=Path, required=True, help="molecules.parquet of the library")
    parser.add_argument("--transform", required=True, metavar="NAME", help="the transform's name")
    parser.add_argument("--smirks", required=True, help="the transform itself: reactant>>product, one of each")
    parser.add_argument("--max-sites", type=int, metavar="N", help="sites used per parent (default: all)")
    text = "keep, open or invert where neighbours change; new centres open, or both forms (default: keep,open)"
    parser.add_argument("--stereo", type=_names, default=("keep", "open"), metavar="WORD,WORD", help=text)
    parser.add_argument(
        "--descriptors", type=_names, default=(), metavar="mw,tpsa,…", help="columns to compute (default: none)"
    )
    parser.add_argument("--inchikey", action="store_true", help="add the standard InChIKey")


def chunk_options(parser: Parser) -> None:
    parser.add_argument("--chunk", type=_chunk, required=True, metavar="I/N", help="0-based number, of how many")
    parser.add_argument("--rejects", type=Path, required=True, help="Parquet file for rows that cannot be used")
    row_option(parser)
    task_options(parser)


def row_option(parser: Parser) -> None:
    text = "seconds of processor time that one row may take (default: %(default)s); one that takes more is a reject"
    parser.add_argument("--row-seconds", type=float, default=limits.ROW_SECONDS, metavar="S", help=text)


def merge_options(parser: Parser) -> None:
    chunk_files_option(parser)
    text = "their rejects, in the same order"
    parser.add_argument("--reject-chunks", nargs="*", default=[], metavar="FILE", help=text)
    text = "what find-duplicates made, for all parts in order (default: duplicates are found here)"
    parser.add_argument("--duplicates", nargs="*", default=[], metavar="FILE", help=text)
    parser.add_argument("--config-hash", default="", help="recorded in the file's metadata (default: nothing)")
    parser.add_argument("--rejects", type=Path, required=True, help="Parquet file for rows that could not be used")
    parser.add_argument("--stats", type=Path, required=True, help="JSON file for the row of the summary")
    scratch_option(parser)
    task_options(parser)


def scratch_option(parser: Parser) -> None:
    text = "folder for what memory cannot hold (%(default)s)"
    parser.add_argument("--scratch", type=Path, default=Path("results/work"), help=text)


def key_option(parser: Parser) -> None:
    text = "column that no two products share (default: %(default)s)"
    parser.add_argument("--key", choices=("smiles", "inchikey"), default="smiles", help=text)


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
    parser.add_argument("--mem-mb", type=int, default=1000, metavar="MB", help=text)


def repository() -> Path:
    """Return the repository's root, where the shipped configuration is."""
    return Path(__file__).resolve().parents[3]


def rows(text: str) -> int:
    """Return a number of rows."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows, a whole number above 0")
    return int(text)


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
    from halogenator.model import Library, Reading

    return Library(
        name=options.library,
        class_name=options.class_name,
        k=options.k,
        paths=tuple(options.path),
        reading=Reading.from_plain(json.loads(getattr(options, "reading", "{}"))),
    )


def transform_of(options: argparse.Namespace) -> Any:
    from halogenator.model import Transform

    stereo, new_stereo = options.stereo
    return Transform(
        options.transform, options.smirks, max_sites=options.max_sites, stereo=stereo, new_stereo=new_stereo
    )


def halogenation_of(options: argparse.Namespace) -> Any:
    from halogenator.model import Halogenation, HalogenationRule

    limits = {name: int(limit) for name, limit in options.max_sites}
    words = {name: _names(text) for name, text in options.stereo}
    rules = []
    for name, smirks in options.rule:
        stereo, new_stereo = words.get(name, ("keep", "open"))
        limit = limits.get(name)
        rules.append(HalogenationRule(name, smirks, max_sites=limit, stereo=stereo, new_stereo=new_stereo))
    return Halogenation(options.halogens, tuple(rules))


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
