"""``docs/python.md``: its examples are run as doctests, and all names that it promises are there."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import halogenator
from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET

PAGE = (REPOSITORY / "docs" / "python.md").read_text()
IN_MEMORY, OF_RESULTS = PAGE.split("<!-- these results -->")
PHENOLS = """smiles,name
Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1,resveratrol
O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12,quercetin
O=C(/C=C/c1ccc(O)cc1)c1ccc(O)cc1O,isoliquiritigenin
CC(=O)c1ccc(O)cc1,piceol
slip,slip
"""


def follow(text: str, line: int) -> None:
    """Run the examples of a part of the page."""
    examples = text.replace("\n```\n", "\n\n")
    test = doctest.DocTestParser().get_doctest(examples, {"halogenator": halogenator}, "python.md", "python.md", line)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test)
    assert runner.tries >= 10 and not runner.failures


@pytest.mark.filterwarnings("ignore::halogenator.RejectWarning")
def test_examples_in_memory_show_what_happens() -> None:
    follow(IN_MEMORY, 0)


@pytest.mark.long
def test_examples_with_results_show_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"`halogenator (run phenols.csv .*?)`", IN_MEMORY)
    (tmp_path / "phenols.csv").write_text(PHENOLS)
    words = [sys.executable, "-m", "halogenator", *shlex.split(command)]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, timeout=SAFETY_NET)
    monkeypatch.chdir(tmp_path)
    follow(OF_RESULTS, IN_MEMORY.count("\n"))


def test_the_reference_has_every_name() -> None:
    page = (REPOSITORY / "docs" / "reference" / "python.md").read_text()
    assert set(re.findall(r":: halogenator\.(\w+)", page)) == set(halogenator.__all__)
    for name in halogenator.__all__:
        assert getattr(halogenator, name).__doc__
