"""Motifs: what a product has of some patterns that its parent does not have.

A product *gains* a motif if it has more matches of its pattern than its parent. A match is a set of atoms, so symmetry
does not count. This depends on the two molecules alone, not on the site.

Counted around the change. An edit (``chemistry.edit``) changes only its roots: anchors and leaving atoms. A match
without a root, also in ``$(...)``, is in both molecules and cancels. All others lie within the *reach* of the pattern
around the roots. So atoms and bonds within this reach decide, and what RDKit finds there is remembered for each edit.
It needs patterns in one piece, that ask for nothing which far atoms decide (ring sizes, for example). Others, and
products of RunReactants, are counted in both molecules.

Halogens. Siblings (``chemistry.siblings``) get what was found in their representative, so the queries must not tell
halogens apart. Where an atom of a pattern is a list of halogens such as ``[Cl,Br,I]``, the query takes any halogen and
the match says which it was. Whether it counts is decided when the real halogens are known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rdkit import Chem

from halogenator.chemistry.molecules import reread
from halogenator.chemistry.parent import reads_flat
from halogenator.chemistry.reaction import Match, has_hydrogens
from halogenator.model import HALOGENS, Pattern

if TYPE_CHECKING:
    from halogenator.chemistry.edit import Edit
    from halogenator.chemistry.parent import Parent

# Most surroundings remembered, about 1 kB each. When full, all are forgotten: common ones are soon met again.
MAX_ENTRIES = 50_000
# Most matches of a pattern that are counted. Only long patterns without elements have as many.
MAX_MATCHES = 100_000

_ONE = "(?:F|Cl|Br|I)"
_LIST = re.compile(rf"\[?({_ONE}(?:,{_ONE})*)\]?")  # an atom of a SMARTS that is a list of halogens
_ALL = re.compile(r"(?<=[\[;])F,Cl,Br,I(?=[\];:])")
_TELLING = re.compile(r"Cl|Br|F|I|#(?:9|17|35|53)(?!\d)|\^")
_NESTED = re.compile(r"\$\(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)")
_FAR = 1_000  # a reach that no memory is kept for

# A token: what matched, and the halogens of the atoms that are lists, such as "3:Cl" or "3:Cl.F|F.Cl".
Tokens = Counter[str]
Surroundings = tuple[int, tuple[int, ...]]  # number of an edit, and a code of what is around its roots


class _Query:
    """A pattern as a query that does not tell halogens apart, if it can be made one."""

    def __init__(self, pattern: Pattern) -> None:
        query = Chem.RWMol(Chem.MolFromSmarts(pattern.smarts))
        self.lists: list[tuple[int, frozenset[str]]] = []  # (position, its halogens)
        for atom in list(query.GetAtoms()):
            if (found := _LIST.fullmatch(atom.GetSmarts())) and frozenset(found[1].split(",")) < set(HALOGENS):
                self.lists.append((atom.GetIdx(), frozenset(found[1].split(","))))
                query.ReplaceAtom(atom.GetIdx(), Chem.AtomFromSmarts("[F,Cl,Br,I]"))
        self.mol = query.GetMol()
        self.smarts = Chem.MolToSmarts(self.mol)
        self.tells = tells_halogens(self.mol)
        self.has_hydrogens = has_hydrogens(pattern.smarts)
        one_piece = len(Chem.GetMolFrags(self.mol)) == 1
        self.reach = min(_reach(self.mol), _FAR) if one_piece and reads_flat([pattern.smarts]) else _FAR

    def tokens(self, mol: Chem.Mol) -> list[str]:
        """Return a text for each match: the halogens of the atoms that are lists, in each order that matches."""
        mol = Chem.AddHs(mol) if self.has_hydrogens else mol
        found = mol.GetSubstructMatches(self.mol, uniquify=not self.lists, useChirality=True, maxMatches=MAX_MATCHES)
        if not self.lists:
            return [""] * len(found)
        options: dict[frozenset[int], set[str]] = {}
        for match in found:
            symbols = ".".join(mol.GetAtomWithIdx(match[position]).GetSymbol() for position, _ in self.lists)
            options.setdefault(frozenset(match), set()).add(symbols)
        return ["|".join(sorted(each)) for each in options.values()]

    def counts(self, token: str) -> bool:
        """Return whether the halogens of a match are those that the pattern asks for."""
        return not self.lists or any(
            all(symbol in allowed for symbol, (_, allowed) in zip(option.split("."), self.lists, strict=True))
            for option in token.split("|")
        )


class _Alerts:
    """A set of alerts of RDKit's FilterCatalog, of which each is a pattern of its own."""

    tells = True
    reach = _FAR
    smarts = "[R1]"  # the catalog's own patterns ask for anything

    def __init__(self, pattern: Pattern) -> None:
        from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

        parameters = FilterCatalogParams()
        parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, pattern.catalog))
        self._catalog = FilterCatalog(parameters)

    def tokens(self, mol: Chem.Mol) -> list[str]:
        """Return the name of its alert for each match."""
        return [
            entry.GetDescription().replace(";", ",")
            for entry in self._catalog.GetMatches(mol)
            for _ in entry.GetFilterMatches(mol)
        ]

    def counts(self, token: str) -> bool:
        return True


