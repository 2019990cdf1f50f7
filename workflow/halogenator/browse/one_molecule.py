"""What the page of one product or molecule shows: its way back, its descriptors before and after, and what is near."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from halogenator.browse.rows import Shown
from halogenator.browse.view import ALERTS, MOLECULES, RULES, rule_words
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import FILTERS
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.scores import scored

_TOLD_ELSEWHERE = {ALERTS, "smiles", "name", "library", "transform", "parent_id", "site", *DESCRIPTORS}


def address_of(row: Shown) -> str:
    """Return the address of a row's own page."""
    return "/molecule?" + urlencode({"at": row.at, "smiles": row.values["smiles"]})


def address_of_drawing(row: Shown, *, before: bool = False) -> str:
    """Return the address of a row's drawing, with the change marked; ``before``: that of its parent at its scale."""
    query = {"smiles": row.values["smiles"]}
    if row.at.transform and row.parent and row.values.get("site") is not None:
        query |= {"parent": row.parent["smiles"], "site": row.values["site"]}
        query |= {"job": f"{row.at.library}/{row.at.transform}"}
    return "/drawing.svg?" + urlencode(query | ({"before": "1"} if before else {}))


def is_input(row: Shown) -> bool:
    """Return whether a row is a natural product, or another input molecule."""
    return not row.at.transform and not row.parent.get("k")


def about(row: Shown) -> dict[str, Any]:
    """Return what the page of a row shows besides the row itself."""
    made_from = row.parent if row.at.transform else row.origin if row.origin != row.parent else {}
    smiles = row.values["smiles"]
    links = {"molecules like it": {"similar": smiles}, "the same molecule elsewhere": {"molecule": smiles}}
    if row.origin_name:
        links["all that was made from " + row.origin_name] = {"parent": row.origin_name}
    if row.at.transform:
        links["all products of this job"] = {"library": row.at.library, "transform": row.at.transform}
    return {
        "before": address_of_drawing(row, before=True) if row.at.transform and row.parent else None,
        "after": address_of_drawing(row),
        "way": _way(row),
        "is_input": is_input(row),
        "descriptors": [_change(name, made_from, row.values) for name in DESCRIPTORS if name in row.values],
        "rules": _rules(made_from, row.values),
        "alerts": _alerts(row.parent.get("smiles") if row.at.transform else None, smiles),
        "compared": "parent" if row.at.transform else row.origin_name if made_from else None,
        "links": [(words, "/?" + urlencode(_kind(row) | query)) for words, query in links.items()],
        "columns": [(name, value) for name, value in row.values.items() if name not in _TOLD_ELSEWHERE and value],
    }


def _kind(row: Shown) -> dict[str, str]:
    return {} if row.at.transform else {"show": MOLECULES}


def _way(row: Shown) -> list[dict[str, Any]]:
    """Return the molecules from the natural product to this one, each with what made it."""
    found = []
    if row.origin:
        found.append({"words": row.origin_name, "smiles": row.origin["smiles"], "how": "natural product, or input"})
    if row.parent and row.parent.get("k"):
        found.append({"words": row.parent["id"], "smiles": row.parent["smiles"], "how": _steps(row.parent)})
    if row.at.transform:
        how = f"{row.at.transform}, at atom {row.values.get('site')} of {row.values.get('parent_id')}"
        found.append({"words": row.values["name"], "smiles": row.values["smiles"], "how": how})
    for each in found:
        each["drawing"] = "/drawing.svg?" + urlencode({"smiles": each["smiles"]})
    return found


def _steps(molecule: dict[str, Any]) -> str:
    if molecule.get("steps"):
        return " → ".join(molecule["steps"].split(","))
    halogens = molecule.get("halogens") or ""
    return f"{halogens.replace(',', ' and ')} put in by {(molecule.get('rules') or '').replace(',', ', ')}"


def _change(name: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return a descriptor's values before and after, their difference, and how they stand to its bound."""
    descriptor = DESCRIPTORS[name]
    old, new = before.get(name), after[name]
    return {
        "descriptor": descriptor,
        "old": old,
        "new": new,
        "difference": None if old is None or new is None else new - old,
        "limit": descriptor.limit,
        "is_over": bool(descriptor.limit and new is not None and new > descriptor.limit.value),
        "was_over": bool(descriptor.limit and old is not None and old > descriptor.limit.value),
    }


def _rules(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rules for drugs and leads, with whether they held before and hold now; None: not known."""
    found = {name: (_holds(name, before), _holds(name, after)) for name in RULES}
    return [
        {"words": rule_words(name, holds=new), "text": FILTERS[name].text, "old": old, "new": new}
        for name, (old, new) in found.items()
        if new is not None
    ]


def _holds(name: str, values: dict[str, Any]) -> bool | None:
    entry = FILTERS[name]
    known = {each: values[each] for each in entry.descriptors if values.get(each) is not None}
    return bool(entry.holds(known)) if entry.holds and len(known) == len(entry.descriptors) else None


def _alerts(before: str | None, after: str) -> list[dict[str, Any]]:
    """Return the alerts of a molecule: the catalog, the name, and whether its parent lacks it; None: not known."""
    own, others = _alerts_of(after), _alerts_of(before) if before else None
    return [
        {"catalog": catalog.upper(), "name": name, "is_new": None if others is None else (catalog, name) not in others}
        for catalog, name in own
    ]


def _alerts_of(smiles: str) -> list[tuple[str, str]]:
    try:
        text = str(scored(smiles).value(ALERTS) or "")
    except RejectError:
        return []
    pairs = (each.partition(": ") for each in text.split("; ") if each)
    return [(catalog, name) for catalog, _, name in pairs]
