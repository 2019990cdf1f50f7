"""The verb ``browse``: results as pages in a web browser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from halogenator.cli.options import (
    SHIPPED_TRANSFORMS,
    add_verb,
    find_paths,
    memory_option,
    recorded_configuration,
    results_option,
)

_MEMORY_MB = 1500


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    text = "look through molecules and products in a web browser, also while a run goes on"
    parser = add_verb(verbs, "browse", _browse, text, "browse --results results")
    parser.description = f"{text}. The pages are for this machine and this user alone; Ctrl-C ends it."
    results_option(parser)
    text = "port to listen on, on this machine alone (default: 8642, or a free one)"
    parser.add_argument("--port", type=_port, metavar="N", help=text)
    parser.add_argument("--no-open", action="store_true", help="print the address, and open no browser")
    text = "YAML file that says what transforms are called (default: the shipped one)"
    parser.add_argument("--transforms", type=Path, nargs="*", default=[SHIPPED_TRANSFORMS], metavar="FILE", help=text)
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")
    memory_option(parser, default=_MEMORY_MB)


def _browse(options: argparse.Namespace) -> None:
    from tempfile import gettempdir

    from halogenator.browse.serving import open_in_browser, serve

    def tell(address: str) -> None:
        print(f"Open {address}\nCtrl-C ends it.", flush=True)
        if not options.no_open:
            open_in_browser(address)

    serve(
        options.results,
        options.port,
        configuration=find_paths(options.transforms),
        config=lambda: recorded_configuration(options.results, [], lambda _: None),
        memory_mb=options.mem_mb,
        scratch=options.scratch or Path(gettempdir()),
        tell=tell,
    )


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 1 to 65535")
    return int(text)
