"""Checks of the templates of a SMIRKS."""

from __future__ import annotations

import pytest

from halogenator.chemistry.smirks_checks import ambiguities

MANY = "#6,#7,#8,#16,#9,#17,#35,#53,#15,#5,#14,#34,#1"


@pytest.mark.parametrize("kept", ["*", MANY])
def test_an_atom_may_name_every_common_element(kept: str) -> None:
    """A StopIteration ended the check of a template that left no common element unnamed."""
    assert list(ambiguities(f"[{MANY}:1]F>>[{kept}:1]F")) == []
