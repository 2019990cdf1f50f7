"""The verbs that the workflow's rules call, a task each: their command lines, read back into ``tasks.commands``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from halogenator.cli.options import add_verb, memory_option
from halogenator.dataclass_json import from_json
from halogenator.errors import UserError
from halogenator.results import expanded
from halogenator.tasks.commands import COMMANDS, Command, Part


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    for kind in COMMANDS:
        parser = add_verb(verbs, kind.verb(), _run, kind.text(), kind.example, listed=False)
        parser.set_defaults(kind=kind)
        types = get_type_hints(kind)
        for field in fields(kind):
            required = field.default is MISSING
            parser.add_argument(
                f"--{field.name.replace('_', '-')}",
                **_reading(types[field.name]),
                required=required,
                default=None if required else field.default,
                help=field.metadata["help"],
            )
        if kind.guarded:
            memory_option(parser)


def listing() -> str:
    """Return the verbs, a line each, for a list of their own."""
    return "\n".join(f"  {kind.verb():20}{kind.text()}" for kind in COMMANDS)


def command_of(options: argparse.Namespace) -> Command | None:
    """Return the task that a command line is of; None for a verb that is none."""
    kind: type[Command] | None = getattr(options, "kind", None)
    return None if kind is None else kind(**{field.name: getattr(options, field.name) for field in fields(kind)})


def _run(options: argparse.Namespace) -> None:
    from halogenator.process.usage import Task

    command = command_of(options)
    assert command is not None
    command.run(Task(getattr(options, "mem_mb", 0)))


def _reading(kind: Any) -> dict[str, Any]:
    """Return how ``add_argument`` is to read a field of a type."""
    if is_dataclass(kind):
        return {"type": _json_reader(kind), "metavar": "JSON"}
    if kind == Part:
        return {"type": _part, "metavar": "I/N"}
    if kind in (int, float):
        return {"type": kind, "metavar": "N"}
    if Path in get_args(kind) or (str in get_args(kind) and type(None) not in get_args(kind)):
        return {"action": _Several, "nargs": "*", "metavar": "FILE" if Path in get_args(kind) else "NAME"}
    return {"type": Path if kind is Path else str}


class _Several(argparse.Action):
    """An option with several values, which may be abbreviated."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        words = expanded(values)
        setattr(namespace, self.dest, tuple(map(Path, words) if self.metavar == "FILE" else words))


def _json_reader(kind: Any) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return from_json(kind, text)
        except UserError as error:
            said = f"{error.what}; found {str(error.value)[:200]}; allowed: {error.allowed}"
            raise argparse.ArgumentTypeError(said) from None

    return read


def _part(text: str) -> Part:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 0 ≤ I < N")
    return int(number), int(count)
