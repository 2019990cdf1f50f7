"""``python -m halogenator VERB``: what people and the workflow's rules call. A verb imports what it needs when run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from halogenator import __version__
from halogenator.cli import export, people, plan, tasks
from halogenator.cli.options import EXIT_CODES, Parser
from halogenator.errors import UserError


def program() -> int:
    """Run the verb of this process's command line, a task in a guarded child of it; return the exit status."""
    return main(guarded=True)


def main(arguments: Sequence[str] | None = None, *, guarded: bool = False) -> int:
    """Run a verb. Returns the exit status, which ``EXIT_CODES`` explains, after a message on standard error.

    Args:
        arguments: the command line without the program's name; this process's own where not given.
        guarded: whether a task is held to its declared memory, for which this process is forked.
    """
    options = _parser().parse_args(arguments)
    if not (guarded and hasattr(options, "mem_mb")):
        return _run(options)

    from halogenator.memory.guard import Declaration, run_guarded

    task = Declaration(options.mem_mb, _describe(options), _outputs(options))
    return run_guarded(lambda: _run(options), task, step_seconds=getattr(options, "row_seconds", None))


def _run(options: argparse.Namespace) -> int:
    try:
        return options.run(options) or 0
    except UserError as error:
        return _complain(error)
    except Exception as error:
        from halogenator.memory.guard import EXIT_MEMORY, is_refusal
        from halogenator.storage.failures import explain

        if is_refusal(error):
            return EXIT_MEMORY
        explained = explain(error)
        if explained is None:
            raise
        return _complain(explained)


def _describe(options: argparse.Namespace) -> str:
    """Return what a task is, in the words of its options."""
    names = [getattr(options, name, None) for name in ("library", "transform")]
    words = [options.verb, *(str(name) for name in names if name)]
    if hasattr(options, "chunk"):
        words.append(f"chunk {options.chunk[0] + 1} of {options.chunk[1]}")
    return " ".join(words)


def _outputs(options: argparse.Namespace) -> tuple[Path, ...]:
    paths = (getattr(options, name, None) for name in ("out", "rejects", "stats"))
    return tuple(path for path in paths if path is not None)


def _complain(error: UserError) -> int:
    print(f"halogenator: {error}", file=sys.stderr)
    return 1


def _parser() -> Parser:
    parser = Parser(
        prog="halogenator",
        description="Halogenated natural-product libraries through functional-group transforms.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"halogenator {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    plan.add_verbs(verbs)
    people.add_verbs(verbs)
    export.add_verbs(verbs)
    tasks.add_verbs(verbs)
    return parser
