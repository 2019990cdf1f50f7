"""A plan as text for people: a table, grouped by library, with sums, notes and warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from halogenator.planning.fingerprints import FingerprintLine
from halogenator.planning.plan import ABOUT, AT_MOST, Line, Plan, totals
from halogenator.planning.resources import SNAKEMAKE_MB, stream_mb
from halogenator.units import counted, duration, size

_STYLES = {"done": "green", "adopted": "cyan", "partial": "yellow", "to do": "bold", "corrupt": "bold red"}
_MARKS = {ABOUT: "~", AT_MOST: "≤"}
_WIDTH = 140  # characters of a line where there is no terminal


def plan_text(plan: Plan, *, color: bool, width: int | None = None) -> str:
    """Return the table and the sums as text.

    Args:
        plan: the plan.
        color: whether to use the colours of a terminal.
        width: characters of a line; None: wide enough for all columns.
    """
    return _printed(Group(_table(plan), *_notes(plan)), color, width or _WIDTH)


def plan_notes(plan: Plan) -> str:
    """Return the sums of a plan as text, without the table."""
    return _printed(Group(*_notes(plan)), False, _WIDTH)


def _printed(text: Group, color: bool, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width, force_terminal=color, color_system="auto" if color else None).print(
        text, soft_wrap=not color
    )
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _table(plan: Plan) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("library\n  transform", overflow="fold")
    table.add_column("state", no_wrap=True)
    for heading in ("molecules with\na site, of all", "products", "CPU time", "memory\nMB", "disk"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in plan.lines:
        table.add_row(*_cells(line))
    for library in dict.fromkeys(line.library for line in plan.fingerprints):
        table.add_row(*_fingerprint_cells(library, [line for line in plan.fingerprints if line.library == library]))
    return table


def _cells(line: Line) -> Iterator[Text]:
    job = bool(line.transform)
    style = "" if job else "bold"
    yield Text(f"  {line.transform}" if job else line.library, style)
    chunks = f", {line.chunks_done} of {line.chunks} chunks" if line.state == "partial" else ""
    yield Text(f"{line.state}{chunks}", _STYLES[line.state])
    yield Text(f"{line.rows_matched:,} of {line.rows_in:,}" if line.rows_matched is not None else "")
    unit = "" if job else " molecules"
    yield Text(f"{_MARKS.get(line.products_known, '')}{line.products:,}{unit}", style)
    yield Text(duration(line.seconds) if line.waiting else "")
    yield Text(f"{'≤' if line.waiting else ''}{line.peak_mb:,}")
    yield Text(f"{'~' if line.waiting else ''}{size(line.bytes)}")


def _fingerprint_cells(library: str, lines: Sequence[FingerprintLine]) -> Iterator[Text]:
    """Yield the cells of a row for all fingerprints of a library and its jobs."""
    jobs = [line for line in lines if line.transform]
    parts = [*(["molecules"] if len(jobs) < len(lines) else []), *([counted(len(jobs), "job")] if jobs else [])]
    yield Text(f"fingerprints of {library}", "bold")
    yield Text("to do", _STYLES["to do"])
    yield Text(" and ".join(parts))
    yield Text(f"~{sum(line.rows for line in lines):,}")
    yield Text(duration(sum(line.seconds for line in lines)))
    yield Text(f"≤{stream_mb():,}")
    yield Text(f"~{size(sum(line.bytes for line in lines))}")


def _notes(plan: Plan) -> Iterator[Text]:
    sums = totals(plan)
    states = sums["jobs_by_state"]
    assert isinstance(states, dict)
    jobs = ", ".join(f"{count:,} {state}" for state, count in states.items()) or "none"
    yield Text(f"{counted(sum(states.values()), 'job')}: {jobs}", "bold")
    if plan.waiting:
        yield Text(f"to make: {sums['products_to_make']:,} products, duplicates among them not yet removed")
    if plan.fingerprints:
        tasks = counted(sum(line.tasks for line in plan.fingerprints), "task")
        yield Text(f"to make: {sums['fingerprints_to_compute']:,} fingerprints, in {tasks}")
    if plan.waiting or plan.fingerprints:
        basis = (
            "at the speed recorded in this folder" if plan.recorded else "at a typical speed: none is recorded here yet"
        )
        at_once = counted(plan.tasks_at_once, "task")
        if plan.on_cluster:
            time = f"{duration(plan.work_seconds)} of work beside the queue, up to {at_once} at once"
            cap = f"{SNAKEMAKE_MB:,} more for Snakemake; a node may give one"
        else:
            time = f"{duration(plan.seconds)} on {counted(plan.cores, 'core')}"
            cap = f"{at_once} at once; the cap is"
        yield Text(f"time:    about {time}, {basis}")
        yield Text(f"memory:  at most {sums['peak_mb']:,} MB a task, {cap} {plan.cap_mb:,} MB")
        need = f"{size(plan.new_bytes)} to stay and {size(plan.scratch_bytes)} while running"
        yield Text(f"disk:    about {need}; {size(plan.free_bytes)} are free")
    marks = {_MARKS[line.products_known] for line in plan.lines if line.products_known in _MARKS}
    if marks:
        meanings = {"~": "~ estimated from a sample", "≤": "≤ an upper bound, from the library's index"}
        yield Text(f"         {'; '.join(meanings[mark] for mark in sorted(marks, reverse=True))}", "dim")
    for note in plan.notes:
        yield Text(f"note:    {note}", "yellow")
    if not plan.fits:
        short = plan.new_bytes + plan.scratch_bytes - plan.free_bytes
        yield Text(
            f"warning: the disk has not the room: {size(short)} are missing. Free some, put the results elsewhere\n"
            "         (--directory DIR), or make part of the jobs first (select: in the configuration).",
            "bold red",
        )
    for line in plan.lines:
        if line.state == "corrupt":
            name = f"{line.library} {line.transform}".strip()
            yield Text(
                f"corrupt: {name}: {line.detail}\n"
                "         No run makes it anew while the file is there: remove it, and the next run will.",
                "bold red",
            )
