"""What comes with the program: transforms, halogenation rules, and what the configuration leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from halogenator import shipped
from halogenator.config import load_halogenation, load_transforms
from halogenator.config.loader import read_choice
from halogenator.model import Choice, Halogenation, Transform


@cache
def transforms() -> dict[str, Transform]:
    """Return {name: transform} of the shipped file."""
    return load_transforms(shipped.TRANSFORMS)


@cache
def halogenation() -> Halogenation:
    """Return the shipped halogenation rules."""
    return load_halogenation(shipped.CONFIGS / "halogenation.yaml")


def choice(made: str, given: Mapping[str, Any]) -> Choice:
    """Return what is left out of "libraries" or "products", by the shipped configuration with other values."""
    return read_choice(shipped.CONFIGURATION, made, given)
