"""The text of a SMIRKS: reactant>agents>products, and the parentheses that group the parts of one molecule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_ARROW = re.compile(r"(?<!-)>")  # the arrow of a dative bond, ->, is none


def sides_of(smirks: str) -> tuple[str, str, str]:
    """Return the reactants, agents and products of a SMIRKS. Without two arrows all of it is the reactants.

    Examples:
        >>> sides_of("[C:1][OH]>CI.[K+]>[C:1]I")
        ('[C:1][OH]', 'CI.[K+]', '[C:1]I')
    """
    sides = [side.strip() for side in _ARROW.split(smirks)]
    return (sides[0], sides[1], sides[2]) if len(sides) == 3 else (smirks.strip(), "", "")


@cache
def reactant_of(smirks: str) -> str:
    """Return the reactant template of a SMIRKS, as SMARTS.

    Examples:
        >>> reactant_of("[c:1][OX2H:2]>>[c:1][O:2]C"), reactant_of("([NH2:1].[C:2]=O)>>[N:1]=[C:2]")
        ('[c:1][OX2H:2]', '[NH2:1].[C:2]=O')
    """
    reactants = sides_of(smirks)[0]
    return _ungrouped(reactants) if is_grouped(smirks) else reactants


def is_grouped(smirks: str) -> bool:
    """Return whether the reactant is one group in parentheses, all parts of which have to be in one molecule."""
    reactants = sides_of(smirks)[0]
    return reactants.startswith("(") and len(list(_molecules(reactants))) == 1


def in_one_product(smirks: str) -> str:
    """Return a SMIRKS without agents, and with all that it makes as one product, in parentheses.

    Examples:
        >>> in_one_product("[C:1][O:2][CH3:3]>[Br-]>[C:1][O:2].[C:3]Br")
        '[C:1][O:2][CH3:3]>>([C:1][O:2].[C:3]Br)'
        >>> in_one_product("[c:1][OX2H:2]>>[c:1][O:2]C")
        '[c:1][OX2H:2]>>[c:1][O:2]C'
    """
    reactants, _, products = sides_of(smirks)
    molecules = list(_molecules(products))
    if len(molecules) > 1:
        products = f"({'.'.join(map(_ungrouped, molecules))})"
    return f"{reactants}>>{products}"


def _molecules(side: str) -> Iterator[str]:
    """Yield the parts of a side between dots that are neither in parentheses nor in brackets."""
    depth, begin = 0, 0
    for at, letter in enumerate(side):
        depth += (letter in "([") - (letter in ")]")
        if letter == "." and depth == 0:
            yield side[begin:at]
            begin = at + 1
    yield side[begin:]


def _ungrouped(molecule: str) -> str:
    return molecule[1:-1] if molecule.startswith("(") and molecule.endswith(")") else molecule
