"""What is near to a molecule: what else was made from the same molecules, and what is like it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from halogenator.browse.answers import PartAnswer
from halogenator.browse.files import File, of_kind
from halogenator.browse.one_molecule import is_input
from halogenator.browse.rows import Shown
from halogenator.browse.view import MOLECULES, PRODUCTS, SIMILARITY, View
from halogenator.model import Conditions
from halogenator.results import Results
from halogenator.tables.duck import literal

_SHOWN = 9  # rows of each kind, the molecule itself among them
_ALIKE = 0.5  # least likeness


def has_fingerprints(files: Iterable[File | PartAnswer], results: Results) -> bool:
    """Return whether there are fingerprints beside some files, so that likeness is found soon."""
    parts = (file.part for file in files)
    return all(results.fingerprints(part.library or "", part.transform).is_file() for part in parts)


def neighbours(row: Shown, files: Sequence[File], results: Results) -> Iterator[tuple[str, View]]:
    """Yield views of what is near to a row, each with its name.

    What is like it is left out where there are no fingerprints beside the results, since the search would take long.
    """
    library, smiles = row.at.library, str(row.values["smiles"])
    jobs = [file for file in files if file.is_of_products and file.part.library == library]
    name = row.values.get("parent_id") if row.at.transform else row.values.get("id")
    if name and jobs and not is_input(row):
        words = "Other products of this parent" if row.at.transform else "Products of it"
        yield words, View(libraries=(library,), where=f"parent_id = {literal(str(name))}", size=_SHOWN)
    if is_input(row) and row.origin_name:
        asked = Conditions(parent=row.origin_name)
        yield "Products made from it", View(conditions=asked, size=_SHOWN)
        yield "Molecules of libraries made from it", View(MOLECULES, conditions=asked, size=_SHOWN)
    elif not row.at.transform and row.parent.get("parent"):
        view = View(MOLECULES, (library,), where=f"parent = {literal(str(row.parent['parent']))}", size=_SHOWN)
        yield "Others of its library from the same natural product", view
    alike = View(PRODUCTS if row.at.transform else MOLECULES, conditions=Conditions(similar=smiles, threshold=_ALIKE))
    if has_fingerprints(of_kind(alike, files), results):
        view = View(alike.show, conditions=alike.conditions, sort=SIMILARITY, descending=True, size=_SHOWN)
        yield "The most alike", view
