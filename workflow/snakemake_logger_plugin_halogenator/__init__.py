"""Snakemake's logger plugin of this workflow: progress bars on a terminal; in a log, tasks and progress line by line.

The profiles switch it on with ``--logger halogenator``. Messages that it leaves out are in the log file below
``.snakemake/log``, and ``--verbose`` shows them.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING

from rich.console import Console
from snakemake.logging import ColorizingTextHandler
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_halogenator.command_line import as_typed, command_line
from snakemake_logger_plugin_halogenator.configfiles import explain

# The package halogenator is imported only after a run has begun. The Snakefile has then put its own copy first on the
# path, and the installed one may be another.
if TYPE_CHECKING:
    from halogenator.planning.plan import Plan
    from halogenator.upkeep.run_progress import RunProgress

_LOOK_SECONDS = 2.0  # between two looks at memory, and two updates of summary.tsv
_LOG_SECONDS = 30.0  # between two lines of progress in a log, at least
_LOG_SHARE = 0.02  # and at least this share of the time so far

# Beginnings of messages that matter to nobody who only wants results.
_CHATTER = (
    "Config file ",
    "Assuming unrestricted shared filesystem usage",
    "Memory allocator of tasks",
    "Building DAG of jobs",
    "Using shell: ",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Select jobs to execute",
    "Removing temporary output",
    "Elapsed time: ",
)
# summary.tsv is written during the run.
_NO_WARNING = "Warning: the following output files of rule summarize were not present"
_LOG_NAMED = "Complete log(s): "
_LEFT_OUT_EVENTS = (LogEvent.PROGRESS, LogEvent.JOB_FINISHED, LogEvent.JOB_STARTED, LogEvent.SHELLCMD)
# What Snakemake says when Ctrl-C was pressed: while tasks run, and before.
_STOPPING = ("Terminating processes on user request", "Cancelling snakemake on user request")

_PYTHONS_OWN = signal.default_int_handler
_STOPPED = "Stopping: what is finished stays, and to go on from there type  {}"


def _cache_elsewhere() -> TemporaryDirectory[str] | None:
    """Give Snakemake a folder for its cache where the home directory takes none; it would end with a traceback.

    Returns:
        The folder, which is there as long as this object; None if none is needed.
    """
    from snakemake.common import get_appdirs

    try:
        folder = Path(get_appdirs().user_cache_dir, "snakemake")
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError:
        other = TemporaryDirectory(prefix="snakemake-", ignore_cleanup_errors=True)
        os.environ["XDG_CACHE_HOME"] = other.name
        return other
    return None


def _without_traceback(otherwise: Callable[..., object], kind: type[BaseException], *error: object) -> None:
    """Show an uncaught error, but Ctrl-C as one sentence: Snakemake itself answers it only while tasks run."""
    if issubclass(kind, KeyboardInterrupt):
        print(_STOPPED.format(as_typed()), file=sys.stderr)
    else:
        otherwise(kind, *error)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _hear_every_interrupt() -> None:
    """Let Ctrl-C end the run whenever it is pressed.

    With Python's own handler, ``asyncio.run``, which Snakemake calls for each task that it starts, puts one of its own
    in the place: that only cancels what awaits, and where nothing awaits any more, the key is lost.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is _PYTHONS_OWN:
        signal.signal(signal.SIGINT, _interrupt)


def _no_space() -> str:
    """Return what Snakemake does not say when a disk takes no more: whether space or inodes are used up, and where."""
    from halogenator.process import failures

    return f"halogenator: {failures.explain(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), Path('.snakemake'))}"


