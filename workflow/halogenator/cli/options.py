"""Parts of the command line that several verbs share: the form of help and errors, options, readers of values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

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
    """A formatter that keeps the lines of descriptions and examples, with a wide column for the names of options."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, **{"max_help_position": 30, "width": 110, **options})


class Parser(argparse.ArgumentParser):
    """A parser whose errors have the form of ``UserError``: what failed, what is allowed, how to mend it."""

    def error(self, message: str) -> NoReturn:
        """End with status 2, after a message that names the nearest option or choice and the command for help."""
        hint = _nearest(message, self.format_help())
        see = f"see: {self.prog if self.prog.startswith('python') else f'python -m {self.prog}'} --help"
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        self.exit(2, f"halogenator: {UserError(message, allowed=usage, fix=f'{hint} {see}' if hint else see)}\n")


def _nearest(message: str, help_text: str) -> str | None:
    """Return "did you mean …?" for the unknown option or choice in a message of argparse; None without a near one."""
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
    example: str = "",
    *,
    usage: str | None = None,
    more: str = "",
    listed: bool = True,
) -> Parser:
    """Add a verb and return its parser.

    Args:
        verbs: the subparsers of the program, or of a verb.
        name: the verb.
        run: does the work; takes the parsed options, returns an exit status or None for 0.
        text: one line on what the verb does.
        example: a command line to copy, without ``python -m halogenator``; "" for verbs that people do not type.
        usage: the line of usage, likewise; None for a list of all options.
        more: text to show below the options.
        listed: whether the list of verbs shows it.
    """
    below = [more, f"example:\n  python -m halogenator {example}" if example else "", EXIT_CODES]
    parser: Parser = verbs.add_parser(
        name,
        **({"help": text} if listed else {}),
        description=text,
        usage=usage and f"python -m halogenator {usage}",
        epilog="\n\n".join(filter(None, below)),
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run, verb=name, parser=parser)
    return parser


def memory_option(parser: argparse.ArgumentParser, *, default: int = 1000) -> None:
    """Add the option that bounds a verb's memory, and the hidden options that its starter may add to it."""
    text = "declared memory in MB of 10^6 bytes; the task ends with status 3 beyond it (default: %(default)s)"
    parser.add_argument("--mem-mb", type=int, default=default, metavar="MB", help=text)
    for name in ("--cap-mb", "--beside-mb", "--attempt", "--attempts", "--ends-with"):  # see tasks.commands.declaration
        parser.add_argument(name, type=int, default=0, help=argparse.SUPPRESS)
    for name in ("--notes", "--log", "--processor-time"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)


def results_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that names a results folder."""
    text = "folder of the results (default: %(default)s)"
    parser.add_argument("--results", type=Path, default=Path("results"), help=text)


def find_paths(paths: Sequence[Path]) -> list[Path]:
    """Return the files that an option names, each looked for below the working directory, then the shipped files."""
    from halogenator.config import find_path

    return [find_path(str(path), Path.cwd()) for path in paths]


def positive(text: str) -> int:
    """Return the whole number above 0 that an option's value is.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Return the names in an option's value, ``A,B``."""
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def json_of(name: str) -> Callable[[str], Any]:
    """Return a reader of JSON for an option whose value is an object of a class of ``model``.

    Args:
        name: the class; ``model`` is imported only when a value is read.
    """

    def read(text: str) -> Any:
        from halogenator import model
        from halogenator.dataclass_json import from_json

        try:
            return from_json(getattr(model, name), text)
        except UserError as error:
            said = f"{error.what}; found {str(error.value)[:200]}; allowed: {error.allowed}"
            raise argparse.ArgumentTypeError(said) from None

    return read


def configuration(paths: Sequence[Path], working_dir: Path, *, bare: bool = False) -> Any:
    """Return the ``Config`` of YAML files over that of the working directory; ``bare`` leaves the latter out."""
    from halogenator.config import lowest_layer, read_config

    lowest = [] if bare else [lowest_layer(working_dir)]
    return read_config([*lowest, *paths], working_dir=working_dir)


def recorded_configuration(results: Path, paths: Sequence[Path], say: Callable[[str], None]) -> Any:
    """Return the ``Config`` that is named, or else that the results record; ``say`` gets a note if it has changed."""
    from halogenator.search.settings import settings_of

    if paths:
        return configuration(paths, results.absolute().parent)
    config, note = settings_of(results)
    if note:
        say(f"note: {note}; name another with --configfile")
    return config
