"""What a run mends before Snakemake looks: here, libraries whose statistics are gone, as after a loss of power."""

from __future__ import annotations

import json
from pathlib import Path

from halogenator.results import Results
from halogenator.upkeep.mend import mend
from helpers.finished import Finished


def test_lost_statistics_of_a_library_are_made_again_or_it_is(finished: Finished, tmp_path: Path) -> None:
    results = Results(finished.copy(tmp_path / "copy") / "results")
    name, molecules = next(iter(results.libraries().items()))
    before = json.loads(results.stats(name).read_text())
    results.stats(name).unlink()
    (said,) = mend(results)
    assert "was lost and is made again" in said
    after = json.loads(results.stats(name).read_text())
    assert after["molecules"] == before["molecules"] and after["checksums"] == before["checksums"]
    assert not list(mend(results))

    results.stats(name).unlink()
    results.rejects(name).unlink()
    (said,) = mend(results)
    assert "is removed, so that it is made again" in said and not molecules.exists()


def test_molecules_that_are_not_ours_stay(tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    results.molecules("mine").parent.mkdir(parents=True)
    results.molecules("mine").write_text("somebody's")
    assert not list(mend(results))
    assert results.molecules("mine").read_text() == "somebody's"
