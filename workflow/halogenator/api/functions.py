"""The functions that make products of molecules in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from halogenator import model
from halogenator.api import shipped
from halogenator.api.making import Maker, Plan
from halogenator.api.molecules import molecules_of
from halogenator.api.named_transforms import chosen
from halogenator.api.products import Products, Settings
from halogenator.api.rejects import Reject
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.scores import SCORES
from halogenator.chemistry.scores import check as check_score
from halogenator.errors import CombinedUserError, UserError, did_you_mean
from halogenator.model import CLASSES, HALOGENS, Choice, Halogenation, Reading

_READING = {"fragments": ("largest", "keep"), "charges": ("neutralize", "keep"), "tautomers": ("keep", "canonical")}
_FROM_COMMAND_LINE = "command line (--config): "  # what the check of a configuration calls settings without a file


@dataclass(frozen=True, kw_only=True)
class _Options:
    """What both functions take besides."""

    ids: Iterable[Any] | None
    exclude: Sequence[str] | None
    protect: Sequence[str]
    within: Mapping[str, Sequence[float | None]]
    quota: Mapping[str, Any]
    descriptors: Sequence[str]
    scores: Sequence[str]
    inchikey: bool
    fragments: str
    charges: str
    tautomers: str
    workers: int | None
    progress: bool | None
    on_reject: Callable[[Reject], object] | None

    def products(self, molecules: Any, transforms: Sequence[model.Transform], made: str, steps: int | None) -> Products:
        """Return the products, not yet made; ``made``: whose choices apply, those of "products" or of "libraries".

        Raises:
            UserError: an option is wrong, these are no molecules, or a single one cannot be used.
        """
        given = molecules_of(molecules, self.ids)
        reading = Reading(fragments=self.fragments, charges=self.charges, tautomers=self.tautomers)
        for name, allowed in _READING.items():
            _check(name, [getattr(self, name)], allowed)
        _check("descriptors", self.descriptors, DESCRIPTORS)
        _check("scores", self.scores, SCORES)
        for name in self.scores:
            check_score(name)
        if self.workers is not None and (not isinstance(self.workers, int) or self.workers < 1):
            raise UserError("workers is no number of processes", value=self.workers, allowed="1, 2, … or None for none")
        plan = Plan(
            transforms=tuple(replace(transform.bare, label=transform.label) for transform in transforms),
            choice=self._choice(made).bare,
            reading=reading,
            descriptor_names=tuple(self.descriptors),
            scores=tuple(self.scores),
            with_inchikey=self.inchikey,
            steps=steps,
        )
        if given.is_one:
            _check_one(list(given.entries()), plan)
        return Products(given, plan, Settings(self.workers, self.progress, self.on_reject))

    def _choice(self, made: str) -> Choice:
        keys = {"protect": self.protect, "within": self.within, "quota": self.quota}
        wanted: dict[str, Any] = {key: _plain(value) for key, value in keys.items() if value}
        if self.exclude is not None:
            wanted["exclude"] = _plain(self.exclude)
        try:
            return shipped.choice(made, wanted)
        except UserError as error:
            for each in error.problems if isinstance(error, CombinedUserError) else [error]:
                each.where = str(each.where).removeprefix(_FROM_COMMAND_LINE)
            raise


def transform(
    molecules: Any,
    transform: str | model.Transform,
    *,
    ids: Iterable[Any] | None = None,
    exclude: Sequence[str] | None = None,
    protect: Sequence[str] = (),
    within: Mapping[str, Sequence[float | None]] | None = None,
    quota: Mapping[str, Any] | None = None,
    descriptors: Sequence[str] = tuple(DESCRIPTORS),
    scores: Sequence[str] = (),
    inchikey: bool = False,
    fragments: str = "largest",
    charges: str = "neutralize",
    tautomers: str = "keep",
    workers: int | None = None,
    progress: bool | None = None,
    on_reject: Callable[[Reject], object] | None = None,
) -> Products:
    """Return the products that a transform gives of molecules, at one site at a time; they are made as they are read.

    Args:
        molecules: SMILES or RDKit molecules: one, a list, a column of a table, a mapping of ids, or any iterator.
        transform: a name of ``transforms()``, a SMIRKS, or a ``Transform``.
        ids: names of the molecules, as many; None: keys of a mapping, labels of a pandas Series, names of RDKit
            molecules, or else the place of each, from 0.
        exclude: motifs that no product may gain: names of ``configs/patterns.yaml`` or SMARTS; None: as the shipped
            configuration has it, which is none.
        protect: names or SMARTS of atoms that no step touches.
        within: {descriptor: [low, high]} of products; None as a bound leaves it open.
        quota: {per_ring: 2, …}, as in a configuration.
        descriptors: their names, in order.
        scores: likewise; each takes some milliseconds a product.
        inchikey: whether to compute the standard InChIKey.
        fragments: "largest" keeps the compound of a salt or mixture, "keep" all of it (``docs/how-to/prepare.md``).
        charges: "neutralize" takes away charges that protons account for, "keep" leaves them.
        tautomers: "keep" leaves the tautomer, "canonical" takes RDKit's.
        workers: processes that make the products; None: this one. In a worker a molecule has 120 s, as in a run.
        progress: whether a bar is shown; None: when a conversion takes more than a second.
        on_reject: called with each reject, for those who expect more of them than memory holds.

    Raises:
        UserError: the transform or an option is wrong, these are no molecules, or the only molecule cannot be used.

    Examples:
        >>> products = transform("Oc1ccc(O)cc1", "FG_PHENOL_OH__OH__TO__OMe")  # hydroquinone
        >>> [(product.smiles, product.site, product.n_routes, product.descriptors["mw"]) for product in products]
        [('COc1ccc(O)cc1', 1, 2, 124.139)]
    """
    options = _Options(
        ids=ids,
        exclude=exclude,
        protect=protect,
        within=within or {},
        quota=quota or {},
        descriptors=descriptors,
        scores=scores,
        inchikey=inchikey,
        fragments=fragments,
        charges=charges,
        tautomers=tautomers,
        workers=workers,
        progress=progress,
        on_reject=on_reject,
    )
    return options.products(molecules, [chosen(transform)], "products", None)


def halogenate(
    molecules: Any,
    k: int = 1,
    classes: str | Sequence[str] = CLASSES[-1],
    *,
    halogens: Sequence[str] = HALOGENS,
    ids: Iterable[Any] | None = None,
    exclude: Sequence[str] | None = None,
    protect: Sequence[str] = (),
    within: Mapping[str, Sequence[float | None]] | None = None,
    quota: Mapping[str, Any] | None = None,
    descriptors: Sequence[str] = tuple(DESCRIPTORS),
    scores: Sequence[str] = (),
    inchikey: bool = False,
    fragments: str = "largest",
    charges: str = "neutralize",
    tautomers: str = "keep",
    workers: int | None = None,
    progress: bool | None = None,
    on_reject: Callable[[Reject], object] | None = None,
) -> Products:
    """Return the molecules that k halogenations give, by the shipped rules; they are made as they are read.

    Args:
        molecules: as for ``transform``.
        k: number of halogenations of each molecule.
        classes: one class of natural products or several, whose rules apply; "other" has the most.
        halogens: which of F, Cl, Br and I.
        ids: as for ``transform``, and so are the options below.
        exclude: likewise; None: what cannot be isolated, as the shipped configuration has it; [] for all.
        protect: atoms that no step touches, such as "sugars".
        within: bounds of descriptors.
        quota: halogens on a ring, of a kind, their distance, products of a parent.
        descriptors: their names.
        scores: their names.
        inchikey: whether to compute it.
        fragments: "largest" or "keep".
        charges: "neutralize" or "keep".
        tautomers: "keep" or "canonical".
        workers: processes; None: this one.
        progress: whether a bar is shown.
        on_reject: called with each reject.

    Raises:
        UserError: as ``transform``.

    Examples:
        >>> products = halogenate("Oc1ccccc1", halogens=["F"])  # phenol
        >>> [product.smiles for product in products]
        ['Oc1ccccc1F', 'Oc1cccc(F)c1', 'Oc1ccc(F)cc1', 'Fc1ccccc1']
    """
    options = _Options(
        ids=ids,
        exclude=exclude,
        protect=protect,
        within=within or {},
        quota=quota or {},
        descriptors=descriptors,
        scores=scores,
        inchikey=inchikey,
        fragments=fragments,
        charges=charges,
        tautomers=tautomers,
        workers=workers,
        progress=progress,
        on_reject=on_reject,
    )
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise UserError("k is no number of halogenations", value=k, allowed="1, 2, 3, …")
    rules = _rules([classes] if isinstance(classes, str) else classes, halogens)
    return options.products(molecules, rules, "libraries", k)


def _rules(classes: Sequence[str], halogens: Sequence[str]) -> list[model.Transform]:
    """Return the rules of some classes with some halogens, in the order of their file.

    Raises:
        UserError: a class or a halogen is unknown, or none is named.
    """
    _check("classes", classes, CLASSES)
    _check("halogens", halogens, HALOGENS)
    for name, values in (("classes", classes), ("halogens", halogens)):
        if not values:
            raise UserError(f"{name} names nothing", value=list(values), allowed="at least one")
    every = shipped.halogenation()
    wanted = {rule.name for name in classes for rule in every.rules_for(name)}
    rules = tuple(rule for rule in every.rules if rule.name in wanted)
    chosen_halogens = tuple(halogen for halogen in every.halogens if halogen in halogens)
    return [each for rule in Halogenation(chosen_halogens, rules).rules for each in rule.transforms(chosen_halogens)]


def _check(option: str, values: Sequence[Any], allowed: Iterable[str]) -> None:
    """Check that an option names what there is.

    Raises:
        UserError: it does not.
    """
    allowed = list(allowed)
    if isinstance(values, str):
        raise UserError(f"{option} is one text", value=values, allowed=f"a list: [{values!r}]")
    for value in values:
        if value not in allowed:
            fix = did_you_mean(str(value), allowed)
            raise UserError(f"{option}: there is no '{value}'", value=value, allowed=allowed, fix=fix)


def _check_one(entries: Sequence[Any], plan: Plan) -> None:
    """Check that a single molecule can be used, as nobody looks for its reject.

    Raises:
        UserError: it cannot.
    """
    unmade = Plan((), reading=plan.reading)
    for reject in Maker(unmade).make(entries).rejects:
        what = f"this molecule cannot be used: {reject.reason}: {reject.detail}"
        given = entries[0].given
        shown = given if isinstance(given, str) else reject.smiles or str(given)
        fix = "Chem.MolFromSmiles gives None for a SMILES that it cannot read" if given is None else None
        raise UserError(what, value=shown, fix=fix or "mend it; of many molecules, such are told as .rejects")


def _plain(value: Any) -> Any:
    """Return lists for tuples, as a YAML file has them."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
