"""The pages: what each address answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlencode

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from halogenator import shipped
from halogenator.browse.answers import Answer, Answers
from halogenator.browse.basket import FORMAT_NAMES, MOST, find_kept, read_kept, write_kept
from halogenator.browse.one_molecule import about, address_of, address_of_drawing
from halogenator.browse.paging import find_places
from halogenator.browse.pictures import picture
from halogenator.browse.rows import Reader, Shown
from halogenator.browse.view import HALOGENS, MOLECULES, PRODUCTS, SIMILARITY, SIZES, SORTS, Cursor, View, read_view
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import FILTERS
from halogenator.chemistry.scores import WINDOWED
from halogenator.errors import UserError
from halogenator.model import Conditions
from halogenator.report.matrix import labelled
from halogenator.results import Results
from halogenator.search.parts import Part
from halogenator.tables.parquet import open_parquet

_PATIENCE = 1.5  # seconds that a page waits for rows before it says that the search goes on
_SECONDS = 20  # that a page's progress waits for news
_MOST_BYTES = 20_000_000  # of a form
_A_DAY = "private, max-age=86400"


@dataclass(frozen=True)
class _File:
    """A finished library or job, with what a filter shows of it."""

    part: Part
    rows: int
    columns: frozenset[str]


class Site:
    """The pages of a results folder.

    Args:
        results: the results folder.
        configuration: YAML files that say what transforms are called.
        memory_mb: memory that a search may use, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.
    """

    def __init__(self, results: Path, *, configuration: Sequence[Path], memory_mb: int, scratch: Path) -> None:
        self._results, self._configuration, self._scratch = Results(results), configuration, scratch
        self.answers = Answers(results, memory_mb=memory_mb, scratch=scratch)
        self._reader = Reader(results)
        self._called: dict[str, str] = {}
        self._files: dict[Path, tuple[float, _File]] = {}
        loader = jinja2.FileSystemLoader(shipped.BROWSE_PAGES / "templates")
        self._templates = jinja2.Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
        )
        self._templates.filters |= {"count": lambda value: f"{value:,}", "value": _value}

    @cached_property
    def app(self) -> Starlette:
        """The application that answers."""
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self.rows,
            "/basket": self.basket,
            "/progress": self.progress,
            "/molecule": self.molecule,
            "/drawing.svg": self.drawing,
        }
        own = StaticFiles(directory=shipped.BROWSE_PAGES / "static")
        return Starlette(
            routes=[
                *(Route(path, answer) for path, answer in pages.items()),
                Route("/basket/cards", _with_body(self.cards), methods=["POST"]),
                Route("/basket/file", _with_body(self.file), methods=["POST"]),
                Route("/static/report.css", _style),
                Mount("/static/vendor", StaticFiles(directory=shipped.BROWSE_PAGES / "vendor")),
                Mount("/static", own),
            ],
            exception_handlers={UserError: self._error, HTTPException: self._error, Exception: self._error},
        )

    # ---- pages ---------------------------------------------------------------------------------------------------

    def rows(self, request: Request) -> Response:
        """Answer with a page of rows; an address in another form is sent to the usual one."""
        view, files = self._view(request)
        usual = urlencode(view.query)
        if request.url.query != usual:
            return RedirectResponse(f"/?{usual}" if usual else "/", 303)
        return self._page("rows.html.j2", **self._filters(view, files), **self._answered(view, files))

    def progress(self, request: Request) -> Response:
        """Answer how far the search of a view is, once it is further than the page that asks knows."""
        known = request.query_params.get("found", "0"), request.query_params.get("searched", "0")
        query = [pair for pair in request.query_params.multi_items() if pair[0] not in ("found", "searched")]
        view = read_view(query)
        answer = self._answer(view, self._listed())
        found, searched = (int(text) if text.isdecimal() else 0 for text in known)
        answer.wait(lambda: answer.count > found or answer.searched > searched, _SECONDS)
        state = {"done": answer.is_done, "count": answer.count, "searched": answer.searched, "rows": answer.rows}
        return JSONResponse(state)

    def molecule(self, request: Request) -> Response:
        """Answer with the page of one product or molecule, which is looked for where its row has another by now."""
        values = request.query_params
        at, smiles = Cursor.read(values.get("at", "")), values.get("smiles", "")
        row = self._reader.read_one(at)
        if smiles and (row is None or row.values["smiles"] != smiles):
            part = self._reader.part_of(at)
            answer = self.answers.of(Conditions(molecule=smiles), [part] if part else [])
            answer.wait(lambda: answer.count > 0, _SECONDS)
            places = find_places(View(), answer.parts).places
            row = self._reader.read(places[:1], answer.parts)[0] if places else None
        if row is None:
            raise HTTPException(404, "This molecule is not in the results any more.")
        title = self._label(row)
        return self._page("molecule.html.j2", row=row, title=title, smirks=self._reader.smirks(row.at), **about(row))

    def basket(self, _: Request) -> Response:
        """Answer with the page of what was put aside, which the browser remembers and asks for."""
        return self._page("basket.html.j2", formats=FORMAT_NAMES, most=MOST)

    def cards(self, body: dict[str, str]) -> Response:
        """Answer with the cards of rows."""
        rows = find_kept(read_kept(body.get("rows", "")), self._reader)
        return self._page("cards.html.j2", shown=[self._card(View(show=_kind(row)), row) for row in rows])

    def file(self, body: dict[str, str]) -> Response:
        """Answer with a file of rows."""
        form = body.get("format", "")
        if form not in FORMAT_NAMES:
            raise UserError("there is no such format here", where="format", value=form, allowed=list(FORMAT_NAMES))
        rows = find_kept(read_kept(body.get("rows", "")), self._reader)
        with TemporaryDirectory(dir=self._scratch) as folder:
            out = Path(folder) / f"basket.{form}"
            write_kept(rows, form, out)
            content = out.read_bytes()
        how = {"content-disposition": f'attachment; filename="halogenator-basket.{form}"'}
        return Response(content, media_type="application/octet-stream", headers=how)

    def drawing(self, request: Request) -> Response:
        """Answer with a drawing."""
        values = request.query_params
        site = values.get("site", "")
        drawn = picture(
            values.get("smiles", ""),
            values.get("parent", ""),
            int(site) if site.isdecimal() and len(site) < 9 else -1,
            self._smirks(values.get("job", "")),
            of_parent="before" in values,
        )
        if drawn is None:
            raise HTTPException(404, "This molecule cannot be drawn.")
        return Response(drawn, media_type="image/svg+xml", headers={"cache-control": _A_DAY})

    def _error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400 if isinstance(error, UserError) else 500
        lines = {"what": error.what} if isinstance(error, UserError) else {"what": str(getattr(error, "detail", error))}
        if isinstance(error, UserError):
            found = {"where": error.where, "found": error.value, "allowed": error.allowed, "fix": error.fix}
            lines |= {name: _text(value) for name, value in found.items() if value not in (None, "")}
        if request.url.path == "/progress":
            return JSONResponse({"error": lines["what"]}, status)
        return self._page("error.html.j2", status=status, lines=lines)

    # ---- what pages show -----------------------------------------------------------------------------------------

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(**values), status)

    def _view(self, request: Request) -> tuple[View, list[_File]]:
        query = request.query_params.multi_items()
        files = self._listed()
        view = read_view(query)
        if not any(name == "show" for name, _ in query) and not any(file.part.transform for file in files):
            view = read_view([*query, ("show", MOLECULES)])
        return view, files

    def _listed(self) -> list[_File]:
        """Return the finished libraries and jobs, in the order of their names."""
        jobs = [Part(path, *names) for names, path in self._results.jobs().items()]
        parts = [Part(path, name) for name, path in self._results.libraries().items()] + jobs
        parts.sort(key=lambda part: (part.library or "", part.transform or ""))
        return [file for part in parts if (file := self._file(part))]

    def _file(self, part: Part) -> _File | None:
        try:
            changed = part.path.stat().st_mtime
        except FileNotFoundError:  # a run removes it before it makes it anew
            return None
        known = self._files.get(part.path)
        if known is None or known[0] != changed:
            file = open_parquet(part.path)
            known = changed, _File(part, file.metadata.num_rows, frozenset(file.schema_arrow.names))
            self._files[part.path] = known
        return known[1]

    def _chosen(self, view: View, files: Sequence[_File]) -> list[_File]:
        products = view.show == PRODUCTS
        found = [file for file in files if (file.part.transform is not None) == products]
        for kind, wanted in (("library", view.libraries), ("transform", view.transforms if products else ())):
            known = {getattr(file.part, kind) for file in found}
            for name in wanted:
                if name not in known:
                    allowed = sorted(filter(None, known))
                    raise UserError(f"there are no results of this {kind}", where=kind, value=name, allowed=allowed)
            found = [file for file in found if not wanted or getattr(file.part, kind) in wanted]
        return found

    def _answer(self, view: View, files: Sequence[_File]) -> Answer:
        return self.answers.of(view.asked, [file.part for file in self._chosen(view, files)])

    def _answered(self, view: View, files: Sequence[_File]) -> dict[str, Any]:
        answer = self._answer(view, files)
        sorted_ = bool(view.sort)
        answer.wait(lambda: not sorted_ and len(find_places(view, answer.parts).places) >= view.size, _PATIENCE)
        state = {"done": answer.is_done, "count": answer.count, "searched": answer.searched, "rows": answer.rows}
        found = find_places(view, answer.parts)
        shown = self._reader.read(found.places, answer.parts)
        first, last = (shown[0].at, shown[-1].at) if shown else (view.cursor, view.cursor)
        return {
            "shown": [self._card(view, row) for row in shown],
            "state": state,
            "waits": "full" if len(shown) < view.size and not sorted_ else "done",
            "previous": view.address(cursor=first, backwards=True) if found.before and first else None,
            "next": view.address(cursor=last, backwards=False) if found.after and last else None,
            "progress": "/progress?" + urlencode(view.query),
        }

    def _card(self, view: View, row: Shown) -> dict[str, Any]:
        values = row.values
        columns = [name for name in DESCRIPTORS if values.get(name) is not None]
        if view.sort in values and view.sort not in columns:
            columns.append(view.sort)
        return {
            "row": row,
            "name": values["name"],
            "smiles": values["smiles"],
            "title": self._label(row),
            "drawing": address_of_drawing(row),
            "values": [(name, values[name]) for name in columns],
            "link": address_of(row),
            "others": view.address(conditions=replace(view.conditions, parent=row.origin_name))
            if row.origin_name
            else None,
        }

    def _filters(self, view: View, files: Sequence[_File]) -> dict[str, Any]:
        kind = [file for file in files if (file.part.transform is not None) == (view.show == PRODUCTS)]
        transforms = dict.fromkeys(file.part.transform for file in kind if file.part.transform)
        columns = frozenset[str]().union(*(file.columns for file in kind))
        return {
            "view": view,
            "totals": {
                PRODUCTS: sum(file.rows for file in files if file.part.transform),
                MOLECULES: sum(file.rows for file in files if not file.part.transform),
            },
            "libraries": {file.part.library: file.part.library for file in kind},
            "transforms": self._labels(transforms),
            "windowed": [each for name, each in WINDOWED.items() if name in columns],
            "sorts": [name for name in SORTS if name in columns or (name == SIMILARITY and view.conditions.similar)],
            "halogens": list(HALOGENS),
            "rules": {name: FILTERS[name].text for name in ("lipinski", "veber")},
            "sizes": SIZES,
        }

    def _labels(self, names: Iterable[str]) -> dict[str, str]:
        """Return {transform: what it is called}, in the order of the configuration."""
        wanted = frozenset(names)
        if not wanted <= self._called.keys():  # files of configuration take long to read
            self._called = {
                name: each.label for name, each in labelled(self._configuration, wanted | self._called.keys()).items()
            }
        return {name: label for name, label in self._called.items() if name in wanted}

    def _label(self, row: Shown) -> str:
        name = row.at.transform
        return self._labels([name])[name] if name else row.at.library

    def _smirks(self, job: str) -> str:
        library, _, transform = job.partition("/")
        return self._reader.smirks(Cursor(library, transform, 0)) if transform else ""


def _value(value: object) -> str:
    """Return a value as a card shows it."""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _style(_: Request) -> Response:
    return Response((shipped.REPORT_PAGES / "report.css").read_text(encoding="utf-8"), media_type="text/css")


def _kind(row: Shown) -> str:
    return PRODUCTS if row.at.transform else MOLECULES


def _with_body(answer: Callable[[dict[str, str]], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers a form that a page sends."""

    async def answered(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                raise HTTPException(413, "This is too much at once.")
        return await run_in_threadpool(answer, {name: values[0] for name, values in parse_qs(body.decode()).items()})

    return answered
