"""A preview as text for people: a table of libraries and jobs, then what is left out and by which entry."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from halogenator.planning.intervals import total
from halogenator.planning.preview import LeftOut, Preview

_WIDTH = 140  # characters of a line where there is no terminal
_REASONS = 3  # shown of a job or a library, those with most routes


def preview_text(preview: Preview, *, color: bool, width: int | None = None) -> str:
    """Return the table, the sums and the notes as text.

    Args:
        preview: the preview.
        color: whether to use the colours of a terminal.
        width: characters of a line; None: wide enough for all columns.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("library\n  transform", overflow="fold")
    table.add_column("products", justify="right", no_wrap=True)
    table.add_column("left out", overflow="fold")
    for library in preview.libraries:
        own = [entry for entry in preview.left_out if (entry.library, entry.made) == (library.name, "molecules")]
        table.add_row(Text(library.name, "bold"), Text(f"{library.molecules} molecules", "bold"), Text(_reasons(own)))
        for transform, (products, _) in library.jobs.items():
            key = library.name, transform, "products"
            of_job = [entry for entry in preview.left_out if (entry.library, entry.transform, entry.made) == key]
            table.add_row(Text(f"  {transform}"), Text(str(products)), Text(_reasons(of_job)))
    out = StringIO()
    Console(file=out, width=width or _WIDTH, force_terminal=color, color_system="auto" if color else None).print(
        Group(table, *_notes(preview)), soft_wrap=not color
    )
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _reasons(entries: list[LeftOut]) -> str:
    """Return the entries that leave out most, with the number of molecules, or of sites where nothing was made."""
    found: dict[tuple[str, str], list[LeftOut]] = {}
    for entry in entries:
        found.setdefault((entry.kind, entry.name), []).append(entry)
    said = []
    for (kind, name), parts in list(found.items())[:_REASONS]:
        molecules = [part.molecules for part in parts if part.molecules is not None]
        count = total(molecules or [part.routes for part in parts])
        said.append(f"{kind} {name}: {count.short}{'' if molecules else ' sites'}")
    more = len(found) - _REASONS
    return "; ".join(said) + (f"; {more} more" if more > 0 else "")


def _notes(preview: Preview) -> Iterator[Text]:
    yield Text(f"products: {preview.products}", "bold")
    yield Text(
        f"          from {preview.walks:,} walks; in brackets 95 % intervals, without them a number is exact", "dim"
    )
    for note in preview.notes:
        yield Text(f"note:     {note}", "yellow")
