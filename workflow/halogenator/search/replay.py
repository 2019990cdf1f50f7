"""The one way to a molecule that a library tells in its column ``steps``, made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from halogenator.chemistry.kernel import Kernel
from halogenator.model import Transform

Key = tuple[str, str | None]  # SMILES and enhanced stereo
Made = tuple[str, int, Key]  # a transform, the site where it acts, and what it gives


def replayed(told: str, start: Key, end: Key, transforms: Mapping[str, Transform]) -> list[Made] | None:
    """Return the steps from one molecule to another; None if what is told does not lead there.

    Args:
        told: the column: names with ``@`` and sites, comma-separated.
        start: the first molecule.
        end: the last one.
        transforms: the transforms by name.

    Examples:
        >>> ether = Transform("OMe", "[c:1][OX2H:2]>>[c:1][O:2]C")
        >>> replayed("OMe@1,OMe@5", ("Oc1ccc(O)cc1", None), ("COc1ccc(OC)cc1", None), {"OMe": ether})
        [('OMe', 1, ('COc1ccc(O)cc1', None)), ('OMe', 5, ('COc1ccc(OC)cc1', None))]
    """
    words = [word.rpartition("@") for word in told.split(",")]
    if not all(name in transforms and site.isdecimal() for name, _, site in words):
        return None
    return _onward([(name, int(site)) for name, _, site in words], start, end, transforms)


def _onward(
    steps: Sequence[tuple[str, int]], start: Key, end: Key, transforms: Mapping[str, Transform]
) -> list[Made] | None:
    if not steps:
        return [] if start == end else None
    name, site = steps[0]
    for product, routes in Kernel([transforms[name]]).routes(*start).items():
        if (0, site) in routes:
            rest = _onward(steps[1:], product, end, transforms)
            if rest is not None:
                return [(name, site, product), *rest]
    return None
