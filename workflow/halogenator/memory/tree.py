"""The processes of a running workflow and the memory of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from halogenator.dataclass_json import from_json
from halogenator.model import Job, Recipe
from halogenator.units import MB

_PACKAGE = "halogenator"


@dataclass(frozen=True)
class Worker:
    """A task of a running workflow at one moment, or the workflow's own process.

    Attributes:
        pid: its first process.
        name: what it does: a verb with library, transform and chunk; "snakemake" for the workflow itself.
        declared_mb: what the task declared; 0 where nothing was.
        unique_mb: memory, in MB, that would be free if it and the processes that it started ended (the resident size
            where the system does not tell).
    """

    pid: int
    name: str
    declared_mb: int
    unique_mb: float


def workers(root: int) -> list[Worker]:
    """Return the process ``root`` and what it started, without this process; empty once it has ended."""
    try:
        process = psutil.Process(root)
        if process.status() == psutil.STATUS_ZOMBIE:
            return []
        found = [Worker(root, "snakemake", 0, _unique_bytes(process) / MB)]
        started = process.children()
    except psutil.Error:
        return []
    own = psutil.Process().pid
    return found + [worker for child in started if child.pid != own for worker in _look(child)]


def _look(first: psutil.Process) -> Iterator[Worker]:
    """Yield what a process and its descendants are together, if it is still there."""
    with suppress(psutil.Error):
        words: list[str] = []
        size = 0
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.Error):
                words = _program(process.cmdline()) or words
                size += _unique_bytes(process)
        if size:
            yield Worker(first.pid, _task_name(words) or first.name(), int(_option(words, "--mem-mb") or 0), size / MB)


def _unique_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)


def _program(words: Sequence[str]) -> list[str]:
    """Return the verb and options of a command line of this package; of any other, nothing."""
    return list(words[words.index(_PACKAGE) + 1 :]) if _PACKAGE in words else []


def _task_name(words: Sequence[str]) -> str:
    names: Sequence[str | None] = [_option(words, flag) for flag in ("--library", "--transform")]
    if job := _option(words, "--job"):
        names = from_json(Job, job).names
    elif recipe := _option(words, "--recipe"):
        names = from_json(Recipe, recipe).names
    return " ".join(filter(None, [*words[:1], *names, _option(words, "--chunk")]))


def _option(words: Sequence[str], flag: str) -> str | None:
    places = [place for place, word in enumerate(words[:-1]) if word == flag]
    return words[places[0] + 1] if places else None
