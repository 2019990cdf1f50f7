"""The verbs that the workflow's rules call, a task each: their command lines, read back into ``tasks.commands``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from halogenator.cli.options import add_verb, memory_option
from halogenator.errors import UserError
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
                **_READING[str(field.type)],
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


def _from_json(name: str) -> Callable[[str], Any]:
    """Return what reads an object of a class of ``model``, which is imported only then."""

    def read(text: str) -> Any:
        from halogenator import model
        from halogenator.dataclass_json import from_json

        try:
            return from_json(getattr(model, name), text)
        except UserError as error:
            said = f"{error.what}; found {str(error.value)[:200]}; allowed: {error.allowed}"
            raise argparse.ArgumentTypeError(said) from None

    return read


class _Several(argparse.Action):
    """An option with several files, which may be abbreviated."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, tuple(map(Path, expanded(values))))


def _part(text: str) -> Part:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 0 ≤ I < N")
    return int(number), int(count)


# How the option of a field is read, by the field's type.
_READING: dict[str, dict[str, Any]] = {
    "Recipe": {"type": _from_json("Recipe"), "metavar": "JSON"},
    "Job": {"type": _from_json("Job"), "metavar": "JSON"},
    "Part": {"type": _part, "metavar": "I/N"},
    "Path": {"type": Path},
    "Sequence[Path]": {"action": _Several, "nargs": "*", "metavar": "FILE"},
    "str": {},
    "str | None": {},
    "int": {"type": int, "metavar": "N"},
    "float": {"type": float, "metavar": "N"},
}
