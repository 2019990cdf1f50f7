"""Halogenated natural-product libraries through functional-group transforms, at scale.

In Python, ``halogenator.transform``, ``halogenate``, ``open`` and others work on molecules in memory and on finished
results (``docs/python.md``).

Snakemake (``Snakefile``, ``workflow/rules``) decides what runs when, and starts each task as
``python -m halogenator VERB``. ``docs/architecture.md`` says what each subpackage holds and which may import which.
"""

__version__ = "0.2.0"

# To be raised by hand when a change of the code changes the results of the same input and configuration. It is in a
# parameter of every rule that makes molecules, so that Snakemake makes these again. Other changes rerun nothing.
ENGINE_VERSION = 5

# The Python interface, which docs/python.md promises.
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
_PLACES = {  # {module: its names}
    "api.functions": ("halogenate", "transform"),
    "api.lineage": ("Lineage",),
    "api.named_transforms": ("Check", "Transform", "Transforms", "check", "transforms"),
    "api.products": ("Parent", "Product", "Products"),
    "api.rejects": ("LeftOut", "Reject", "RejectWarning", "Rejects"),
    "api.results": ("Results", "Rows", "open"),
    "errors": ("UserError",),
}

TYPE_CHECKING = False  # for type checkers it is true; the module typing takes milliseconds of each task
if TYPE_CHECKING:
    from halogenator.api.functions import halogenate, transform
    from halogenator.api.lineage import Lineage
    from halogenator.api.named_transforms import Check, Transform, Transforms, check, transforms
    from halogenator.api.products import Parent, Product, Products
    from halogenator.api.rejects import LeftOut, Reject, Rejects, RejectWarning
    from halogenator.api.results import Results, Rows, open  # noqa: A004 - halogenator.open("results")
    from halogenator.errors import UserError
else:

    def __getattr__(name):
        """Return a name of the Python interface, imported when it is first asked for: tasks never ask for one."""
        for place, names in _PLACES.items():
            if name in names:
                from importlib import import_module

                found = globals()[name] = getattr(import_module(f"halogenator.{place}"), name)
                return found
        raise AttributeError(f"module 'halogenator' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
