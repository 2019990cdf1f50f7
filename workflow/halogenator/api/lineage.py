"""Every way in which a run makes a molecule, or why it makes none."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import Any

from halogenator.api.frames import framed
from halogenator.chemistry.drawing import CANNOT_DRAW
from halogenator.model import Config
from halogenator.report.ways_page import ways_svg
from halogenator.report.ways_text import as_json, in_words
from halogenator.search.explain import Explanation

_SHOWN = 20  # ways to one place, as text
_DRAWN = 6  # as pictures


class Lineage:
    """What became of a molecule in a run. It is true if the run made it.

    Attributes:
        smiles, enhanced_stereo: the molecule, as results write it.
        places: where it is: each with library, transform, id, n_routes, complete and ways, which have ``from`` and
            ``steps``, and these by, site and the molecule that the step gives.
        obstacles: if it is nowhere, why: each with kind, why, library and transform.
        notes: what to know besides.
    """

    def __init__(self, found: Explanation, config: Config, notes: Sequence[str] = ()) -> None:
        self._found, self._config = found, config
        told = as_json(found)
        self.smiles: str = found.smiles
        self.enhanced_stereo = found.enhanced_stereo
        self.places: list[dict[str, Any]] = told["found"]
        self.obstacles: list[dict[str, Any]] = told["obstacles"]
        self.notes = [*notes, *found.notes]

    def __bool__(self) -> bool:
        return bool(self.places)

    @property
    def ways(self) -> list[dict[str, Any]]:
        """All ways, of all places."""
        return [way for place in self.places for way in place["ways"]]

    def __str__(self) -> str:
        return "\n".join([*in_words(self._found, _SHOWN, ".ways"), *(f"note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        if CANNOT_DRAW or not self.places:
            return framed(f"<pre>{escape(str(self))}</pre>")
        # As an image: the style of the file would become that of the whole notebook.
        picture = b64encode(ways_svg(self._found, self._config, _DRAWN).encode()).decode()
        image = f'<img alt="{escape(self.smiles)}" style="max-width: 100%" src="data:image/svg+xml;base64,{picture}">'
        return framed(image, *(f"<p>note: {escape(note)}</p>" for note in self.notes))
