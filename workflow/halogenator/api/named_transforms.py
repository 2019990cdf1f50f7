"""Transforms to choose from, and the check of one that a caller has written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from halogenator import model
from halogenator.api import shipped
from halogenator.api.frames import framed, html_cards, html_table
from halogenator.api.pictures import transform_picture, way_picture
from halogenator.authoring.advice import advise
from halogenator.authoring.trials import Trial, find_examples, try_transforms
from halogenator.config import load_transforms
from halogenator.config.example_checks import check_transforms
from halogenator.errors import UserError, did_you_mean, raise_all
from halogenator.shipped import parent_files

_SHOWN = 6  # products in a notebook
_ARROW = ">>"


@dataclass(frozen=True)
class Transform(model.Transform):
    """A named SMIRKS with one reactant, which draws itself in a notebook.

    Examples:
        >>> Transform("ETHER", "[c:1][OX2H:2]>>[c:1][O:2]CC", max_sites=1).query
        '[c:1][OX2H:2]'
    """

    def _repr_svg_(self) -> str | None:
        return transform_picture(self.smirks, self.label or self.name)


class Transforms(Mapping[str, Transform]):
    """Transforms by name, in the order of their file."""

    def __init__(self, found: Mapping[str, model.Transform]) -> None:
        self._found = {name: _drawable(each) for name, each in found.items()}

    def __getitem__(self, name: str) -> Transform:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        width = max(map(len, self._found), default=0)
        return "\n".join(f"{name:{width}}  {each.label}" for name, each in self._found.items())

    def _repr_html_(self) -> str:
        rows = [
            {
                "name": each.name,
                "reaction": each._repr_svg_() or each.smirks,
                "classes": ", ".join(each.scope_classes) or "all",
            }
            for each in self._found.values()
        ]
        return framed(html_table(rows))


def transforms(*files: str | Path) -> Transforms:
    """Return the transforms that come with the program, or those of YAML files, by name.

    Args:
        files: files of transforms (``docs/how-to/transforms.md``); none for the shipped one.

    Raises:
        UserError: a file cannot be read, or a transform in it is wrong.

    Examples:
        >>> transforms()["FG_PHENOL_OH__OH__TO__OMe"].smirks
        '[c:1][OX2H:2]>>[c:1][O:2]C'
    """
    return Transforms(load_transforms(*map(Path, files)) if files else shipped.transforms())


def chosen(transform: str | model.Transform) -> model.Transform:
    """Return the transform of a name, of a SMIRKS, or as it is, after a check.

    Raises:
        UserError: there is none of this name, or its SMIRKS is wrong.
    """
    if isinstance(transform, model.Transform):
        _sound(transform)
        return transform
    if not isinstance(transform, str):
        allowed = "a name of halogenator.transforms(), a SMIRKS, or a halogenator.Transform"
        raise UserError("this is no transform", value=transform, allowed=allowed)
    if _ARROW in transform:
        found = model.Transform("SMIRKS", transform.strip())
        _sound(found)
        return found
    known = shipped.transforms()
    if transform not in known:
        near = did_you_mean(transform, known)
        fix = near or "see halogenator.transforms(), or give a SMIRKS: [c:1][OX2H:2]>>[c:1][O:2]C"
        raise UserError(f"there is no transform '{transform}'", value=transform, allowed=list(known), fix=fix)
    return known[transform]


@lru_cache(256)
def _sound(transform: model.Transform) -> None:
    """Check a SMIRKS, and what its fields can be.

    Raises:
        UserError: something is wrong.
    """
    words = {
        "stereo": ("keep", "open", "invert"),
        "new_stereo": ("open", "both"),
        "products": (None, "largest", "each"),
    }
    for name, allowed in words.items():
        value = getattr(transform, name)
        if value not in allowed:
            near = did_you_mean(str(value), map(str, allowed))
            raise UserError(f"{name} of '{transform.name}' is wrong", value=value, allowed=allowed, fix=near)
    most = transform.max_sites
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        what = f"max_sites of '{transform.name}' is wrong"
        raise UserError(what, value=most, allowed="a whole number of at least 1, or None for all sites")
    if not transform.name or any(sign in transform.name for sign in "@,/"):
        raise UserError("a transform needs a name without @ , and /", value=transform.name)
    raise_all([problem for _, problem in check_transforms([(transform, _place)])])


def _place(*keys: Any) -> str:
    return " ".join(map(str, keys))


def _drawable(transform: model.Transform) -> Transform:
    return Transform(**{each.name: getattr(transform, each.name) for each in fields(model.Transform)})


@dataclass(frozen=True)
class Check:
    """What there is to say of a transform. It is true if the transform can be used.

    Attributes:
        transform: the transform.
        problems: why it cannot be used.
        warnings: likely mistakes.
        notes: other remarks.
        trials: what it does to molecules: each with ``smiles``, ``sites``, ``products``, ``problems`` and ``reason``.
    """

    transform: Transform
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()

    def __bool__(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        told = {"problem": self.problems, "warning": self.warnings, "note": self.notes}
        lines = [self.transform.smirks, *(f"{kind}: {text}" for kind, texts in told.items() for text in texts)]
        for trial in self.trials:
            made = [f"{each.smiles} at atom {each.site}" for each in trial.products]
            lines.append(f"on {trial.given}: {'; '.join(made) or trial.reason}")
            lines += [f"  refused: {text}" for text in trial.problems]
        return "\n".join([*lines, "all well"] if len(lines) == 1 else lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        told = {"problem": self.problems, "warning": self.warnings, "note": self.notes}
        lines = [f"<b>{kind}</b>: {escape(text)}" for kind, texts in told.items() for text in texts]
        lines += [f"on <code>{escape(each.given)}</code>: {escape(each.reason)}" for each in self.trials if each.reason]
        head = "".join(f"<p>{line}</p>" for line in lines or ["all well"])
        cards = [card for trial in self.trials for card in self._cards(trial)][:_SHOWN]
        picture = "" if self.problems else self.transform._repr_svg_() or ""
        return framed(f"<p><code>{escape(self.transform.smirks)}</code></p>", picture, head, html_cards(cards))

    def _cards(self, trial: Trial) -> Iterator[tuple[str, Sequence[str]]]:
        for each in trial.products:
            keys = (trial.smiles, None), (each.smiles, each.enhanced_stereo)
            drawn = way_picture(keys, [self.transform.smirks], [each.site], ["", f"at atom {each.site}"])
            yield drawn or "", [each.smiles]


def check(transform: str | model.Transform, on: str | Sequence[str] = ()) -> Check:
    """Return what is wrong with a transform, what is likely wrong, and what it does to molecules.

    Args:
        transform: a SMIRKS, a name, or a transform.
        on: SMILES to try it on; without any, natural products that it matches.

    Examples:
        >>> found = check("[c:1][OX2H:2]>>[c:1][O:2]CC", on="Oc1ccc(O)cc1")  # hydroquinone
        >>> bool(found), [product.smiles for product in found.trials[0].products]
        (True, ['CCOc1ccc(O)cc1'])
        >>> check("[c:1][OX2H:2]>>[c:1]O[c:1]").problems[0].splitlines()[0]
        "the SMIRKS of 'SMIRKS' uses map number 1 twice in the product"
    """
    is_smirks = isinstance(transform, str) and _ARROW in transform
    found = model.Transform("SMIRKS", str(transform).strip()) if is_smirks else None
    try:
        found = found or (transform if isinstance(transform, model.Transform) else chosen(transform))
        _sound(found)
    except UserError as error:
        if found is None:
            raise
        return Check(_drawable(found), (str(error),))
    molecules = [on] if isinstance(on, str) else list(on)
    (advice,) = advise([found], molecules, parent_files())
    trials = try_transforms([found], molecules) if molecules else find_examples([found], {found.name: advice.matching})
    return Check(_drawable(found), (), advice.warnings, advice.notes, tuple(trials))
