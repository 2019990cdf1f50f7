"""Halogenated natural-product libraries through functional-group transforms, at scale.

In Python, ``halogenator.transform``, ``halogenate``, ``open`` and others work on molecules in memory and on finished
results (``docs/python.md``).

Snakemake (``Snakefile``, ``workflow/rules``) decides what runs when, and starts each task as
``python -m halogenator VERB``. ``docs/architecture.md`` says what each subpackage holds and which may import which.
"""

__version__ = "0.1.0"

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

TYPE_CHECKING = False  # for type checkers it is true; the module typing takes milliseconds of each task
if TYPE_CHECKING:
    from halogenator.api import (
        Check,
        LeftOut,
        Lineage,
        Parent,
        Product,
        Products,
        Reject,
        Rejects,
        RejectWarning,
        Results,
        Rows,
        Transform,
        Transforms,
        UserError,
        check,
        halogenate,
        open,  # noqa: A004 - halogenator.open("results")
        transform,
        transforms,
    )
else:

    def __getattr__(name):
        """Return a name of the Python interface, which is imported with the first of them: tasks never ask for one."""
        if name in __all__:
            from importlib import import_module

            return getattr(import_module("halogenator.api"), name)
        raise AttributeError(f"module 'halogenator' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