class Motifs:
    """Patterns, ready to say which of them a product gains.

    Attributes:
        patterns: the patterns.
        smarts: their queries.
        tells_halogens: whether they can tell halogens apart where it is not known which the real ones are.
        flat: whether they match in a molecule that was read flat.

    Examples:
        >>> motifs = Motifs([Pattern("acyl_halide", "[F,Cl,Br,I][CX3]=[OX1]")])
        >>> change = motifs.between(Chem.MolFromSmiles("CC(=O)O"), Chem.MolFromSmiles("CC(=O)Cl"))
        >>> motifs.gained(change).name
        'acyl_halide'
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._queries: list[Any] = [(_Alerts if pattern.catalog else _Query)(pattern) for pattern in patterns]
        self.smarts = [query.smarts for query in self._queries]
        self.tells_halogens = any(query.tells for query in self._queries)
        self.flat = reads_flat(self.smarts)
        self.every = tuple(range(len(self.patterns)))
        self.local = tuple(index for index, query in enumerate(self._queries) if query.reach < _FAR)
        self.far = tuple(index for index, query in enumerate(self._queries) if query.reach == _FAR)
        self.reach = max((self._queries[index].reach for index in self.local), default=0)
        self.known: dict[Surroundings, str] = {}  # {surroundings of a site: change there}
        self.gained = lru_cache(10_000)(self._gained)

    def of(self, parent: Parent) -> MotifsOf:
        """Return what is needed to judge the products of a parent."""
        return MotifsOf(self, parent)

    def tokens(self, mol: Chem.Mol, indices: Sequence[int]) -> Tokens:
        """Return the tokens of the matches of some patterns."""
        return Counter(f"{index}:{token}" for index in indices for token in self._queries[index].tokens(mol))

    def between(self, parent: Chem.Mol, product: Chem.Mol) -> str:
        """Return the change from a parent to a product, both read in full, for ``gained``."""
        return change(self.tokens(parent, self.every), self.tokens(product, self.every))

    def remember(self, surroundings: Surroundings, changed: str) -> str:
        """Remember a change, and return it."""
        if len(self.known) >= MAX_ENTRIES:
            self.known.clear()
        self.known[surroundings] = changed
        return changed

    def _gained(self, changed: str) -> Pattern | None:
        """Return the first pattern that a product has more often than its parent; None if there is none."""
        more: Counter[tuple[int, str]] = Counter()
        for each in filter(None, changed.split(";")):
            index, _, token = each[1:].partition(":")
            if self._queries[int(index)].counts(token):
                alert = token if self.patterns[int(index)].catalog else ""
                more[int(index), alert] += 1 if each[0] == "+" else -1
        gained = [index for (index, _), number in more.items() if number > 0]
        return self.patterns[min(gained)] if gained else None


class MotifsOf:
    """The motifs of a parent, computed as far as its products need them."""

    def __init__(self, motifs: Motifs, parent: Parent) -> None:
        self._motifs = motifs
        self._parent = parent
        self._near: dict[int, tuple[int, list[tuple[int, int]]]] = {}
        self._codes: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._tokens: dict[tuple[int, ...], Tokens] = {}

    def change(self, step: int, edit: Edit | None, match: Match, edited: Chem.Mol | None, smiles: str) -> str:
        """Return the change of motifs from the parent to a product, for ``Motifs.gained``.

        Args:
            step: a number that stands for the edit.
            edit: the edit that made the product; None if RunReactants did.
            match: where it did.
            edited: the product that it made.
            smiles: SMILES of the product.
        """
        motifs, changed, counted = self._motifs, "", self._motifs.every
        if edit is not None and motifs.local:
            key = step, self._surroundings(tuple([match[position] for position in edit.footprint.root_positions]))
            counted = motifs.far
            if key in motifs.known:
                changed = motifs.known[key]
            else:
                product = edited if edited and motifs.flat else reread(smiles)
                changed = motifs.remember(key, change(self._count(motifs.local), motifs.tokens(product, motifs.local)))
        if counted:
            product = edited if edited and motifs.flat else reread(smiles)
            more = change(self._count(counted), motifs.tokens(product, counted))
            changed = f"{changed};{more}" if changed and more else changed or more
        return changed

    def _count(self, indices: tuple[int, ...]) -> Tokens:
        """Return the tokens of some patterns in the parent."""
        if indices not in self._tokens:
            mol = self._parent.mol if self._motifs.flat else reread(self._parent.smiles)
            self._tokens[indices] = self._motifs.tokens(mol, indices)
        return self._tokens[indices]

    def _surroundings(self, roots: tuple[int, ...]) -> tuple[int, ...]:
        """Return numbers that are the same for two sites only if all within reach of their roots is the same.

        Atoms are numbered as they are met, nearer ones first. Each is written with its bonds to those met before.
        """
        if roots not in self._codes:
            self._codes[roots] = self._code(roots)
        return self._codes[roots]

    def _code(self, roots: tuple[int, ...]) -> tuple[int, ...]:
        near, reach = self._near, self._motifs.reach
        met = {root: number for number, root in enumerate(roots)}
        front, code = list(roots), []
        for distance in range(reach + 1):
            behind = []
            for index in front:
                if index not in near:
                    near[index] = _neighborhood(self._parent.mol.GetAtomWithIdx(index))
                label, bonds = near[index]
                code.append(label)
                for other, bond in bonds:
                    if other not in met:
                        if distance == reach:
                            continue
                        met[other] = len(met)
                        behind.append(other)
                    code += (bond, met[other])
            front = behind
        return tuple(code)


def change(before: Tokens, after: Tokens) -> str:
    """Return the tokens that were added and removed, as text.

    Examples:
        >>> change(Counter({"0:": 2, "1:": 1}), Counter({"0:": 3}))
        '+0:;-1:'
    """
    if before == after:
        return ""
    added, removed = (after - before).elements(), (before - after).elements()
    return ";".join([*(f"+{token}" for token in sorted(added)), *(f"-{token}" for token in sorted(removed))])


def tells_halogens(query: Chem.Mol) -> bool:
    """Return whether a query can tell halogens apart."""
    return any(_TELLING.search(_ALL.sub("", atom.GetSmarts())) for atom in query.GetAtoms())


def _reach(query: Chem.Mol) -> int:
    """Return how many bonds apart two atoms that decide on one match can be, at most."""
    nested = [_nested_reach(atom.GetSmarts()) for atom in query.GetAtoms()]
    bonds_apart = Chem.GetDistanceMatrix(query)
    return max(int(bonds_apart[i][j]) + one + other for i, one in enumerate(nested) for j, other in enumerate(nested))


def _nested_reach(smarts: str) -> int:
    """Return how far from an atom its ``$(...)`` look."""
    if "$(" not in smarts:
        return 0
    found = [Chem.MolFromSmarts(inner) for inner in _NESTED.findall(smarts)]
    if len(found) != smarts.count("$(") or any(mol is None for mol in found):  # nested in each other
        return _FAR
    return max(int(mol.GetNumAtoms()) - 1 for mol in found)


# A number for each kind of atom that was met, above the numbers of atoms and kinds of bonds, which stand beside them.
# Other processes may have other numbers.
_numbers: dict[tuple[object, ...], int] = {}


def _neighborhood(atom: Chem.Atom) -> tuple[int, list[tuple[int, int]]]:
    """Return a number for all that queries ask of an atom, and its neighbours, each with a number for the bond."""
    counts = atom.GetAtomicNum(), atom.GetDegree(), atom.GetTotalNumHs(), atom.GetFormalCharge(), atom.GetIsotope()
    index, kind = atom.GetIdx(), (*counts, atom.GetIsAromatic(), atom.IsInRing())
    bonds = [
        (bond.GetOtherAtomIdx(index), 4 * int(bond.GetBondType()) + 2 * bond.GetIsAromatic() + bond.IsInRing())
        for bond in atom.GetBonds()
    ]
    return _numbers.setdefault(kind, len(_numbers) + _FAR), bonds