class LogHandler(LogHandlerBase):
    """A log handler that shows a run's messages and its progress."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self._cache = _cache_elsewhere()
        _hear_every_interrupt()
        sys.excepthook = partial(_without_traceback, sys.excepthook)
        settings = self.common_settings
        stream = sys.stdout if settings.stdout else sys.stderr
        self._stream = stream
        self._text = ColorizingTextHandler(nocolor=settings.nocolor, stream=stream)
        self._shows_all = settings.verbose or settings.printshellcmds
        self._is_dry = settings.dryrun
        self._failed = self._stopped = False
        self._plan: Plan | None = None
        self._results = Path("results")
        self._progress: RunProgress | None = None
        self._bars = False
        self._end = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)
        self._summary_due = False
        self._summary_time = float("-inf")  # of time.monotonic

    def setFormatter(self, formatter: logging.Formatter | None) -> None:  # noqa: N802 (logging's name)
        """Take the formatter that Snakemake gives its handlers."""
        super().setFormatter(formatter)
        self._text.setFormatter(formatter)

    def expect(self, plan: Plan, results: Path) -> None:
        """Take the plan of the run that begins, and the folder of its results on this machine."""
        self._plan, self._results = plan, results

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, count it as progress, or leave it out."""
        event = getattr(record, "event", None)
        if event == LogEvent.ERROR and self._plan is None:
            text = record.getMessage()
            record.msg, record.args = explain(text, lambda: command_line().configfile) or text, ()
        if record.levelno >= logging.ERROR and os.strerror(errno.ENOSPC) in record.getMessage():
            record.msg, record.args = f"{record.getMessage()}\n{_no_space()}", ()
        self._failed |= record.levelno >= logging.ERROR
        if record.getMessage().startswith(_STOPPING):
            self._stop()
        elif self._shows_all:
            self._text.emit(record)
        elif not (self._stopped or self._is_chatter(record)):
            self._show(record, event)

    def _is_chatter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.levelno > logging.INFO:
            return text.startswith(_NO_WARNING)
        if text.startswith(_LOG_NAMED):
            return self._text.is_tty and not self._failed
        return getattr(record, "event", None) == LogEvent.RESOURCES_INFO or text.startswith(_CHATTER)

    def _show(self, record: logging.LogRecord, event: LogEvent | None) -> None:
        if self._is_dry:
            self._text.emit(record)
        elif event == LogEvent.RUN_INFO and self._progress is None:
            if not self._text.is_tty:  # bars count the tasks, too
                self._text.emit(record)
            self._begin(record.stats)  # type: ignore[attr-defined]
        elif event == LogEvent.JOB_INFO:
            self._started(record)
        elif event == LogEvent.JOB_FINISHED:
            self._finished(record.job_id)  # type: ignore[attr-defined]
        elif getattr(record, "ends_run", False):
            self._end_progress()
            self._say(record.getMessage())
        elif event not in _LEFT_OUT_EVENTS:
            self._text.emit(record)

    def _stop(self) -> None:
        """Answer Ctrl-C, once; what Snakemake and its tasks say about their end is left out from then on."""
        if not self._stopped:
            self._stopped = True
            self._end_progress()
            self._say(_STOPPED.format(as_typed()))

    def _end_progress(self) -> None:
        """Show the last progress, and write below it from now on."""
        progress, self._progress = self._progress, None
        if progress:
            progress.close()
            self._text.setStream(self._stream)

    def _begin(self, stats: dict[str, int]) -> None:
        from halogenator.process.progress import Bars, Lines, Progress
        from halogenator.upkeep.run_progress import RunProgress

        def say(text: str) -> None:
            self._say(f"{time.strftime('%H:%M:%S')}  {text}")

        shown: Progress = Lines(say, every=_LOG_SECONDS, share=_LOG_SHARE, announce=False)
        self._bars = self._text.is_tty
        if self._bars:
            shown = Bars(Console(file=self._text.stream), remaining=False)
        shown.__enter__()
        if self._bars:
            self._text.setStream(sys.stderr)  # replaced by the bars, so that text goes above them
        tasks = {rule: count for rule, count in stats.items() if rule not in ("total", "all")}
        self._progress = RunProgress(tasks, self._plan, self._results, shown)
        self._looker.start()

    def _started(self, record: logging.LogRecord) -> None:
        from halogenator.upkeep.run_progress import Started

        wildcards = record.wildcards  # type: ignore[attr-defined]
        names = (wildcards.get(name) for name in ("library", "transform", "chunk"))
        if self._progress:
            self._progress.start(record.jobid, Started(record.rule_name, *names))  # type: ignore[attr-defined]
        if not self._bars:
            text = record.rule_msg or record.rule_name  # type: ignore[attr-defined]
            self._say(f"Job {record.jobid}: {text}")  # type: ignore[attr-defined]

    def _finished(self, number: int) -> None:
        from halogenator.upkeep.run_progress import MERGES

        task = self._progress.finish(number) if self._progress else None
        if task and task.rule in MERGES:
            self._summary_due = True
            self._summarize()

    def _look(self) -> None:
        """Update memory, progress and the summary until the end; runs in a thread."""
        from halogenator.process.running import NOTES, workers

        while not self._end.wait(_LOOK_SECONDS):
            if progress := self._progress:
                progress.look(sum(worker.unique_mb for worker in workers(os.getpid(), NOTES)))
                self._summarize()

    def _summarize(self) -> None:
        """Write the summary of finished jobs, if one is new, at most once in ``_LOOK_SECONDS``."""
        from halogenator.errors import UserError
        from halogenator.results import Results
        from halogenator.tables.catalog import write_summary

        if self._summary_due and time.monotonic() - self._summary_time >= _LOOK_SECONDS:
            self._summary_due, self._summary_time = False, time.monotonic()
            with suppress(UserError, OSError):  # such as a full disk, which the rule summarize reports
                write_summary(self._results, Results(self._results).summary)

    def _say(self, text: str) -> None:
        self._text.stream.write(text + "\n")
        self._text.flush()

    def close(self) -> None:
        """Stop the thread and the bars."""
        self._end.set()
        if self._looker.is_alive():
            self._looker.join()
        self._end_progress()
        super().close()
