"""The pages: what each address answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
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
from halogenator.browse.files import File, Files, chosen, of_kind
from halogenator.browse.histograms import Histograms
from halogenator.browse.near import has_fingerprints, neighbours
from halogenator.browse.one_molecule import about, address_of, address_of_drawing, is_input
from halogenator.browse.paging import find_places
from halogenator.browse.pictures import picture
from halogenator.browse.routes import Routes
from halogenator.browse.rows import Reader, Shown
from halogenator.browse.view import (
    ALERTS,
    CATALOGS,
    HALOGENS,
    MOLECULES,
    PRODUCTS,
    RULES,
    SIMILARITY,
    SIZES,
    SORTS,
    Cursor,
    View,
    number,
    read_view,
)
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import FILTERS
from halogenator.chemistry.scores import WINDOWED
from halogenator.errors import UserError
from halogenator.model import Conditions, Config
from halogenator.report.matrix import labelled
from halogenator.results import Results
from halogenator.search.named import complete

_PATIENCE = 1.5  # seconds that a page waits for rows before it says that the search goes on
_SECONDS = 20  # that a page's progress waits for news
_MOST_BYTES = 20_000_000  # of a form
_NAMES, _LONGEST_NAME = 12, 200  # names that complete what is typed, and characters of that
_LONGEST_SMIRKS = 4_000  # characters
_A_DAY = "private, max-age=86400"


class Site:
    """The pages of a results folder.

    Args:
        results: the results folder.
        configuration: YAML files that say what transforms are called.
        config: returns the configuration that made the results.
        memory_mb: memory that a search may use, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.
    """

    def __init__(
        self,
        results: Path,
        *,
        configuration: Sequence[Path],
        config: Callable[[], Config],
        memory_mb: int,
        scratch: Path,
    ) -> None:
        self._results, self._configuration, self._scratch = Results(results), configuration, scratch
        self.answers = Answers(results, memory_mb=memory_mb, scratch=scratch)
        self._reader = Reader(results)
        self._routes = Routes(self._results, config)
        self._called: dict[str, str] = {}
        self._files, self._histograms = Files(self._results), Histograms()
        loader = jinja2.FileSystemLoader(shipped.BROWSE_PAGES / "templates")
        self._templates = jinja2.Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
        )
        self._templates.filters |= {"count": lambda value: f"{value:,}", "value": _value, "number": number}

    @cached_property
    def app(self) -> Starlette:
        """The application that answers."""
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self.rows,
            "/basket": self.basket,
            "/progress": self.progress,
            "/histograms": self.histograms,
            "/names": self.names,
            "/molecule": self.molecule,
            "/routes": self.routes,
            "/near": self.near,
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
        answer = self._answer(view, self._files.listed())
        found, searched = (int(text) if text.isdecimal() else 0 for text in known)
        answer.wait(lambda: answer.count > found or answer.searched > searched, _SECONDS)
        state = {"done": answer.is_done, "count": answer.count, "searched": answer.searched, "rows": answer.rows}
        return JSONResponse(state)

    def histograms(self, request: Request) -> Response:
        """Answer with histograms of what the libraries and transforms of a view have."""
        view, files = self._view(request)
        return JSONResponse(self._histograms.of(chosen(view, files)))

    def names(self, request: Request) -> Response:
        """Answer with names of natural products and input molecules that a text may be the beginning of."""
        start = request.query_params.get("start", "").strip()
        return JSONResponse(complete(self._results, start, _NAMES) if 0 < len(start) <= _LONGEST_NAME else [])

    def molecule(self, request: Request) -> Response:
        """Answer with the page of one product or molecule."""
        row = self._row(request)
        query = urlencode({"at": row.at, "smiles": row.values["smiles"]})
        return self._page(
            "molecule.html.j2",
            row=row,
            title=self._label(row),
            smirks=self._reader.smirks(row.at),
            query=query,
            **about(row),
        )

    def routes(self, request: Request) -> Response:
        """Answer with the part of a molecule's page that has all routes to it."""
        row = self._row(request)
        return self._page("routes.html.j2", row=row, **self._routes.to(row))

    def near(self, request: Request) -> Response:
        """Answer with the part of a molecule's page that has what is near to it."""
        row = self._row(request)
        files = self._files.listed()
        strips = []
        for words, view in neighbours(row, files, self._results):
            answer = self._answer(view, files)
            answer.wait(lambda view=view, answer=answer: _is_full(view, answer), _SECONDS)  # type: ignore[misc]
            shown = self._reader.read(find_places(view, answer.parts).places, answer.parts)
            cards = [self._card(view, each) for each in shown if each.at != row.at][: view.size - 1]
            strips.append({"words": words, "shown": cards, "link": view.address(size=SIZES[0]), "answer": answer})
        return self._page("near.html.j2", strips=strips)

    def _row(self, request: Request) -> Shown:
        """Return the row that an address names, which is looked for where its row has another molecule by now.

        Raises:
            HTTPException: it is not there.
        """
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
        return row

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
            values.get("smirks", "")[:_LONGEST_SMIRKS] or self._smirks(values.get("job", "")),
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

    def _view(self, request: Request) -> tuple[View, list[File]]:
        query = request.query_params.multi_items()
        files = self._files.listed()
        view = read_view(query)
        if not any(name == "show" for name, _ in query) and not any(file.part.transform for file in files):
            view = read_view([*query, ("show", MOLECULES)])
        return view, files

    def _answer(self, view: View, files: Sequence[File]) -> Answer:
        found = chosen(view, files)
        if view.without and not any(ALERTS in file.columns for file in found):
            raise UserError(
                "these results have no column with alerts",
                where="without",
                value=list(view.without),
                fix="run with scores: [alerts]; or python -m halogenator export --without " + ",".join(view.without),
            )
        return self.answers.of(view.asked, [file.part for file in found])

    def _answered(self, view: View, files: Sequence[File]) -> dict[str, Any]:
        answer = self._answer(view, files)
        answer.wait(lambda: _is_full(view, answer), _PATIENCE)
        state = {"done": answer.is_done, "count": answer.count, "searched": answer.searched, "rows": answer.rows}
        found = find_places(view, answer.parts)
        shown = self._reader.read(found.places, answer.parts)
        first, last = (shown[0].at, shown[-1].at) if shown else (view.cursor, view.cursor)
        return {
            "shown": [self._card(view, row) for row in shown],
            "state": state,
            "is_cut": answer.is_cut,
            "is_slow": bool(view.conditions.similar) and not has_fingerprints(answer.parts, self._results),
            "waits": "full" if len(shown) < view.size and not view.sort else "done",
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
            "is_input": is_input(row),
            "drawing": address_of_drawing(row),
            "values": [(name, values[name]) for name in columns],
            "link": address_of(row),
            "others": _of_parent(view, row),
        }

    def _filters(self, view: View, files: Sequence[File]) -> dict[str, Any]:
        kind = of_kind(view, files)
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
            "rules": {name: FILTERS[name].text for name in RULES},
            "catalogs": {name: FILTERS[name].source for name in CATALOGS} if ALERTS in columns else {},
            "histograms": urlencode([pair for pair in view.query if pair[0] in ("show", "library", "transform")]),
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
        if name:
            return self._labels([name])[name]
        return (row.origin_name if is_input(row) else "") or str(row.values.get("id", row.values["name"]))

    def _smirks(self, job: str) -> str:
        library, _, transform = job.partition("/")
        return self._reader.smirks(Cursor(library, transform, 0)) if transform else ""


def _of_parent(view: View, row: Shown) -> dict[str, str]:
    """Return {words: address} of what was made from a row's natural product: in the view, or of that itself in all."""
    name = row.origin_name
    if not name:
        return {}
    if not is_input(row):
        return {name: view.address(conditions=replace(view.conditions, parent=name))}
    kinds = {"molecules": MOLECULES, "products": PRODUCTS}
    return {words: View(kind, conditions=Conditions(parent=name)).address() for words, kind in kinds.items()}


def _is_full(view: View, answer: Answer) -> bool:
    """Return whether all rows of a page are known."""
    return not view.sort and len(find_places(view, answer.parts).places) >= view.size


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
