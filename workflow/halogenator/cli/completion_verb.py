"""The verb ``completion``: a script with which a shell completes verbs, options and file names."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from halogenator.cli.options import Parser, add_verb

SHELLS = ("bash", "zsh", "fish", "tcsh")
_FOLDERS = ("outdir", "results", "directory", "scratch", "draw")  # options that take a folder
_INSTALL = """\
install, once, then start a new shell:
  bash   python -m halogenator completion bash >> ~/.bashrc
  zsh    python -m halogenator completion zsh > ~/.zfunc/_halogenator   (with fpath+=~/.zfunc before compinit)
  fish   python -m halogenator completion fish > ~/.config/fish/completions/halogenator.fish
  tcsh   python -m halogenator completion tcsh >> ~/.tcshrc
It completes the command halogenator, which takes what python -m halogenator takes; a shell knows no completion of
python's modules."""


def add_verb_for(program: Parser, verbs: Any) -> None:
    """Add the verb ``completion`` of a program's command line."""

    def run(options: argparse.Namespace) -> None:
        print(_script(program, options.shell))

    text = "print what makes a shell complete verbs, options and file names"
    parser = add_verb(verbs, "completion", run, text, "completion bash >> ~/.bashrc", more=_INSTALL)
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")


def _script(program: Parser, shell: str) -> str:
    import shtab

    for action in _actions(program):
        if action.type is Path:
            action.complete = shtab.DIRECTORY if action.dest in _FOLDERS else shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(program, shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the options and arguments of a parser and of all its verbs, from argparse's private list, as shtab does."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from _actions(verb)
        else:
            yield action
