"""Checks of the SMIRKS of transforms: each must parse, and give exactly the products that its examples list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from halogenator.errors import UserError
from halogenator.model import HALOGENATION, Example, Transform
from halogenator.process import limits
from halogenator.smirks import in_one_product, sides_of

if TYPE_CHECKING:
    from halogenator.chemistry.molecules import RejectError

# Products of an example. RDKit's own limit, 1,000 by default, would cut them without a word.
_MAX_PRODUCTS = 10_000
# Atoms of all products of an example, which are in memory together, at 470 bytes an atom.
_MAX_PRODUCT_ATOMS = 500_000

Place = Callable[..., str]  # takes keys below an entry, returns the file and line where they are written


def check_transforms(entries: Sequence[tuple[Transform, Place]]) -> list[tuple[int, UserError]]:
    """Return the chemical problems of transforms, each with the index of its transform.

    A child process does the work, and is stopped if a SMIRKS takes RDKit too long.

    Args:
        entries: each transform, and where the keys of its entry are written.
    """
    import rdkit.Chem.rdChemReactions  # noqa: F401 - loaded once here, not again in each child process

    def work() -> list[tuple[int, UserError]]:
        found: list[tuple[int, UserError]] = []
        for step, (transform, place) in enumerate(entries):
            late = limits.begin(step)
            problems = [_endless(transform, place, late)] if late else _transform_problems(transform, place)
            found += [(step, problem) for problem in problems]
        return found

    return limits.in_child(work)


def _endless(transform: Transform, place: Place, reason: str) -> UserError:
    return UserError(
        f"the SMIRKS of '{transform.name}' cannot be applied to its own examples: {reason}",
        where=place("smirks"),
        value=transform.smirks,
        allowed=f"a SMIRKS whose examples are done in {limits.PLAN_SECONDS} s",
        fix="make the reactant smaller or more specific: long runs of atoms that match much match in endless ways",
    )


def _transform_problems(transform: Transform, place: Place) -> Iterator[UserError]:
    """Yield the problems of a SMIRKS; if it has none, the problems of its examples."""
    from rdkit import rdBase

    with rdBase.BlockLogs():
        wrong = list(_smirks_problems(transform, place("smirks")))
        yield from wrong
        for index, example in enumerate(() if wrong else transform.examples):
            where = place("examples", index)
            yield from _example_problems(f"example {index + 1} of '{transform.name}'", example, transform, where)


def _smirks_problems(transform: Transform, where: str) -> Iterator[UserError]:
    from halogenator.chemistry.smirks_checks import ambiguities

    fault = _fault(transform)
    if fault is not None:
        what = f"the SMIRKS of '{transform.name}' {fault.what}"
        yield UserError(what, where=where, value=transform.smirks, allowed=fault.allowed, fix=fault.fix)
        return
    for each in ambiguities(transform.smirks):
        what = f"the SMIRKS of '{transform.name}' {each.what}"
        yield UserError(what, where=where, value=transform.smirks, allowed=each.allowed, fix=each.fix)


class _Fault(NamedTuple):
    """Why a SMIRKS cannot be used, as a clause; what is allowed; and how to mend it."""

    what: str
    allowed: str = "reactant>>product in reaction SMARTS, with one reactant and map numbers on the atoms that stay"
    fix: str = "mend the SMIRKS; e.g. [c:1][OX2H:2]>>[c:1][O:2]C methylates a phenol"


def _fault(transform: Transform) -> _Fault | None:
    """Return what is wrong with the SMIRKS of a transform, if anything is."""
    from rdkit import Chem
    from rdkit.Chem import rdChemReactions

    try:
        written = rdChemReactions.ReactionFromSmarts(transform.smirks)
        reaction = rdChemReactions.ReactionFromSmarts(in_one_product(transform.smirks))
    except (ValueError, RuntimeError) as error:  # RuntimeError: of a CXSMILES extension
        return _Fault(f"does not parse: {_reason(error)}")
    if fault := _wrong_number(written.GetNumReactantTemplates(), written.GetNumProductTemplates(), transform):
        return fault
    if (reaction.GetNumReactantTemplates(), reaction.GetNumProductTemplates()) != (1, 1):
        return _Fault("has parentheses that group no molecule")
    before, after = (
        [atom.GetAtomMapNum() for atom in template.GetAtoms() if atom.GetAtomMapNum()]
        for template in (reaction.GetReactantTemplate(0), reaction.GetProductTemplate(0))
    )
    for side, numbers in (("reactant", before), ("product", after)):
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            return _Fault(f"uses map number {twice[0]} twice in the {side}")
    if not set(before) & set(after):
        return _Fault(
            "has no map number that is in the reactant and in the product, so nothing of the molecule would stay"
        )
    if Chem.MolFromSmarts(transform.query) is None:
        return _Fault("has a reactant that RDKit cannot read by itself")
    _, errors = reaction.Validate(True)
    return _Fault(f"is refused by RDKit's Validate() with {errors} errors") if errors else None


def _wrong_number(reactants: int, products: int, transform: Transform) -> _Fault | None:
    """Return what is wrong with the numbers of reactants and products, if anything is."""
    if reactants == 0 or products == 0:
        return _Fault(f"has no {'product' if reactants else 'reactant'}")
    if reactants > 1:
        return _Fault(
            f"has {reactants} reactants; only one molecule comes in",
            fix="if the reactants are groups of one molecule, write them in parentheses, as in "
            "([NX3H2:1].[CX3:2]=O)>>[N:1]=[C:2]; what a reagent brings is written as new atoms of the product, without "
            "map numbers",
        )
    if products > 1 and transform.family == HALOGENATION:
        return _Fault(
            f"has {products} products; a halogenation rule makes one",
            fix="keep the product with {X} alone: atoms without a map number leave, with all that hangs on them",
        )
    if products > 1 and transform.products is None:
        return _Fault(
            f"has {products} products, and nothing says which of them are kept",
            "several products with products: largest or products: each, or one product",
            "add products: largest to the entry, which keeps the one with most heavy atoms, or products: each, which "
            f"makes a row of each; to keep all in one row, write ({sides_of(transform.smirks)[2]}) in parentheses",
        )
    return None


def _example_problems(title: str, example: Example, transform: Transform, where: str) -> Iterator[UserError]:
    named = [(f"the reactant of {title}", example.reactant), *((f"a product of {title}", s) for s in example.products)]
    standard: list[str] = []
    for what, smiles in named:
        molecule, reason = _molecule(smiles)
        if molecule is None:
            readable, mend = "a SMILES that RDKit can read", "mend the SMILES"
            yield UserError(f"{what} does not parse: {reason}", where=where, value=smiles, allowed=readable, fix=mend)
            return
        standard.append(molecule)
    reactant, expected = standard[0], set(standard[1:])
    found, error = _made(transform, reactant)
    if isinstance(error, int):
        yield UserError(
            f"{title} is too large",
            where=where,
            value=example.reactant,
            allowed=f"at most {error:,} products of such a reactant",
            fix="take a smaller reactant, or one with fewer sites",
        )
    elif error is not None:
        large = error.reason == "too large"
        yield UserError(
            f"{title} gives a product that {'is too large' if large else 'RDKit cannot sanitize'}: {error.detail}",
            where=where,
            value=example.reactant,
            allowed="products of fewer atoms" if large else "products with normal valences",
            fix="add a smaller group"
            if large
            else "give the changed atoms of the SMIRKS the right hydrogens, charges and bonds, or narrow its reactant",
        )
    elif found != expected:
        nothing = f"{title}: the SMIRKS does not match the reactant"
        differences = {"missing": expected - found, "not listed": found - expected}
        told = "; ".join(f"{which}: {', '.join(sorted(smiles))}" for which, smiles in differences.items() if smiles)
        yield UserError(
            f"{title} gives other products than it lists" if found else nothing,
            where=where,
            value=sorted(found),
            allowed=f"exactly {sorted(expected)}; {told}",
            fix="mend the SMIRKS; or, if what was found is right, list that under products",
        )


def _made(transform: Transform, reactant: str) -> tuple[set[str], RejectError | int | None]:
    """Return all products of a SMILES, whatever ``max_sites`` is, and what went wrong.

    That is None; the limit, where there are too many products; or the reason for refusing one.
    """
    from rdkit import Chem

    from halogenator.chemistry.kernel import Kernel

    mol = Chem.MolFromSmiles(reactant)
    room = min(_MAX_PRODUCTS, _MAX_PRODUCT_ATOMS // mol.GetNumAtoms())
    query = Chem.MolFromSmarts(transform.query)
    if len(mol.GetSubstructMatches(query, uniquify=False, maxMatches=room + 1)) > room:
        return set(), room
    products, rejects = Kernel([replace(transform, max_sites=None)]).products(reactant)
    if any(error.reason == "too many matches" for _, error in rejects):
        return set(), room
    if rejects:
        return set(), rejects[0][1]
    return {_canonical(product.smiles) for product in products}, None


def _molecule(smiles: str) -> tuple[str | None, str]:
    """Return the SMILES of a molecule in a library and ""; or None and the reason why there is none."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles, sanitize=False)
    if molecule is None or molecule.GetNumAtoms() == 0:
        return None, "not a SMILES"
    try:
        Chem.SanitizeMol(molecule)
    except ValueError as error:
        return None, _reason(error)
    # Parsed again: without sanitization, MolFromSmiles leaves stereochemistry unassigned.
    settled = _canonical(str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles))))
    return (settled, "") if Chem.MolFromSmiles(settled) else (None, "RDKit cannot read it back")


def _canonical(smiles: str) -> str:
    """Return RDKit's canonical SMILES; a SMILES that RDKit cannot read is returned as it is."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    return smiles if molecule is None else str(Chem.MolToSmiles(molecule))


def _reason(error: Exception) -> str:
    return str(error).removeprefix("ChemicalReactionParserException: ").strip()
