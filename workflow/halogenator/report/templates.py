"""Templates of pages, each rendered to one file with the style sheet in it."""

from __future__ import annotations

import jinja2

from halogenator import shipped
from halogenator.names import words
from halogenator.report import matrix
from halogenator.units import duration, size


def render(template: str, **values: object) -> str:
    """Return a page. All values are escaped, unless the template says ``safe``."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped.REPORT_PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"count": _count, "share": _share, "short": matrix.short, "size": size}
    environment.filters |= {"duration": duration, "words": words}
    style = (shipped.REPORT_PAGES / "report.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(style=style, **values)


def _count(value: object) -> str:
    """Return a number with commas between thousands; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _share(value: float | None) -> str:
    """Return a share in whole per cent; a dash for None."""
    return "–" if value is None else f"{100 * value:.0f} %"
