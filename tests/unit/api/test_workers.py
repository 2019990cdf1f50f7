"""Workers: processes that make products, with a bounded queue before them, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest

import halogenator
from halogenator.api.making import Plan
from halogenator.api.molecules import molecules_of
from halogenator.api.workers import made_of
from halogenator.model import Transform
from helpers.runs import OME, named_parents
from helpers.samples import SAFETY_NET

PHENOLS = dict(named_parents("polyphenol"))


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.long), 2])
def test_workers_change_nothing(workers: int) -> None:
    given = {**PHENOLS, "slip": "C1CC("}
    alone, shared = (halogenator.transform(given, OME, workers=count, inchikey=True) for count in (None, workers))
    with pytest.warns(halogenator.RejectWarning):
        assert alone.to_arrow() == shared.to_arrow()
    assert list(alone.rejects) == list(shared.rejects)
    few = dict(islice(PHENOLS.items(), 5))
    alone, shared = (halogenator.halogenate(few, 2, "polyphenol", workers=count) for count in (None, workers))
    assert alone.to_arrow() == shared.to_arrow()
    assert list(alone.left_out) == list(shared.left_out)
    assert not children()


def test_a_loop_that_ends_early_leaves_no_process() -> None:
    endless: Iterator[str] = cycle(PHENOLS.values())
    for product in halogenator.transform(endless, OME, workers=2):
        assert product.smiles and len(children()) == 2
        break
    assert not children()

    with pytest.raises(ZeroDivisionError):
        halogenator.transform((smiles for smiles in [*PHENOLS.values(), 1 / 0]), OME, workers=2).to_arrow()
    assert not children()


@pytest.mark.long
def test_a_molecule_that_takes_too_long_is_a_reject_and_the_others_are_made() -> None:
    chain = "C" * 900
    plan = Plan((Transform("any", "[CX4;H3:1]>>[C:1]F"), Transform("all", "[CX4;H2:1]>>[C:1]F")), seconds=1.0)
    given = molecules_of({"ethane": "CC", "chain": chain, "propane": "CCC"})
    batches = list(made_of(plan, given, 1, False))
    assert [(each.id, each.reason) for batch in batches for each in batch.rejects] == [("chain", "time limit")]
    assert [row.smiles for batch in batches for row in batch.products] == ["CCF", "CCCF", "CC(C)F"]
    assert not children()


INTERRUPTED = f"""
import sys
from itertools import count
import halogenator
phenols = ("Oc1ccccc1" + "C" * (number % 30) for number in count())
for product in halogenator.transform(phenols, {OME!r}, workers=2):
    print(product.smiles, flush=True)
"""


@pytest.mark.parametrize("whom", [pytest.param("the group", marks=pytest.mark.long), "the process"])
def test_an_interruption_leaves_no_process(whom: str, tmp_path: Path) -> None:
    """Ctrl-C of a terminal is for all processes of its group, that of a notebook for its kernel."""
    script = tmp_path / "endless.py"
    script.write_text(INTERRUPTED)  # without a guard of __main__, as people write
    pipe = subprocess.PIPE
    run = subprocess.Popen([sys.executable, script], stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    assert run.stdout and run.stdout.readline() == "COc1ccccc1\n"
    started = psutil.Process(run.pid).children(recursive=True)
    assert len(started) == 2
    (os.killpg if whom == "the group" else os.kill)(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=SAFETY_NET)
    assert said.strip().splitlines()[-1] == "KeyboardInterrupt"
    assert "BrokenPipe" not in said and said.count("Traceback") == 1
    assert not psutil.wait_procs(started, timeout=SAFETY_NET)[1]


@pytest.mark.long
def test_workers_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(INTERRUPTED)
    run = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert run.stdout and run.stdout.readline()
    started = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    assert len(started) == 2 and not psutil.wait_procs(started, timeout=SAFETY_NET)[1]
