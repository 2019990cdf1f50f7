"""The server of the pages, on this machine alone."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from halogenator.browse.gate import HOST, Gate
from halogenator.browse.site import Site
from halogenator.chemistry.molecules import quiet
from halogenator.errors import UserError
from halogenator.model import Config
from halogenator.results import Results
from halogenator.tables.parquet import limit_arrow_threads

USUAL_PORT = 8642


def listen(port: int | None) -> socket.socket:
    """Return a socket that listens on this machine: on ``port``; None: on the usual one, or else on any that is free.

    Raises:
        UserError: the port is taken, or may not be used.
    """
    for wanted in (USUAL_PORT, 0) if port is None else (port,):
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, wanted))
        except OSError as error:
            found.close()
            problem = error
            continue
        found.listen(128)
        return found
    raise UserError(
        f"nothing can listen there: {problem.strerror}",
        where="--port",
        value=port,
        fix="choose another --port, or leave it away for a free one",
    )


def serve(
    results: Path,
    port: int | None,
    *,
    configuration: Sequence[Path],
    config: Callable[[], Config],
    memory_mb: int,
    scratch: Path,
    tell: Callable[[str], None],
) -> None:
    """Serve the pages of a results folder until the process is interrupted.

    Args:
        results: the results folder.
        port: as in ``listen``.
        configuration: YAML files that say what transforms are called.
        config: returns the configuration that made the results.
        memory_mb: memory that a search may use, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.
        tell: gets the address, with the token, once a browser can open it.

    Raises:
        UserError: there are no results, or nothing can listen on the port.
    """
    quiet()
    limit_arrow_threads()
    places = Results(results)
    if not places.libraries() and not places.jobs():
        raise UserError("there are no finished results here", where=results, fix="run snakemake --cores all first")
    site = Site(results, configuration=configuration, config=config, memory_mb=memory_mb, scratch=scratch)
    with listen(port) as found:
        own, token = found.getsockname()[1], secrets.token_urlsafe(24)
        gate = Gate(site.app, own, token)
        settings = uvicorn.Config(gate, log_level="error", access_log=False, server_header=False, lifespan="off")
        settings.timeout_graceful_shutdown = 1
        tell(f"http://{HOST}:{own}/?token={token}")
        try:
            uvicorn.Server(settings).run(sockets=[found])
        finally:
            site.answers.stop()


def open_in_browser(address: str) -> None:
    """Open an address in the user's browser, if there is a screen; one in the terminal would take it over."""
    has_screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_screen:
        webbrowser.open(address)
