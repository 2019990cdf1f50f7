"""What all verbs share: the form of their help and errors, and options that several have."""

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
    example: str = "",
    *,
    usage: str | None = None,
    more: str = "",
    listed: bool = True,
) -> Parser:
    """Return the parser of a new verb.

    Args:
        verbs: what to add it to.
        name: the verb.
        run: what runs it.
        text: one line on what it does.
        example: a command line to copy, without what all begin with; none for what people do not type.
        usage: what to show instead of a list of all options.
        more: what else there is to say, below the options.
        listed: whether the list of verbs has it.
    """
    shown = [more, f"example:\n  python -m halogenator {example}" if example else "", EXIT_CODES]
    parser: Parser = verbs.add_parser(
        name,
        **({"help": text} if listed else {}),
        description=text,
        usage=usage and f"python -m halogenator {usage}",
        epilog="\n\n".join(filter(None, shown)),
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run, verb=name, parser=parser)
    return parser


def memory_option(parser: argparse.ArgumentParser, *, default: int = 1000) -> None:
    """Add the option with which people bound the memory of a verb, and what else its starter may say of that."""
    text = "declared memory in MB of 10^6 bytes; the task ends with status 3 beyond it (default: %(default)s)"
    parser.add_argument("--mem-mb", type=int, default=default, metavar="MB", help=text)
    for name in ("--cap-mb", "--beside-mb", "--parent"):  # see tasks.commands.declaration
        parser.add_argument(name, type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--notes", type=Path, help=argparse.SUPPRESS)


def repository() -> Path:
    """Return the repository's root, where the shipped configuration is."""
    return Path(__file__).resolve().parents[3]


def results_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that names a results folder."""
    text = "folder of the results (default: %(default)s)"
    parser.add_argument("--results", type=Path, default=Path("results"), help=text)


def positive(text: str) -> int:
    """Return a whole number above 0 that an option has for its value."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Return the names that an option has for its value: ``A,B``."""
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def configuration(paths: Sequence[Path], working_dir: Path, *, bare: bool = False) -> Any:
    """Return the configuration in files, layered over the shipped one unless ``bare``."""
    from halogenator.config import read_config

    shipped = [] if bare else [repository() / "configs" / "config.yaml"]
    return read_config([*shipped, *paths], working_dir=working_dir, repository=repository())
