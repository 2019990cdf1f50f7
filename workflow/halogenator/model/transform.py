"""Transforms with their examples, and the halogenation rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from halogenator.model.choice import Choice
from halogenator.model.words import CLASSES, HALOGENATION, fingerprint
from halogenator.smirks import reactant_of


@dataclass(frozen=True)
class Example:
    """A reactant's SMILES and the SMILES of all of its products, each with one site changed."""

    reactant: str
    products: tuple[str, ...]


@dataclass(frozen=True)
class Transform:
    """A named SMIRKS with one reactant.

    Attributes:
        name: unique name.
        smirks: the reaction SMARTS.
        label: short description for tables and pictures.
        family: name of its group, for the report and the columns of an index.
        scope_classes: classes of the libraries that it is for; () for all.
        examples: reactions that the configuration check runs.
        description: free text.
        max_sites: number of sites to use in each parent, from the lowest atom index; None for all.
        stereo: configuration of a stereocentre whose neighbour is exchanged: "keep", "open" or "invert".
        new_stereo: configuration of a new stereocentre: "open" leaves it unspecified, "both" makes two products.
        products: which molecules of a product in several are kept: "largest", or "each" as a product of its own; None
            leaves them together.
        choice: what of its products is left out.
        scores: names of score columns of its products, besides those of the library.
    """

    name: str
    smirks: str
    label: str = ""
    family: str = ""
    scope_classes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    description: str = ""
    max_sites: int | None = None
    stereo: str = "keep"
    new_stereo: str = "open"
    products: str | None = None
    choice: Choice = Choice()
    scores: tuple[str, ...] = ()

    def is_for(self, class_name: str) -> bool:
        """Return whether the transform is for a class. "", of a library without class, is only in a scope of all."""
        return not self.scope_classes or class_name in self.scope_classes

    @property
    def query(self) -> str:
        """The reactant template as SMARTS; molecules that match it have products."""
        return reactant_of(self.smirks)

    @property
    def bare(self) -> Transform:
        """A copy for a task, with only the fields that its products depend on, and the name."""
        return replace(
            self, label="", family="", scope_classes=(), examples=(), description="", choice=self.choice.bare
        )

    @property
    def fingerprint(self) -> str:
        """The hash of all fields that products depend on."""
        kept = [self.products] if self.products else []
        return fingerprint(self.smirks, self.max_sites, self.stereo, self.new_stereo, *kept, *self.choice.plain)


@dataclass(frozen=True)
class HalogenationRule:
    """A SMIRKS with ``{X}`` in the place of the halogen. Its fields mean what they mean in ``Transform``."""

    name: str
    smirks: str
    scope_classes: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    max_sites: int | None = None
    examples: tuple[Example, ...] = ()  # with {X} in the products
    stereo: str = "keep"
    new_stereo: str = "open"
    choice: Choice = Choice()

    @property
    def query(self) -> str:
        """The reactant template as SMARTS."""
        return reactant_of(self.smirks)

    def transforms(self, halogens: tuple[str, ...]) -> list[Transform]:
        """Return one transform per halogen, named ``<rule>:<halogen>``.

        Examples:
            >>> [t.smirks for t in HalogenationRule("aromatic CH", "[cH:1]>>[c:1]{X}").transforms(("F", "Cl"))]
            ['[cH:1]>>[c:1]F', '[cH:1]>>[c:1]Cl']
        """
        return [
            Transform(
                name=f"{self.name}:{halogen}",
                smirks=self.smirks.replace("{X}", halogen),
                label=f"{self.label} ({halogen})",
                family=HALOGENATION,
                scope_classes=self.scope_classes,
                max_sites=self.max_sites,
                stereo=self.stereo,
                new_stereo=self.new_stereo,
                choice=self.choice,
                examples=tuple(
                    Example(example.reactant, tuple(product.replace("{X}", halogen) for product in example.products))
                    for example in self.examples
                ),
            )
            for halogen in halogens
        ]


@dataclass(frozen=True)
class Halogenation:
    """The halogens and rules that build libraries: applied k times to a class's parents, they give its level k."""

    halogens: tuple[str, ...]
    rules: tuple[HalogenationRule, ...]

    def counts_as(self, class_name: str) -> str:
        """Return the class whose rules a class uses: itself, or "other" for a user's own class that no rule names."""
        named = {name for rule in self.rules for name in rule.scope_classes}
        return class_name if class_name in named or class_name in CLASSES else CLASSES[-1]

    def rules_for(self, class_name: str) -> list[HalogenationRule]:
        """Return the rules that apply to a class, in file order."""
        name = self.counts_as(class_name)
        return [rule for rule in self.rules if not rule.scope_classes or name in rule.scope_classes]

    def transforms(self, class_name: str) -> list[Transform]:
        """Return every rule × halogen that applies to a class, in file order."""
        return [transform for rule in self.rules_for(class_name) for transform in rule.transforms(self.halogens)]

    def bare(self, class_name: str) -> Halogenation:
        """Return a copy for a task, with a class's rules only, and in them only what products depend on."""
        rules = self.rules_for(class_name)
        bare = (
            replace(rule, label="", scope_classes=(), examples=(), description="", choice=rule.choice.bare)
            for rule in rules
        )
        return Halogenation(self.halogens, tuple(bare))

    def fingerprint(self, class_name: str) -> str:
        """Return the hash of all that the built libraries of a class depend on."""
        return fingerprint([(transform.name, transform.fingerprint) for transform in self.transforms(class_name)])
