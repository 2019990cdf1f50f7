"""The memory of a running workflow's processes: recorded in a file, or shown in the terminal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.process.run_folder import lock_holder
from halogenator.process.running import NOTES, Worker, workers
from halogenator.tables.columns import MONITOR, arrow_schema
from halogenator.tables.parquet import limit_arrow_threads, table_writer

# Rows kept of all runs. When there are more, every other moment is dropped, so that the record of weeks stays small.
MAX_ROWS = 200_000
# Time between two saves: this share of the run so far, within these bounds. The report of a short run needs the record
# soon.
_SAVE_SHARE = 0.1
_SAVE_SECONDS = (1.0, 20.0)


def record(pid: int, out: Path, *, interval: float, cap_mb: int) -> None:
    """Record the memory of a workflow's processes until it ends; rows of earlier runs in ``out`` are kept.

    The file is replaced as a whole, at least every 20 s, so that it can be read at any time.

    Args:
        pid: the workflow's process.
        out: monitor.parquet, with a row per process and moment.
        interval: seconds between samples.
        cap_mb: memory that all tasks together may declare, in MB.
    """
    limit_arrow_threads()
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    rows = _earlier(out)
    began = saved = time.monotonic()
    while not end.is_set() and (found := workers(pid, NOTES)):
        now = time.time()
        rows += [(now, w.pid, w.name, w.declared_mb, round(w.unique_mb, 1), cap_mb) for w in found]
        least, most = _SAVE_SECONDS
        if time.monotonic() - saved >= min(most, max(least, _SAVE_SHARE * (time.monotonic() - began))):
            rows = _thinned(rows)
            _save(rows, out)
            saved = time.monotonic()
        end.wait(interval)
    _save(_thinned(rows), out)


def _earlier(out: Path) -> list[tuple[object, ...]]:
    """Return the rows of earlier runs."""
    try:
        table = pq.read_table(out, columns=[column.name for column in MONITOR], use_threads=False)
        table = table.cast(arrow_schema(MONITOR))
    except (OSError, pa.ArrowException, KeyError, ValueError):  # no file, or one with other columns
        return []
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _thinned(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return rows without every other moment, as often as it takes to have at most ``MAX_ROWS``."""
    while len(rows) > MAX_ROWS:
        moments = sorted({row[0] for row in rows}, key=float)  # type: ignore[arg-type]
        kept = set(moments[::2])
        rows = [row for row in rows if row[0] in kept]
    return rows


def _save(rows: Sequence[tuple[object, ...]], out: Path) -> None:
    with table_writer(out, MONITOR, {}) as writer:
        for row in rows:
            writer.append(*row)


def watch(folder: Path, *, interval: float, threshold: float, once: bool, show: Callable[[str], None]) -> None:
    """Show the memory of the workflow that runs in a folder, repeatedly until it ends.

    Args:
        folder: the working directory of the run.
        interval: seconds between two texts.
        threshold: percent of the cap above which a warning is shown.
        once: show one text only.
        show: called with each text.

    Raises:
        UserError: no workflow runs there.
    """
    holder = lock_holder(folder / ".snakemake")
    if holder is None:
        raise UserError(
            "no workflow is running here",
            where=folder.resolve(),
            fix="start one with snakemake --cores all, or name its folder with --directory",
        )
    pid, cap_mb = holder
    before: tuple[float, list[Worker]] | None = None
    while found := workers(pid, folder / NOTES):
        now = time.monotonic()
        show("\n".join(_lines(found, before, now, cap_mb, threshold)))
        if once:
            return
        before = now, found
        time.sleep(interval)
    show("the run has ended")


def _lines(
    found: Sequence[Worker], before: tuple[float, Sequence[Worker]] | None, now: float, cap_mb: int, threshold: float
) -> Iterator[str]:
    """Yield a heading, a line for each process, their sum, and a warning if the sum is near the cap.

    Args:
        found: the processes.
        before: time and processes of the text before, to tell growth.
        now: the time, in seconds of the same clock.
        cap_mb: memory that all tasks may declare together, in MB; 0: unknown.
        threshold: percent of the cap.
    """
    earlier = {worker.pid: worker.unique_mb for worker in before[1]} if before else {}
    minutes = (now - before[0]) / 60 if before else 0

    def line(used: float, declared: str, used_before: float | None, what: str) -> str:
        growth = "-" if used_before is None or not minutes else f"{(used - used_before) / minutes:+,.0f}"
        return f"{'':8}  {used:9,.0f} {declared:>9} {growth:>14}  {what}"

    yield f"{time.strftime('%H:%M:%S')}  {'used MB':>9} {'declared':>9} {'growth MB/min':>14}"
    for worker in found:
        declared = f"{worker.declared_mb:,}" if worker.declared_mb else "-"
        yield line(worker.unique_mb, declared, earlier.get(worker.pid), worker.name)
    total = sum(worker.unique_mb for worker in found)
    share = 100 * total / cap_mb if cap_mb else 0
    declared = f"{sum(worker.declared_mb for worker in found):,}"
    of_cap = f"all, {share:.0f} % of the cap of {cap_mb:,} MB"
    yield line(total, declared, sum(earlier.values()) if before else None, of_cap)
    if share >= threshold:
        yield f"warning: above {threshold:g} % of memory.cap_mb"
