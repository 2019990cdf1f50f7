"""The Python interface: products of molecules in memory, and finished results. ``docs/python.md`` promises it."""

from halogenator.api.functions import halogenate, transform
from halogenator.api.lineage import Lineage
from halogenator.api.named_transforms import Check, Transform, Transforms, check, transforms
from halogenator.api.products import Parent, Product, Products
from halogenator.api.rejects import LeftOut, Reject, Rejects, RejectWarning
from halogenator.api.results import Results, Rows, open  # noqa: A004 - halogenator.open("results")
from halogenator.errors import UserError

__all__ = [
    "Check",
    "LeftOut",
    "Lineage",
    "Parent",
    "Product",
    "Products",
    "Reject",
    "RejectWarning",
    "Rejects",
    "Results",
    "Rows",
    "Transform",
    "Transforms",
    "UserError",
    "check",
    "halogenate",
    "open",
    "transform",
    "transforms",
]
