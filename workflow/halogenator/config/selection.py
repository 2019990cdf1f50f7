"""What ``select`` takes, and the levels that it, and other libraries, name without an entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from halogenator.config.layers import Layers
from halogenator.config.patterns import CHOICE_KEYS
from halogenator.errors import UserError, did_you_mean

Entries = Mapping[str, Mapping[str, Any]]


def select(
    kind: str, known: Iterable[str], layers: Layers, problems: list[UserError], more: Sequence[str] = ()
) -> set[str]:
    """Return the known names that ``select.<kind>`` takes; unknown names are added to ``problems``.

    Args:
        kind: "libraries" or "transforms".
        known: the names.
        layers: the configuration.
        problems: a list to which problems are added.
        more: names that the word all does not take, but that may be given.
    """
    names, wanted = list(known), layers.settings["select"][kind]
    if wanted == "all":
        return set(names)
    allowed = list(dict.fromkeys([*names, *more]))
    for index, name in enumerate(wanted):
        if name not in names:
            near, level = did_you_mean(name, allowed), as_level(name, {}) if more else {}
            add = f"add '{name}' to {kind}" + (f", or {level['parents']}: FILE under parents" if level else "")
            problems.append(
                UserError(
                    f"select.{kind}: there is no {'transform' if kind == 'transforms' else 'library'} '{name}'",
                    where=layers.place("select", kind, index),
                    value=name,
                    allowed=["all", *allowed],
                    fix=near or f"take one of the allowed names, or {add}",
                )
            )
    return set(wanted) & set(names)


def library_place(layers: Layers, name: str) -> str:
    """Return where a library is written: its entry, or where ``select`` names it."""
    if name in layers.settings["libraries"]:
        return layers.place("libraries", name)
    return layers.place("select", "libraries", layers.settings["select"]["libraries"].index(name))


def selected_levels(layers: Layers) -> Entries:
    """Return the entries of levels that ``select`` names without an entry, such as ``lipid-0X``.

    Each is what it is below a library that is built upon it, first of those selected: of its class, with its limits. Of
    parents that no library has, the class is their name.
    """
    chosen, known = layers.settings["select"]["libraries"], layers.settings["libraries"]
    if chosen == "all":
        return {}
    built = [
        _highest_level(entry) | choice_of(entry) for entry in (*filter(None, map(known.get, chosen)), *known.values())
    ]
    levels: dict[str, dict[str, Any]] = {}
    for name in chosen:
        level = as_level(name, {}) if name not in known else {}
        if level and level["parents"] in layers.settings["parents"]:
            same = [each for each in built if each.get("parents") == level["parents"]]
            above = [each for each in same if each["k"] >= level["k"]]
            levels[name] = {**level, "class": same[0]["class"] if same else level["class"]}
            levels[name] |= choice_of(above[0]) if above else {}
    return levels


def _highest_level(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the level that an entry is, or is made from by steps; empty for another one."""
    if "k" in entry:
        class_name, parents = origin_of(entry)
        return {"class": class_name, "parents": parents, "k": int(entry["k"])}
    return as_level(entry["from"], entry) if "from" in entry else {}


def natural_products(layers: Layers) -> list[str]:
    """Return the names of the levels that are natural products themselves, such as ``lipid-0X``."""
    return [f"{parents}-0X" for parents in layers.settings["parents"]]


def choice_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry says of what is left out."""
    return {key: entry[key] for key in CHOICE_KEYS if key in entry}


def origin_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the class and the name of the parents of a built library; if one is left out, it equals the other."""
    return entry.get("class", entry.get("parents")), entry.get("parents", entry.get("class"))


def as_level(name: str, above: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a level that is called such as ``lipid-0X``, below an entry; empty for another name."""
    found = re.fullmatch(r"(.+)-([0-4])X", name)
    return {"class": above.get("class", found[1]), "parents": found[1], "k": int(found[2])} if found else {}
