"""What a page shows, as its address says it: which rows, in which order, and from which row on."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from halogenator.chemistry.descriptors import limits
from halogenator.chemistry.filters import FILTERS, LEAD_LIKE, LEAD_WINDOWS
from halogenator.chemistry.likeness import Likeness
from halogenator.chemistry.scores import WINDOWED
from halogenator.chemistry.sought import forms
from halogenator.chemistry.substructure import Substructure
from halogenator.errors import UserError, did_you_mean
from halogenator.model import Conditions, Window
from halogenator.planning.export_request import check_condition
from halogenator.tables.duck import identifier

PRODUCTS, MOLECULES = "products", "molecules"
SIMILARITY = "similarity"
SIZES = (24, 48, 96)  # rows of a page


def _bounds(name: str, window: Window) -> str:
    """Return the condition in SQL that a column is within a window."""
    column = identifier(name)
    parts = [f"{column} >= {window.low!r}"] if window.low > -math.inf else []
    parts += [f"{column} <= {window.high!r}"] if window.high < math.inf else []
    return " AND ".join(parts)


# How a SMILES tells that a molecule has a halogen; Fe and In are none.
HALOGENS = {
    "F": "regexp_matches(smiles, 'F([^elmr]|$)')",
    "Cl": "contains(smiles, 'Cl')",
    "Br": "contains(smiles, 'Br')",
    "I": "regexp_matches(smiles, 'I([^nr]|$)')",
}
# Properties that columns decide.
RULES = {
    "lipinski": "(" + " + ".join(f"({name} > {limit})::INT" for name, limit in limits("Lipinski").items()) + ") <= 1",
    "veber": "(" + " AND ".join(f"{name} <= {limit}" for name, limit in limits("Veber").items()) + ")",
    LEAD_LIKE: "(" + " AND ".join(_bounds(name, Window(*ends)) for name, ends in LEAD_WINDOWS.items()) + ")",
}
ALERTS = "alerts"  # the column with a molecule's alerts, each after its catalog
CATALOGS = tuple(name for name, each in FILTERS.items() if each.catalog)
SORTS = (SIMILARITY, *WINDOWED, "n_routes")
_TEXTS = ("parent", "molecule", "similar", "where")
_MOST = 2_000  # characters of a text

Query = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Cursor:
    """A row from which a page goes on: its library, transform ("" for a library's molecule) and number in the file."""

    library: str
    transform: str
    row: int

    def __str__(self) -> str:
        return f"{self.library}/{self.transform}/{self.row}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Return the cursor of a text.

        Raises:
            UserError: it is none.
        """
        library, _, rest = text.partition("/")
        transform, _, row = rest.partition("/")
        if not library or not (row.isascii() and row.isdecimal() and len(row) < 18):
            raise UserError("this is no row", where="after", value=text, allowed="library/transform/number")
        return cls(library, transform, int(row))


@dataclass(frozen=True)
class View:
    """A page of rows.

    Attributes:
        show: ``PRODUCTS`` or ``MOLECULES``, those of libraries.
        libraries, transforms: names; () for all.
        conditions: what is looked for; without ``where``, that is made of the following.
        where: the user's own condition in SQL; "" for none.
        windows: {descriptor or score: bounds}.
        halogens: elements that molecules have.
        rules: names of ``RULES`` that they keep.
        without: names of ``CATALOGS`` of which they have no alert.
        sort: the column, one of ``SORTS``; "" for the order in which rows stand in their files.
        descending: whether the largest come first.
        size: rows of the page.
        cursor: the row after which the page begins; None: with the first.
        backwards: whether the page ends before the row of ``cursor`` instead.
    """

    show: str = PRODUCTS
    libraries: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    where: str = ""
    windows: Mapping[str, Window] = field(default_factory=dict)
    halogens: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sort: str = ""
    descending: bool = False
    size: int = SIZES[0]
    cursor: Cursor | None = None
    backwards: bool = False

    @property
    def asked(self) -> Conditions:
        """All conditions, with one in SQL of all that columns decide."""
        parts = [f"({self.where}\n)"] if self.where else []
        parts += [_bounds(name, window) for name, window in self.windows.items()]
        parts += [HALOGENS[name] for name in self.halogens]
        parts += [RULES[name] for name in self.rules]
        parts += [f"NOT regexp_matches({ALERTS}, '(^|; ){name}: ')" for name in self.without]
        return replace(self.conditions, where=" AND ".join(parts)) if parts else self.conditions

    @property
    def query(self) -> list[tuple[str, str]]:
        """The names and values of the address, in one order whatever the order they came in."""
        found = [("show", self.show)] if self.show != PRODUCTS else []
        found += [("library", name) for name in self.libraries]
        found += [("transform", name) for name in self.transforms]
        found += [("smarts", text) for text in self.conditions.smarts]
        found += [(name, text) for name in _TEXTS[:-1] if (text := getattr(self.conditions, name))]
        if self.conditions.similar and self.conditions.threshold != Conditions.threshold:
            found.append(("threshold", f"{self.conditions.threshold:g}"))
        for name, window in self.windows.items():
            found += [(f"{name}_min", number(window.low))] if window.low > -math.inf else []
            found += [(f"{name}_max", number(window.high))] if window.high < math.inf else []
        found += [("halogen", name) for name in self.halogens]
        found += [("rule", name) for name in self.rules]
        found += [("without", name) for name in self.without]
        found += [("where", self.where)] if self.where else []
        found += [("sort", ("-" if self.descending else "") + self.sort)] if self.sort else []
        found += [("size", str(self.size))] if self.size != SIZES[0] else []
        if self.cursor:
            found.append(("before" if self.backwards else "after", str(self.cursor)))
        return found

    def address(self, **changes: object) -> str:
        """Return the address of this view with changes; a change other than of the page begins at the first row."""
        if not changes.keys() & {"cursor", "backwards"}:
            changes |= {"cursor": None, "backwards": False}
        query = replace(self, **changes).query  # type: ignore[arg-type]
        return "/?" + urlencode(query) if query else "/"

    @property
    def described(self) -> list[tuple[str, str]]:
        """The conditions in words, each with the address of the view without it."""
        asked = self.conditions
        found = [(f"library {each}", self._without("libraries", each)) for each in self.libraries]
        found += [(f"transform {each}", self._without("transforms", each)) for each in self.transforms]
        for text in asked.smarts:
            left = replace(asked, smarts=tuple(each for each in asked.smarts if each != text))
            found.append((f"has {text}", self.address(conditions=left)))
        for name, words in (("parent", "from {}"), ("molecule", "is {}"), ("similar", "like {}, {:g} or more")):
            if text := getattr(asked, name):
                left = replace(asked, **{name: None})  # type: ignore[arg-type]
                sort = "" if name == "similar" and self.sort == SIMILARITY else self.sort
                found.append((words.format(text, asked.threshold), self.address(conditions=left, sort=sort)))
        for name, window in self.windows.items():
            rest = {other: each for other, each in self.windows.items() if other != name}
            found.append((f"{name} {window}", self.address(windows=rest)))
        found += [(f"contains {each}", self._without("halogens", each)) for each in self.halogens]
        found += [(rule_words(each), self._without("rules", each)) for each in self.rules]
        found += [(f"no {each.upper()} alert", self._without("without", each)) for each in self.without]
        return [*found, (self.where, self.address(where=""))] if self.where else found

    @property
    def command(self) -> str:
        """The command that writes all rows of the view into a file."""
        words = ["--library", *(self.libraries or ["all"])]
        words += ["--transform", *self.transforms] if self.transforms else []
        words += ["--molecules"] if self.show == MOLECULES else []
        asked = replace(self, windows={}, rules=(), without=()).asked
        words += [word for text in asked.smarts for word in ("--smarts", text)]
        words += [word for name in _TEXTS if (text := getattr(asked, name)) for word in (f"--{name}", text)]
        words += ["--threshold", f"{asked.threshold:g}"] if asked.similar else []
        words += [word for name, window in self.windows.items() for word in (f"--{name}", str(window))]
        words += ["--only", ",".join(self.rules)] if self.rules else []
        words += ["--without", ",".join(self.without)] if self.without else []
        return f"python -m halogenator export {shlex.join(words)} --coordinates --out {self.show}.sdf.gz"

    def _without(self, name: str, value: str) -> str:
        return self.address(**{name: tuple(each for each in getattr(self, name) if each != value)})


def rule_words(name: str, *, holds: bool = True) -> str:
    """Return a rule of ``RULES`` in words, as a condition that holds or not."""
    if name == LEAD_LIKE:
        return "lead-like" if holds else "not lead-like"
    return f"{'keeps' if holds else 'breaks'} {name.capitalize()}’s rule"


def read_view(query: Query) -> View:
    """Return the view of an address. Empty values, as forms send them, say nothing.

    Raises:
        UserError: a name or a value is none.
    """
    values: dict[str, list[str]] = {}
    for name, value in query:
        if value.strip():
            values.setdefault(name, []).append(value.strip())
    taken: set[str] = set()

    def several(name: str) -> tuple[str, ...]:
        taken.add(name)
        return tuple(dict.fromkeys(values.get(name, ())))

    def one(name: str, otherwise: str = "") -> str:
        found = several(name)
        if len(found) > 1 or (found and len(found[0]) > _MOST):
            raise UserError("one short value is allowed", where=name, value=list(found))
        return found[0] if found else otherwise

    texts = {name: one(name) or None for name in _TEXTS[:-1]}
    conditions = Conditions(smarts=several("smarts"), threshold=_threshold(one("threshold")), **texts)
    sort = one("sort", f"-{SIMILARITY}" if conditions.similar else "")
    if not conditions.similar and sort.endswith(SIMILARITY):  # a form whose molecule was taken away
        sort = ""
    after, before = one("after"), one("before")
    view = View(
        show=_one_of("show", one("show", PRODUCTS), (PRODUCTS, MOLECULES)),
        libraries=several("library"),
        transforms=several("transform"),
        conditions=conditions,
        where=one("where"),
        windows={name: each for name in WINDOWED if (each := _window(name, one(f"{name}_min"), one(f"{name}_max")))},
        halogens=tuple(_one_of("halogen", each, HALOGENS) for each in several("halogen")),
        rules=tuple(_one_of("rule", each, RULES) for each in several("rule")),
        without=tuple(_one_of("without", each, CATALOGS) for each in several("without")),
        sort=_one_of("sort", sort.removeprefix("-"), ("", *SORTS)),
        descending=sort.startswith("-"),
        size=int(_one_of("size", one("size", str(SIZES[0])), tuple(map(str, SIZES)))),
        cursor=Cursor.read(after or before) if after or before else None,
        backwards=bool(before and not after),
    )
    if unknown := values.keys() - taken:
        name = min(unknown)
        raise UserError("there is no such filter", where="address", value=name, fix=did_you_mean(name, taken))
    _check(view)
    return view


def _check(view: View) -> None:
    """Raise a UserError if a condition cannot be read."""
    asked = view.conditions
    for smarts in asked.smarts:
        Substructure(smarts)
    if asked.similar:
        Likeness(asked.similar)
    if asked.molecule:
        forms(asked.molecule, "molecule")
    if view.where:
        check_condition(view.where)


def _window(name: str, low: str, high: str) -> Window | None:
    if not low and not high:
        return None
    try:
        window = Window(float(low or -math.inf), float(high or math.inf))
    except ValueError:
        window = Window(math.nan, math.nan)
    if not window.low <= window.high:
        raise UserError("this is no window", where=name, value=f"{low}:{high}", allowed="two numbers, the lower first")
    return window


def _threshold(text: str) -> float:
    try:
        value = float(text or Conditions.threshold)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise UserError("this is no likeness", where="threshold", value=text, allowed="a number from 0 to 1")
    return value


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    allowed: Sequence[str] = list(known)
    if value not in allowed:
        raise UserError("this is not known", where=name, value=value, allowed=list(filter(None, allowed)))
    return value


def number(value: float) -> str:
    """Return a bound as people write it: 400, not 400.0."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
