"""The verb ``serve-tasks``: a process that forks the tasks of a run. The workflow starts it, and nobody types it."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable
from typing import Any

from halogenator.cli.options import add_verb

# What most tasks import, and what takes long to.
_MODULES = (
    *(f"halogenator.tasks.{name}_chunk" for name in ("standardize", "halogenate", "transform")),
    *("halogenator.tasks.merge_library", "halogenator.tasks.merge_products", "halogenator.tasks.read_library"),
    *("halogenator.process.guard", "halogenator.tables.catalog", "halogenator.inputs.first_rows"),
)

_VERB, _TEXT = "serve-tasks", "fork the tasks of a run on this machine, so that each starts at once"


def listing() -> str:
    """Return the line of this verb in the list of those that people do not type."""
    return f"  {_VERB:20}{_TEXT}"


def add_verb_for(program: Callable[[], int], verbs: Any) -> None:
    """Add the verb to a command line; ``program`` runs the command line that ``sys.argv`` holds."""

    def run(options: argparse.Namespace) -> None:
        from halogenator.process.running import NOTES, SERVER, announced
        from halogenator.process.task_server import serve

        with announced(NOTES, SERVER, 0), socket.socket(fileno=options.listener) as listener:
            serve(listener, _MODULES, program)

    parser = add_verb(verbs, _VERB, run, _TEXT, f"{_VERB} 3", listed=False)
    parser.add_argument("listener", type=int, metavar="N", help="number of the open file that is the server's socket")
