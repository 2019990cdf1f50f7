"""The pages of docs/ are a site: built without a warning, with search, and nothing fetched from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET

FETCHED = re.compile(
    r"""<(?:script|img|iframe)[^>]*\ssrc=["']https?:|<link[^>]*\shref=["']https?:|url\(["']?https?:|@import"""
)


@pytest.mark.long
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [*words, REPOSITORY / "docs", tmp_path / "site"], capture_output=True, text=True, timeout=SAFETY_NET
    )
    assert done.returncode == 0, done.stderr
    site = tmp_path / "site"
    sources = [path.relative_to(REPOSITORY / "docs") for path in (REPOSITORY / "docs").rglob("*.md")]
    assert all((site / path).with_suffix(".html").exists() for path in sources if path.name != "README.md")
    for page in (*site.rglob("*.html"), *site.rglob("*.css")):
        assert not FETCHED.search(page.read_text()), page
    assert "stereo" in (site / "searchindex.js").read_text()
