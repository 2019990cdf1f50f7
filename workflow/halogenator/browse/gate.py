"""The gate before all pages: who may ask, and what a browser may do with the answer.

A page on this machine can be asked by any program here, and by any page in any browser window. So the address has a
token, which a cookie then keeps; the name of the host is checked, against names that lead here from outside; and
browsers are told to load nothing from elsewhere, and to run no script but those of this program.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static/"  # holds this program's files alone, which are no secret
HOST = "127.0.0.1"
_NO_TOKEN = "This page is for the person who started it: open the address that the terminal shows.\n"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """The application behind the gate.

    Args:
        app: the application.
        port: the port that it listens on.
        token: the secret of this start.
    """

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app, self._token = app, token
        self._hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
        self._cookie = f"halogenator-{port}"  # browsers do not tell ports apart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that is not let through; None for one that is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            return PlainTextResponse("This server answers for this machine only.\n", 421)
        origin = headers.get("origin")
        if scope["method"] not in ("GET", "HEAD") and origin != f"http://{host}":
            return PlainTextResponse("This did not come from a page of this server.\n", 403)
        if scope["path"].startswith(STATIC):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is not None:
            return self._admit(scope["path"], given, [pair for pair in query if pair[0] != "token"])
        cookie = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return None if self._is_token(cookie) else PlainTextResponse(_NO_TOKEN, 403)

    def _admit(self, path: str, given: str, query: list[tuple[str, str]]) -> Response:
        if not self._is_token(given):
            return PlainTextResponse(_NO_TOKEN, 403)
        local = "/" + path.lstrip("/\\")  # never the name of another host
        answer = RedirectResponse(f"{local}?{urlencode(query)}" if query else local, 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="lax")
        return answer

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())
