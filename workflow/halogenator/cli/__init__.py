"""``python -m halogenator VERB``, for people and the workflow's rules. A verb imports what it needs when it runs."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache

from halogenator import __version__
from halogenator.cli import (
    apply_verb,
    browse_verb,
    compare_verb,
    completion_verb,
    configuration_verbs,
    explain_verb,
    export_verb,
    find_verb,
    hash_verb,
    patterns_verb,
    project_verbs,
    publish_verb,
    results_verbs,
    serve_verb,
    task_verbs,
    transforms_verb,
)
from halogenator.cli.options import EXIT_CODES, EXIT_INTERRUPTED, EXIT_PIPE, HelpFormatter, Parser
from halogenator.errors import UserError
from halogenator.process.environment import use_utf8


def program() -> int:
    """Run the verb of this process's command line, a task in a guarded child of it; return the exit status."""
    use_utf8()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error: no character is worth a traceback
    try:
        status = main(guarded=True)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more when it exits: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    return status


def main(arguments: Sequence[str] | None = None, *, guarded: bool = False) -> int:
    """Run a verb, with messages of errors on standard error, and return the exit status, as ``EXIT_CODES`` lists them.

    Args:
        arguments: the command line without the program's name; this process's own where not given.
        guarded: whether to fork a child that does the work and is held to its declared memory.
    """
    parser = build_parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if not (guarded and hasattr(options, "mem_mb")):
        return _run(options)

    from halogenator.process import limits
    from halogenator.process.guard import Declaration, run_guarded
    from halogenator.process.running import announced
    from halogenator.process.usage import add_processor_time

    if options.ends_with:
        limits.die_with(options.ends_with)
    command = task_verbs.command_of(options)
    label, outputs = (command.label, command.outputs) if command else (options.verb, ())
    options.mem_mb -= options.beside_mb
    known = {name: getattr(options, name) for name in ("cap_mb", "beside_mb", "attempt", "attempts")}
    task = Declaration(options.mem_mb, label, outputs, **known)
    with announced(options.notes, label, options.mem_mb) if options.notes else nullcontext():
        status = run_guarded(lambda: _run(options), task, step_seconds=getattr(options, "row_seconds", None))
    if options.processor_time:
        add_processor_time(options.log, options.processor_time)
    return status


def _run(options: argparse.Namespace) -> int:
    try:
        return options.run(options) or 0
    except KeyboardInterrupt:
        print("halogenator: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        from halogenator.process.failures import explain
        from halogenator.process.guard import EXIT_MEMORY, is_refusal

        if is_refusal(error):
            return EXIT_MEMORY
        explained = error if isinstance(error, UserError) else explain(error)
        if explained is None:
            raise
        print(f"halogenator: {explained}", file=sys.stderr)
        return explained.exit_status


@cache  # a task that the task server forks has it from there
def build_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="halogenator",
        usage="python -m halogenator VERB …",
        description="Halogenated natural-product libraries through functional-group transforms.",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"halogenator {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", prog="python -m halogenator", required=True)
    listed = (
        *(project_verbs, configuration_verbs, results_verbs, browse_verb, find_verb, explain_verb, compare_verb),
        *(hash_verb, export_verb, publish_verb, transforms_verb, patterns_verb, apply_verb),
    )
    for module in listed:
        module.add_verbs(verbs)
    completion_verb.add_verb_for(parser, verbs)
    task_verbs.add_verbs(verbs)
    serve_verb.add_verb_for(program, verbs)
    parser.epilog = (
        f"verbs of the workflow's rules, a task each:\n{task_verbs.listing()}\n{serve_verb.listing()}\n\n"
        f"what a verb takes:\n  python -m halogenator VERB --help\n\n{EXIT_CODES}"
    )
    return parser
