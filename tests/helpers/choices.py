"""Choices as docs/how-to/choose.md tells them, worked out by RDKit alone: product by product, site by site.

It knows nothing of the package. Molecules have no stereo, so that RunReactants' products are right as they come.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from helpers.oracle import DESCRIPTORS, settled

Left = Counter[tuple[str, str, str]]  # {(rule or transform, kind, name): number}


@dataclass(frozen=True)
class Rule:
    """A SMIRKS, its name in the audit, and its keys of the configuration."""

    name: str
    smirks: str
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """What one step gives: {product: routes}, and the numbers of molecules and routes that were left out."""

    products: Counter[str] = field(default_factory=Counter)
    molecules: Left = field(default_factory=Counter)
    routes: Left = field(default_factory=Counter)


@cache
def query(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)


def matches(mol: Chem.Mol, smarts: str, *, once: bool = True) -> tuple[tuple[int, ...], ...]:
    return mol.GetSubstructMatches(query(smarts), uniquify=once, maxMatches=1_000_000)


def state(mol: Chem.Mol, origins: Mapping[int, int]) -> dict[int, object]:
    """{atom of the parent: element, hydrogens, charge and bonds} in a product, or in the parent itself."""
    return {
        origins[atom.GetIdx()]: (
            *(atom.GetAtomicNum(), atom.GetTotalNumHs(), atom.GetFormalCharge()),
            sorted(
                (origins.get(bond.GetOtherAtomIdx(atom.GetIdx()), -1), str(bond.GetBondType()))
                for bond in atom.GetBonds()
            ),
        )
        for atom in mol.GetAtoms()
        if atom.GetIdx() in origins
    }


@cache
def every(smirks: str, smiles: str) -> list[tuple[str, int, frozenset[int]]]:
    """(product, site, atoms that change) of each match; the site is the atom with the lowest map number."""
    reaction, mol = AllChem.ReactionFromSmarts(smirks), Chem.MolFromSmiles(smiles)
    first = min(atom.GetAtomMapNum() for atom in reaction.GetReactantTemplate(0).GetAtoms() if atom.GetAtomMapNum())
    before = state(mol, {index: index for index in range(mol.GetNumAtoms())})
    found = []
    for (product,) in reaction.RunReactants((mol,), maxProducts=1_000_000):
        with rdBase.BlockLogs():
            if Chem.SanitizeMol(product, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
                continue
        origins, site = {}, -1
        for atom in product.GetAtoms():
            if atom.HasProp("react_atom_idx"):
                origins[atom.GetIdx()] = atom.GetIntProp("react_atom_idx")
                if atom.HasProp("old_mapno") and atom.GetIntProp("old_mapno") == first:
                    site = atom.GetIntProp("react_atom_idx")
        after = state(product, origins)
        changed = frozenset(atom for atom, was in before.items() if after.get(atom) != was)
        found.append((settled(Chem.MolToSmiles(product)), site, changed))
    return found


class Choice:
    """What the keys of several places of a configuration say together."""

    def __init__(self, named: Mapping[str, Sequence[str]], *places: Mapping[str, Any]) -> None:
        self._named = named
        lists = {key: [name for place in places for name in place.get(key, ())] for key in ("exclude", "protect")}
        self.exclude, self.protect = ([*dict.fromkeys(names)] for names in lists.values())
        self.rank = [name for place in places for name in place.get("rank", ())]
        self.within = [pair for place in places for pair in place.get("within", {}).items()]
        self.parents = [place["parents"] for place in places if "parents" in place]
        self.quota = [
            (halogen, most)
            for place in places
            for name, number in place.get("quota", {}).items()
            for halogen, most in (number.items() if isinstance(number, dict) else [(name, number)])
        ]

    def smarts(self, name: str) -> Sequence[str]:
        """The SMARTS of a name, or of a SMARTS itself."""
        return self._named.get(name, (name,))

    def count(self, name: str, mol: Chem.Mol) -> list[int]:
        return [len(matches(mol, smarts)) for smarts in self.smarts(name)]

    def against_parent(self, mol: Chem.Mol) -> str | None:
        for asks in self.parents:
            for name, bounds in asks.get("within", {}).items():
                if not inside(mol, name, bounds):
                    return f"{name} {window(bounds)}"
        for word, wanted in (("matching", True), ("not_matching", False)):
            for asks in self.parents:
                for name in asks.get(word, ()):
                    if any(self.count(name, mol)) != wanted:
                        return f"{word.replace('_', ' ')} {name}"
        return None

    def against(self, parent: Chem.Mol, product: Chem.Mol) -> tuple[str, str] | None:
        """The first thing that speaks against a product: kind and name."""
        for name in self.exclude:
            pairs = zip(self.count(name, parent), self.count(name, product), strict=True)
            if any(after > before for before, after in pairs):
                return "exclude", name
        for name, number in self.quota:
            if name != "per_parent" and over(name, number, product) > over(name, number, parent):
                return "quota", f"{name} {number}"
        for name, bounds in self.within:
            if not inside(product, name, bounds):
                return "within", f"{name} {window(bounds)}"
        return None


def inside(mol: Chem.Mol, name: str, bounds: Sequence[float | None]) -> bool:
    value, (low, high) = DESCRIPTORS[name](mol), bounds
    return (low is None or low <= value) and (high is None or value <= high)


def window(bounds: Sequence[float | None]) -> str:
    return ":".join("" if bound is None else f"{bound:g}" for bound in bounds)


def over(name: str, number: int, mol: Chem.Mol) -> int:
    """How far a molecule is over a quota."""
    halogens = dict(matches(mol, "[F,Cl,Br,I;D1]~*", once=False))
    if name == "per_ring":
        rings = [set(ring) for ring in Chem.GetSymmSSSR(mol)]
        return sum(max(0, sum(near in ring for near in halogens.values()) - number) for ring in rings)
    if name == "distance":
        bonds = Chem.GetDistanceMatrix(mol)
        return sum(bool(bonds[one][other] < number) for one in halogens for other in halogens if one < other)
    return max(0, sum(mol.GetAtomWithIdx(atom).GetSymbol() == name for atom in halogens) - number)


def step(smiles: str, rules: Sequence[Rule], named: Mapping[str, Sequence[str]], *places: Mapping[str, Any]) -> Outcome:
    """What some rules give of one molecule, with the choices of these places and of each rule itself."""
    found = Outcome()
    parent = Chem.MolFromSmiles(smiles)
    kept: dict[str, list[tuple[int, int]]] = {}  # {product: (number of the rule, routes) of each list of choices}
    alike: dict[str, list[Rule]] = {}
    for rule in rules:
        keys = {key: value for key, value in rule.keys.items() if key != "max_sites"}
        alike.setdefault(json.dumps(keys, sort_keys=True), []).append(rule)
    for members in alike.values():
        choice = Choice(named, *places, members[0].keys)
        made: dict[str, set[tuple[int, int]]] = {}  # {product: its routes}
        for rule in members:
            for product, site in usable(rule, smiles, parent, choice, found):
                made.setdefault(product, set()).add((rules.index(rule), site))
        refused = choice.against_parent(parent) if made else None
        for product, routes in made.items():
            against = choice.against(parent, Chem.MolFromSmiles(product)) if refused is None else ("parents", refused)
            if against is None:
                kept.setdefault(product, []).append((min(routes)[0], len(routes)))
            else:
                found.molecules[short(rules[min(routes)[0]]), *against] += 1
                found.routes[short(rules[min(routes)[0]]), *against] += len(routes)
    found.products.update({product: sum(count for _, count in ways) for product, ways in kept.items()})
    owners = {product: short(rules[min(ways)[0]]) for product, ways in kept.items()}
    keep_so_many(found, owners, [short(rule) for rule in rules], [Choice(named, *places, rule.keys) for rule in rules])
    return found


def short(rule: Rule) -> str:
    """The name of a rule without its halogen."""
    return rule.name.partition(":")[0]


def usable(rule: Rule, smiles: str, parent: Chem.Mol, choice: Choice, found: Outcome) -> Iterator[tuple[str, int]]:
    """(product, site) of the sites that may be used; the others are counted, those of protect and rank together."""
    protected = {
        index
        for name in choice.protect
        for smarts in choice.smarts(name)
        for match in matches(parent, smarts)
        for index in match
    }
    ways = every(rule.smirks, smiles)
    free = [way for way in ways if not protected & way[2]]
    first = [
        {match[0] for smarts in choice.smarts(each) for match in matches(parent, smarts, once=False)}
        for each in choice.rank
    ]
    classes = {way[1]: next((at for at, atoms in enumerate(first) if way[1] in atoms), len(first)) for way in free}
    best = [way for way in free if classes[way[1]] == min(classes.values())]
    sites = {way[1] for way in best}
    found.routes[short(rule), "withheld", ""] += len({way[1] for way in ways} - sites)
    most = rule.keys.get("max_sites")
    ranks = Chem.CanonicalRankAtoms(parent, breakTies=False)
    allowed = list(dict.fromkeys(ranks[site] for site in sorted(sites)))[:most]
    for product, site, _ in sorted(best, key=lambda way: way[1]):
        if ranks[site] in allowed:
            yield product, site


def keep_so_many(found: Outcome, owners: Mapping[str, str], names: Sequence[str], choices: Sequence[Choice]) -> None:
    """Draw, from what a molecule gives, as many products as quotas allow: of one rule, or of all that has the quota."""
    quotas = {
        quota: [n for n, c in zip(names, choices, strict=True) if quota in c.quota]
        for c in choices
        for quota in c.quota
    }
    drawn = [
        (quota, [set(having)] if len(having) == len(names) else [{n} for n in having])
        for quota, having in quotas.items()
    ]
    for (kind, most), members in sorted(
        ((quota, each) for quota, groups in drawn for each in groups), key=lambda pair: len(pair[1])
    ):
        counted = [product for product in found.products if owners[product] in members]
        for product in sorted(counted, key=lot)[most:] if kind == "per_parent" else ():
            found.molecules[owners[product], "quota", f"per_parent {most}"] += 1
            found.routes[owners[product], "quota", f"per_parent {most}"] += found.products.pop(product)


def lot(smiles: str) -> str:
    return hashlib.sha256(json.dumps([smiles, None], separators=(",", ":")).encode()).hexdigest()[:12]


def walk(natural: Iterable[str], steps: int | None, make: Any) -> tuple[list[Counter[str]], Left, Left]:
    """What comes of each natural product by repeated steps: {molecule: routes} of each, and all that was left out."""
    found, molecules, routes = [], Counter(), Counter()
    for smiles in natural:
        reached: Counter[str] = Counter()
        level, taken, left = [smiles], {smiles}, steps
        while level and left != 0:
            following = []
            for each in level:
                outcome = make(each)
                molecules += outcome.molecules
                routes += outcome.routes
                reached += outcome.products
                following += [product for product in outcome.products if product not in taken]
                taken |= outcome.products.keys()
            level, left = following, None if left is None else left - 1
        found.append(reached)
    return found, molecules, routes
