"""What is near to a molecule: what else was made from the same molecules, and what is like it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from halogenator.browse.files import File, of_kind
from halogenator.browse.rows import Shown
from halogenator.browse.view import MOLECULES, PRODUCTS, SIMILARITY, View
from halogenator.model import Conditions
from halogenator.results import Results
from halogenator.tables.duck import literal

_SHOWN = 9  # rows of each kind, the molecule itself among them
_ALIKE = 0.5  # least likeness


def neighbours(row: Shown, files: Sequence[File], results: Results) -> Iterator[tuple[str, View]]:
    """Yield views of what is near to a row, each with its name.

    What is like it is left out where there are no fingerprints beside the results, since the search would take long.
    """
    library, smiles = row.at.library, str(row.values["smiles"])
    jobs = [file for file in files if file.is_of_products and file.part.library == library]
    name = row.values.get("parent_id") if row.at.transform else row.values.get("id")
    if name and jobs:
        words = "Other products of this parent" if row.at.transform else "Products of it"
        yield words, View(libraries=(library,), where=f"parent_id = {literal(str(name))}", size=_SHOWN)
    if not row.at.transform and row.parent.get("k"):
        view = View(MOLECULES, (library,), where=f"parent = {literal(str(row.parent['parent']))}", size=_SHOWN)
        yield "Others of its library from the same natural product", view
    alike = View(PRODUCTS if row.at.transform else MOLECULES, conditions=Conditions(similar=smiles, threshold=_ALIKE))
    parts = [file.part for file in of_kind(alike, files)]
    if all(results.fingerprints(part.library or "", part.transform).is_file() for part in parts):
        view = View(alike.show, conditions=alike.conditions, sort=SIMILARITY, descending=True, size=_SHOWN)
        yield "The most alike", view
