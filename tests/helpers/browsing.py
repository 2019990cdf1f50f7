"""The verb ``browse`` in a process of its own, and a browser without a screen that asks it for pages."""

from __future__ import annotations

import html
import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from helpers.samples import SAFETY_NET


@dataclass
class Answered:
    """An answer: its status, headers and text."""

    status: int
    headers: dict[str, str]
    text: str

    def found(self, pattern: str) -> list[str]:
        """What a pattern finds in the page, unescaped."""
        return [html.unescape(each) for each in re.findall(pattern, self.text)]

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Name and SMILES of the rows that are shown."""
        smiles = self.found(r'class="drawn-link" href="[^"]*" data-smiles="([^"]*)"')
        return list(zip(self.found(r'<code title="[^"]*">([^<]*)'), smiles, strict=True))

    @property
    def count(self) -> int:
        return int(self.found(r'data-count="(\d+)"')[0])

    def link(self, rel: str) -> str | None:
        found = self.found(rf'rel="{rel}" href="([^"]*)"')
        return found[0] if found else None


@dataclass
class Browsing:
    """A server that runs; ``address`` is what it printed."""

    address: str
    cookie: str = ""
    host: str = field(init=False)

    def __post_init__(self) -> None:
        self.host = urlsplit(self.address).netloc
        self.cookie = self.ask(self.address.removeprefix(f"http://{self.host}")).headers["set-cookie"].partition(";")[0]

    def ask(self, path: str, method: str = "GET", body: str = "", **headers: str) -> Answered:
        """Ask for a page, with no more than these headers besides ``Host``."""
        connection = http.client.HTTPConnection(self.host, timeout=SAFETY_NET)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)

    def post(self, path: str, form: dict[str, str], *, status: int = 200) -> Answered:
        """Send a form as a page of the server does."""
        answer = self.ask(path, "POST", urlencode(form), cookie=self.cookie, origin=f"http://{self.host}")
        assert answer.status == status, answer.text
        return answer

    def get(self, path: str, *, status: int = 200) -> Answered:
        """Ask for a page as who has the cookie, and be sent on; once its search is done."""
        answer = self.ask(path, cookie=self.cookie)
        if answer.status == 303:
            return self.get(answer.headers["location"], status=status)
        assert answer.status == status, answer.text
        if 'data-done="false"' in answer.text:
            query = urlsplit(path).query
            searched = answer.found(r'data-searched="(\d+)"')[0]
            self.ask(f"/progress?{query}&found={answer.count}&searched={searched}", cookie=self.cookie)
            return self.get(path, status=status)
        return answer


@contextmanager
def browsing(results: Path) -> Iterator[Browsing]:
    """Start the verb on a results folder, and end it."""
    words = [sys.executable, "-m", "halogenator", "browse", "--results", str(results), "--no-open"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Browsing(process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            process.wait(SAFETY_NET)
