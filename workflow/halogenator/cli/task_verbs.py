"""The verbs that the workflow's rules call: an object of ``tasks.commands`` is made of each command line, and run."""

from __future__ import annotations

import argparse
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, json_of, memory_option
from halogenator.results import expanded
from halogenator.tasks.commands import COMMANDS, Command, Part


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    for kind in COMMANDS:
        parser = add_verb(verbs, kind.verb(), _run, kind.text(), kind.example, listed=False)
        parser.set_defaults(kind=kind)
        for field in fields(kind):
            required = field.default is MISSING
            parser.add_argument(
                f"--{field.name.replace('_', '-')}",
                **_OPTIONS[str(field.type)],
                required=required,
                default=None if required else field.default,
                help=field.metadata["help"],
            )
        if kind.guarded:
            memory_option(parser)


def listing() -> str:
    """Return the list of these verbs, one per line, which help shows apart from those for people."""
    return "\n".join(f"  {kind.verb():20}{kind.text()}" for kind in COMMANDS)


def command_of(options: argparse.Namespace) -> Command | None:
    """Return the task that a command line asks for; None for any other verb."""
    kind: type[Command] | None = getattr(options, "kind", None)
    return None if kind is None else kind(**{field.name: getattr(options, field.name) for field in fields(kind)})


def _run(options: argparse.Namespace) -> None:
    from halogenator.process.usage import Task

    command = command_of(options)
    assert command is not None
    command.run(Task(getattr(options, "mem_mb", 0)))


class _Several(argparse.Action):
    """An option that takes several files; ``*of012.x`` stands for all twelve chunk files, as ``expanded`` reads it."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, tuple(map(Path, expanded(values))))


def _part(text: str) -> Part:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 0 ≤ I < N")
    return int(number), int(count)


# Keyword arguments of ``add_argument`` by the type of a command's field, as its annotation spells it.
_OPTIONS: dict[str, dict[str, Any]] = {
    "Recipe": {"type": json_of("Recipe"), "metavar": "JSON"},
    "Job": {"type": json_of("Job"), "metavar": "JSON"},
    "Part": {"type": _part, "metavar": "I/N"},
    "Path": {"type": Path},
    "Sequence[Path]": {"action": _Several, "nargs": "*", "metavar": "FILE"},
    "str": {},
    "str | None": {},
    "int": {"type": int, "metavar": "N"},
    "float": {"type": float, "metavar": "N"},
}
